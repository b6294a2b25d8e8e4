"""How long an order is expected to take: what it costs by its shape, behind what waits already."""

from __future__ import annotations

from datetime import timedelta

from tangency.application.context import Context
from tangency.domain.optimization.cost import Shape
from tangency.domain.optimization.queue import Queue


async def expected_seconds(shape: Shape, queue: Queue, context: Context) -> float:
    """From now until it has ended, at the pace of those who work on that queue."""
    load = await context.fleet.load(queue, context.clock.now() - timedelta(seconds=context.lease_s))
    return load.pace * shape.seconds * (1.0 + load.open / (load.slots or context.side_by_side))
