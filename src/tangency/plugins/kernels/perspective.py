"""A stronger relaxation where positions have a smallest size: names that are left out carry no risk of their own.

With S = Q + diag(d), d > 0 and Q positive semidefinite, d x^2 over {0} and [m, u] is nowhere below its convex envelope:
d m x up to m, d x^2 beyond. So x = a + b with a in [0, m] costs d m a + d (2 m b + b^2), one quadratic program with as
many variables again (Frangioni and Gentile 2006, Perspective cuts for a class of convex 0-1 mixed integer programs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.objective import MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.region import Region, Side, Sides
from tangency.plugins.kernels.interior_point import Polyhedron, interior_point

KEPT = 0.999
"""Of the variances that could be taken out: what is left of the covariance stays a little above semidefinite."""
LARGEST_CONDITION = 1e10
"""Of a covariance that variances are taken out of; beyond it they are rounding."""


@dataclass(frozen=True, eq=False, slots=True)
class Perspective:
    """Least variance, or most utility, over parts of a region of long positions.

    Attributes:
        spread: the variances taken out; shape (n,).
    """

    estimates: Estimates
    region: Region
    spread: Vector
    aversion: float
    slope: Vector
    tolerance: float

    @classmethod
    def of(cls, objective: Objective, estimates: Estimates, region: Region, tolerance: float) -> Perspective | None:
        """None where the objective, a limit or a short position is not its kind, or no variances can be taken out."""
        if region.distances or region.caps or (region.lower < 0).any():
            return None
        spread = _spread(estimates.covariance.dense())
        if spread is None or not isinstance(objective, MinimumVolatility | MaximumUtility):
            return None
        if isinstance(objective, MinimumVolatility):
            return cls(estimates, region, spread, 1.0, np.zeros(region.size), tolerance)
        slope = -estimates.required_mean("the objective")
        return cls(estimates, region, spread, objective.risk_aversion, slope, tolerance)

    def relaxed(self, sides: Sides) -> Proposal:
        """The weights at which a part's bound is greatest, with the multipliers that say so."""
        part, spread = self.region.on(sides), self.aversion * self.spread
        split = np.flatnonzero((sides == Side.ANY) & (part.upper > self.region.least) & (self.region.least > 0))
        first = np.where(sides == Side.ANY, self.region.least * spread / 2, 0.0)
        upper = part.upper.copy()
        upper[split] = self.region.least[split]
        whole = np.where(first > 0, 0.0, spread)  # of names that are held: their risk as it is
        twice = np.append(np.arange(len(upper)), split)
        Q = self.aversion * self.estimates.covariance.dense() - np.diag(spread)
        H = Q[np.ix_(twice, twice)] + np.diag(np.append(whole, spread[split]))
        linear = np.append(self.slope + first, self.slope[split] + self.region.least[split] * spread[split])
        program = Polyhedron(
            part.coefficients[:, twice],
            np.array([row.limit for row in part.rows]),
            np.array([row.equality for row in part.rows], dtype=bool),
            np.append(part.lower, np.zeros(len(split))),
            np.append(upper, part.upper[split] - self.region.least[split]),
            (),
        )
        unit = power_of_two_near(float(np.abs(H).max()))
        point = interior_point(H / unit, linear / unit, program, self.tolerance)
        if not point.solved:
            return Proposal(Status.NUMERICAL_ERROR, attempts=(point.attempt,))
        weights = point.x[: len(upper)].copy()
        weights[split] += point.x[len(upper) :]
        prices = (unit * point.row_prices).tolist()
        witness = Witness({row.id: price for row, price in zip(part.rows, prices, strict=True)})
        return Proposal(Status.OPTIMAL, weights, witness, point.attempt.iterations, (point.attempt,))


def _spread(S: Matrix) -> Vector | None:
    """Variances d with S - diag(d) positive definite: what the others leave unexplained of each name, all scaled alike.

    1 / (S^-1)_ii is the variance of a name that is not explained by the others; no d_i can be larger.
    """
    if np.linalg.cond(S) > LARGEST_CONDITION:
        return None
    unexplained = 1.0 / np.diagonal(np.linalg.inv(S))
    scaled = S / np.sqrt(np.outer(unexplained, unexplained))
    spread: Vector = KEPT * float(np.linalg.eigvalsh(scaled)[0]) * unexplained
    return spread
