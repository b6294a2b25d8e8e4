"""Tax lots, benchmarks, labels and risk models that are imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "labels",
        *_key(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("sector", sa.Text),
        sa.Column("asset_class", sa.Text),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", "name", name="pk_labels"),
    )
    op.create_table(
        "tax_lots",
        *_key(),
        sa.Column("lot_id", sa.String(200), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("instrument_id", sa.String(100), nullable=False),
        sa.Column("quantity", sa.Float(53), nullable=False),
        sa.Column("cost", sa.Float(53), nullable=False),
        sa.Column("bought", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", "lot_id", name="pk_tax_lots"),
    )
    op.create_table(
        "benchmarks",
        *_key(),
        sa.Column("weights", JSON_VALUE, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", name="pk_benchmarks"),
    )
    op.create_table(
        "risk_models",
        *_key(),
        sa.Column("names", JSON_VALUE, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", name="pk_risk_models"),
        sa.ForeignKeyConstraint(
            ["tenant", "digest"], ["matrices.tenant", "matrices.digest"], name="fk_risk_models_matrices"
        ),
    )


def _key() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in ("risk_models", "benchmarks", "tax_lots", "labels"):
        op.drop_table(table)
