"""The port that optimization methods plug into."""

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
    """What a method can honour. What is not listed is refused before it is called.

    Attributes:
        objectives: names of objectives; ignored by a rule.
        constraints: kinds of constraints that it takes into account.
        risk_measures: names of the risk measures it can minimise or limit.
        needs_mean: whether it uses expected returns under every objective.
        brings_mean: whether it makes its own under every objective, so that nobody has to state or estimate any.
        uses_scenarios: whether it wants the scenarios behind the moments, where there are returns to make them from.
        rule: a rule takes no notice of the objective and of the constraints: its weights follow from the data alone.
            It accepts any objective, its answers are feasible and never optimal, and an answer that breaks a
            constraint is refused.
        heuristic: whether its weights come from a procedure and not from the objective's best value: its answers keep
            the constraints and are never optimal, and a name that is there twice may count twice.
        order_dependent: whether the order of the names may change the answer.
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
    """A plugin of entry-point group ``tangency.methods``.

    Its page is made from what it declares, the docstring of its class, the ``Attributes`` in the docstring of its
    options, and, where there is one, the Markdown file ``NAME.md`` beside its module, with its formula, the fields that
    it adds to an answer and an example.
    """

    name: str
    citation: str
    """Where the method was published."""
    capabilities: Capabilities
    options: type
    """A frozen dataclass whose fields are the options that a request may set; ``NoOptions`` for none."""

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights and a witness for them. Never raises on a sound problem: it says what happened in the status."""


class Checking(Protocol):
    """A method that can say before anybody estimates what it refuses."""

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what the problem and the options show to be wrong; called before a problem is accepted or solved.

        It takes no estimates and solves nothing. What only data show, ``solve`` refuses.

        Raises:
            InvalidInput: with places from the top of the request.
        """


def can_check(method: object) -> TypeGuard[Checking]:
    """Whether a method is one of these."""
    return callable(getattr(method, "check", None))


@dataclass(frozen=True, eq=False, slots=True)
class StatedMoments:
    """What a method's options say of the market.

    Attributes:
        mean: annual, in the order of the universe; shape (n,). None where they state none.
        covariance: annual; shape (n, n). None where they state none.
    """

    mean: Vector | None = None
    covariance: Matrix | None = None


class StatesMoments(OptimizationMethod, Protocol):
    """A method whose options may state moments, so that nobody has to give or to estimate them beside."""

    def stated_moments(self, universe: Universe, options: object) -> StatedMoments:
        """What the options state.

        Called before a problem is accepted, and only where a figure is neither given nor there is anything to estimate
        it from.

        Raises:
            InvalidInput: with places from the top of the request.
        """


def can_state_moments(method: object) -> TypeGuard[StatesMoments]:
    """Whether a method is one of these."""
    return callable(getattr(method, "stated_moments", None))


def needs(problem: Problem, method: OptimizationMethod) -> Needs:
    """What solving the problem takes of the estimates."""
    can = method.capabilities
    by_problem = (problem.objective.needs_mean and not can.rule) or problem.constraints_need_mean()
    return Needs(can.needs_mean or (by_problem and not can.brings_mean), can.uses_scenarios)


def refuse_unsupported(problem: Problem, method: OptimizationMethod) -> None:
    """Refuse what the method cannot honour, naming it.

    Raises:
        Unsupported: the objective or a constraint is not among the method's capabilities.
    """
    can = method.capabilities
    if can.rule:
        return
    if problem.objective.name not in can.objectives:
        valid = hint(problem.objective.name, sorted(can.objectives))
        detail = f"{problem.objective.name!r} is no objective of method {method.name!r}; {valid}"
        raise Unsupported.at(("objective",), detail, "unsupported")
    faults = [
        Fault(constraint.path, f"method {method.name!r} cannot honour {constraint.id}; leave it out.", "unsupported")
        for constraint in problem.constraints
        if (constraint.capability or constraint.kind) not in can.constraints
    ]
    if faults:
        raise Unsupported(faults)
