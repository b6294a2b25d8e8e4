"""Factor analyses: requests and results as they are written, and both together as they are read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
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
        "factor_analysis_requests",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("factors", JSON_VALUE, nullable=False),
        sa.Column("status", sa.String(20), nullable=False, server_default="pending"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_factor_analysis_requests"),
        _to_portfolio("factor_analysis_requests"),
    )
    op.create_table(
        "factor_analysis_results",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("analysis_id", IDENTITY, nullable=False),
        *_analyzed(),
        sa.Column("completed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "analysis_id", name="pk_factor_analysis_results"),
        sa.ForeignKeyConstraint(
            ["tenant", "analysis_id"],
            ["factor_analysis_requests.tenant", "factor_analysis_requests.id"],
            name="factor_analysis_results_analysis_fk",
        ),
    )
    op.create_table(
        "factor_exposures",
        sa.Column("tenant", TENANT, nullable=False),
        sa.Column("analysis_id", IDENTITY, nullable=False),
        sa.Column("portfolio_id", PORTFOLIO, nullable=False),
        sa.Column("factors", JSON_VALUE, nullable=False),
        *_analyzed(),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "analysis_id", name="pk_factor_exposures"),
        _to_portfolio("factor_exposures"),
    )
    for table, name, columns in (
        ("factor_analysis_requests", "portfolio", ["portfolio_id"]),
        ("factor_analysis_requests", "status", ["status"]),
        ("factor_exposures", "portfolio", ["portfolio_id", "created_at"]),
        ("factor_exposures", "as_of", ["as_of"]),
    ):
        op.create_index(f"{table}_{name}_idx", table, ["tenant", *columns])


def _analyzed() -> list[sa.Column[Any]]:
    found = [sa.Column(name, JSON_VALUE, nullable=False) for name in ("exposures", "attribution", "details")]
    return [sa.Column("as_of", MOMENT, nullable=False), *found]


def _to_portfolio(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"], name=f"{table}_portfolio_fk"
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in ("factor_exposures", "factor_analysis_results", "factor_analysis_requests"):
        op.drop_table(table)
