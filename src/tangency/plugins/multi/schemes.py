"""One portfolio out of many that are efficient: four ways of weighing aims against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Constant, WorstOf
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.term import RiskOf, Term
from tangency.domain.risk.measure import VOLATILITY, Measure
from tangency.plugins.multi.aims import Aim
from tangency.plugins.multi.options import MultiObjectiveOptions
from tangency.plugins.multi.scales import Scale

WORD = "MULTI_OBJECTIVE"


REMOTE = 1e3
"""Of the way from ideal to nadir: what is further from the front than that makes no difference on it."""


def objective_of(options: MultiObjectiveOptions, aims: Sequence[Aim], scale: Scale, units: Vector) -> Blend:
    """What a scheme minimises.

    Args:
        options: the scheme among them.
        aims: m of them.
        scale: the ideal and the nadir point.
        units: what each loss is divided by; shape (m,).
    """
    return _SCHEMES[options.scheme](aims, scale, units)


def _weighted_sum(aims: Sequence[Aim], scale: Scale, units: Vector) -> Blend:
    """Zadeh (1963), Optimality and non-scalar-valued performance criteria."""
    return _sum_of_distances(aims, scale.ideal, units, aims)


def _sum_of_distances(free: Sequence[Aim], ideal: Vector, units: Vector, aims: Sequence[Aim]) -> Blend:
    rows = zip(free, ideal.tolist(), units.tolist(), strict=True)
    return _blend(tuple(aim.beyond(best, aim.weight / unit) for aim, best, unit in rows if aim.weight), aims)


def _epsilon_constraint(aims: Sequence[Aim], scale: Scale, units: Vector) -> Blend:
    """The aims without a bound; one of them alone in its own unit (Haimes, Lasdon and Wismer 1971)."""
    free = [i for i, aim in enumerate(aims) if aim.bound is None]
    if len(free) == 1:
        aim = aims[free[0]]
        return Blend(WORD, (aim.beyond(0.0, 1.0),), aim.sign < 0, _measure(aims), _used(aims))
    return _sum_of_distances([aims[i] for i in free], scale.ideal[free], units[free], aims)


def _goal(aims: Sequence[Aim], scale: Scale, units: Vector) -> Blend:
    """What is missing to the targets (Charnes and Cooper 1961); more than a target counts nothing."""
    rows = zip(aims, scale.ideal.tolist(), scale.units.tolist(), units.tolist(), strict=True)
    return _blend(
        tuple(_missing(aim, best, best + REMOTE * span, aim.weight / unit) for aim, best, span, unit in rows), aims
    )


def _missing(aim: Aim, best: float, remote: float, weight: float) -> Term:
    """To a target out of reach something always is; one that is passed from afar is as good as one that is nearer."""
    target = _target(aim, best)
    if target <= best:
        return aim.beyond(target, weight)
    return WorstOf((Constant(0.0), aim.beyond(min(target, remote), weight)), aim.name)


def _target(aim: Aim, best: float) -> float:
    """As a loss; the best there is where none was stated."""
    return best if aim.target is None else aim.sign * aim.target


def _chebyshev(aims: Sequence[Aim], scale: Scale, units: Vector) -> Blend:
    """The largest weighted distance from a reference point (Bowman 1976; Steuer and Choo 1983).

    Distances are counted from the least that the largest of them can be, which stands beside it: from far away, all
    portfolios are as good as equally far. An aim that is nearer everywhere on the front counts as if not much nearer.
    """
    counted = [i for i, aim in enumerate(aims) if aim.weight]
    targets = np.array([_target(aim, best) for aim, best in zip(aims, scale.ideal.tolist(), strict=True)])
    rates = np.array([aim.weight for aim in aims]) / units
    nearest = rates * (scale.ideal - targets)
    least = float(nearest[counted].max())
    behind = np.maximum(nearest - least, -REMOTE * rates * scale.units)
    parts = tuple(aims[i].beyond(float(scale.ideal[i] - behind[i] / rates[i]), float(rates[i])) for i in counted)
    return _blend((WorstOf(parts, "distance"), Constant(least)), aims)


_SCHEMES: Mapping[str, Callable[[Sequence[Aim], Scale, Vector], Blend]] = {
    "weighted_sum": _weighted_sum,
    "epsilon_constraint": _epsilon_constraint,
    "goal": _goal,
    "chebyshev": _chebyshev,
}


def _blend(parts: tuple[Term, ...], aims: Sequence[Aim]) -> Blend:
    return Blend(WORD, parts, measure=_measure(aims), used=_used(aims))


def _measure(aims: Sequence[Aim]) -> Measure:
    """The risk that the answer is taken apart by: that of the aim, where there is one."""
    return next((aim.term.measure for aim in aims if isinstance(aim.term, RiskOf)), VOLATILITY)


def _used(aims: Sequence[Aim]) -> tuple[str, ...]:
    return _measure(aims).parameters
