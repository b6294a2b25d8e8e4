"""The series of portfolios in the database itself: one table of SQLite, or a partition of PostgreSQL for each day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from tangency.adapters.sql.failures import translated
from tangency.adapters.sql.partitions import Partitions
from tangency.adapters.sql.reading import Reader
from tangency.adapters.sql.schema import SeriesRow
from tangency.adapters.sql.series_rows import read_latest_point, read_periods, read_points
from tangency.domain.series.point import Interval, Period, SeriesPoint, Span


class SqlSeries:
    """What every database reads alike.

    Args:
        keep_days: how many days are kept; 0 means all.

    Attributes:
        partitions: by day, which somebody has to make; None where nobody has to.
    """

    partitions: Partitions | None = None

    def __init__(self, engine: AsyncEngine, tenant: str, keep_days: int) -> None:
        self._engine, self._tenant, self._keep_days = engine, tenant, keep_days
        self._reader = Reader(engine, tenant)

    async def points(self, span: Span) -> Sequence[SeriesPoint]:
        """Points in the order of their moments."""
        return await self._reader.read(read_points, span)

    async def periods(self, span: Span, interval: Interval) -> Sequence[Period]:
        """The same by interval."""
        return await self._reader.read(read_periods, span, interval)

    async def latest_point(self, portfolio_id: str) -> SeriesPoint | None:
        """The newest."""
        return await self._reader.read(read_latest_point, portfolio_id)


class SqliteSeries(SqlSeries):
    """The series in the embedded database."""

    async def keep_up(self, now: datetime) -> Sequence[str]:
        """Let go of what is kept no longer."""
        if not self._keep_days:
            return []
        old = SeriesRow.timestamp < now - timedelta(days=self._keep_days)
        async with translated(), self._engine.begin() as connection:
            gone = await connection.execute(delete(SeriesRow).where(SeriesRow.tenant == self._tenant, old))
        return [f"dropped {gone.rowcount} points"] if gone.rowcount else []


class PostgresSeries(SqlSeries):
    """The series in partitions of a PostgreSQL server; a day's go for every tenant at once."""

    def __init__(self, engine: AsyncEngine, tenant: str, keep_days: int) -> None:
        super().__init__(engine, tenant, keep_days)
        self.partitions: Partitions = Partitions(SeriesRow.__tablename__)

    async def keep_up(self, now: datetime) -> Sequence[str]:
        """Make the partitions of the days to come, drop those that are kept no longer."""
        async with translated(), self._engine.begin() as connection:
            return await self.partitions.keep_up(connection, now, self._keep_days)
