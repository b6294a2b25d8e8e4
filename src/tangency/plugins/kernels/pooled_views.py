"""Views on moments and tails, turned into linear conditions on the probabilities of scenarios.

A mean and a tail probability are linear in the probabilities. A variance is once the mean is fixed, and a correlation
once means and variances are: they are fixed where the views of the stage before have brought them (Meucci 2008,
section 5; Vorobets 2021). A CVaR is the least of z + E[(L - z)+] / (1 - alpha): to be at least a figure it has to be so
for every z, which is linear, one z after the other; to be at most a figure it has to be so for one z, which is searched
for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tangency.domain.numbers import Vector
from tangency.plugins.kernels.relative_entropy import Condition, Nearest, nearest

Aspect: TypeAlias = Literal["mean", "variance", "volatility", "correlation", "cvar", "var"]

DIVISOR_ROUNDS, DIVISOR_SETTLED = 50, 1e-15
"""A variance has the divisor 1 - sum p^2, which moves with the probabilities, by next to nothing from round two on."""
ROUNDING = 1e-12
"""Of a sum of probabilities."""
MOST_CUTS = 100
MET = 1e-10
"""Of the largest loss: by which a CVaR may fall short."""
SWEEPS = 4
"""Over views that hold a CVaR down, each with a level to search for."""


@dataclass(frozen=True, eq=False, slots=True)
class PooledView:
    """A view, per period of the data.

    Attributes:
        aspect: what it is about.
        returns: of the portfolio that it is about, scenario by scenario; shape (T,).
        value: of the measure; a volatility as it is, a loss positive.
        relation: to the value.
        other: returns of the second portfolio of a correlation.
        level: confidence level of a tail measure.
    """

    aspect: Aspect
    returns: Vector
    value: float
    relation: Literal["=", ">=", "<="] = "="
    other: Vector = field(default_factory=lambda: np.zeros(0))
    level: float = 0.95

    def conditions(self, figures: Vector, limit: float) -> list[Condition]:
        """Figures x probabilities, related to a limit."""
        if self.relation == ">=":
            return [Condition(-figures, -limit, False)]
        return [Condition(figures, limit, self.relation == "=")]


class Pooled(NamedTuple):
    """Probabilities, shape (T,), and the gap of the last program that gave them."""

    probabilities: Vector
    gap: float


def pooled(prior: Vector, views: Sequence[PooledView]) -> Pooled | None:
    """The probabilities nearest to the prior under which the views hold; None where none are found.

    Args:
        prior: all above 0, summing to 1; shape (T,).
        views: in any order; it does not matter.
    """
    found, divisor = _pooled(prior, views, 1.0 - float(prior @ prior)), 0.0
    for _ in range(DIVISOR_ROUNDS):
        if found is None or not any(view.aspect in ("variance", "volatility") for view in views):
            break
        before, divisor = divisor, 1.0 - float(found.probabilities @ found.probabilities)
        if abs(divisor - before) <= DIVISOR_SETTLED:
            break
        found = _pooled(prior, views, divisor)
    return None if found is None else Pooled(found.probabilities, found.gap)


def _pooled(prior: Vector, views: Sequence[PooledView], divisor: float) -> Nearest | None:
    conditions: list[Condition] = []
    found: Nearest | None = Nearest(prior, 0.0, 0.0)
    for aspects, condition in _STAGES:
        stage = [view for view in views if view.aspect in aspects]
        if not stage:
            continue
        if found is None:
            return None
        here = found.probabilities
        for view in stage:
            conditions += condition(view, here, divisor)
        found = nearest(prior, conditions)
    tails = [view for view in views if view.aspect == "cvar"]
    return found if found is None or not tails else _with_tails(prior, conditions, tails, found)


def _mean(view: PooledView) -> list[Condition]:
    return view.conditions(view.returns, view.value)


def _value_at_risk(view: PooledView) -> list[Condition]:
    """At most v: losses above v have at most 1 - alpha; at least v: losses from v on have at least that."""
    losses, tail = -view.returns, 1.0 - view.level
    held = []
    if view.relation in ("=", "<="):
        held.append(Condition((losses > view.value).astype(float), tail, False))
    if view.relation in ("=", ">="):
        held.append(Condition(-(losses >= view.value).astype(float), -tail, False))
    return held


def _variance(view: PooledView, here: Vector, divisor: float) -> list[Condition]:
    mean = float(here @ view.returns)
    value = view.value**2 if view.aspect == "volatility" else view.value
    return [Condition(view.returns, mean, True), *view.conditions((view.returns - mean) ** 2, value * divisor)]


def _correlation(view: PooledView, here: Vector) -> list[Condition]:
    held, scale = [], 1.0
    centred = []
    for returns in (view.returns, view.other):
        mean = float(here @ returns)
        centred.append(returns - mean)
        variance = float(here @ centred[-1] ** 2)
        held += [Condition(returns, mean, True), Condition(centred[-1] ** 2, variance, True)]
        scale *= float(np.sqrt(variance))
    return [*held, *view.conditions(centred[0] * centred[1], view.value * scale)]


_Stage: TypeAlias = Callable[[PooledView, Vector, float], list[Condition]]
_STAGES: tuple[tuple[tuple[Aspect, ...], _Stage], ...] = (
    (("mean",), lambda view, _here, _divisor: _mean(view)),
    (("var",), lambda view, _here, _divisor: _value_at_risk(view)),
    (("variance", "volatility"), _variance),
    (("correlation",), lambda view, here, _divisor: _correlation(view, here)),
)
"""What is linear in the probabilities, once the stages before are settled."""


# --- tails --------------------------------------------------------------------------------------------------------


def value_at_risk(losses: Vector, probabilities: Vector, level: float) -> float:
    """The smallest loss that is not exceeded with probability ``level``."""
    order = np.argsort(losses)
    reached = np.cumsum(probabilities[order]) >= level - ROUNDING
    return float(losses[order[int(np.argmax(reached))]])


def conditional_value_at_risk(losses: Vector, probabilities: Vector, level: float) -> float:
    """z + E[(L - z)+] / (1 - alpha) at z the VaR, where it is least."""
    z = value_at_risk(losses, probabilities, level)
    return z + float(probabilities @ np.maximum(losses - z, 0.0)) / (1.0 - level)


def _with_tails(
    prior: Vector, conditions: list[Condition], views: Sequence[PooledView], start: Nearest
) -> Nearest | None:
    """Views that hold a CVaR up, by cuts; those that hold one down, each by a level."""
    down = [view for view in views if not _holds_up(view, start)]
    up = [view for view in views if _holds_up(view, start)]
    levels = [value_at_risk(-view.returns, start.probabilities, view.level) for view in down]

    def at(tried: Sequence[float]) -> Nearest | None:
        held = [_held_down(view, z) for view, z in zip(down, tried, strict=True)]
        return _held_up(prior, [*conditions, *held], up)

    for _ in range(SWEEPS if len(down) > 1 else len(down)):
        before = list(levels)
        for position, view in enumerate(down):
            levels[position] = _best_level(view, levels, position, at)
        if levels == before:
            break
    return at(levels)


def _holds_up(view: PooledView, start: Nearest) -> bool:
    reached = conditional_value_at_risk(-view.returns, start.probabilities, view.level)
    return view.relation == ">=" or (view.relation == "=" and reached <= view.value)


def _held_down(view: PooledView, z: float) -> Condition:
    """E[(L - z)+] <= (1 - alpha) (value - z)."""
    return Condition(np.maximum(-view.returns - z, 0.0), (1.0 - view.level) * (view.value - z), False)


def _held_up(prior: Vector, conditions: list[Condition], views: Sequence[PooledView]) -> Nearest | None:
    """Cuts at the VaR of each answer, until the CVaR of the next is high enough."""
    cuts = list(conditions)
    found = nearest(prior, cuts)
    for _ in range(MOST_CUTS):
        if found is None:
            return None
        short = [view for view in views if _falls_short(view, found)]
        if not short:
            return found
        for view in short:
            z = value_at_risk(-view.returns, found.probabilities, view.level)
            held = _held_down(view, z)
            cuts.append(Condition(-held.figures, -held.limit, False))
        found = nearest(prior, cuts)
    return None


def _falls_short(view: PooledView, found: Nearest) -> bool:
    losses = -view.returns
    reached = conditional_value_at_risk(losses, found.probabilities, view.level)
    return reached < view.value - MET * float(np.abs(losses).max())


def _best_level(
    view: PooledView, levels: list[float], position: int, at: Callable[[Sequence[float]], Nearest | None]
) -> float:
    """The level z with the least divergence: between two losses by search, or at one of them."""
    from scipy.optimize import minimize_scalar

    losses = np.sort(-view.returns)

    def divergence(z: float) -> float:
        found = at([*levels[:position], z, *levels[position + 1 :]])
        return np.inf if found is None else found.divergence

    low, high = float(losses[0]), view.value
    if high <= low:
        return levels[position]
    grid = np.quantile(losses, np.linspace(0.5, 1.0, 26))
    tried = [z for z in (levels[position], *grid.tolist()) if z < high]
    best = min(tried, key=divergence, default=levels[position])
    step = float(np.ptp(losses)) / 25
    searched = minimize_scalar(divergence, bounds=(max(low, best - step), min(high, best + step)), method="bounded")
    place = int(np.searchsorted(losses, searched.x))
    beside = losses[max(0, place - 2) : place + 2].tolist()
    candidates: list[float] = [best, float(searched.x), *beside]
    return min(candidates, key=divergence)
