"""Least active variance, less some of the mean: exact on a polyhedron, by cones where risk is capped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.active_risk import ActiveVariance
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.region import Bounds, Distance, Region, Row, Shape
from tangency.domain.optimization.term import Return, Term
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.parametric import Family, Member


def least_active_risk(
    term: ActiveVariance, reward: float, region: Region, estimates: Estimates, policy: SolverPolicy
) -> Proposal:
    """Minimise the term less ``reward`` times the mean.

    Args:
        term: the active variance; its weight above 0.
        reward: at least 0; without one no means are needed.
        region: the feasible set.
        estimates: annual moments.
        policy: tolerance and time.

    Returns:
        Weights with the multipliers of that loss, or why there are none.
    """
    if (region.lower > region.upper).any():
        return Proposal(Status.INFEASIBLE)
    middle = term.middle(region.size)
    if region.caps and not reward and max(shape.excess(middle) for shape in region.shapes) <= policy.tolerance:
        return Proposal(Status.OPTIMAL, middle, Witness({}))  # of what cones leave there, only rounding could be told
    member, attempts = (None, ()) if region.caps else _by_family(term, reward, region, estimates, policy)
    if member is not None and member.exact:
        return _of_member(term, member, region, attempts)
    terms = (term, Return(-reward)) if reward else (term,)
    found = by_cones(terms, region, estimates, policy, attempts)
    return found if found.weights is not None or member is None else _of_member(term, member, region, attempts)


def by_cones(
    terms: Sequence[Term],
    region: Region,
    estimates: Estimates,
    policy: SolverPolicy,
    attempts: tuple[SolverAttempt, ...] = (),
) -> Proposal:
    """Minimise a sum of terms with Clarabel, after other attempts."""
    from tangency.plugins.kernels.composite import minimise

    point = minimise(terms, region, estimates, policy.tolerance, policy.time_limit_s)
    every = (*attempts, point.attempt)
    status, iterations = status_of(point.status), sum(each.iterations for each in every)
    return Proposal(status, point.weights, None if point.weights is None else point.witness, iterations, every)


def around(region: Region, center: Vector) -> Region:
    """The region of x - center for the x of one without caps."""
    shapes: list[Shape] = [Bounds(b.id, b.lower - center, b.upper - center) for b in region.bounds]
    shapes += [Row(r.id, r.coefficients, r.limit - float(r.coefficients @ center), r.equality) for r in region.rows]
    shapes += [Distance(d.id, d.center - center, d.limit) for d in region.distances]
    return Region.of(region.size, shapes)


def _by_family(
    term: ActiveVariance, reward: float, region: Region, estimates: Estimates, policy: SolverPolicy
) -> tuple[Member | None, tuple[SolverAttempt, ...]]:
    """In active weights the problem is a mean-variance one."""
    covariance: Covariance = estimates.covariance
    if term.units is not None:
        covariance = DenseCovariance.of(term.matrix(estimates))
    mean = estimates.required_mean("the active return") if reward else np.zeros(region.size)
    family = Family(covariance, mean, around(region, term.middle(region.size)), policy.tolerance)
    return family.member(reward / term.weight), tuple(family.attempts)


def _of_member(term: ActiveVariance, member: Member, region: Region, attempts: tuple[SolverAttempt, ...]) -> Proposal:
    weights = np.clip(member.weights + term.middle(region.size), region.lower, region.upper)
    multipliers = {key: term.weight * price for key, price in member.multipliers.items()}
    iterations = sum(attempt.iterations for attempt in attempts)
    return Proposal(Status.OPTIMAL, weights, Witness(multipliers), iterations, attempts)
