"""The port for optimization methods (plugins)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeGuard

from tangency.domain.errors import Fault, Unsupported, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Needs
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a method supports. A request for anything else is refused before the method is called.

    Attributes:
        objectives: names of objectives; ignored by a rule.
        constraints: kinds of constraints that it supports.
        risk_measures: names of the risk measures it can minimise or limit.
        needs_mean: whether it uses expected returns under every objective.
        brings_mean: whether it makes its own expected returns, so that none have to be stated or estimated.
        uses_scenarios: whether it wants the scenarios behind the moments, if there are returns to make them from.
        rule: whether its weights follow from the data alone, whatever the objective and the constraints are. Answers of
            a rule are feasible and never optimal, and an answer that breaks a constraint is refused.
        heuristic: whether its weights come from a procedure. Its answers keep the constraints and are never optimal,
            and a copy of an asset may count twice.
        order_dependent: whether the order of the assets may change the answer.
    """

    objectives: frozenset[str] = frozenset()
    constraints: frozenset[str] = frozenset()
    risk_measures: frozenset[str] = frozenset({"volatility"})
    needs_mean: bool = False
    brings_mean: bool = False
    uses_scenarios: bool = False
    rule: bool = False
    heuristic: bool = False
    order_dependent: bool = False


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For a method or an estimator that has no options."""


class OptimizationMethod(Protocol):
    """A plugin of the entry-point group ``tangency.methods``.

    Its page in the documentation is made from these attributes, the docstring of the class, the ``Attributes`` in the
    docstring of its options, and the Markdown file ``NAME.md`` next to its module, if there is one.
    """

    name: str
    citation: str
    """Where the method was published."""
    capabilities: Capabilities
    options: type
    """A frozen dataclass whose fields are the options that a request may set; ``NoOptions`` for none."""

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Propose weights, with a witness for them. Never raises on a valid problem: the status says what happened."""


class Checking(Protocol):
    """A method with a ``check``, which refuses mistakes before anything is estimated."""

    def check(self, problem: Problem, options: object) -> None:
        """Refuse options that do not fit the problem. Called before a problem is accepted, and before it is solved.

        It gets no estimates and should not solve anything. What only the data show is refused by ``solve``.

        Raises:
            InvalidInput: with paths from the top of the request.
        """


def can_check(method: object) -> TypeGuard[Checking]:
    """Whether a method has a ``check``."""
    return callable(getattr(method, "check", None))


@dataclass(frozen=True, eq=False, slots=True)
class StatedMoments:
    """Means and covariances that the options of a method state.

    Attributes:
        mean: annual, in the order of the universe; shape (n,). None if not stated.
        covariance: annual; shape (n, n). None if not stated.
    """

    mean: Vector | None = None
    covariance: Matrix | None = None


class StatesMoments(OptimizationMethod, Protocol):
    """A method whose options may state means and covariances, so that they need not be given or estimated."""

    def stated_moments(self, universe: Universe, options: object) -> StatedMoments:
        """The moments that the options state.

        Called before a problem is accepted, and only if a figure is neither given nor can be estimated.

        Raises:
            InvalidInput: with paths from the top of the request.
        """


def can_state_moments(method: object) -> TypeGuard[StatesMoments]:
    """Whether a method has ``stated_moments``."""
    return callable(getattr(method, "stated_moments", None))


def needs(problem: Problem, method: OptimizationMethod) -> Needs:
    """The estimates that solving the problem needs."""
    can = method.capabilities
    by_problem = (problem.objective.needs_mean and not can.rule) or problem.constraints_need_mean()
    return Needs(can.needs_mean or (by_problem and not can.brings_mean), can.uses_scenarios)


def refuse_unsupported(problem: Problem, method: OptimizationMethod) -> None:
    """Refuse an objective or a constraint that the method does not support.

    Raises:
        Unsupported: the objective or a constraint is not among the method's capabilities.
    """
    can = method.capabilities
    if can.rule:
        return
    if problem.objective.name not in can.objectives:
        valid = hint(problem.objective.name, sorted(can.objectives))
        detail = f"{problem.objective.name!r} is not an objective of method {method.name!r}; {valid}"
        raise Unsupported.at(("objective",), detail, "unsupported")
    faults = [
        Fault(constraint.path, f"method {method.name!r} cannot honour {constraint.id}; leave it out.", "unsupported")
        for constraint in problem.constraints
        if (constraint.capability or constraint.kind) not in can.constraints
    ]
    if faults:
        raise Unsupported(faults)
