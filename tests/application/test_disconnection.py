"""Whoever asks may leave at any moment: solves stop, and the store stays in good order."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from tangency.application.disconnection import NobodyWaits, SolversWhileAwaited, handled_while_awaited
from tangency.application.factors.command import AnalyzeFactors
from tangency.application.message import Message
from tangency.application.question import Question
from tangency.application.rebalancing.command import MakePlan
from tangency.application.rebalancing.plans import ListPlans
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.rebalancing.plan import TargetType
from tests.support.held import hold
from tests.support.service import Door, running_service

PLAN = MakePlan(Question("held", "MAX_SHARPE", "rebalancing"), TargetType.EQUAL_WEIGHT)
ANALYSIS = AnalyzeFactors("held", "statistical")
MOMENTS_S = [step * 0.008 for step in range(20)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("leaving")
    hold(folder, "held")
    with running_service(folder) as door:
        yield door


@pytest.mark.parametrize("message", [PLAN, ANALYSIS], ids=["plan", "analysis"])
def test_leaving_at_any_moment_does_no_harm(
    message: Message[object], desk: Door, caplog: pytest.LogCaptureFixture
) -> None:
    async def asked_and_left(moment_s: float) -> None:
        asking = asyncio.create_task(handled_while_awaited(desk.service, message))
        await asyncio.sleep(moment_s)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    with caplog.at_level(logging.WARNING):
        for moment_s in MOMENTS_S:
            desk.portal.call(asked_and_left, moment_s)
    assert caplog.records == []
    before = len(desk.handle(ListPlans("held")))
    desk.handle(PLAN)
    assert len(desk.handle(ListPlans("held"))) == before + 1


class Endless:
    """Solvers that never come to an end, and tell whether they were stopped."""

    def __init__(self) -> None:
        self.begun, self.stopped = asyncio.Event(), False

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True
        raise AssertionError("it ended")


def test_a_solve_under_way_is_stopped_and_nothing_is_kept(desk: Door) -> None:
    async def left() -> bool:
        endless = Endless()
        endless_desk = desk.with_ports(solvers=endless)
        asking = asyncio.create_task(handled_while_awaited(endless_desk.service, PLAN))
        await endless.begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return endless.stopped

    before = len(desk.handle(ListPlans("held")))
    assert desk.run(left)
    assert len(desk.handle(ListPlans("held"))) == before


def test_nothing_is_begun_for_somebody_who_has_left(desk: Door) -> None:
    async def late() -> None:
        left = asyncio.Event()
        left.set()
        solvers = SolversWhileAwaited(desk.service.context.solvers, left)
        await desk.with_ports(solvers=solvers).service.handle(PLAN)

    with pytest.raises(NobodyWaits):
        desk.run(late)
