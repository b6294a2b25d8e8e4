"""The aggregate ``Optimization``: what was asked about a portfolio, its stage, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import numpy as np

from tangency.domain.errors import NoAnswer, TangencyError
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution


class Stage(StrEnum):
    """The stage of an optimization. It never goes back."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    INFEASIBLE = "infeasible"
    CANCELLED = "cancelled"


FOLLOWING: Mapping[Stage, frozenset[Stage]] = {
    Stage.PENDING: frozenset({Stage.PROCESSING, Stage.CANCELLED}),
    Stage.PROCESSING: frozenset({Stage.COMPLETED, Stage.FAILED, Stage.INFEASIBLE, Stage.CANCELLED}),
    Stage.COMPLETED: frozenset(),
    Stage.FAILED: frozenset(),
    Stage.INFEASIBLE: frozenset(),
    Stage.CANCELLED: frozenset(),
}


class AStageNeverGoesBack(TangencyError):
    """An optimization cannot enter a stage that does not follow its present one."""

    def __init__(self, optimization: UUID, now: Stage, wanted: Stage) -> None:
        self.optimization, self.now, self.wanted = optimization, now, wanted
        super().__init__(f"optimization {optimization} is {now} and cannot become {wanted}")


@dataclass(frozen=True, slots=True)
class OptimizationEvent:
    """Something that happened to an optimization."""

    optimization_id: UUID
    portfolio_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OptimizationRequested(OptimizationEvent):
    """The optimization was requested."""


@dataclass(frozen=True, slots=True)
class OptimizationStarted(OptimizationEvent):
    """A solver has started on it."""


@dataclass(frozen=True, slots=True)
class OptimizationCompleted(OptimizationEvent):
    """There is an answer."""

    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OptimizationFailed(OptimizationEvent):
    """There is no answer, for a reason other than contradicting limits."""

    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class OptimizationFoundInfeasible(OptimizationEvent):
    """The limits contradict each other."""

    conflict: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptimizationCancelled(OptimizationEvent):
    """It was cancelled."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was asked, in the words of the request; stored so that it can be repeated."""

    objective: str
    method: str
    constraints: Mapping[str, object]
    risk_parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Turnover:
    """The turnover from the current weights to the optimal ones, as fractions of the portfolio."""

    one_way: float
    """Half the sum of absolute changes, including the change of cash."""
    l1: float
    """The sum of absolute changes, without cash."""

    @classmethod
    def between(cls, problem: Problem, solution: Solution) -> Turnover | None:
        """The turnover of a solution; None if the current or the optimal weights are unknown."""
        if problem.current is None or solution.weights is None:
            return None
        l1 = float(np.abs(solution.weights - problem.current).sum())
        cash = abs(float(problem.current.sum() - solution.weights.sum()))
        return cls((l1 + cash) / 2, l1)


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """A completed optimization, as it is read.

    Attributes:
        solution: with weights; its status is optimal or feasible.
        time_ms: wall time of the solve, including transport to and from the solver process.
        turnover: from the current weights, where they are known.
        unused_inputs: paths of the request's fields that made no difference.
        supplied: what the portfolio's configuration supplied, by its place there.
    """

    optimization_id: UUID
    portfolio_id: str
    solution: Solution
    time_ms: float
    turnover: Turnover | None
    unused_inputs: tuple[str, ...]
    answered_at: datetime
    supplied: Mapping[str, object] = field(default_factory=dict)


@dataclass(eq=False)
class Optimization:
    """One optimization of one portfolio. Create it with :meth:`request`.

    Attributes:
        outcome: the status of the solution, or a word for why there is none; None until it has ended.
        message: the outcome explained in a sentence; may be empty.
        events: what happened, oldest first.
    """

    id: UUID
    portfolio_id: str
    configuration: Configuration
    problem: Problem
    requested_at: datetime
    stage: Stage = Stage.PENDING
    ended_at: datetime | None = None
    outcome: str | None = None
    message: str = ""
    solution: Solution | None = None
    time_ms: float = 0.0
    unused_inputs: tuple[str, ...] = ()
    supplied: Mapping[str, object] = field(default_factory=dict)
    events: list[OptimizationEvent] = field(default_factory=list)

    @classmethod
    def request(
        cls, identity: UUID, portfolio_id: str, configuration: Configuration, problem: Problem, at: datetime
    ) -> Optimization:
        """A new optimization, in the stage ``pending``."""
        optimization = cls(identity, portfolio_id, configuration, problem, at)
        optimization.events.append(OptimizationRequested(identity, portfolio_id, at))
        return optimization

    def start(self, at: datetime) -> None:
        """A solver starts on it."""
        self._enter(Stage.PROCESSING)
        self.events.append(OptimizationStarted(self.id, self.portfolio_id, at))

    def conclude(self, solution: Solution, at: datetime, time_ms: float, unused_inputs: tuple[str, ...] = ()) -> None:
        """End it with a judged solution, which may or may not have weights."""
        self._end(_stage_of(solution.status), at, solution.status.value, solution.message, time_ms)
        self.solution, self.unused_inputs = solution, unused_inputs
        self.events.append(self._ending(solution, at))

    def fail(self, error: NoAnswer, at: datetime, time_ms: float) -> None:
        """End it without a solution to judge."""
        if isinstance(error.solution, Solution):
            self.conclude(error.solution, at, time_ms)
            return
        self._end(Stage.FAILED, at, error.outcome, error.detail, time_ms)
        self.events.append(OptimizationFailed(self.id, self.portfolio_id, at, error.outcome, error.detail))

    def cancel(self, at: datetime) -> None:
        """End it without solving."""
        self._end(Stage.CANCELLED, at, Stage.CANCELLED.value, "", 0.0)
        self.events.append(OptimizationCancelled(self.id, self.portfolio_id, at))

    @property
    def answer(self) -> Answer | None:
        """The answer to serve; None unless it is completed."""
        if self.stage is not Stage.COMPLETED or self.solution is None or self.ended_at is None:
            return None
        turnover = Turnover.between(self.problem, self.solution)
        return Answer(
            self.id,
            self.portfolio_id,
            self.solution,
            self.time_ms,
            turnover,
            self.unused_inputs,
            self.ended_at,
            self.supplied,
        )

    def _enter(self, stage: Stage) -> None:
        if stage not in FOLLOWING[self.stage]:
            raise AStageNeverGoesBack(self.id, self.stage, stage)
        self.stage = stage

    def _end(self, stage: Stage, at: datetime, outcome: str, message: str, time_ms: float) -> None:
        self._enter(stage)
        self.ended_at, self.outcome, self.message, self.time_ms = at, outcome, message, time_ms

    def _ending(self, solution: Solution, at: datetime) -> OptimizationEvent:
        if self.stage is Stage.COMPLETED:
            return OptimizationCompleted(self.id, self.portfolio_id, at, solution.weights_by_name)
        if self.stage is Stage.INFEASIBLE:
            conflict = solution.infeasibility.conflict if solution.infeasibility else ()
            ids = tuple(member.constraint for member in conflict)
            return OptimizationFoundInfeasible(self.id, self.portfolio_id, at, ids)
        return OptimizationFailed(self.id, self.portfolio_id, at, solution.status.value, solution.message)


def _stage_of(status: Status) -> Stage:
    if status.answered:
        return Stage.COMPLETED
    return Stage.INFEASIBLE if status is Status.INFEASIBLE else Stage.FAILED
