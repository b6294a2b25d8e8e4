"""Rebalance plans: requests and results as they are written, and both together as they are read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TENANT = sa.String(100)
PORTFOLIO = sa.String(100)
IDENTITY = sa.String(36)
MOMENT = sa.DateTime(timezone=True)
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "rebalance_requests",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", IDENTITY, nullable=False),
        *_asked(),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("status", sa.String(20), nullable=False, server_default="pending"),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_rebalance_requests"),
        _to_portfolio("rebalance_requests"),
    )
    op.create_table(
        "rebalance_results",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("rebalance_id", IDENTITY, nullable=False),
        *_planned(),
        sa.Column("completed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "rebalance_id", name="pk_rebalance_results"),
        sa.ForeignKeyConstraint(
            ["tenant", "rebalance_id"],
            ["rebalance_requests.tenant", "rebalance_requests.id"],
            name="rebalance_results_rebalance_fk",
        ),
    )
    op.create_table(
        "rebalance_plans",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("rebalance_id", IDENTITY, nullable=False),
        *_asked(),
        *_planned(),
        sa.Column("status", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "rebalance_id", name="pk_rebalance_plans"),
        _to_portfolio("rebalance_plans"),
    )
    for table, name, columns in (
        ("rebalance_requests", "portfolio", ["portfolio_id"]),
        ("rebalance_requests", "status", ["status", "valid_until"]),
        ("rebalance_plans", "portfolio", ["portfolio_id", "created_at"]),
        ("rebalance_plans", "created", ["created_at"]),
    ):
        op.create_index(f"{table}_{name}_idx", table, ["tenant", *columns])


def _asked() -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = [
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("target_type", sa.String(20), nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(100)),
        sa.Column("decided_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
    ]
    return columns


def _planned() -> list[sa.Column[Any]]:
    every = ("current_allocation", "target_allocation", "trades", "metrics", "valuation", "evidence")
    columns: list[sa.Column[Any]] = [sa.Column(name, JSON_VALUE, nullable=False) for name in every]
    return [*columns, sa.Column("model_target", JSON_VALUE)]


def _to_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"], name=f"{table}_portfolio_fk"
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in ("rebalance_plans", "rebalance_results", "rebalance_requests"):
        op.drop_table(table)
