"""How long an order will take: its own estimated cost, and the orders ahead of it."""

from __future__ import annotations

from datetime import timedelta

from tangency.application.context import Context
from tangency.application.frontier import POINTS_OF_ORDERS
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.queue import Queue


def cost_of_order(problem: Problem, context: Context) -> Cost:
    """The cost of its answer, and of the frontier that comes with it."""
    return Cost.of_order(problem, POINTS_OF_ORDERS, context.deadline_s)


async def expected_seconds(cost: Cost, queue: Queue, context: Context) -> float:
    """Seconds from now until it has ended, at the current pace of the queue's workers."""
    load = await context.fleet.load(queue, context.clock.now() - timedelta(seconds=context.lease_s))
    slots = load.slots or context.side_by_side
    waits_s = load.ahead_s / slots if load.open >= slots else 0.0
    return load.pace * (waits_s + cost.seconds)
