"""The life of an optimization: forward only, and told in events."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import numpy as np
import pytest

from tangency.domain.errors import MethodCrashed, ProblemInfeasible, TimeLimitReached
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.infeasibility import Conflicting, Infeasibility
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.optimization import (
    FOLLOWING,
    AStageNeverGoesBack,
    Configuration,
    Optimization,
    OptimizationCancelled,
    OptimizationCompleted,
    OptimizationEvent,
    OptimizationFailed,
    OptimizationFoundInfeasible,
    OptimizationRequested,
    OptimizationStarted,
    Stage,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status, Witness
from tangency.domain.optimization.solution import Solution

ID = UUID(int=7)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
UNIVERSE = Universe.of(["A", "B"])


def problem(current: list[float] | None = None) -> Problem:
    market = Market(UNIVERSE, covariance=np.eye(2))
    held = None if current is None else np.array(current)
    return Problem(market, MinimumVolatility(), (Budget(), LongOnly()), current=held)


def requested(current: list[float] | None = None) -> Optimization:
    configuration = Configuration("MIN_VOLATILITY", "mean_variance", {}, {})
    return Optimization.request(ID, "port-1", configuration, problem(current), AT)


def started(current: list[float] | None = None) -> Optimization:
    optimization = requested(current)
    optimization.start(AT)
    return optimization


def solution(status: Status) -> Solution:
    weights = np.array([0.25, 0.75]) if status.answered else None
    found = None
    if status is Status.INFEASIBLE:
        found = Infeasibility((Conflicting("budget", "The weights sum to 1.", 1.0, None),), (), Witness(), 0.1)
    return Solution(status, UNIVERSE, "why", weights=weights, infeasibility=found)


def kinds(optimization: Optimization) -> list[type[OptimizationEvent]]:
    return [type(event) for event in optimization.events]


def test_a_new_one_is_pending_and_says_so() -> None:
    optimization = requested()
    assert optimization.stage is Stage.PENDING
    assert optimization.events == [OptimizationRequested(ID, "port-1", AT)]
    assert optimization.answer is None


@pytest.mark.parametrize(
    ("status", "stage", "event"),
    [
        (Status.OPTIMAL, Stage.COMPLETED, OptimizationCompleted),
        (Status.FEASIBLE, Stage.COMPLETED, OptimizationCompleted),
        (Status.INFEASIBLE, Stage.INFEASIBLE, OptimizationFoundInfeasible),
        (Status.UNBOUNDED, Stage.FAILED, OptimizationFailed),
        (Status.NOT_APPLICABLE, Stage.FAILED, OptimizationFailed),
        (Status.TIME_LIMIT, Stage.FAILED, OptimizationFailed),
        (Status.NUMERICAL_ERROR, Stage.FAILED, OptimizationFailed),
        (Status.RESOURCE_EXHAUSTED, Stage.FAILED, OptimizationFailed),
    ],
)
def test_every_status_has_one_ending(status: Status, stage: Stage, event: type[OptimizationEvent]) -> None:
    optimization = started()
    optimization.conclude(solution(status), LATER, 12.5)
    assert optimization.stage is stage
    assert kinds(optimization) == [OptimizationRequested, OptimizationStarted, event]
    assert (optimization.outcome, optimization.ended_at, optimization.time_ms) == (status.value, LATER, 12.5)
    assert (optimization.answer is not None) == status.answered


def test_the_answer_tells_what_was_not_used_and_the_turnover_with_cash() -> None:
    optimization = started(current=[0.5, 0.25])
    optimization.conclude(solution(Status.OPTIMAL), LATER, 3.0, ("risk_parameters.confidence_level",))
    answer = optimization.answer
    assert answer is not None
    assert answer.unused_inputs == ("risk_parameters.confidence_level",)
    assert answer.turnover is not None
    assert answer.turnover.l1 == 0.75
    assert answer.turnover.one_way == 0.5


def test_without_current_weights_there_is_no_turnover() -> None:
    optimization = started()
    optimization.conclude(solution(Status.OPTIMAL), LATER, 3.0)
    assert optimization.answer is not None
    assert optimization.answer.turnover is None


def test_the_conflict_is_in_the_event() -> None:
    optimization = started()
    optimization.conclude(solution(Status.INFEASIBLE), LATER, 3.0)
    assert optimization.events[-1] == OptimizationFoundInfeasible(ID, "port-1", LATER, ("budget",))


def test_a_failure_without_a_solution_keeps_its_name_and_message() -> None:
    optimization = started()
    optimization.fail(MethodCrashed("the method raised ZeroDivisionError"), LATER, 8.0)
    assert (optimization.stage, optimization.outcome) == (Stage.FAILED, "method_crashed")
    assert optimization.message == "the method raised ZeroDivisionError"
    assert kinds(optimization)[-1] is OptimizationFailed


def test_a_failure_with_a_solution_is_concluded_by_it() -> None:
    optimization = started()
    optimization.fail(ProblemInfeasible("no portfolio", solution(Status.INFEASIBLE)), LATER, 8.0)
    assert optimization.stage is Stage.INFEASIBLE
    assert optimization.solution is not None


@pytest.mark.parametrize("begun", [requested, started])
def test_it_can_be_cancelled_until_it_ended(begun: Callable[[], Optimization]) -> None:
    optimization = begun()
    optimization.cancel(LATER)
    assert optimization.stage is Stage.CANCELLED
    assert kinds(optimization)[-1] is OptimizationCancelled


MOVES: dict[Stage, Callable[[Optimization], None]] = {
    Stage.PROCESSING: lambda o: o.start(LATER),
    Stage.COMPLETED: lambda o: o.conclude(solution(Status.OPTIMAL), LATER, 1.0),
    Stage.INFEASIBLE: lambda o: o.conclude(solution(Status.INFEASIBLE), LATER, 1.0),
    Stage.FAILED: lambda o: o.fail(TimeLimitReached("too late"), LATER, 1.0),
    Stage.CANCELLED: lambda o: o.cancel(LATER),
}


@pytest.mark.parametrize(("stage", "wanted"), list(product(Stage, MOVES)))
def test_a_stage_never_goes_back(stage: Stage, wanted: Stage) -> None:
    optimization = requested()
    if stage is not Stage.PENDING:
        if stage is not Stage.PROCESSING:
            optimization.start(AT)
        MOVES[stage](optimization)
    told = len(optimization.events)
    if wanted in FOLLOWING[stage]:
        MOVES[wanted](optimization)
        assert optimization.stage is wanted
    else:
        with pytest.raises(AStageNeverGoesBack, match=f"is {stage} and cannot become {wanted}"):
            MOVES[wanted](optimization)
        assert (optimization.stage, len(optimization.events)) == (stage, told)
