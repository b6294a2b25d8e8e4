"""Proof of an answer by weak duality. It uses the weights and a witness, and nothing that the solver claims.

Minimise convex f over rows a'x <= b (equalities with a free multiplier), bounds l <= x <= u, distances
|x - c|_1 <= T and risk caps. With a minorant f(x) >= c0 + c'x and multipliers y >= 0, every feasible x has

    f(x) >= c0 - y'b - y_T T + sum_i min over [l_i, u_i] of (c + A'y)_i x + y_T |x - c_i|  =: bound,

so f(w) - bound bounds how far w is from the best. A risk cap enters as its half-space at a point z (see
``RiskCap.cut``). With f = 0 and a bound above zero the same inequality says that nothing is feasible (Farkas). A set
that is not convex is proven by cases (see ``cases``); without any, the bound is that of the convex set around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.covariance import Covariance, Repair, Spectrum
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import LARGEST, Vector
from tangency.domain.optimization.cases import gap_by_cases
from tangency.domain.optimization.lagrangian import BAD_WITNESS, Lagrangian
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Distance, Region, RiskCap, Row
from tangency.domain.risk.volatility import Volatility, slope_below

LARGEST_VIOLATION = 1e-8
"""As a fraction of the portfolio: one dollar in a hundred million."""
LARGEST_RELATIVE_GAP = 1e-6
CONJUGATE_GRADIENT_STEPS = 25


@dataclass(frozen=True, eq=False, slots=True)
class Certificate:
    """The result of checking an answer.

    Attributes:
        violations: by constraint id, how far the weights are outside, relative to max(1, |limit|); 0 inside.
        objective: recomputed from the weights.
        duality_gap: no feasible portfolio has an objective that is better by more than this (proven), in units of the
            objective. None if the method gives no witness, or the witness proves no bound.
        relative_gap: the gap of the loss over the sum of its absolute terms.
        spectrum: bounds on the extreme eigenvalues of the covariance.
        repair: what was added to the covariance, if anything.
    """

    violations: Mapping[str, float]
    objective: float | None
    duality_gap: float | None
    relative_gap: float | None
    spectrum: Spectrum
    repair: Repair | None

    @property
    def max_violation(self) -> float:
        """The worst violation of any constraint."""
        return max(self.violations.values(), default=0.0)

    @property
    def constraints_satisfied(self) -> bool:
        """Whether every constraint holds within 1e-8."""
        return self.max_violation <= LARGEST_VIOLATION

    @property
    def proves_optimality(self) -> bool:
        """Whether the constraints hold and the gap is closed."""
        gap = self.relative_gap
        return self.constraints_satisfied and gap is not None and gap <= LARGEST_RELATIVE_GAP

    @property
    def quality(self) -> float | None:
        """Allocation quality: 1 - relative gap."""
        return None if self.relative_gap is None else 1.0 - self.relative_gap


def certify(problem: Problem, estimates: Estimates, weights: Vector, witness: Witness | None) -> Certificate:
    """Check weights against every constraint, and bound their distance from the best with a witness.

    Args:
        problem: what was asked.
        estimates: annual moments that the method worked with.
        weights: shape (n,).
        witness: None where the method proves nothing.
    """
    region, objective = problem.region(estimates), problem.objective
    covariance = estimates.covariance
    computable = estimates.mean is not None or not objective.needs_mean
    gap = relative = None
    if witness is not None and computable:
        scale = objective.scale(weights, estimates)
        loss_gap = _gap(problem, estimates, region, weights, witness)
        if np.isfinite(loss_gap):
            relative = loss_gap / scale if scale > 0 else loss_gap
            floor = least_volatility(region, covariance, weights) if isinstance(objective, MaximumSharpe) else 0.0
            gap = objective.gap_in_value(loss_gap, weights, estimates, floor)
    return Certificate(
        violations=violations(region, weights),
        objective=objective.value(weights, estimates) + 0.0 if computable else None,  # no negative zero
        duality_gap=gap,
        relative_gap=relative,
        spectrum=covariance.spectrum,
        repair=covariance.repair,
    )


def violations(region: Region, weights: Vector) -> dict[str, float]:
    """By constraint id, how far the weights are outside, relative to max(1, |limit|)."""
    worst = {bounds.id: _outside(bounds.excess(weights)) for bounds in region.bounds}
    worst |= {shape.id: _outside(shape.excess(weights)) for shape in region.positions}
    limited: tuple[Row | Distance | RiskCap, ...] = (*region.rows, *region.distances, *region.caps)
    for shape in limited:
        worst[shape.id] = _outside(shape.excess(weights)) / max(1.0, abs(shape.limit))
    return worst


def _outside(excess: float) -> float:
    """The part of an excess above 0; what is not a number is as far outside as can be."""
    if excess <= 0.0:
        return 0.0
    return excess if excess > 0.0 else np.inf


@BAD_WITNESS
def _gap(problem: Problem, estimates: Estimates, region: Region, weights: Vector, witness: Witness) -> float:
    if witness.cases:
        return max(0.0, gap_by_cases(problem.objective, estimates, region, weights, witness))
    minorant = problem.objective.minorant(weights, estimates, witness.cuts)
    if not minorant.slope.any():  # the same everywhere: multipliers could only spoil the proof
        witness = Witness()
    lower, upper = region.implied
    lagrangian, cost = Lagrangian.of(minorant, region, witness), 0.0
    if not region.boxed:
        residual = lagrangian.residual(lower, upper)
        cost = _residual_cost(problem, estimates, region, residual, weights) if residual.any() else 0.0
        lagrangian = lagrangian.without(residual)
    bound = lagrangian.minimum(lower, upper) - cost
    gap = problem.objective.loss(weights, estimates) - bound
    return max(0.0, gap) if gap <= LARGEST else np.inf  # also where it is NaN


def _residual_cost(problem: Problem, estimates: Estimates, region: Region, residual: Vector, weights: Vector) -> float:
    """By how much names without bounds can lower the bound: held by the objective's curvature, or by a risk cap."""
    by_objective = problem.objective.residual_cost(residual, weights, estimates)
    smallest = estimates.covariance.spectrum.smallest[0]
    caps = [cap.limit for cap in region.caps if isinstance(cap.risk, Volatility)]
    if not caps or smallest <= 0:
        return by_objective
    # |r'x| <= |r| / sqrt(lambda_min) x volatility, and the cap bounds the volatility.
    cap = min(caps)
    return min(by_objective, float(np.linalg.norm(residual)) / float(np.sqrt(smallest)) * cap)


def least_volatility(region: Region, covariance: Covariance, weights: Vector) -> float:
    """A proven lower bound of the volatility of every portfolio in the budget and the box; 0.0 where none is found.

    The minimum of (Sz)'x / sqrt(z'Sz), for z the weights themselves and, where that is not positive, z close to the
    solution of Sz = 1; by Cauchy-Schwarz below the volatility of x for every z.
    """
    lower, upper = region.implied
    if region.budget is None:
        return 0.0
    for z in _directions(covariance, weights):
        slope = slope_below(covariance, z)
        least = 0.0 if slope is None else _least_linear(slope, region.budget.limit, lower, upper)
        if least > 0:
            return least
    return 0.0


def _directions(covariance: Covariance, weights: Vector) -> Iterator[Vector]:
    yield weights
    yield _solve_ones(covariance)


def _least_linear(c: Vector, budget: float, lower: Vector, upper: Vector) -> float:
    """The minimum of c'x over sum x = budget, lower <= x <= upper: fill from the cheapest; a lower bound of it."""
    cheapest = float(c.min())
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        return cheapest * budget if np.ptp(c) <= 1e-12 * abs(cheapest) else -np.inf
    order = np.argsort(c)
    room = np.minimum(np.cumsum((upper - lower)[order]), max(0.0, budget - float(lower.sum())))
    return float(c @ lower) + float(c[order] @ np.diff(room, prepend=0.0))


def _solve_ones(covariance: Covariance) -> Vector:
    """Near the solution z of Sz = 1, by conjugate gradients: products only, since any z gives a valid bound."""
    z, residual = np.zeros(covariance.size), np.ones(covariance.size)
    direction, norm = residual.copy(), float(residual @ residual)
    for _ in range(CONJUGATE_GRADIENT_STEPS):
        image = covariance.times(direction)
        curvature = float(direction @ image)
        if curvature <= 0 or norm <= 1e-24 * covariance.size:
            break
        step = norm / curvature
        z, residual = z + step * direction, residual - step * image
        norm, before = float(residual @ residual), norm
        direction = residual + norm / before * direction
    return z
