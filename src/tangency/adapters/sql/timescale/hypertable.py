"""The series as a hypertable: chunks of a day, compressed and let go of by the server, daily figures kept up to date.

The Apache-licensed build has hypertables and none of the rest: what it refuses is told, and left off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

EXTENSION = "timescaledb"
DAILY = "portfolio_optimization_daily"
COMPRESS_AFTER_DAYS = 7

AVAILABLE = text("SELECT 1 FROM pg_available_extensions WHERE name = :name")
LOADABLE = text("SELECT 1 WHERE :name = ANY(string_to_array(current_setting('shared_preload_libraries'), ','))")
IS_HYPERTABLE = text("SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL")
CATALOGUE = "SELECT 1 FROM timescaledb_information.hypertables"
NAMED = text(f"{CATALOGUE} WHERE hypertable_name = :table")
POLICIES = "SELECT 1 FROM timescaledb_information.jobs"
NOT_SUPPORTED = "0A000"
"""How a server says that it leaves a feature off."""


DAILY_FIGURES = """
CREATE MATERIALIZED VIEW IF NOT EXISTS portfolio_optimization_daily WITH (timescaledb.continuous) AS
SELECT tenant, portfolio_id, time_bucket(INTERVAL '1 day', timestamp) AS day, count(*) AS optimizations,
    avg(CAST(optimization_metadata ->> 'optimization_time_ms' AS double precision)) AS mean_time_ms,
    max(CAST(optimization_metadata ->> 'optimization_time_ms' AS double precision)) AS longest_time_ms,
    last(expected_return, timestamp) AS expected_return,
    last(expected_volatility, timestamp) AS expected_volatility,
    last(sharpe_ratio, timestamp) AS sharpe_ratio
FROM portfolio_optimization_ts GROUP BY tenant, portfolio_id, day WITH NO DATA
"""


def is_installable(connection: Connection) -> bool:
    """Whether the server has the extension and has loaded its library."""
    name = {"name": EXTENSION}
    return all(connection.execute(look, name).first() is not None for look in (AVAILABLE, LOADABLE))


def is_hypertable(connection: Connection, table: str) -> bool:
    """Whether a table is one."""
    if not connection.execute(IS_HYPERTABLE).scalar():
        return False
    return connection.execute(NAMED, {"table": table}).first() is not None


def make_hypertable(connection: Connection, table: str, column: str) -> None:
    """Make one of a table that is there and empty, with a chunk for each day."""
    connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}"))
    by_day = f"by_range('{column}', INTERVAL '1 day')"
    # The key has every column that readings need; the index that TimescaleDB would add is one more to write.
    connection.execute(text(f"SELECT create_hypertable('{table}', {by_day}, create_default_indexes => FALSE)"))


@dataclass(frozen=True)
class Feature:
    """Something beyond hypertables.

    Attributes:
        statements: switch it on; they may be given again.
        unless: gives a row where that is done, and they may not be given again.
    """

    name: str
    statements: tuple[str, ...]
    unless: str = "SELECT 1 WHERE false"


def features(table: str, keep_days: int) -> Iterator[Feature]:
    """What the series is to have."""
    segments = "timescaledb.compress_segmentby = 'tenant, portfolio_id'"
    order = "timescaledb.compress_orderby = 'timestamp, optimization_id'"
    compress = f"add_compression_policy('{table}', INTERVAL '{COMPRESS_AFTER_DAYS} days', if_not_exists => TRUE)"
    compressed = f"ALTER TABLE {table} SET (timescaledb.compress, {segments}, {order})"
    enabled = f"{CATALOGUE} WHERE hypertable_name = '{table}' AND compression_enabled"
    yield Feature("compression", (compressed, f"SELECT {compress}"), enabled)
    forget = f"SELECT remove_retention_policy('{table}', if_exists => TRUE)"
    retain = f"SELECT add_retention_policy('{table}', INTERVAL '{keep_days} days')"
    yield Feature("retention", (forget, retain) if keep_days else (forget,), _retained(table, keep_days))
    hour = "INTERVAL '1 hour'"
    refresh = f"start_offset => INTERVAL '3 days', end_offset => {hour}, schedule_interval => {hour}"
    policy = f"SELECT add_continuous_aggregate_policy('{DAILY}', {refresh}, if_not_exists => TRUE)"
    yield Feature("daily figures", (DAILY_FIGURES, policy))


def _retained(table: str, keep_days: int) -> str:
    """Whether the server lets go of what it is to let go of, and of nothing else."""
    policies = f"{POLICIES} WHERE proc_name = 'policy_retention' AND hypertable_name = '{table}'"
    if not keep_days:
        return f"SELECT 1 WHERE NOT EXISTS ({policies})"
    return f"{policies} AND CAST(config ->> 'drop_after' AS interval) = INTERVAL '{keep_days} days'"


async def equip(engine: AsyncEngine, table: str, keep_days: int) -> Sequence[str]:
    """Switch on every feature, each by itself; gives those that the server's licence leaves off, with its words."""
    off = []
    for feature in features(table, keep_days):
        try:
            async with engine.begin() as connection:
                if (await connection.execute(text(feature.unless))).first() is None:
                    for statement in feature.statements:
                        await connection.execute(text(statement))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != NOT_SUPPORTED:
                raise
            off.append(f"{feature.name} is off: {str(error.orig).splitlines()[0]}")
    return off
