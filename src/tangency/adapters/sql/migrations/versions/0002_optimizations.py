"""Optimizations: requests and results as they are written, and both together as they are read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT = sa.String(100)
PORTFOLIO = sa.String(100)
NAME = sa.String(100)
IDENTITY = sa.String(36)
MOMENT = sa.DateTime(timezone=True)
DOUBLE = sa.Float(53)
JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "optimization_configurations",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("objective", NAME, nullable=False),
        sa.Column("method", NAME, nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("risk_parameters", JSON_VALUE, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_optimization_configurations"),
    )
    _requests()
    _results()
    _read()


def _requests() -> None:
    op.create_table(
        "optimization_requests",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("sequence", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("configuration_id", sa.Uuid, nullable=False),
        sa.Column("ordered", sa.Boolean, nullable=False),
        sa.Column("optimization_type", NAME, nullable=False),
        sa.Column("objective", NAME, nullable=False),
        sa.Column("risk_measure", NAME, nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("preferences", JSON_VALUE, nullable=False),
        sa.Column("wording", sa.JSON),
        sa.Column("problem", sa.JSON, nullable=False),
        sa.Column("valuation", sa.JSON),
        sa.Column("status", sa.String(20), nullable=False, server_default="pending"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("progress", DOUBLE, nullable=False),
        sa.Column("losses", JSON_VALUE, nullable=False),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("failure", sa.JSON),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("estimated_completion_time", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_optimization_requests"),
        sa.UniqueConstraint("tenant", "sequence", name="uq_optimization_requests_tenant_sequence"),
        _to_portfolio("optimization_requests"),
        sa.ForeignKeyConstraint(
            ["tenant", "configuration_id"],
            ["optimization_configurations.tenant", "optimization_configurations.id"],
            name="optimization_requests_configuration_fk",
        ),
    )
    for column in ("portfolio_id", "status"):
        name = f"optimization_requests_{column.removesuffix('_id')}_idx"
        op.create_index(name, "optimization_requests", ["tenant", column, "sequence"])


def _results() -> None:
    op.create_table(
        "optimization_results",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("optimization_id", IDENTITY, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        *_answer(nullable=False),
        sa.Column("allocation", JSON_VALUE, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "optimization_id", name="pk_optimization_results"),
        sa.UniqueConstraint("tenant", "id", name="uq_optimization_results_tenant_id"),
        sa.UniqueConstraint("tenant", "sequence", name="uq_optimization_results_tenant_sequence"),
        sa.ForeignKeyConstraint(
            ["tenant", "optimization_id"],
            ["optimization_requests.tenant", "optimization_requests.id"],
            name="optimization_results_optimization_fk",
        ),
        sa.CheckConstraint("optimal_weights = target_allocation", name="optimization_results_target_is_optimal"),
    )


def _read() -> None:
    op.create_table(
        "portfolio_optimizations",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("optimization_id", IDENTITY, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("answered", sa.BigInteger),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("ordered", sa.Boolean, nullable=False),
        sa.Column("optimization_type", NAME, nullable=False),
        sa.Column("objective", NAME, nullable=False),
        sa.Column("risk_measure", NAME, nullable=False),
        sa.Column("constraints", JSON_VALUE, nullable=False),
        sa.Column("preferences", JSON_VALUE, nullable=False),
        sa.Column("wording", sa.JSON),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("progress", DOUBLE, nullable=False),
        sa.Column("losses", JSON_VALUE, nullable=False),
        sa.Column("outcome", NAME, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_answer(nullable=True),
        sa.Column("estimated_completion_time", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("completed_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "optimization_id", name="pk_portfolio_optimizations"),
        _to_portfolio("portfolio_optimizations"),
    )
    for name, columns in {
        "portfolio": ["portfolio_id", "answered"],
        "created": ["created_at"],
        "number": ["ordered", "number"],
        "status": ["ordered", "status"],
    }.items():
        op.create_index(f"portfolio_optimizations_{name}_idx", "portfolio_optimizations", ["tenant", *columns])


def _answer(nullable: bool) -> list[sa.Column[Any]]:
    """The columns of an answer: as it is written, with what every answer has; as it is read, perhaps none of them."""
    every = "optimal_weights optimization_metadata findings unused_inputs"
    every = f"{every} metrics current_allocation target_allocation trades"
    some = "risk_contributions risk_decomposition certificate why provenance metric_basis efficient_frontier"
    return [
        *(sa.Column(name, JSON_VALUE, nullable=nullable) for name in every.split()),
        *(sa.Column(name, DOUBLE) for name in ("expected_return", "expected_volatility", "sharpe_ratio")),
        *(sa.Column(name, JSON_VALUE) for name in some.split()),
        sa.Column("frontier_reason", sa.Text),
    ]


def _to_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"], name=f"{table}_portfolio_fk"
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in (
        "portfolio_optimizations",
        "optimization_results",
        "optimization_requests",
        "optimization_configurations",
    ):
        op.drop_table(table)
