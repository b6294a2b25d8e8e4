"""Newton's steps to the least entropic value at risk, or to the greatest ratio of a gain to it.

A program for it has an exponential cone per scenario; but with the exponent z at which the measure is attained, it is
as smooth as z ln E exp(L / z). Each step minimises the quadratic that touches it over the same bounds, rows and
distances, and the multipliers of the last step are those of the whole. A ratio is the sum that Dinkelbach's algorithm
would minimise for the ratio reached, anew at every step (Dinkelbach 1967, On nonlinear fractional programming).
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
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.tail import EntropicTail
from tangency.plugins.kernels.cutting_planes import CompositePoint
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
WEIGHTLESS = 1e-17
"""Of the largest weight: a scenario with less bends nothing."""
TOLERANCE = 1e-11

Weight = Callable[[Vector, float], float]
"""What a unit of the risk counts next to the linear part, at a portfolio and its risk."""


def least_with_entropic_tail(
    terms: Sequence[Term], region: Region, estimates: Estimates, time_limit_s: float
) -> CompositePoint | None:
    """The least of one entropic value at risk plus linear terms over bounds, rows and distances.

    Args:
        terms: what is summed and minimised.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        time_limit_s: for all steps together.

    Returns:
        The point with its witness; None where the problem is another, or the steps do not get to a proof of 1e-9.
    """
    tails = [term for term in terms if isinstance(term, RiskOf) and _is_entropic(term, estimates)]
    flat = [term for term in terms if isinstance(term, Return | Linear)]
    if len(tails) != 1 or len(flat) + 1 != len(terms):
        return None
    slope = np.sum([term.minorant(np.zeros(region.size), estimates).slope for term in flat], axis=0, initial=0.0)
    steps = _Steps.of(tails[0], slope + np.zeros(region.size), region, estimates, time_limit_s)
    return None if steps is None else steps.taken(steps.middle(), lambda _x, _risk: tails[0].weight)


def greatest_over_entropic_tail(
    gain: Vector, risk: RiskOf, region: Region, estimates: Estimates, time_limit_s: float
) -> CompositePoint | None:
    """The greatest ratio of a gain to an entropic value at risk, likewise; None also where nothing gains.

    Args:
        gain: what each name gains; shape (n,).
        risk: the measure.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        time_limit_s: for all steps together.
    """
    if not _is_entropic(risk, estimates):
        return None
    steps = _Steps.of(risk, -gain, region, estimates, time_limit_s)
    start = None if steps is None else steps.gaining(estimates, gain)
    if steps is None or start is None:
        return None
    return steps.taken(start, lambda x, value: float(gain @ x) / value if value > 0 else np.inf)


def _is_entropic(term: RiskOf, estimates: Estimates) -> bool:
    risk = term.measure.of(estimates)
    return isinstance(risk, LossRisk) and isinstance(risk.envelope, EntropicTail) and risk.envelope.level > 0


@dataclass(frozen=True, eq=False, slots=True)
class _Steps:
    """Minimise weight times a risk, plus slope'x.

    Attributes:
        term: the risk.
        slope: shape (n,).
        pinned: coefficients and limit of a row that holds with equality: a risk that grows in proportion to the
            weights bends nowhere along them, and only there the row has to.
    """

    term: RiskOf
    risk: LossRisk
    envelope: EntropicTail
    slope: Vector
    region: Region
    estimates: Estimates
    pinned: tuple[Vector, float]
    deadline: float

    @classmethod
    def of(
        cls, term: RiskOf, slope: Vector, region: Region, estimates: Estimates, time_limit_s: float
    ) -> _Steps | None:
        """None without a row to pin the portfolio's size, and with caps on risk, which are not linear."""
        row = next((row for row in region.rows if row.equality and row.coefficients.any()), None)
        if row is None or region.caps:
            return None
        risk = term.measure.of(estimates)
        assert isinstance(risk, LossRisk)  # noqa: S101 - asked before
        assert isinstance(risk.envelope, EntropicTail)  # noqa: S101 - asked before
        pinned = row.coefficients, row.limit
        return cls(term, risk, risk.envelope, slope, region, estimates, pinned, perf_counter() + time_limit_s)

    def middle(self) -> Vector | None:
        """The allowed portfolio nearest to equal weights."""
        n = self.region.size
        nearest = self._family(np.eye(n), np.full(n, 1.0 / n)).member(1.0)
        return None if nearest is None else nearest.weights

    def gaining(self, estimates: Estimates, gain: Vector) -> Vector | None:
        """A portfolio with a gain, mean and variance in balance, or else that of the greatest gain."""
        family = Family(estimates.covariance, gain, self.region, TOLERANCE)
        balanced, furthest = family.member(family.natural_tau), family.furthest()
        found = [member.weights for member in (balanced, furthest and furthest[0]) if member is not None]
        return next((x for x in found if float(gain @ x) > 0 and self.risk.value(x) > 0), None)

    def taken(self, start: Vector | None, weight: Weight) -> CompositePoint | None:
        """Step until nothing is left to gain."""
        x, number, began = start, 0, perf_counter()
        best, gap = None, np.inf
        while x is not None and number < MOST_STEPS and gap > SETTLED and perf_counter() < self.deadline:
            number += 1
            value, gradient, curvature = self._touching(x)
            price = weight(x, value)
            if not np.isfinite(curvature).all() or not 0.0 < price < np.inf:
                break
            slope = price * gradient + self.slope
            member = self._toward(x, price * curvature, slope)
            if member is None:
                break
            following = self._shortened(x, member.weights, price, value, slope)
            point, proven = self._proven(member.weights, weight, Witness(member.multipliers))
            if proven < gap:
                best, gap = point, proven
            elif gap <= CLOSED:
                break
            x = following
        if best is None or gap > CLOSED:
            return None
        return replace(best, attempt=SolverAttempt("newton", "solved", number, 1e3 * (perf_counter() - began)))

    def _touching(self, x: Vector) -> tuple[float, Vector, Matrix]:
        """The risk at x, its gradient, and its curvature; not finite where it has none.

        With u the tilted probabilities, c the losses less their mean under u and V its second moment, the losses'
        curvature is (diag u - u u' - (u c)(u c)' / V) / z.
        """
        losses = self.risk.losses(x)
        value, u, z = self.envelope.attained(losses)
        some = u > WEIGHTLESS * float(u.max())
        rows, u, centred = self.risk.returns[some], u[some], losses[some] - value
        centred = centred - float(u @ centred)
        spread = float(u @ centred**2)
        if not 0.0 < z < np.inf or spread <= 0.0:
            return value, -(u @ rows), np.full((len(x), len(x)), np.nan)
        mean, turned = u @ rows, (u * centred) @ rows
        bent = (rows * u[:, None]).T @ rows - np.outer(mean, mean) - np.outer(turned, turned) / spread
        return value, -mean, bent / z

    def _toward(self, x: Vector, curvature: Matrix, slope: Vector) -> Member | None:
        """Where slope'(y - x) + 1/2 (y - x)' curvature (y - x) is least in the region."""
        held = HELD * max(float(np.trace(curvature)) / len(x), np.finfo(float).tiny)
        a, limit = self.pinned
        stiffness = float(np.trace(curvature)) / len(x) / float(np.abs(a).max()) ** 2
        bent = curvature + held * np.eye(len(x))
        pull = bent @ x - slope + stiffness * limit * a
        return self._family(bent + stiffness * np.outer(a, a), pull).member(1.0)

    def _family(self, curvature: Matrix, pull: Vector) -> Family:
        symmetric = 0.5 * (curvature + curvature.T)
        return Family(DenseCovariance(symmetric, None, Definite(0.0, 0.0)), pull, self.region, TOLERANCE)

    def _shortened(self, x: Vector, y: Vector, price: float, value: float, slope: Vector) -> Vector | None:
        """As far towards y as the loss falls by some of what the slope promises."""
        promised, before, share = float(slope @ (y - x)), price * value + float(self.slope @ x), 1.0
        while share > SHORTEST:
            at = x + share * (y - x)
            if price * self.risk.value(at) + float(self.slope @ at) <= before + ENOUGH * share * min(promised, 0.0):
                return at
            share *= 0.5
        return y

    def _proven(self, x: Vector, weight: Weight, witness: Witness) -> tuple[CompositePoint, float]:
        value = self.risk.value(x)
        price = weight(x, value)
        attempt = SolverAttempt("newton", "solved", 0, 0.0)
        point = CompositePoint("solved", x, witness, attempt)
        terms = [RiskOf(price, self.term.measure), Linear(tuple(self.slope.tolist()))]
        loss = price * value + float(self.slope @ x)
        return point, proven_gap(terms, self.region, self.estimates, point, loss)
