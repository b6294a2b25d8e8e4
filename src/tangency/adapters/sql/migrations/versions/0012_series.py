"""The series of portfolios: a hypertable where TimescaleDB is there, else partitions by day, else a table."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from tangency.adapters.sql.column_types import JSON_VALUE
from tangency.adapters.sql.timescale.hypertable import is_installable, make_hypertable

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "portfolio_optimization_ts"


def upgrade() -> None:
    """To this revision."""
    hypertable = _by_timescale()
    how: dict[str, Any] = {} if hypertable else {"postgresql_partition_by": "RANGE (timestamp)"}
    op.create_table(
        TABLE,
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("optimization_id", sa.Uuid, nullable=False),
        sa.Column("optimal_weights", JSON_VALUE, nullable=False),
        sa.Column("expected_return", sa.Float(53), nullable=True),
        sa.Column("expected_volatility", sa.Float(53), nullable=True),
        sa.Column("sharpe_ratio", sa.Float(53), nullable=True),
        sa.Column("optimization_metadata", JSON_VALUE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "portfolio_id", "timestamp", "optimization_id", name=f"pk_{TABLE}"),
        **how,
    )
    if hypertable:
        make_hypertable(op.get_bind(), TABLE, "timestamp")


def _by_timescale() -> bool:
    """As the settings say; where they leave it open, wherever the extension can be used."""
    wanted = context.config.attributes.get("series", "auto")
    on_a_server = op.get_bind().dialect.name == "postgresql"
    return wanted == "timescale" or (wanted == "auto" and on_a_server and is_installable(op.get_bind()))


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table(TABLE)
