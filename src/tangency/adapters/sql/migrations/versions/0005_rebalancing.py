"""Rebalance plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "rebalance_plans",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("rebalance_id", sa.String(36), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("target_type", sa.String(20), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("current_allocation", JSON_VALUE, nullable=False),
        sa.Column("model_target", JSON_VALUE, nullable=True),
        sa.Column("target_allocation", JSON_VALUE, nullable=False),
        sa.Column("trades", JSON_VALUE, nullable=False),
        sa.Column("metrics", JSON_VALUE, nullable=False),
        sa.Column("valuation", JSON_VALUE, nullable=False),
        sa.Column("evidence", JSON_VALUE, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "rebalance_id", name="pk_rebalance_plans"),
    )
    op.create_index(
        "ix_rebalance_plans_tenant_portfolio_id_created_at",
        "rebalance_plans",
        ["tenant", "portfolio_id", "created_at"],
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("rebalance_plans")
