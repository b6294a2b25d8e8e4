"""Risk budgets within limits, as exponential cones: Clarabel on any measure of risk that has a cone.

Minimising ln risk(x) - sum b_i ln |x_i| over a region is not convex, and becomes so once portfolios are counted as
y / k: the problem is to minimise risk(y) - sum b_i ln |y_i| with every limit on x as one on y that k multiplies. The
best scale is where the risk is sum b_i = 1.

A program that stops where primal and dual values agree to 1e-10 has logarithms to that, and weights only to the root of
it. So it is solved again with the logarithms as their parabolas around its solution, which squares the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import clarabel
import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.lagrangian import Lagrangian
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import SolverAttempt, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.optimization.term import RiskOf
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.volatility import Volatility
from tangency.plugins.kernels.composite import witness_of
from tangency.plugins.kernels.cones import limited, measured
from tangency.plugins.kernels.conic_program import Builder, Compiled, Expression, added
from tangency.plugins.kernels.cutting_planes import CompositePoint, Cuts, refined, risks_of
from tangency.plugins.kernels.ratio import VANISHING, Homogeneous

MOST_REFINEMENTS = 15
"""One or two do; from weights that are a guess, six to ten."""
CLOSED = 1e-10
"""A gap of the loss, whose terms are near 1, that needs no refinement."""
GOOD_ENOUGH = 1e-8
"""A gap below which a refinement that brings nothing is the last."""
TOLERANCES = (1e-3, 1.0)
"""Of the policy's, for a refinement: the first squares an error of 1e-6, and is not always within reach."""
LARGEST_STEP = 5.0
"""Times larger or smaller: a parabola says little about a logarithm further away."""
HOPELESS = ("infeasible", "unbounded", "time_limit")
"""What no other way to solve the same program would change."""


def within_limits(
    aim: RiskBudgeting, region: Region, estimates: Estimates, size: float, policy: SolverPolicy
) -> tuple[CompositePoint, tuple[SolverAttempt, ...]]:
    """The portfolio of a region whose risk is shared as nearly as can be as budgeted, and the attempts it took.

    Args:
        aim: budgets, measure and signs.
        region: the feasible set.
        estimates: what the risk is measured over.
        size: the risk of equal weights with the signs wanted, the unit that the program counts risk in.
        policy: tolerance and time.

    Returns:
        The portfolio, with multipliers and dual vectors for the loss risk(x) / risk(w) - sum (b_i / w_i) x_i.

    Raises:
        Unsupported: no cone is known for the measure or for a risk cap.
    """
    program = _Program(aim, region, estimates, size, policy)
    started = perf_counter()
    best = program.solved(1.0)
    attempts, around = [best.attempt], program.scaled(best)
    for _ in range(MOST_REFINEMENTS):
        late = perf_counter() - started > policy.time_limit_s
        if late or best.status in HOPELESS or program.gap(best) <= CLOSED or program.without_weight(around):
            break
        latest, tried = program.finer(around)
        attempts += [point.attempt for point in tried]
        if program.gap(latest) >= program.gap(best) and program.gap(best) <= GOOD_ENOUGH:
            break
        best, around = min(best, latest, key=program.gap), program.moved(around, latest)
    return best, tuple(attempts)


@dataclass(frozen=True, eq=False)
class _Program:
    aim: RiskBudgeting
    region: Region
    estimates: Estimates
    size: float
    policy: SolverPolicy

    def solved(self, share: float, around: Vector | None = None) -> CompositePoint:
        """To a share of the policy's tolerance; logarithms as cones, or as their parabolas around a point y."""

        def once(cuts: Cuts, left: float) -> CompositePoint:
            return self._solved(share * self.policy.tolerance, around, cuts, left)

        risks = risks_of([RiskOf(1.0, self.aim.measure)], self.region, self.estimates)
        return refined(risks, once, self.policy.time_limit_s)

    def gap(self, point: CompositePoint) -> float:
        """Of the loss, as far as the witness proves it."""
        if point.weights is None:
            return np.inf
        minorant = self.aim.minorant(point.weights, self.estimates, point.witness.cuts)
        return -Lagrangian.of(minorant, self.region, point.witness).minimum(*self.region.implied)

    def finer(self, around: Vector) -> tuple[CompositePoint, list[CompositePoint]]:
        """With parabolas around a point: as near as can be, and what was tried for it."""
        tried = [self.solved(TOLERANCES[0], around)]
        if tried[0].status != "solved":
            tried.append(self.solved(TOLERANCES[1], around))
        return min(tried, key=self.gap), tried

    def without_weight(self, y: Vector) -> bool:
        """Whether a name with a budget has none: there is no logarithm of it, and no parabola."""
        return bool((y[self._budgets > 0] == 0).any())

    def scaled(self, point: CompositePoint) -> Vector:
        """Its weights, scaled to the risk of the best scale; of equal weights where there are none."""
        if point.weights is None:
            return self.signs / self.region.size
        risk = self._risk.value(point.weights)
        return np.asarray(point.weights * (self.size / risk if risk > 0 else 1.0))

    def moved(self, around: Vector, to: CompositePoint) -> Vector:
        """The next point to draw parabolas around: where the ones before lead, or as far as they can be trusted."""
        if to.weights is None:
            return around
        growth = np.divide(self.scaled(to), around, out=np.ones_like(around), where=around != 0)
        return np.asarray(around * np.clip(growth, 1.0 / LARGEST_STEP, LARGEST_STEP))

    def _solved(self, tolerance: float, around: Vector | None, cuts: Cuts, time_limit_s: float) -> CompositePoint:
        build = Homogeneous(self.region.size, self.estimates, self.region, cuts=cuts)
        build.at_most(Expression(np.array([build.scale]), -np.ones(1), 0.0), 0.0)
        places, risk = limited(build), self._measured(build)
        logarithms = self._cones(build) if around is None else self._parabolas(build, around)
        status, found, attempt = build.solve(added([risk.expression, logarithms]), tolerance, time_limit_s)
        if status not in ("solved", "almost_solved"):
            return CompositePoint(status, None, Witness(), attempt)
        y, k = found.x[: build.n], float(found.x[build.scale])
        if k <= VANISHING * float(np.abs(y).max()):
            return CompositePoint("unbounded", None, Witness(), attempt)
        witness = witness_of(places, [(RiskOf(1.0, self.aim.measure).id, risk)], found)
        multipliers = {key: k * price for key, price in witness.multipliers.items()}
        weights = np.clip(y / k, self.region.lower, self.region.upper)
        return CompositePoint(status, weights, Witness(multipliers, witness.cuts), attempt)

    def _measured(self, build: Builder) -> Compiled:
        """The risk; of a volatility half the square: where the risk is 1, as at the solution, both have one slope."""
        if isinstance(self._risk, Volatility):
            build.curve(self._risk.covariance.dense() / self.size**2)
            return Compiled(Expression(build.weights, np.zeros(build.n), 0.0))
        cone, unit = measured(self._risk, build), 1.0 / self.size
        return Compiled(cone.expression.times(unit), lambda solved, price: cone.dual(solved, price * unit))

    def _cones(self, build: Builder) -> Expression:
        """- sum of b_i z_i with (z_i, 1, sign_i y_i) in the exponential cone: z_i <= ln |y_i|."""
        held = np.flatnonzero(self._budgets)
        logs = build.variables(len(held))
        for name, log in zip(held.tolist(), logs.tolist(), strict=True):
            entries = [(np.array([0, 2]), np.array([log, name]), np.array([-1.0, -self.signs[name]]))]
            Builder.add(build, clarabel.ExponentialConeT(), entries, np.array([0.0, 1.0, 0.0]))
        return Expression(logs, -self._budgets[held], 0.0)

    def _parabolas(self, build: Builder, around: Vector) -> Expression:
        """- b ln y to the second order around z: a constant - 2 (b / z) y + (b / z^2) y^2 / 2."""
        held = self._budgets > 0
        slopes = np.divide(self._budgets, around, out=np.zeros(build.n), where=held)
        build.curve(np.diag(np.divide(slopes, around, out=np.zeros(build.n), where=held)))
        return Expression(build.weights, -2.0 * slopes, 0.0)

    @property
    def _risk(self) -> Risk:
        return self.aim.measure.of(self.estimates)

    @property
    def _budgets(self) -> Vector:
        return np.array(self.aim.budgets)

    @property
    def signs(self) -> Vector:
        """1 for a name to be held, -1 for one to be sold short; shape (n,)."""
        return np.ones(len(self.aim.budgets)) if self.aim.signs is None else np.array(self.aim.signs)
