"""The series of portfolios as one table, whatever keeps it: SQLite, partitions of PostgreSQL, or TimescaleDB.

Its key begins with tenant and portfolio and goes on with the moment, so that every reading follows it: nothing is
sorted, and of partitions by day only those within the span are opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, Numeric, Select, cast, extract, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.partitions import Partitions
from tangency.adapters.sql.schema import SeriesRow
from tangency.adapters.sql.statements import dialect, insert_unless_there
from tangency.adapters.sql.writes import Writes
from tangency.domain.series.point import MONDAY, Interval, Period, SeriesPoint, Span

TIME_MS = cast(SeriesRow.optimization_metadata["optimization_time_ms"].as_string(), Float)


class SqlSeriesPoints:
    """The repository, within one transaction.

    Attributes:
        partitions: of the table by day; None where the database sees to them itself.
    """

    def __init__(self, session: AsyncSession, tenant: str, partitions: Partitions | None, writes: Writes) -> None:
        self._session, self._tenant, self._partitions, self._writes = session, tenant, partitions, writes

    async def add(self, point: SeriesPoint) -> None:
        """Keep a point."""
        if self._partitions is not None and not self._partitions.has_room(point.timestamp):
            await self._partitions.make_room(await self._session.connection(), point.timestamp)
        row = {
            "tenant": self._tenant,
            "portfolio_id": point.portfolio_id,
            "timestamp": point.timestamp,
            "optimization_id": point.optimization_id,
            "optimal_weights": dict(point.optimal_weights),
            "expected_return": point.expected_return,
            "expected_volatility": point.expected_volatility,
            "sharpe_ratio": point.sharpe_ratio,
            "optimization_metadata": dict(point.optimization_metadata),
        }
        self._writes.later(insert_unless_there(SeriesRow, self._writes.database), row)


@dataclass(frozen=True, slots=True)
class SeriesReading:
    """The questions about a portfolio of a tenant, as statements: plans are looked at in tests."""

    tenant: str
    portfolio_id: str

    def points(self, span: Span) -> Select[SeriesRow]:
        """Of a span, after the mark."""
        query = select(SeriesRow).where(*self._within(span)).limit(span.limit)
        return query.order_by(SeriesRow.timestamp, SeriesRow.optimization_id)

    def counts(self, span: Span, interval: Interval, database: str) -> Select[Any]:
        """For each interval of a span: its number, how many points it has, their times, and the moment of the last."""
        seconds, length = _seconds(database), int(interval.length.total_seconds())
        number = cast((seconds - int(MONDAY.timestamp())) // length, Integer).label("number")
        figures = func.count(), func.avg(TIME_MS), func.max(TIME_MS), func.max(SeriesRow.timestamp)
        return select(number, *figures).where(*self._within(span)).group_by(number)

    def at(self, moments: Sequence[datetime]) -> Select[SeriesRow]:
        """The points of these moments."""
        return select(SeriesRow).where(*self._ours(), SeriesRow.timestamp.in_(moments))

    def latest(self) -> Select[SeriesRow]:
        """The newest point."""
        query = select(SeriesRow).where(*self._ours()).limit(1)
        return query.order_by(SeriesRow.timestamp.desc(), SeriesRow.optimization_id.desc())

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return SeriesRow.tenant == self.tenant, SeriesRow.portfolio_id == self.portfolio_id

    def _within(self, span: Span) -> tuple[ColumnElement[bool], ...]:
        start = span.start if span.after is None else max(span.start, span.after.timestamp)
        within = *self._ours(), SeriesRow.timestamp >= start, SeriesRow.timestamp < span.end
        if span.after is None:
            return within
        place = tuple_(SeriesRow.timestamp, SeriesRow.optimization_id)
        return *within, place > tuple_(span.after.timestamp, span.after.optimization_id)


async def read_points(session: AsyncSession, tenant: str, span: Span) -> Sequence[SeriesPoint]:
    """Points of a span, in order."""
    rows = await session.scalars(SeriesReading(tenant, span.portfolio_id).points(span))
    return [_point(row) for row in rows]


async def read_latest_point(session: AsyncSession, tenant: str, portfolio_id: str) -> SeriesPoint | None:
    """The newest point of a portfolio."""
    row = await session.scalar(SeriesReading(tenant, portfolio_id).latest())
    return None if row is None else _point(row)


async def read_periods(session: AsyncSession, tenant: str, span: Span, interval: Interval) -> Sequence[Period]:
    """What each interval of a span came to, in order. The intervals are few, so that they are put in order here."""
    reading = SeriesReading(tenant, span.portfolio_id)
    counted = (await session.execute(reading.counts(span, interval, dialect(session)))).all()
    last: dict[datetime, SeriesRow] = {}
    for row in await session.scalars(reading.at([each[-1] for each in counted])):
        if row.timestamp not in last or row.optimization_id > last[row.timestamp].optimization_id:
            last[row.timestamp] = row
    periods = [
        Period(interval.start(int(number)), count, mean_time_ms, longest_time_ms, _point(last[moment]))
        for number, count, mean_time_ms, longest_time_ms, moment in counted
    ]
    return sorted(periods, key=lambda period: period.start)


def _seconds(database: str) -> ColumnElement[Any]:
    """Since 1970; whole ones on SQLite, which would round what is behind the point to milliseconds."""
    if database == "sqlite":
        return func.unixepoch(func.substr(SeriesRow.timestamp, 1, 19), type_=Integer)
    return cast(extract("epoch", SeriesRow.timestamp), Numeric)


def _point(row: SeriesRow) -> SeriesPoint:
    return SeriesPoint(
        portfolio_id=row.portfolio_id,
        timestamp=row.timestamp,
        optimization_id=row.optimization_id,
        optimal_weights=row.optimal_weights,
        expected_return=row.expected_return,
        expected_volatility=row.expected_volatility,
        sharpe_ratio=row.sharpe_ratio,
        optimization_metadata=row.optimization_metadata,
    )
