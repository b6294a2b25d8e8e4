"""Newton's steps to the least of a smooth measure of risk, or to the greatest ratio of a gain to it.

A program for such a measure has a cone or a row per scenario; but around a portfolio it is a quadratic, with the kinks
that are near as a few rows (see ``local_models``). Each step minimises that over the same bounds and rows, and the
multipliers of the last step are those of the whole. A ratio is the sum that Dinkelbach's algorithm would minimise for
the ratio reached, anew at every step (Dinkelbach 1967, On nonlinear fractional programming).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from tangency.domain.market.covariance import Definite, DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.proposal import SolverAttempt, Witness
from tangency.domain.optimization.region import Bounds, Region, Row
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term
from tangency.domain.risk.risk import Risk
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.local_models import LocalModel, local_model, smooth
from tangency.plugins.kernels.newton_cuts import CLOSED, proven_gap
from tangency.plugins.kernels.parametric import Family, Member

MOST_STEPS = 80
SETTLED = 1e-13
"""A relative gap below which a step changes nothing but rounding."""
HELD = 1e-7
"""Of the mean curvature: what holds a step back where few scenarios count and many names have none."""
ENOUGH = 1e-4
"""Of what the slope promises: the least that a step must gain."""
SHORTEST = 1e-6
TOLERANCE = 1e-11
FIRST, WIDEST, NARROWEST = 1e-3, 1e-2, 1e-8
"""Of the deepest drawdown: how near in height another peak must be for a step to reckon with it, at first, at most and
at least."""
REACH = 4.0
"""Steps as long as the last one that it should reckon with."""

Weight = Callable[[Vector, float], float]
"""What a unit of the risk counts next to the linear part, at a portfolio and its risk."""


def least_smooth(
    terms: Sequence[Term],
    region: Region,
    estimates: Estimates,
    time_limit_s: float,
    start: Vector | None = None,
) -> CompositePoint | None:
    """The least of one smooth measure of risk plus linear terms over bounds and rows, and distances without kinks.

    Args:
        terms: what is summed and minimised.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        time_limit_s: for all steps together.
        start: a portfolio close by, if one is known; shape (n,).

    Returns:
        The point with its witness; None where the problem is another, or the steps do not get to a proof of 1e-9.
    """
    risky = [term for term in terms if isinstance(term, RiskOf) and smooth(term.measure.of(estimates))]
    flat = [term for term in terms if isinstance(term, Return | Linear)]
    if len(risky) != 1 or len(flat) + 1 != len(terms):
        return None
    slope = np.sum([term.minorant(np.zeros(region.size), estimates).slope for term in flat], axis=0, initial=0.0)
    steps = _Steps.of(risky[0], slope + np.zeros(region.size), region, estimates, time_limit_s)
    if steps is None:
        return None
    return steps.taken(steps.middle() if start is None else start, lambda _x, _risk: risky[0].weight)


def greatest_over_smooth(
    gain: Vector,
    risk: RiskOf,
    region: Region,
    estimates: Estimates,
    time_limit_s: float,
    start: Vector | None = None,
) -> CompositePoint | None:
    """The greatest ratio of a gain to a smooth measure of risk, likewise; None also where nothing gains.

    Args:
        gain: what each name gains; shape (n,).
        risk: the measure.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        time_limit_s: for all steps together.
        start: a portfolio close by, if one is known; shape (n,).
    """
    if not smooth(risk.measure.of(estimates)):
        return None
    steps = _Steps.of(risk, -gain, region, estimates, time_limit_s)
    if steps is None:
        return None
    first = steps.gaining(gain) if start is None else start
    return steps.taken(first, lambda x, value: float(gain @ x) / value if value > 0 else np.inf)


@dataclass(frozen=True, eq=False, slots=True)
class _Steps:
    """Minimise weight times a risk, plus slope'x.

    Attributes:
        slope: shape (n,).
        pinned: a row that holds with equality: a risk that grows in proportion to the weights does not bend along
            them, and the size of the portfolio is up to the row alone.
        deadline: by the clock of ``perf_counter``.
    """

    term: RiskOf
    risk: Risk
    slope: Vector
    region: Region
    estimates: Estimates
    pinned: Row
    deadline: float

    @classmethod
    def of(
        cls, term: RiskOf, slope: Vector, region: Region, estimates: Estimates, time_limit_s: float
    ) -> _Steps | None:
        """None without a row to pin the portfolio's size, and with caps on risk, which are not linear."""
        pinned = next((row for row in region.rows if row.equality and row.coefficients.any()), None)
        if pinned is None or region.caps:
            return None
        risk = term.measure.of(estimates)
        return cls(term, risk, slope, region, estimates, pinned, perf_counter() + time_limit_s)

    def middle(self) -> Vector | None:
        """The allowed portfolio nearest to equal weights."""
        n = self.region.size
        nearest = _family(np.eye(n), np.full(n, 1.0 / n), self.region).member(1.0)
        return None if nearest is None else nearest.weights

    def gaining(self, gain: Vector) -> Vector | None:
        """A portfolio with a gain, mean and variance in balance, or else that of the greatest gain."""
        family = Family(self.estimates.covariance, gain, self.region, TOLERANCE)
        balanced, furthest = family.member(family.natural_tau), family.furthest()
        found = [member.weights for member in (balanced, furthest and furthest[0]) if member is not None]
        return next((x for x in found if float(gain @ x) > 0 and self.risk.value(x) > 0), None)

    def taken(self, start: Vector | None, weight: Weight) -> CompositePoint | None:
        """Step until nothing is left to gain."""
        began, x, near, number = perf_counter(), start, FIRST, 0
        best, gap = None, np.inf
        while x is not None and number < MOST_STEPS and gap > SETTLED and perf_counter() < self.deadline:
            number += 1
            model = local_model(self.risk, x, near)
            price = weight(x, model.value)
            member = self._toward(x, model, price) if 0.0 < price < np.inf else None
            if member is None:
                break
            point, proven = self._proven(member, model, weight)
            if proven >= gap and gap <= CLOSED:
                break
            best, gap = (point, proven) if proven < gap else (best, gap)
            following = self._shortened(x, member.weights[: len(x)], price, model)
            near = _reach(near, x, member.weights[: len(x)], following)
            x = following
        if best is None or gap > CLOSED:
            return None
        return replace(best, attempt=SolverAttempt("newton", "solved", number, 1e3 * (perf_counter() - began)))

    def _toward(self, x: Vector, model: LocalModel, price: float) -> Member | None:
        """Where the model is least in the region, over weights and extra variables."""
        if not np.isfinite(model.curvature).all():
            return None
        more = len(model.slope) - len(x)
        region = self.region if not more else _with(self.region, more, model.kinks)
        if region is None:
            return None
        at, a, slope = (np.append(each, np.zeros(more)) for each in (x, self.pinned.coefficients, self.slope))
        curvature = price * model.curvature
        size = float(np.trace(curvature)) / len(at)
        bent = curvature + HELD * size * np.eye(len(at))
        stiffness = size / float(np.abs(a).max()) ** 2
        pull = bent @ at - price * model.slope - slope + stiffness * self.pinned.limit * a
        return _family(bent + stiffness * np.outer(a, a), pull, region).member(1.0)

    def _shortened(self, x: Vector, y: Vector, price: float, model: LocalModel) -> Vector:
        """As far towards y as the loss falls by some of what the slope promises; y itself where it never does."""
        slope = price * model.slope[: len(x)] + self.slope
        promised, before, share = min(0.0, float(slope @ (y - x))), price * model.value + float(self.slope @ x), 1.0
        while share > SHORTEST:
            at = x + share * (y - x)
            if price * self.risk.value(at) + float(self.slope @ at) <= before + ENOUGH * share * promised:
                return at
            share *= 0.5
        return y

    def _proven(self, member: Member, model: LocalModel, weight: Weight) -> tuple[CompositePoint, float]:
        """Where a step ends, and the gap that its multipliers prove."""
        x = member.weights[: self.region.size]
        value = self.risk.value(x)
        price = weight(x, value)
        if not 0.0 < price < np.inf:
            return CompositePoint("solved", x, Witness(), _TAKEN), np.inf
        own = {row.id for row in model.kinks}
        multipliers = {key: each for key, each in member.multipliers.items() if key not in own}
        kinks = {key: each / price for key, each in member.multipliers.items() if key in own}
        witness = Witness(multipliers, {self.term.id: model.dual(x, kinks)})
        point = CompositePoint("solved", x, witness, _TAKEN)
        terms = [RiskOf(price, self.term.measure), Linear(tuple(self.slope.tolist()))]
        loss = price * value + float(self.slope @ x)
        return point, proven_gap(terms, self.region, self.estimates, point, loss)


def _reach(near: float, x: Vector, aimed: Vector, reached: Vector) -> float:
    """How near peaks must be for the next step: as one moves them, or more where kinks that it missed cut it short."""
    whole, taken = float(np.abs(aimed - x).sum()), float(np.abs(reached - x).sum())
    wanted = REACH * (near if taken < 0.99 * whole else taken)
    return min(WIDEST, max(NARROWEST, wanted))


_TAKEN = SolverAttempt("newton", "solved", 0, 0.0)


def _with(region: Region, more: int, kinks: Sequence[Row]) -> Region | None:
    """A region over extra variables too, from 0 on; None with distances, in which they would count."""
    if region.distances:
        return None
    none = np.zeros(more)
    bounds = Bounds("", np.append(region.lower, none), np.append(region.upper, none + np.inf))
    rows = tuple(replace(row, coefficients=np.append(row.coefficients, none)) for row in region.rows)
    return Region(region.size + more, (bounds,), (*rows, *kinks), (), ())


def _family(curvature: Matrix, pull: Vector, region: Region) -> Family:
    symmetric = 0.5 * (curvature + curvature.T)
    return Family(DenseCovariance(symmetric, None, Definite(0.0, 0.0)), pull, region, TOLERANCE, even=False)
