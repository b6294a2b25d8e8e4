"""Portfolios whose risk comes from factors in given shares, as near as a search over the limits finds.

The shares of factors are neither convex nor unique, so nothing is proven: each step minimises the squared misses of the
shares, linearised, over the limits (Levenberg and Marquardt), from several starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.factor_covariance import SPECIFIC, FactorModel
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Region
from tangency.plugins.kernels.conic import ConicPoint, conic

MET = 1e-9
"""Largest miss of a share at which a search ends."""
MOST_STEPS = 60
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-12, 1e6
EASIER, HARDER = 0.1, 8.0


@dataclass(frozen=True, eq=False, slots=True)
class FactorShares:
    """Which share of the risk is to come from what.

    Attributes:
        model: of the risk.
        budgets: by factor, or ``specific``; what is not named is free.
    """

    model: FactorModel
    budgets: Mapping[str, float]

    def of(self, weights: Vector) -> Vector:
        """The shares of what has a budget, in the budgets' order; shape (b,)."""
        return self._linearised(weights)[0]

    def misses(self, weights: Vector) -> Vector:
        """Shares less their budgets; shape (b,)."""
        missed: Vector = self.of(weights) - np.array(list(self.budgets.values()))
        return missed

    def _linearised(self, weights: Vector) -> tuple[Vector, Matrix]:
        """Shares, shape (b,), and their derivatives by the weights, shape (b, n)."""
        model = self.model
        exposures = model.exposures(weights)
        image = model.covariance @ exposures
        own = model.specific * weights
        variance = max(float(exposures @ image + own @ weights), np.finfo(float).tiny)
        slope = 2.0 * (model.loadings @ image + own)
        parts, slopes = [], []
        for name in self.budgets:
            if name == SPECIFIC:
                parts.append(float(own @ weights))
                slopes.append(2.0 * own)
            else:
                k = model.factors.index(name)
                parts.append(float(exposures[k] * image[k]))
                slopes.append(model.loadings[:, k] * image[k] + exposures[k] * (model.loadings @ model.covariance[k]))
        shares = np.array(parts) / variance
        return shares, (np.array(slopes) - np.outer(shares, slope)) / variance

    def step(self, weights: Vector, damping: float) -> tuple[Matrix, Vector]:
        """Q and m of the program that minimises 1/2 y'Qy - m'y: the linearised misses, damped around the weights."""
        shares, slopes = self._linearised(weights)
        missed = shares - np.array(list(self.budgets.values()))
        curvature = slopes.T @ slopes
        curvature[np.diag_indices(len(weights))] += damping
        pull: Vector = curvature @ weights - slopes.T @ missed
        return curvature, pull


@dataclass(frozen=True, eq=False, slots=True)
class NearestShares:
    """Where the best search ended.

    Attributes:
        weights: shape (n,); None where no start has a portfolio within the limits.
        status: of the solver where there are none.
    """

    weights: Vector | None
    attempts: tuple[SolverAttempt, ...]
    status: str


def nearest_shares(
    shares: FactorShares, region: Region, starts: Sequence[Vector], policy: SolverPolicy
) -> NearestShares:
    """The weights of the least largest miss that a search from any of the starts ends at."""
    best, attempts, status = None, list[SolverAttempt](), "solved"
    for start in starts:
        inside = _program(np.eye(region.size), start, region, policy)
        attempts.append(inside.attempt)
        if inside.weights is None:
            status = inside.status
            continue
        found = _search(shares, region, inside.weights, policy, attempts)
        if best is None or np.abs(shares.misses(found)).max() < np.abs(shares.misses(best)).max():
            best = found
        if np.abs(shares.misses(best)).max() <= MET:
            break
    return NearestShares(best, tuple(attempts), status)


def _search(
    shares: FactorShares, region: Region, weights: Vector, policy: SolverPolicy, attempts: list[SolverAttempt]
) -> Vector:
    missed, damping = float((shares.misses(weights) ** 2).sum()), FIRST_DAMPING
    for _ in range(MOST_STEPS):
        if np.abs(shares.misses(weights)).max() <= MET or damping > MOST_DAMPING:
            break
        point = _program(*shares.step(weights, damping), region, policy)
        attempts.append(point.attempt)
        if point.weights is None:
            break
        left = float((shares.misses(point.weights) ** 2).sum())
        if left < missed:
            weights, missed, damping = point.weights, left, max(EASIER * damping, LEAST_DAMPING)
        else:
            damping *= HARDER
    return weights


def _program(curvature: Matrix, pull: Vector, region: Region, policy: SolverPolicy) -> ConicPoint:
    return conic(DenseCovariance.of(curvature), pull, 1.0, region, False, policy.tolerance, policy.time_limit_s)
