"""What a method proposes: weights, its own verdict, and what proves it. Nobody has checked it yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tangency.domain.numbers import Vector


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
