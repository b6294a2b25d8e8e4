"""Any objective made of terms, solved: a sum by one conic program, a ratio by several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.objective import Blend, SumOfTerms
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.proposal import Proposal, Reading, Status, Witness
from tangency.domain.optimization.region import Region, RiskCap
from tangency.plugins.kernels.ceilings import in_blend
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.fractional import best_ratio
from tangency.plugins.kernels.riskless import settled

NO_ROOM = 1e-9
"""A distance limit below it pins the weights."""
REMOTE = 1e4
"""Of the risk of equal weights: a limit beyond it is left out, and looked at again if it is broken after all."""
NO_GAIN = (
    "No feasible portfolio gains more than the risk-free rate in its worst case. Lower risk_free_rate, make the "
    "uncertainty smaller, or minimise volatility instead."
)


def solved(problem: Problem, objective: SumOfTerms | WorstRatio, estimates: Estimates) -> Proposal:
    """The best portfolio by an objective made of terms, under a problem's limits, with its witness.

    Args:
        problem: its limits and solver policy.
        objective: what is optimised.
        estimates: annual moments, and scenarios.
    """
    region = problem.region(estimates)
    if (region.lower > region.upper).any():
        return Proposal(Status.INFEASIBLE)
    pinned = _pinned(objective, region, estimates)
    if pinned is not None:
        return pinned
    if isinstance(objective, WorstRatio):
        return best_ratio(objective, region, estimates, problem.solver, NO_GAIN)
    return settled(least_sum(objective, region, estimates, problem.solver), problem, estimates)


def least_sum(objective: SumOfTerms, region: Region, estimates: Estimates, policy: SolverPolicy) -> Proposal:
    """The least sum of terms, with ceilings of its worst covariances where it has any."""
    point = minimise(objective.terms, _nearer(region), estimates, policy.tolerance, policy.time_limit_s)
    if any(point.weights is None or cap.excess(point.weights) > 0 for cap in _remote(region)):
        point = minimise(objective.terms, region, estimates, policy.tolerance, policy.time_limit_s)
    attempts, iterations = (point.attempt,), point.attempt.iterations
    if point.weights is None:
        status = status_of(point.status)
        return Proposal(status, iterations=iterations, attempts=attempts)
    judged = in_blend(objective, point.witness, point.weights) if isinstance(objective, Blend) else objective
    reading = Reading(judged)
    return Proposal(Status.OPTIMAL, point.weights, point.witness, iterations, attempts, reading=reading)


def _nearer(region: Region) -> Region:
    """Without caps that are out of all proportion, which cost a solver the digits that the others need."""
    remote = _remote(region)
    return replace(region, caps=tuple(cap for cap in region.caps if cap not in remote)) if remote else region


def _remote(region: Region) -> list[RiskCap]:
    equal = np.full(region.size, 1.0 / region.size)
    return [cap for cap in region.caps if cap.limit > REMOTE * abs(cap.risk.value(equal))]


def _pinned(objective: SumOfTerms | WorstRatio, region: Region, estimates: Estimates) -> Proposal | None:
    """The current portfolio, where a turnover of zero leaves no other: no solver works in a set without an inside.

    Any price of the distance above every slope of the objective proves it.
    """
    pinning = next((d for d in region.distances if abs(d.limit) <= NO_ROOM), None)
    if pinning is None:
        return None
    if isinstance(objective, WorstRatio) and not np.isfinite(objective.loss(pinning.center, estimates)):
        return Proposal(Status.NOT_APPLICABLE, message=NO_GAIN, reading=Reading(objective))
    slope = float(np.abs(objective.minorant(pinning.center, estimates).slope).max())
    proposal = Proposal(Status.OPTIMAL, pinning.center, Witness({pinning.id: slope}))
    return replace(proposal, reading=Reading(objective))
