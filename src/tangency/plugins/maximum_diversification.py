"""Maximum diversification: the most that volatilities add up to per unit of the portfolio's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import RiskOf
from tangency.domain.risk.measure import VOLATILITY
from tangency.plugins.kernels.active_set import Piece
from tangency.plugins.kernels.codependence import who_has_no_risk
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.parametric import Family, Member

HEDGED = (
    "Names that have risk cancel each other without rest, so that diversification has no largest value. Leave one of "
    "them out, take longer returns, or give a covariance_estimator that shrinks, such as ledoit_wolf."
)


class MaximumDiversification:
    """The portfolio with the largest diversification ratio: weighted average volatility over portfolio volatility.

    If only the budget and long-only constraints bind, all assets held have the same correlation with the portfolio, and
    the others have at least that.
    """

    name = "maximum_diversification"
    citation = (
        "Choueifaty, Y., Coignard, Y. (2008). Toward maximum diversification. Journal of Portfolio Management 35(1), "
        "40-51."
    )
    capabilities = Capabilities(objectives=frozenset({"MAX_RATIO"}), constraints=EVERY_LIMIT, brings_mean=True)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The member of the mean-variance family whose ratio is greatest, with volatilities for means."""
        without = who_has_no_risk(estimates)
        if without:
            message = f"{without}, and nothing to diversify. Leave out what has none."
            return Proposal(Status.NOT_APPLICABLE, message=message)
        region, volatilities = problem.region(estimates), np.sqrt(estimates.covariance.variances)
        reading = Reading(MaximumRatio(gains=tuple(volatilities.tolist())))
        if (region.lower > region.upper).any():
            return Proposal(Status.INFEASIBLE, reading=reading)
        found = None if region.caps else _by_family(volatilities, problem, region, estimates)
        found = found or _by_cones(volatilities, problem, region, estimates)
        if found.weights is None:
            return replace(found, reading=reading)
        if estimates.riskless(found.weights):
            return replace(found, status=Status.UNBOUNDED, weights=None, witness=None, reading=reading, message=HEDGED)
        ratio = float(volatilities @ found.weights) / estimates.volatility(found.weights)
        return replace(found, reading=reading, findings={"diversification_ratio": ratio})


def _by_family(gains: Vector, problem: Problem, region: Region, estimates: Estimates) -> Proposal | None:
    """On the limits that bind, in closed form; None where they are not found."""
    covariance = estimates.covariance
    family = Family(covariance, gains, region, problem.solver.tolerance)

    def aim(piece: Piece) -> float | None:
        gain = family.linear(piece.start)
        return float(piece.start @ piece.image_start) / gain if gain > 0 else np.inf

    def verdict(member: Member) -> float:
        return member.tau * float(gains @ member.weights) - estimates.volatility(member.weights) ** 2

    start = 1.0 / gains
    member = family.search(aim, verdict, float(start @ covariance.times(start)) / len(gains) / float(start.sum()))
    if member is None or not member.exact or not 0 < member.tau < np.inf or gains @ member.weights <= 0:
        return None
    witness = Witness({key: price / member.tau for key, price in member.multipliers.items()})
    return Proposal(Status.OPTIMAL, member.weights, witness, family.iterations, tuple(family.attempts))


def _by_cones(gains: Vector, problem: Problem, region: Region, estimates: Estimates) -> Proposal:
    from tangency.plugins.kernels.ratio import maximise_ratio

    policy = problem.solver
    point = maximise_ratio(gains, RiskOf(1.0, VOLATILITY), region, estimates, policy.tolerance, policy.time_limit_s)
    status = Status.UNBOUNDED if point.status == "riskless" else status_of(point.status)
    answered = point.weights is not None and status is Status.OPTIMAL
    weights, witness = (point.weights, point.witness) if answered else (None, None)
    message = HEDGED if status is Status.UNBOUNDED and point.status == "riskless" else ""
    return Proposal(status, weights, witness, point.attempt.iterations, (point.attempt,), message=message)
