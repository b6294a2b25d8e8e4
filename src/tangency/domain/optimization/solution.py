"""What a method proposes, and what the domain makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tangency.domain.market.estimates import Sources
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector

if TYPE_CHECKING:
    from tangency.domain.optimization.certificate import Certificate
    from tangency.domain.optimization.explanation import Explanation
    from tangency.domain.optimization.infeasibility import Infeasibility


class Status(StrEnum):
    """How a problem ended. Never None, never a silent substitute."""

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
    """What a method hands over so that the domain can prove its answer. A bad witness only widens the gap.

    Attributes:
        multipliers: by constraint id, for constraints whose shape is a row, a distance or a risk cap, in units of the
            shape's limit; of either sign for an equality. Bounds need none.
        cuts: by id of a risk cap, the portfolio z at which it enters as a half-space; shape (n,).
    """

    multipliers: Mapping[str, float] = field(default_factory=dict)
    cuts: Mapping[str, Vector] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Proposal:
    """What a method returns: not yet an answer, because nobody has checked it.

    Attributes:
        status: the method's own verdict. ``optimal`` asks for a certificate; ``feasible`` (a rule, a heuristic) only
            for the constraints; ``infeasible`` comes with a Farkas vector in ``witness`` where the solver left one.
        weights: shape (n,), in the universe's order; None where there are none.
        witness: None where the method proves nothing.
        bound: the best value of what decides a ``not_applicable`` (for maximum Sharpe, the best excess return).
    """

    status: Status
    weights: Vector | None = None
    witness: Witness | None = None
    iterations: int = 0
    attempts: tuple[SolverAttempt, ...] = ()
    bound: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The distribution that a plugin came in."""

    name: str
    distribution: str
    version: str


@dataclass(frozen=True, eq=False, slots=True)
class Provenance:
    """How an answer came about, complete enough to make it again."""

    problem_hash: str
    method: Origin
    sources: Sources
    attempts: tuple[SolverAttempt, ...]
    tolerance: float
    versions: Mapping[str, str]


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """A checked answer, or a checked reason why there is none.

    Attributes:
        weights: shape (n,), in the universe's order; None unless the status is optimal or feasible.
        objective_value: the ratio, volatility, mean or utility.
        expected_return: annual; None where nobody gave or needed means.
        expected_volatility: annual.
        sharpe_ratio: (expected_return - risk_free_rate) / expected_volatility; None where undefined.
        risk_shares: each name's share of the portfolio's variance, summing to 1; None where there is no risk.
    """

    status: Status
    universe: Universe
    message: str
    weights: Vector | None = None
    objective_value: float | None = None
    expected_return: float | None = None
    expected_volatility: float | None = None
    sharpe_ratio: float | None = None
    risk_shares: Vector | None = None
    certificate: Certificate | None = None
    why: Explanation | None = None
    infeasibility: Infeasibility | None = None
    bound: float | None = None
    iterations: int = 0
    provenance: Provenance | None = None

    @property
    def weights_by_name(self) -> dict[str, float]:
        """Weights keyed by name; empty where there are none."""
        return {} if self.weights is None else self.universe.named(self.weights)
