"""Removing published events that are older than the operator wants to keep them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from tangency.application.background import in_background, repeatedly
from tangency.application.context import Context
from tangency.domain.unit_of_work import UnitOfWork

AGAIN_S = 3600.0
MOST = 5_000
"""Events removed per transaction. Small, so that those who write events meanwhile do not wait for long."""

log = logging.getLogger("tangency.relay")


@asynccontextmanager
async def removing_old_events(context: Context) -> AsyncIterator[None]:
    """Remove old events at once and then every hour until the context ends; do nothing where all are kept."""
    if not context.events_days:
        yield
        return
    chore = repeatedly(lambda: forget_events(context), AGAIN_S, log, "old events could not be removed")
    async with in_background(chore):
        yield


async def forget_events(context: Context) -> int:
    """Remove every event older than ``events_days``, and return how many there were."""
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
