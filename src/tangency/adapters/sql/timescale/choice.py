"""What keeps the series of a database, as it was made and as the settings want it."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.sql.schema import SERIES
from tangency.adapters.sql.series import PostgresSeries, SqliteSeries
from tangency.adapters.sql.timescale.hypertable import is_hypertable
from tangency.adapters.sql.timescale.series import TimescaleSeries

Series: TypeAlias = SqliteSeries | PostgresSeries | TimescaleSeries

KEEPERS: dict[str, type[Series]] = {
    "sqlite": SqliteSeries,
    "postgres": PostgresSeries,
    "timescale": TimescaleSeries,
}


async def series_of(engine: AsyncEngine, settings: Settings) -> Series:
    """The series of a database that is at the newest revision.

    Raises:
        InvalidSettings: it is kept by something else than the settings name.
    """
    async with engine.connect() as connection:
        keeper = await connection.run_sync(_keeper)
    if settings.series not in ("auto", keeper):
        raise InvalidSettings(
            f"TANGENCY_SERIES is {settings.series!r}, and the series of this database is kept by {keeper!r}, which was "
            f"settled when its tables were made; set it to {keeper!r} or 'auto', or name another database."
        )
    return KEEPERS[keeper](engine, settings.tenant, settings.series_days)


def _keeper(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "sqlite"
    return "timescale" if is_hypertable(connection, SERIES) else "postgres"
