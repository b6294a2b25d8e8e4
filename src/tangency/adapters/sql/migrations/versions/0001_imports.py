"""Portfolios, and the imports that requests may lean on.

Types are written out rather than imported: a revision says what the tables were, whatever becomes of the code.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT = sa.String(100)
PORTFOLIO = sa.String(100)
DIGEST = sa.String(64)
MOMENT = sa.DateTime(timezone=True)
DOUBLE = sa.Float(53)
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table("oldest_reader", sa.Column("revision", sa.String(32), nullable=False))
    op.create_table(
        "matrices",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("encoding", sa.String(20), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_matrices"),
    )
    op.create_table(
        "portfolios",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", PORTFOLIO, nullable=False),
        sa.Column("cash", DOUBLE, nullable=True),
        sa.Column("imported_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_portfolios"),
    )
    op.create_table(
        "holdings",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("quantity", DOUBLE, nullable=False),
        sa.Column("sector", sa.Text, nullable=True),
        sa.Column("asset_class", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", "name", name="pk_holdings"),
        sa.ForeignKeyConstraint(
            ["tenant", "portfolio_id"],
            ["portfolios.tenant", "portfolios.id"],
            name="fk_holdings_portfolios",
        ),
    )
    op.create_table(
        "prices",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("names", JSON_VALUE, nullable=False),
        sa.Column("dates", JSON_VALUE, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", name="pk_prices"),
        sa.ForeignKeyConstraint(
            ["tenant", "digest"], ["matrices.tenant", "matrices.digest"], name="fk_prices_matrices"
        ),
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in (
        "prices",
        "holdings",
        "portfolios",
        "matrices",
        "oldest_reader",
    ):
        op.drop_table(table)
