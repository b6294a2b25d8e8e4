"""Efficient frontiers: requests and results as they are written, and both together as they are read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
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
        "efficient_frontier_requests",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("problem_hash", sa.String(64), nullable=False),
        sa.Column("risk_measure", sa.String(100), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("min_return", sa.Numeric(10, 8)),
        sa.Column("max_risk", sa.Numeric(10, 8)),
        sa.Column("question", sa.JSON, nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("supplied", JSON_VALUE, nullable=False),
        sa.Column("status", sa.String(20), nullable=False, server_default="pending"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_efficient_frontier_requests"),
        sa.UniqueConstraint(
            "tenant",
            "portfolio_id",
            "problem_hash",
            name="uq_efficient_frontier_requests_tenant_portfolio_id_problem_hash",
        ),
        _to_portfolio("efficient_frontier_requests"),
    )
    op.create_table(
        "efficient_frontier_results",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("frontier_id", IDENTITY, nullable=False),
        *_traced(),
        sa.Column("completed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "frontier_id", name="pk_efficient_frontier_results"),
        sa.ForeignKeyConstraint(
            ["tenant", "frontier_id"],
            ["efficient_frontier_requests.tenant", "efficient_frontier_requests.id"],
            name="efficient_frontier_results_frontier_fk",
        ),
    )
    op.create_table(
        "efficient_frontiers",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("frontier_id", IDENTITY, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("problem_hash", sa.String(64), nullable=False),
        sa.Column("risk_measure", sa.String(100), nullable=False),
        sa.Column("question", sa.JSON, nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("supplied", JSON_VALUE, nullable=False),
        *_traced(),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "frontier_id", name="pk_efficient_frontiers"),
        _to_portfolio("efficient_frontiers"),
    )
    for table, name, columns in (
        ("efficient_frontier_requests", "portfolio", ["portfolio_id"]),
        ("efficient_frontier_requests", "status", ["status"]),
        ("efficient_frontiers", "portfolio", ["portfolio_id", "problem_hash"]),
        ("efficient_frontiers", "created", ["created_at"]),
    ):
        op.create_index(f"{table}_{name}_idx", table, ["tenant", *columns])


def _traced() -> list[sa.Column[Any]]:
    every = (
        "names",
        "frontier_points",
        "optimal_portfolio",
        "min_risk_portfolio",
        "max_return_portfolio",
        "provenance",
    )
    columns: list[sa.Column[Any]] = [sa.Column(name, JSON_VALUE, nullable=False) for name in every]
    return [*columns, sa.Column("current_portfolio", JSON_VALUE)]


def _to_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"], name=f"{table}_portfolio_fk"
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in ("efficient_frontiers", "efficient_frontier_results", "efficient_frontier_requests"):
        op.drop_table(table)
