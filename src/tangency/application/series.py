"""The history of portfolios: reading it, and maintaining its storage."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tangency.application.background import in_background, repeatedly
from tangency.application.context import Context
from tangency.application.message import Message
from tangency.application.portfolio_data import nothing_optimized
from tangency.domain.series.point import Interval, Period, SeriesPoint, Span

UPKEEP_S = 3600.0

log = logging.getLogger("tangency.series")


@dataclass(frozen=True, slots=True)
class History:
    """A part of a series.

    Attributes:
        points: of the span where no interval was asked for, at most as many as wanted.
        periods: of the span, where one was.
        latest: the newest point of all.
    """

    points: Sequence[SeriesPoint]
    periods: Sequence[Period]
    latest: SeriesPoint


@dataclass(frozen=True, slots=True)
class ReadHistory(Message[History]):
    """The weights and figures of a portfolio over time."""

    span: Span
    interval: Interval | None


async def read_history(query: ReadHistory, context: Context) -> History:
    """Read a part of a series.

    Raises:
        NotFound: the portfolio has none.
    """
    span = query.span
    latest = await context.series.latest_point(span.portfolio_id)
    if latest is None:
        raise await nothing_optimized(span.portfolio_id, context)
    if query.interval is None:
        return History(await context.series.points(span), (), latest)
    return History((), await context.series.periods(span, query.interval), latest)


@asynccontextmanager
async def keeping_up(context: Context) -> AsyncIterator[None]:
    """Maintain the storage (partitions, retention) at once and then every hour until the context ends."""
    told: Sequence[str] = ()

    async def keep_up() -> None:
        nonlocal told
        done = await _kept_up(context)
        if done != told:
            log.info("the series of portfolios: %s", "; ".join(done))
        told = done

    async with in_background(repeatedly(keep_up, UPKEEP_S, log, "the series of portfolios could not be kept up")):
        yield


async def _kept_up(context: Context) -> Sequence[str]:
    async with context.units() as unit:
        return await context.series.keep_up(context.clock.now()) if await unit.alone("upkeep of the series") else ()
