"""Recovering what lost processes leave behind: orders of lost workers, and plans that are overdue."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from tangency.application.background import in_background, repeatedly
from tangency.application.context import Context
from tangency.application.expiry import expire
from tangency.domain.optimization.announcement import failed
from tangency.domain.unit_of_work import UnitOfWork

LOOKS = 3
"""Per lease."""
FORGOTTEN = timedelta(hours=1)
"""A worker without a sign of life for this long is no longer listed."""

log = logging.getLogger("tangency.sweeper")


@asynccontextmanager
async def sweeping(context: Context) -> AsyncIterator[None]:
    """Sweep several times per lease until the context ends."""
    chore = repeatedly(lambda: _sweep(context), context.lease_s / LOOKS, log, "leases could not be looked at")
    async with in_background(chore):
        yield


async def _sweep(context: Context) -> None:
    """Return the orders of lost workers to the queue, and wake those who wait."""
    await context.units.keep(lambda unit: _swept(unit, context))
    context.activity.signal()


async def _swept(unit: UnitOfWork, context: Context) -> None:
    if not await unit.alone("sweep", context.lease_s):
        return
    now = context.clock.now()
    for state in await unit.orders.sweep(now, context.attempts):
        told = failed(state.id, state.portfolio_id, state.wording, now, state.outcome, state.message, context.ids)
        await unit.events.add(replace(told, trace=state.trace))
    await unit.fleet.forget(now - FORGOTTEN)
    for plan in await unit.rebalance_plans.overdue(now):
        await expire(plan, unit, context)
