"""The heartbeat of a worker, by which operators see it and others know that it is alive."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from importlib.metadata import version

from tangency.application.background import in_background, repeatedly
from tangency.application.context import Context
from tangency.domain.errors import StoreUnavailable
from tangency.domain.optimization.fleet import Worker

VERSION = version("tangency")
SIGNS_OF_LIFE = 3
"""Per lease."""

log = logging.getLogger("tangency.worker")


@asynccontextmanager
async def registered(context: Context) -> AsyncIterator[None]:
    """Send heartbeats until the context ends, then sign off."""
    since, pause_s = context.clock.now(), context.lease_s / SIGNS_OF_LIFE
    try:
        async with in_background(
            repeatedly(lambda: _say_so(since, context), pause_s, log, "a worker cannot say that it lives")
        ):
            yield
    finally:
        with suppress(StoreUnavailable):
            await context.units.keep(lambda unit: unit.fleet.left(context.activity.worker))


async def _say_so(since: datetime, context: Context) -> None:
    await context.units.keep(lambda unit: unit.fleet.seen(_worker(context, since)))
    if context.tickets.shared:
        await _look_around(context)


async def _look_around(context: Context) -> None:
    """Find the other workers that share the tickets of this one."""
    tickets, seen = context.tickets, context.clock.now() - timedelta(seconds=context.lease_s)
    others = await context.fleet.workers(seen)
    tickets.own = context.activity.worker
    tickets.fellows = [each.id for each in others if not each.draining and set(each.queues) & set(tickets.queues)]


def _worker(context: Context, since: datetime) -> Worker:
    activity = context.activity
    return Worker(
        id=activity.worker,
        host=socket.gethostname()[:100],
        process=os.getpid(),
        version=VERSION,
        queues=context.tickets.queues,
        slots=context.side_by_side,
        busy=min(activity.busy, context.side_by_side),  # beyond that, ends are being kept
        draining=activity.draining,
        pace=activity.pace,
        started_at=since,
        seen_at=context.clock.now(),
    )
