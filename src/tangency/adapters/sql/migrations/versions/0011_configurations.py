"""Configurations of portfolios."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "portfolio_configurations",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("objective", sa.String(100), nullable=False),
        sa.Column("method", sa.String(100), nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("risk_parameters", JSON_VALUE, nullable=False),
        sa.Column("preferences", JSON_VALUE, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", name="pk_portfolio_configurations"),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("portfolio_configurations")
