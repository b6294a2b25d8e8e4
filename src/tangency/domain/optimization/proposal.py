"""What a method returns: weights, its own verdict, and a witness. Nothing of it has been checked yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.contradiction import Contradiction
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.region import Sides
from tangency.domain.optimization.sales_tax import SalesCase


class Status(StrEnum):
    """How solving a problem ended."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    NOT_APPLICABLE = "not_applicable"
    TIME_LIMIT = "time_limit"
    NUMERICAL_ERROR = "numerical_error"
    RESOURCE_EXHAUSTED = "resource_exhausted"

    @property
    def answered(self) -> bool:
        """Whether there are weights to serve."""
        return self in (Status.OPTIMAL, Status.FEASIBLE)


@dataclass(frozen=True, slots=True)
class SolverAttempt:
    """One call of a solver, in its own words."""

    solver: str
    status: str
    iterations: int
    time_ms: float


@dataclass(frozen=True, eq=False, slots=True)
class Witness:
    """Lets the domain prove how good an answer is. A bad witness only widens the proven gap.

    Attributes:
        multipliers: by constraint id, for constraints whose shape is a row, a distance or a risk cap, in units of the
            shape's limit; of either sign for an equality. Bounds need none.
        cuts: dual vectors, by id of a risk cap (for the volatility, the portfolio at which it enters as a half-space)
            and by id of a term of the objective; of the shape that the measure of risk asks for.
        cases: where the region is not convex, convex parts that cover it, each with a witness of its own; what stands
            beside them is that of the part that the answer is in.
        spread: variances that the covariance exceeds on every portfolio as a diagonal matrix; shape (n,). With them
            a bound over a part knows that a name left out carries no risk of its own.
    """

    multipliers: Mapping[str, float] = field(default_factory=dict)
    cuts: Mapping[str, Vector] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    spread: Vector | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """A convex part of a region, and what bounds the objective there.

    Attributes:
        sides: what is settled of each name; shape (n,).
        point: where a minorant of the objective touches it; shape (n,). None where the part is empty.
        witness: for that minorant; of Farkas where the part is empty.
        sales: what is settled of sales that are taxed; None where none are.
        theta: of a ratio that is taxed: what its part is compared with.
    """

    sides: Sides
    point: Vector | None
    witness: Witness
    sales: SalesCase | None = None
    theta: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Reading:
    """The problem that a method actually solved, if its options say more than the request. Judged by that.

    Attributes:
        objective: replaces the problem's; None to keep that.
        constraints: added to the problem's; one with the same id replaces it.
        estimates: replace those that the method was given, for instance after views revised them.
        parameters: risk parameters that were used, in addition to those of the objective and the constraints.
        unused_options: names of the method's options that made no difference.
    """

    objective: Objective | None = None
    constraints: tuple[Constraint, ...] = ()
    estimates: Estimates | None = None
    parameters: tuple[str, ...] = ()
    unused_options: tuple[str, ...] = ()

    def of(self, problem: Problem) -> Problem:
        """The problem as the method read it."""
        objective = problem.objective if self.objective is None else self.objective
        if objective is problem.objective and not self.constraints:
            return problem
        replaced = {constraint.id for constraint in self.constraints}
        kept = (constraint for constraint in problem.constraints if constraint.id not in replaced)
        return replace(problem, objective=objective, constraints=(*kept, *self.constraints))


AS_ASKED = Reading()


@dataclass(frozen=True, eq=False, slots=True)
class Proposal:
    """What a method returns. It becomes a solution when the domain has checked it.

    Attributes:
        status: the method's own verdict. ``optimal`` asks for a certificate; ``feasible`` (a rule, a heuristic) only
            for the constraints; ``infeasible`` comes with a Farkas vector in ``witness`` where the solver left one.
        weights: shape (n,), in the order of the universe; None if there are none.
        witness: None if the method proves nothing.
        bound: for ``not_applicable``, the best value of what decides it (for maximum Sharpe, the excess return).
        reading: the problem that the method actually solved.
        findings: further fields of the answer, by name: plain values and arrays.
        contradiction: the options that contradict each other, if ``infeasible`` is about them.
    """

    status: Status
    weights: Vector | None = None
    witness: Witness | None = None
    iterations: int = 0
    attempts: tuple[SolverAttempt, ...] = ()
    bound: float | None = None
    message: str = ""
    reading: Reading = AS_ASKED
    findings: Mapping[str, object] = field(default_factory=dict)
    contradiction: Contradiction | None = None
