"""The proofs of many points at once: that of ``certificate``, for portfolios of least volatility for their return.

What differs between them are the weights, the prices and the return to reach. The limits are the same, and so is the
box over which each Lagrangian is minimised: violations, tangents and bounds are a product each for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.frontier.question import Aim, Candidate
from tangency.domain.market.covariance import images
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.certificate import LARGEST_VIOLATION
from tangency.domain.optimization.constraint import TargetReturn
from tangency.domain.optimization.lagrangian import BAD_WITNESS
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Variance


@dataclass(frozen=True, eq=False, slots=True)
class Proven:
    """Portfolios that keep every limit, and how far at most each is from the best.

    Attributes:
        weights: by row; shape (k, n).
        means: annual; shape (k,).
        variances: annual; shape (k,).
        relative_gaps: as in a certificate; shape (k,).
    """

    weights: Matrix
    means: Vector
    variances: Vector
    relative_gaps: Vector


@BAD_WITNESS
def proven_together(problem: Problem, estimates: Estimates, candidates: Sequence[Candidate]) -> Proven | None:
    """Prove that candidates have the least volatility for their return.

    Returns:
        None where one of them needs a certificate of its own: for another aim, for a limit that is no bound and no row,
        for a name without bounds, or to say which limit it breaks.
    """
    region = problem.region(estimates)
    if not _plain(problem, region) or not all(_alike(problem, candidate) for candidate in candidates):
        return None
    weights = np.array([candidate.proposal.weights for candidate in candidates]) + 0.0  # no negative zeros
    means, tangents = weights @ estimates.required_mean("a frontier"), images(estimates.covariance, weights)
    variances = np.maximum((weights * tangents).sum(axis=1), 0.0)
    shortfalls = _shortfalls(means, np.array([candidate.target for candidate in candidates]))
    if not max(_worst(region, weights), shortfalls.max()) <= LARGEST_VIOLATION or not tangents.any(axis=1).all():
        return None
    losses = 0.5 * variances
    gaps = losses - _bounds(region, estimates, candidates, tangents, losses)
    relative = np.maximum(gaps, 0.0) / (losses + Variance(1.0).smallest_scale(estimates))
    return Proven(weights, means, variances, relative) if np.isfinite(relative).all() else None


def _plain(problem: Problem, region: Region) -> bool:
    """Whether half the variance is minimised over bounds of every name, and rows."""
    if not isinstance(problem.objective, MinimumVolatility) or region.distances or region.caps or region.positions:
        return False
    return region.boxed


def _alike(problem: Problem, candidate: Candidate) -> bool:
    """Whether weights and prices are all that a candidate says."""
    proposal = candidate.proposal
    weights, witness = proposal.weights, proposal.witness
    if weights is None or witness is None or witness.cases or witness.cuts:
        return False
    own = candidate.aim is Aim.LEAST_RISK_FOR_RETURN and proposal.reading.of(problem) is problem
    return own and weights.shape == (len(problem.universe),)


def _worst(region: Region, weights: Matrix) -> float:
    """The worst violation of a limit by anybody, as a certificate measures it; NaN for weights that are none."""
    worst = [np.maximum(bounds.lower - weights, weights - bounds.upper).max() for bounds in region.bounds]
    for row in region.rows:
        over = weights @ row.coefficients - row.limit
        worst.append((np.abs(over) if row.equality else over).max() / max(1.0, abs(row.limit)))
    return float(np.max(worst))


def _shortfalls(means: Vector, targets: Vector) -> Vector:
    missing: Vector = (targets - means) / np.maximum(1.0, np.abs(targets))
    return missing


def _bounds(
    region: Region, estimates: Estimates, candidates: Sequence[Candidate], tangents: Matrix, losses: Vector
) -> Vector:
    """What no portfolio that earns a candidate's target is below, by its tangent and its prices; shape (k,)."""
    told = [candidate.proposal.witness.multipliers for candidate in candidates if candidate.proposal.witness]
    prices = np.array([[multipliers.get(row.id, 0.0) for row in region.rows] for multipliers in told])
    free = np.array([row.equality for row in region.rows], dtype=bool)
    prices = np.where(free, prices, np.maximum(prices, 0.0))
    rewards = np.maximum(0.0, [multipliers.get(TargetReturn(0.0).id, 0.0) for multipliers in told])
    slopes = tangents + prices @ region.coefficients - np.outer(rewards, estimates.required_mean("a frontier"))
    targets = np.array([candidate.target for candidate in candidates])
    constants = rewards * targets - losses - prices @ np.array([row.limit for row in region.rows])
    lower, upper = region.implied
    found: Vector = constants + np.minimum(slopes * lower, slopes * upper).sum(axis=1)
    return found
