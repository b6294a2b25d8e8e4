"""Workers: how little they ask while nothing waits, and for whom they work."""

import asyncio
from collections.abc import Sequence

import pytest

from tangency.application import worker
from tangency.application.activity import Activity
from tangency.application.answering import AnswerQuestion
from tangency.application.tickets import Tickets
from tangency.domain.errors import TimeLimitReached
from tangency.domain.optimization.cost import Ceilings
from tangency.domain.optimization.order import OrderReader, OrderState
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.queue import Queue
from tangency.domain.optimization.solution import Solution
from tangency.domain.trace import TraceContext, trace_at_work
from tests.domain.test_trace import PARENT
from tests.support.questions import question
from tests.support.service import Door


class Orders:
    """Those of a service, with the looks at them counted."""

    def __init__(self, orders: OrderReader) -> None:
        self.orders, self.looks = orders, 0

    async def waits(self, queues: Sequence[Queue]) -> bool:
        self.looks += 1
        return await self.orders.waits(queues)


def test_of_many_slots_that_hear_nothing_one_looks_for_all(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_S", 0.2)
    orders = Orders(door.service.context.orders)
    idle = door.with_ports(activity=Activity(), tickets=Tickets(), orders=orders, side_by_side=16).service.context

    async def looked() -> int:
        async with worker.working(idle):
            while not orders.looks:  # noqa: ASYNC110 - nobody tells of a look
                await asyncio.sleep(0.05)
            return orders.looks

    assert door.run(looked) <= 2


class Solvers:
    """Solve nothing, and remember for which trace they were asked."""

    def __init__(self) -> None:
        self.traces: list[TraceContext | None] = []

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        self.traces.append(trace_at_work())
        raise TimeLimitReached("not today")


def test_a_worker_works_for_the_trace_of_its_order_and_then_for_that_of_the_next(door: Door, portfolio_id: str) -> None:
    solvers = Solvers()
    alone = door.with_ports(
        activity=Activity(), tickets=Tickets(), solvers=solvers, side_by_side=1, ceilings=Ceilings(light_s=0.0)
    )
    trace = TraceContext(PARENT)
    for service in (alone.service.traced(trace), alone.service):
        assert isinstance(Door(service, door.portal).handle(AnswerQuestion(question(portfolio_id))), OrderState)

    async def worked() -> None:
        async with worker.working(alone.service.context):
            while len(solvers.traces) < 2:  # noqa: ASYNC110 - nobody tells of a solve
                await asyncio.sleep(0.02)

    door.run(worked)
    assert solvers.traces == [trace, None]
