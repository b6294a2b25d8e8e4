"""Where the series of portfolios are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tangency.domain.series.point import Interval, Period, SeriesPoint, Span


class SeriesRepository(Protocol):
    """Where points are written, within a transaction."""

    async def add(self, point: SeriesPoint) -> None:
        """Keep a point. One that is there is left as it is."""


class ResultSeries(Protocol):
    """What is read of them, and what they need to go on."""

    async def points(self, span: Span) -> Sequence[SeriesPoint]:
        """Points in the order of their moments, ids breaking ties; at most as many as wanted."""

    async def periods(self, span: Span, interval: Interval) -> Sequence[Period]:
        """The same by interval, in order; intervals without a point are left out, the limit is not looked at."""

    async def latest_point(self, portfolio_id: str) -> SeriesPoint | None:
        """The newest."""

    async def keep_up(self, now: datetime) -> Sequence[str]:
        """Make room for the days to come and let go of what is kept no longer; gives what was done, in words."""
