"""Events that were published long ago, where an operator does not want to keep them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from tangency.application.beside import beside, over_and_over
from tangency.application.context import Context
from tangency.domain.unit_of_work import UnitOfWork

AGAIN_S = 3600.0
MOST = 5_000
"""Events that one transaction removes: whoever writes events meanwhile does not wait for long."""

log = logging.getLogger("tangency.relay")


@asynccontextmanager
async def forgetting(context: Context) -> AsyncIterator[None]:
    """Remove old events, at once and then every hour, until the end of the context; none where all are kept."""
    if not context.events_days:
        yield
        return
    chore = over_and_over(lambda: forget_events(context), AGAIN_S, log, "old events could not be removed")
    async with beside(chore):
        yield


async def forget_events(context: Context) -> int:
    """Remove events that are older than they are kept; gives how many those were."""
    removed = 0
    while True:
        some = await context.units.keep(lambda unit: _forgotten(unit, context))
        removed += some
        if some < MOST:
            return removed


async def _forgotten(unit: UnitOfWork, context: Context) -> int:
    if not await unit.alone("old events"):
        return 0
    return await unit.events.forget(context.clock.now() - timedelta(days=context.events_days), MOST)
