"""What a request can say about several aims."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Literal

import numpy as np

from tangency.domain.errors import InvalidInput, hint
from tangency.domain.risk.measure import MEASURES

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class AimOption:
    """One of the aims.

    Attributes:
        name: ``return``, ``risk``, ``turnover``, ``cost``, ``concentration`` (the sum of squared weights), or the name
            of a score of the strategies, such as ``esg``. Returns and scores are wanted high, the others low.
        weight: what a unit of it counts, after scaling.
        bound: the least return or score, or the most of another aim, that a portfolio may have; in its own unit.
        target: what goal programming tries to reach, and where Chebyshev's distance is measured from; in its own unit.
    """

    name: str
    weight: float = 1.0
    bound: float | None = None
    target: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreLimit:
    """A limit on the average of a score, weighted by the portfolio.

    Attributes:
        minimum: the least.
    """

    minimum: float


@dataclass(frozen=True, kw_only=True)
class Aims:
    """Several aims, and how they are weighed against each other.

    Attributes:
        objectives: the aims of objective MULTI_OBJECTIVE; return and risk, of the same weight, where left out.
        scheme: ``weighted_sum`` of the distances from the ideal point; ``epsilon_constraint``, the aims without a bound
            under the bounds of the others; ``goal``, the weighted sum of what is missing to the targets;
            ``chebyshev``, the largest weighted distance from the targets, or from the ideal point where an aim has
            none.
        scale: ``ideal_nadir``: distances are counted from each aim's best value to its worst among the bests of the
            others; ``none``: in its own unit.
        points: of the Pareto set; 0 for none.
        missing_score: a name without a score that is an aim or a limit is a mistake (``refuse``), is not held
            (``exclude``), or has the worst score of the others (``worst``).
        cost_rate: of the aim ``cost``: one-off, per traded value, for all names or by name.
        score_limits: by the name of the score.
    """

    objectives: tuple[AimOption, ...] = (AimOption("return"), AimOption("risk"))
    scheme: Literal["weighted_sum", "epsilon_constraint", "goal", "chebyshev"] = "weighted_sum"
    scale: Literal["ideal_nadir", "none"] = "ideal_nadir"
    points: int = 20
    missing_score: Literal["refuse", "exclude", "worst"] = "refuse"
    cost_rate: float | dict[str, float] | None = None
    score_limits: dict[str, ScoreLimit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_aims(self.objectives)
        _check_scheme(self.scheme, self.objectives)
        if not (self.points == 0 or 2 <= self.points <= MOST_POINTS):  # noqa: PLR2004 - a set has two ends
            raise InvalidInput.at(("points",), f"is {self.points}; give 0, or from 2 to {MOST_POINTS}.", "range")

    def changed(self) -> tuple[str, ...]:
        """The names of those that are not at their defaults."""
        return tuple(name for name, default in _defaults().items() if getattr(self, name) != default)


@cache
def _defaults() -> dict[str, object]:
    default = Aims()
    return {each.name: getattr(default, each.name) for each in fields(Aims)}


@dataclass(frozen=True)
class MultiObjectiveOptions(Aims):
    """Several aims, and the measure of their risk.

    Attributes:
        risk_measure: of the aim ``risk``.
        threshold: per period, where that is a lower partial moment.
    """

    objectives: tuple[AimOption, ...] = (AimOption("return"), AimOption("risk"))
    risk_measure: str = field(default="volatility", kw_only=True)
    threshold: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        Aims.__post_init__(self)
        convex = sorted(set(MEASURES) - {"var"})
        if self.risk_measure not in convex:
            detail = f"{self.risk_measure!r} is no convex measure of risk here; {hint(self.risk_measure, convex)}"
            raise InvalidInput.at(("risk_measure",), detail, "unsupported")


def _check_aims(aims: tuple[AimOption, ...]) -> None:
    names = [aim.name for aim in aims]
    if not names:
        raise InvalidInput.at(("objectives",), "is empty; give at least one.", "empty")
    for position, aim in enumerate(aims):
        if aim.name in names[:position]:
            raise InvalidInput.at(("objectives", position), f"{aim.name!r} is given twice; give it once.", "duplicate")
        if not 0 <= aim.weight < np.inf:
            detail = f"is {aim.weight}; give a number from 0 on: what is wanted high and what low is known."
            raise InvalidInput.at(("objectives", position, "weight"), detail, "range")
    if not any(aim.weight for aim in aims):
        raise InvalidInput.at(("objectives",), "have no weight above 0; give one a weight.", "range")


def _check_scheme(scheme: str, aims: tuple[AimOption, ...]) -> None:
    bounded = [aim.bound is not None for aim in aims]
    if scheme == "epsilon_constraint" and (all(bounded) or not any(bounded)):
        detail = "need a bound for every aim but the one that is to be best; give bounds, or another scheme."
        raise InvalidInput.at(("objectives",), detail, "missing")
    if scheme == "goal" and any(aim.target is None for aim in aims):
        detail = "need a target each for scheme goal; give targets, or another scheme."
        raise InvalidInput.at(("objectives",), detail, "missing")
