"""One portfolio out of many that are efficient: four ways of weighing aims against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Constant, WorstOf
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.term import RiskOf, Term
from tangency.domain.risk.measure import VOLATILITY, Measure
from tangency.plugins.multi.aims import Aim
from tangency.plugins.multi.options import MultiObjectiveOptions

WORD = "MULTI_OBJECTIVE"


def objective_of(options: MultiObjectiveOptions, aims: Sequence[Aim], ideal: Vector, units: Vector) -> Blend:
    """What a scheme minimises.

    Args:
        options: the scheme among them.
        aims: m of them.
        ideal: the least of each loss; shape (m,).
        units: what each loss is divided by; shape (m,).
    """
    return _SCHEMES[options.scheme](aims, ideal, units)


def _weighted_sum(aims: Sequence[Aim], ideal: Vector, units: Vector) -> Blend:
    """Zadeh (1963), Optimality and non-scalar-valued performance criteria."""
    rows = zip(aims, ideal.tolist(), units.tolist(), strict=True)
    return _blend(tuple(aim.beyond(best, aim.weight / unit) for aim, best, unit in rows if aim.weight), aims)


def _epsilon_constraint(aims: Sequence[Aim], ideal: Vector, units: Vector) -> Blend:
    """The aims without a bound; one of them alone in its own unit (Haimes, Lasdon and Wismer 1971)."""
    free = [i for i, aim in enumerate(aims) if aim.bound is None]
    if len(free) == 1:
        aim = aims[free[0]]
        return Blend(WORD, (aim.beyond(0.0, 1.0),), aim.sign < 0, _measure(aims), _used(aims))
    return _weighted_sum([aims[i] for i in free], ideal[free], units[free])


def _goal(aims: Sequence[Aim], _ideal: Vector, units: Vector) -> Blend:
    """What is missing to the targets (Charnes and Cooper 1961); more than a target counts nothing."""
    rows = zip(aims, units.tolist(), strict=True)
    return _blend(
        tuple(
            WorstOf((Constant(0.0), aim.beyond(aim.sign * (aim.target or 0.0), aim.weight / unit)), aim.name)
            for aim, unit in rows
        ),
        aims,
    )


def _chebyshev(aims: Sequence[Aim], ideal: Vector, units: Vector) -> Blend:
    """The largest weighted distance from a reference point (Bowman 1976; Steuer and Choo 1983)."""
    rows = zip(aims, ideal.tolist(), units.tolist(), strict=True)
    parts = tuple(
        aim.beyond(best if aim.target is None else aim.sign * aim.target, aim.weight / unit)
        for aim, best, unit in rows
        if aim.weight
    )
    return _blend((WorstOf(parts, "distance"),), aims)


_SCHEMES: Mapping[str, Callable[[Sequence[Aim], Vector, Vector], Blend]] = {
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
