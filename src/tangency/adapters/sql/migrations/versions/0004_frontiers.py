"""Efficient frontiers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "efficient_frontiers",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("frontier_id", sa.String(30), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("problem_hash", sa.String(64), nullable=False),
        sa.Column("risk_measure", sa.String(50), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("min_return", sa.Float(53)),
        sa.Column("max_risk", sa.Float(53)),
        sa.Column("names", JSON_VALUE, nullable=False),
        sa.Column("efficient_frontier", JSON_VALUE, nullable=False),
        sa.Column("current_portfolio", JSON_VALUE),
        sa.Column("optimal_portfolio", JSON_VALUE, nullable=False),
        sa.Column("provenance", JSON_VALUE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "frontier_id", name="pk_efficient_frontiers"),
        sa.UniqueConstraint(
            "tenant", "portfolio_id", "problem_hash", name="uq_efficient_frontiers_tenant_portfolio_id_problem_hash"
        ),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("efficient_frontiers")
