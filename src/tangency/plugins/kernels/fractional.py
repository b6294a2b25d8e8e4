"""Dinkelbach's algorithm for the worst of several ratios, a convex program a step.

With theta the ratio reached, the portfolio that has the largest of theta risk + loss smallest reaches a higher one, and
where there is none the ratio is the best (Dinkelbach 1967, On nonlinear fractional programming; Crouzeix, Ferland and
Schaible 1985 for several ratios). It converges faster than linearly: some 5 to 8 steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import RISKLESS, Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import Proposal, Reading, SolverAttempt, Status
from tangency.domain.optimization.region import Region
from tangency.plugins.kernels.ceilings import in_ratio
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.endings import status_of

MOST_STEPS = 40
STILL = 1e-8
"""Relative gain of a step after which there is no other: the next would be near its square."""
NO_GAIN = 1e-10
"""Of the gains that a portfolio can have name by name: the best one below it is 0."""


def best_ratio(ratio: WorstRatio, region: Region, estimates: Estimates, policy: SolverPolicy, refusal: str) -> Proposal:
    """The portfolio whose smallest ratio is greatest.

    Args:
        ratio: the objective.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        policy: tolerance and time.
        refusal: what to say where no portfolio has a gain.
    """
    attempts: list[SolverAttempt] = []

    def step(theta: float) -> CompositePoint:
        found = minimise([ratio.at(theta)], region, estimates, policy.tolerance, policy.time_limit_s)
        attempts.append(found.attempt)
        return found

    point = step(_guess(ratio, region.size, estimates))
    theta = 0.0 if point.weights is None else _reached(ratio, point.weights, estimates)
    if theta <= 0.0:  # a guess above the best ratio may end where nothing is gained; this step ends at the most gain
        point = step(0.0)
        theta = 0.0 if point.weights is None else _reached(ratio, point.weights, estimates)
    if point.weights is None:
        return _ended(Proposal(status_of(point.status)), attempts)
    if theta <= 0.0:
        return _ended(Proposal(Status.NOT_APPLICABLE, message=refusal, reading=Reading(ratio)), attempts)
    for _ in range(MOST_STEPS):
        if np.isinf(theta):
            return _ended(Proposal(Status.UNBOUNDED), attempts)
        closer = step(theta)
        if closer.weights is None:
            break
        ratio = in_ratio(ratio, closer.witness, closer.weights)
        before, theta = theta, _reached(ratio, closer.weights, estimates)
        point = closer if theta >= before * (1.0 - STILL) else replace(point, witness=closer.witness)
        if theta <= before * (1.0 + STILL):
            break
    proposal = Proposal(Status.OPTIMAL, point.weights, point.witness, reading=Reading(ratio))
    return _ended(proposal, attempts)


def _guess(ratio: WorstRatio, names: int, estimates: Estimates) -> float:
    """A ratio near the best one, above or below it: that of equal weights, feasible or not; 0 where it is none."""
    value = ratio.value(np.full(names, 1.0 / names), estimates)
    return value if 0.0 < value < np.inf else 0.0


def _reached(ratio: WorstRatio, weights: Vector, estimates: Estimates) -> float:
    """The ratio; 0 where the gain is rounding, infinite where the risk is."""
    least = min(risk.value(weights, estimates) for risk in ratio.risks)
    for loss in ratio.losses:
        size = float(np.abs(loss.minorant(weights, estimates).slope).max())
        if -loss.value(weights, estimates) <= NO_GAIN * size:
            return 0.0
    if least**2 <= RISKLESS * float(estimates.covariance.variances.mean()):
        return float(np.inf)
    return ratio.value(weights, estimates)


def _ended(proposal: Proposal, attempts: list[SolverAttempt]) -> Proposal:
    return replace(proposal, attempts=tuple(attempts), iterations=sum(attempt.iterations for attempt in attempts))
