"""Workers: claim an order, solve it, store the result. A lost worker is replaced, and no order ends twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tangency.application.activity import heard
from tangency.application.configuration import SUPPLIED
from tangency.application.context import Context
from tangency.application.frontier import around
from tangency.application.measured import VOLATILITY
from tangency.application.presence import registered
from tangency.application.unused_inputs import unused_in_order
from tangency.domain.errors import InvalidInput, NoAnswer, NoFreeSolver, PluginError, StoreUnavailable
from tangency.domain.frontier.announcement import figures
from tangency.domain.optimization.announcement import announced
from tangency.domain.optimization.order import Order
from tangency.domain.optimization.outcomes import PluginUnusable, Refused
from tangency.domain.optimization.report import report_of
from tangency.domain.optimization.solution import Solution
from tangency.domain.series.point import SeriesPoint
from tangency.domain.trace import work_for
from tangency.domain.unit_of_work import UnitOfWork

HANDS = 2
"""Tasks per slot: while one stores a result, the other has the slot for the next order."""
HEAD_START_S, HAND_OVER_S = 0.05, 0.005
"""Pauses for the next order to be claimed and sent to a solver, before storing a result occupies the interpreter."""
LOOK_S = 1.0
"""How long a slot waits for a ticket before it reads the database; how often it checks that its order is its own."""
SIGNS_OF_LIFE = 3
"""Per lease."""
FENCED = "order %s: attempt %s is fenced, the order is cancelled or somebody else's by now"
OWN_MEANS = "the method brings expected returns of its own, and a frontier is traced on those of the data."

log = logging.getLogger("tangency.worker")

Release = Callable[[], Awaitable[None]]
"""Releases a slot once its order needs no solver any more; a second call does nothing."""


@asynccontextmanager
async def working(context: Context) -> AsyncIterator[None]:
    """Work on orders until the context ends; then finish what they can within ``drain_s``, and hand back the rest."""
    slots = asyncio.Semaphore(context.side_by_side)
    hands = [asyncio.create_task(_one_after_another(slots, context)) for _ in range(HANDS * context.side_by_side)]
    async with registered(context):
        try:
            yield
        finally:
            context.activity.draining = True
            context.tickets.close()
            await asyncio.wait(hands, timeout=context.drain_s)
            for hand in hands:
                hand.cancel()
            await asyncio.gather(*hands, return_exceptions=True)


async def _one_after_another(slots: asyncio.Semaphore, context: Context) -> None:
    while not context.activity.draining:
        async with AsyncExitStack() as slot:
            await slot.enter_async_context(slots)
            try:
                work_for(None)
                order = await _taken(context)
                if order is not None:
                    work_for(order.trace)
                    await _carry_out(order, slot.aclose, context)
            except StoreUnavailable as error:
                log.warning("an order has to wait: %s", error)
                await asyncio.sleep(LOOK_S)
            except Exception:
                log.exception("a worker failed; its order is taken up again when its lease ends")


async def _taken(context: Context) -> Order | None:
    """The order of the next ticket; without a ticket, or if another worker was quicker, the one that waits longest."""
    tickets = context.tickets
    ticket = None if tickets.missed else await tickets.next(LOOK_S)
    if context.activity.draining:
        return None
    if ticket is not None and not ticket.sure and not await context.orders.still_waits(ticket.order):
        return None
    order = None if ticket is None else await _claimed(ticket.order, context)
    if order is None:
        likely, tickets.missed = tickets.missed, False
        order = await _next_due(likely, context)
        tickets.missed = tickets.missed or order is not None
    if order is not None:
        context.activity.signal()
    return order


async def _claimed(ticket: UUID, context: Context) -> Order | None:
    """Claim the order of a ticket. It waits for a locked row: skipping it would lose the ticket."""
    return await context.units.keep(lambda unit: unit.orders.claim(ticket, *_taker(context)))


async def _next_due(likely: bool, context: Context) -> Order | None:
    """Claim the order that waits longest. Unless one is likely to wait, look first: claiming locks SQLite."""
    queues, now = context.tickets.queues, context.clock.monotonic()
    if not likely and not (context.tickets.looks(now, LOOK_S / 2) and await context.orders.waits(queues)):
        return None
    return await context.units.keep(lambda unit: unit.orders.claim_next(queues, *_taker(context)))


def _taker(context: Context) -> tuple[UUID, datetime, datetime]:
    """The worker, the end of its lease, and the present time."""
    now = context.clock.now()
    return context.activity.worker, now + timedelta(seconds=context.lease_s), now


async def _carry_out(order: Order, release: Release, context: Context) -> None:
    """Solve while giving signs of life; stop if the order is cancelled, or another worker has taken it over."""
    solving = asyncio.create_task(_ended(order, release, context))
    context.activity.begin(order.optimization.id, solving)
    alive = asyncio.create_task(_alive(order, context))
    try:
        await asyncio.wait([solving, alive], return_when=asyncio.FIRST_COMPLETED)
        if not solving.done():
            solving.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.shield(solving)
    except asyncio.CancelledError:
        solving.cancel()
        await asyncio.shield(_hand_back(order, context))
        raise
    finally:
        alive.cancel()


async def _alive(order: Order, context: Context) -> None:
    """Renew the lease, and check in between that the order is still this worker's. Return once it is not."""
    beat_s, last = context.lease_s / SIGNS_OF_LIFE, context.clock.monotonic()
    while True:
        await asyncio.sleep(min(LOOK_S, beat_s))
        with suppress(StoreUnavailable):  # where that lasts, the lease ends
            if context.clock.monotonic() - last >= beat_s:
                ours, last = await _beat(order, context), context.clock.monotonic()
                if not ours:
                    log.warning(FENCED, order.optimization.id, order.attempt)
            else:
                ours = await context.orders.held(order.optimization.id, order.attempt)
            if not ours:
                return


async def _beat(order: Order, context: Context) -> bool:
    until = context.clock.now() + timedelta(seconds=context.lease_s)
    return await context.units.keep(lambda unit: unit.orders.beat(order.optimization.id, order.attempt, until))


async def _hand_back(order: Order, context: Context) -> None:
    await context.units.keep(lambda unit: unit.orders.hand_back(order.optimization.id, order.attempt))
    context.tickets.came(order.queue, order.optimization.id)


async def _ended(order: Order, release: Release, context: Context) -> None:
    """Solve and conclude the optimization, release the slot, and store the result."""
    optimization, began = order.optimization, context.clock.monotonic()
    try:
        solution = await context.solvers.solve(optimization.problem, context.order_deadline_s)
    except NoFreeSolver as busy:
        await asyncio.sleep(min(busy.retry_after_s, context.lease_s / SIGNS_OF_LIFE))
        await _hand_back(order, context)
        return
    except NoAnswer as failure:
        optimization.fail(failure, context.clock.now(), _since(began, context))
    except InvalidInput as refused:
        optimization.fail(Refused(str(refused)), context.clock.now(), _since(began, context))
    except PluginError as broken:
        optimization.fail(PluginUnusable(str(broken)), context.clock.now(), _since(began, context))
    else:
        _conclude(order, solution, _since(began, context), context)
    frontier = {} if optimization.answer is None else await _frontier(order, context)
    await _give_away(release, context)
    await _keep(order, frontier, context)
    if optimization.answer is not None and order.estimated_s:
        context.activity.learn(order.estimated_s, _since(began, context) / 1e3)


async def _give_away(release: Release, context: Context) -> None:
    """Release the slot, and let the task that takes it claim its order first."""
    taken = context.activity.listen()
    await release()
    if context.tickets.missed:
        await heard(taken, HEAD_START_S)
        await asyncio.sleep(HAND_OVER_S)


def _conclude(order: Order, solution: Solution, time_ms: float, context: Context) -> None:
    optimization, wording = order.optimization, order.wording
    optimization.supplied = supplied = wording.get(SUPPLIED, {})
    unused = unused_in_order(wording, supplied, optimization.problem, solution)
    optimization.conclude(solution, context.clock.now(), time_ms, unused)


def _since(began: float, context: Context) -> float:
    return 1e3 * (context.clock.monotonic() - began)


async def _frontier(order: Order, context: Context) -> Mapping[str, Any]:
    """The frontier that is drawn with an answer, or why there is none."""
    problem, solution = order.optimization.problem, order.optimization.solution
    sources = None if solution is None else solution.provenance
    if sources is not None and sources.sources.mean == "method":
        return {"efficient_frontier": None, "frontier_reason": OWN_MEANS}
    curve, reason = await around(problem, order.wording.get("risk_measure", VOLATILITY).lower(), context)
    points = None if curve is None else [figures(point) for point in curve.points]
    return {"efficient_frontier": points, "frontier_reason": reason or None}


async def _keep(order: Order, frontier: Mapping[str, Any], context: Context) -> None:
    """Store the end, the answer and the events in one transaction, unless the order has ended otherwise."""
    report = await _report(order, frontier)
    await context.units.traced(order.trace).keep(lambda unit: _keep_end(order, report, unit, context))
    context.activity.signal()


async def _report(order: Order, frontier: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Figures, trades and frontier of an answer; None without one."""
    answer = order.optimization.answer
    if answer is None:
        return None
    report = await asyncio.to_thread(report_of, answer, order.optimization.problem, order.valuation)
    return {**report.told(), **frontier}


async def _keep_end(order: Order, report: Mapping[str, Any] | None, unit: UnitOfWork, context: Context) -> None:
    if not await unit.orders.finish(order, report):
        log.warning(FENCED, order.optimization.id, order.attempt)
        return
    if order.optimization.answer is not None:
        await unit.series.add(SeriesPoint.of(order.optimization.answer))
    for event in announced(order, report, context.ids):
        await unit.events.add(event)
