"""Carrying orders out: claim, solve, end. Whoever is lost meanwhile is replaced; nobody ends an order twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from tangency.application.bench import heard
from tangency.application.configuration import SUPPLIED
from tangency.application.context import Context
from tangency.application.frontier import around
from tangency.application.measured import VOLATILITY
from tangency.application.unused_inputs import unused_in_order
from tangency.domain.errors import InvalidInput, NoAnswer, NoFreeSolver, PluginError, StoreUnavailable
from tangency.domain.frontier.announcement import figures
from tangency.domain.optimization.announcement import announced
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.order import Order, expected_seconds
from tangency.domain.optimization.report import report_of
from tangency.domain.optimization.solution import Solution
from tangency.domain.series.point import SeriesPoint
from tangency.domain.unit_of_work import UnitOfWork

LOOK_S = 1.0
"""How long a worker that hears nothing waits before it looks by itself: another process may have accepted."""
SIGNS_OF_LIFE = 3
"""Per lease."""
OWN_MEANS = "the method brings expected returns of its own, and a frontier is traced on those of the data."


class Refused(NoAnswer):
    """The method does not take what was asked, or no moments can be estimated for it."""


log = logging.getLogger("tangency.worker")


@asynccontextmanager
async def working(context: Context) -> AsyncIterator[None]:
    """Workers in this process; at the end they hand back what they have not ended."""
    tasks = [asyncio.create_task(_one_after_another(context)) for _ in range(context.side_by_side)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one_after_another(context: Context) -> None:
    while True:
        changed = context.bench.listen()
        try:
            order = await _taken(context)
            if order is not None:
                await _carry_out(order, context)
                continue
        except StoreUnavailable as error:
            log.warning("an order has to wait: %s", error)
            await asyncio.sleep(LOOK_S)
        except Exception:
            log.exception("a worker failed; its order is taken up again when its lease ends")
        await heard(changed, LOOK_S)


async def _taken(context: Context) -> Order | None:
    """The oldest waiting order, where there is one and nobody is quicker."""
    if not await context.orders.open_orders():
        return None
    order = await context.units.keep(lambda unit: _claimed(unit, context))
    if order is not None:
        context.bench.signal()
    return order


async def _claimed(unit: UnitOfWork, context: Context) -> Order | None:
    due, now = await unit.orders.next_due(), context.clock.now()
    if due is None:
        return None
    return await unit.orders.claim(due, now + timedelta(seconds=context.lease_s), now)


async def _carry_out(order: Order, context: Context) -> None:
    """Solve beside signs of life; stop where the order is cancelled or somebody else's by now."""
    solving = asyncio.create_task(_ended(order, context))
    context.bench.begin(order.optimization.id, solving)
    try:
        while not solving.done():
            await asyncio.wait([solving], timeout=context.lease_s / SIGNS_OF_LIFE)
            if not solving.done() and not await _still_ours(order, context):
                solving.cancel()
                break
        with suppress(asyncio.CancelledError):
            await asyncio.shield(solving)
    except asyncio.CancelledError:
        solving.cancel()
        await asyncio.shield(_hand_back(order, context))
        raise


async def _still_ours(order: Order, context: Context) -> bool:
    until = context.clock.now() + timedelta(seconds=context.lease_s)
    return await context.units.keep(lambda unit: unit.orders.beat(order.optimization.id, order.attempt, until, 0.0))


async def _hand_back(order: Order, context: Context) -> None:
    await context.units.keep(lambda unit: unit.orders.hand_back(order.optimization.id, order.attempt))


async def _ended(order: Order, context: Context) -> None:
    """Take the optimization to its end, and keep that."""
    optimization, began = order.optimization, context.clock.monotonic()
    try:
        solution = await context.solvers.solve(optimization.problem, context.order_deadline_s)
    except NoFreeSolver as busy:
        await asyncio.sleep(min(busy.retry_after_s, context.lease_s / SIGNS_OF_LIFE))
        await _hand_back(order, context)
        return
    except NoAnswer as failure:
        optimization.fail(failure, context.clock.now(), _since(began, context))
    except (InvalidInput, PluginError) as refused:
        optimization.fail(Refused(str(refused)), context.clock.now(), _since(began, context))
    else:
        _conclude(order, solution, _since(began, context), context)
    await _keep(order, context)


def _conclude(order: Order, solution: Solution, time_ms: float, context: Context) -> None:
    optimization, wording = order.optimization, order.wording
    context.bench.learn(expected_seconds(optimization.problem), time_ms / 1e3)
    unused = unused_in_order(wording, wording.get(SUPPLIED, {}), solution)
    optimization.conclude(solution, context.clock.now(), time_ms, unused)


def _since(began: float, context: Context) -> float:
    return 1e3 * (context.clock.monotonic() - began)


async def _keep(order: Order, context: Context) -> None:
    """The end, the answer and the events in one transaction, unless somebody else ended it."""
    optimization = order.optimization
    answer, problem = optimization.answer, optimization.problem
    report = None if answer is None else await _report(answer, order, context)
    context.units.prepare(problem)
    await context.units.ready(problem)
    await context.units.keep(lambda unit: _keep_end(order, report, unit, context))
    context.bench.signal()


async def _report(answer: Answer, order: Order, context: Context) -> Mapping[str, Any]:
    """What the answer comes to, and the frontier beside it."""
    problem, sources = order.optimization.problem, answer.solution.provenance
    report = asdict(await asyncio.to_thread(report_of, answer, problem, order.valuation))
    if sources is not None and sources.sources.mean == "method":
        return {**report, "efficient_frontier": None, "frontier_reason": OWN_MEANS}
    curve, reason = await around(problem, order.wording.get("risk_measure", VOLATILITY).lower(), context)
    points = None if curve is None else [figures(point) for point in curve.points]
    return {**report, "efficient_frontier": points, "frontier_reason": reason or None}


async def _keep_end(order: Order, report: Mapping[str, Any] | None, unit: UnitOfWork, context: Context) -> None:
    if not await unit.orders.finish(order, report):
        return
    if order.optimization.answer is not None:
        await unit.series.add(SeriesPoint.of(order.optimization.answer))
    for event in announced(order, report, context.ids):
        await unit.events.add(event)
