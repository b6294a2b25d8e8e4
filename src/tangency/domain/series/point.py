"""A point of the series of a portfolio, and what may be asked of the series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from tangency.domain.optimization.announcement import told_of
from tangency.domain.optimization.optimization import Answer

MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""Where intervals are counted from, so that weeks begin on Mondays, days at midnight and hours on the hour, in UTC."""


class Interval(Enum):
    """What points are gathered by."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"

    @property
    def length(self) -> timedelta:
        """Of one."""
        return {"1h": timedelta(hours=1), "1d": timedelta(days=1), "1w": timedelta(weeks=1)}[self.value]

    def number(self, moment: datetime) -> int:
        """Of the interval that a moment is in."""
        return (moment - MONDAY) // self.length

    def start(self, number: int) -> datetime:
        """The first moment of an interval."""
        return MONDAY + number * self.length


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """What an optimization came to, at the moment it ended.

    Attributes:
        optimal_weights: by name.
        expected_return: annual; None where nobody gave or needed means.
        expected_volatility: annual.
        optimization_metadata: as the event of the optimization has it, ``optimization_time_ms`` included.
    """

    portfolio_id: str
    timestamp: datetime
    optimization_id: UUID
    optimal_weights: Mapping[str, float]
    expected_return: float | None
    expected_volatility: float | None
    sharpe_ratio: float | None
    optimization_metadata: Mapping[str, Any]

    @classmethod
    def of(cls, answer: Answer) -> SeriesPoint:
        """The point of an answer."""
        return cls(timestamp=answer.answered_at, optimization_id=answer.optimization_id, **told_of(answer))


@dataclass(frozen=True, slots=True)
class Period:
    """The points of one interval.

    Attributes:
        start: its first moment.
        count: of points, at least 1.
        mean_time_ms: of their optimizations.
        longest_time_ms: of them.
        last: the last point.
    """

    start: datetime
    count: int
    mean_time_ms: float
    longest_time_ms: float
    last: SeriesPoint


@dataclass(frozen=True, slots=True)
class Mark:
    """The last point that a reader has: what follows comes after it."""

    timestamp: datetime
    optimization_id: UUID


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the series of a portfolio.

    Attributes:
        start: the first moment in it.
        end: the first moment after it.
        limit: most points wanted at once.
        after: where the reader got to.
    """

    portfolio_id: str
    start: datetime
    end: datetime
    limit: int
    after: Mark | None = None
