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
    """One of several objectives.

    Attributes:
        name: which quantity: ``return``, ``risk``, ``turnover``, ``cost``, ``concentration`` (the sum of squared
            weights), or the name of a score of the strategies, such as ``esg``. Return and scores are maximized, the
            others minimized.
        weight: relative importance, applied after scaling.
        bound: in the objective's own unit: a minimum for return and scores, a maximum for the others.
        target: in the objective's own unit: the level that ``goal`` tries to reach, and the point from which
            ``chebyshev`` measures distance.
    """

    name: str
    weight: float = 1.0
    bound: float | None = None
    target: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreLimit:
    """A minimum for the portfolio's average score, weighted by the portfolio weights.

    Attributes:
        minimum: the minimum, in the unit of the score.
    """

    minimum: float


@dataclass(frozen=True, kw_only=True)
class Aims:
    """Several objectives, and how they are combined.

    Attributes:
        objectives: the objectives of a MULTI_OBJECTIVE request. Default: return and risk with equal weights.
        scheme: how the objectives are combined. ``weighted_sum``: minimize the weighted sum of distances from the ideal
            point (the best value of each objective on its own). ``epsilon_constraint``: optimize the objectives without
            a ``bound``, subject to the bounds of the others. ``goal``: minimize the weighted sum of the shortfalls from
            the targets. ``chebyshev``: minimize the largest weighted distance from the targets, or from the ideal point
            for an objective without a target.
        scale: ``ideal_nadir``: measure each objective relative to the range between its best value and its worst value
            among the optima of the others. ``none``: in its own unit.
        points: number of points of the Pareto set to compute, from 2 to 200; 0 for none.
        missing_score: what to do with an asset that lacks a score used as an objective or a limit: ``refuse`` the
            request, ``exclude`` the asset (weight 0), or assume the ``worst`` score of the other assets.
        cost_rate: for the objective ``cost``: one-off trading cost as a fraction of the traded value, either one rate
            or one per asset.
        score_limits: minimum average scores, by name of the score.
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
        risk_measure: the risk measure of the objective ``risk``; any of those listed above.
        threshold: return per period below which a lower partial moment counts a shortfall.
    """

    objectives: tuple[AimOption, ...] = (AimOption("return"), AimOption("risk"))
    risk_measure: str = field(default="volatility", kw_only=True)
    threshold: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        Aims.__post_init__(self)
        convex = sorted(set(MEASURES) - {"var"})
        if self.risk_measure not in convex:
            detail = f"{self.risk_measure!r} is not a convex measure of risk here; {hint(self.risk_measure, convex)}"
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
