"""The normal distribution of mean returns after views, in the form that inverts no uncertainty.

With prior N(Pi, tau S) and views P mu = Q + error, error ~ N(0, Omega), everything goes through the covariance of the
view returns, V = tau P S P' + Omega: a certain view is a row of Omega that is zero, and needs no case of its own
(Black and Litterman 1992, appendix; Walters 2014, appendix D).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Matrix, Vector

INDEPENDENT = 1e-13
"""Of a view's variance: what the views before it leave of it, where it is not one of their combinations. Repairs of a
singular covariance leave 1e-15."""
NO_RISK = 1e-12
"""Of the variance that a view's portfolio would have if its names were uncorrelated: with less it has none. Rounding is
what is left of one name less another that is the same."""
PART_OF_IT = 1e-6
"""Of the largest multiplier: a view with less takes no part in a combination."""


@dataclass(frozen=True, eq=False)
class ViewPosterior:
    """Prior and views together.

    Attributes:
        covariance: S, annual; shape (n, n).
        prior: Pi, annual, in excess of the risk-free rate; shape (n,).
        tau: the prior's uncertainty is tau S.
        rows: P; shape (k, n).
        values: Q; shape (k,).
        uncertainty: Omega; shape (k, k), positive semidefinite.
    """

    covariance: Matrix
    prior: Vector
    tau: float
    rows: Matrix
    values: Vector
    uncertainty: Matrix

    @cached_property
    def images(self) -> Matrix:
        """S P', 0 for a portfolio without risk; shape (n, k)."""
        product: Matrix = self.covariance @ self.rows.T
        return np.where(self._risky, product, 0.0)

    @cached_property
    def surprise(self) -> Vector:
        """Q - P Pi: by how much the views differ from the prior; shape (k,)."""
        return self.values - self.rows @ self.prior

    @cached_property
    def variances(self) -> Matrix:
        """V; shape (k, k)."""
        return _mirrored(self.tau * self._risks + self.uncertainty)

    @cached_property
    def _risks(self) -> Matrix:
        """P S P'; shape (k, k)."""
        return np.where(self._risky[:, None], self.rows @ self.images, 0.0)

    @cached_property
    def _risky(self) -> NDArray[np.bool_]:
        """Which views are about a portfolio with risk; shape (k,)."""
        return risks(self.covariance, self.rows) > 0.0

    @cached_property
    def dependence(self) -> Vector | None:
        """Multipliers of views whose sum says nothing that is uncertain; shape (k,). None where there are none."""
        return _dependence(self.variances)

    @cached_property
    def mean(self) -> Vector:
        """Pi + tau S P' V^-1 (Q - P Pi); shape (n,)."""
        if not self.surprise.any():
            return self.prior
        return self.prior + self.tau * self.images @ _solve(self.variances, self.surprise)

    @cached_property
    def covariance_of_mean(self) -> Matrix:
        """M = tau S - tau S P' V^-1 P S tau; shape (n, n)."""
        scale = np.sqrt(np.diagonal(self.variances))
        factor = np.linalg.cholesky(self.variances / np.outer(scale, scale))
        part = np.linalg.solve(factor, (self.tau * self.images / scale).T)
        return self.tau * self.covariance - part.T @ part

    @cached_property
    def disagreement(self) -> float:
        """(Q - P Pi)' V^-1 (Q - P Pi): chi-squared with k degrees of freedom where views and prior agree."""
        return float(self.surprise @ _solve(self.variances, self.surprise)) if self.surprise.any() else 0.0

    def tilts(self, risk_aversion: float, inflation: float) -> Vector:
        """The weights L of the view portfolios in the unconstrained portfolio (market + P'L) / inflation; shape (k,).

        Args:
            risk_aversion: delta, of the equilibrium.
            inflation: 1 + tau where the posterior covariance is S + M (He and Litterman 1999, equation 16); 1 where it
                is S (Idzorek 2005, formula 8).
        """
        share = self.tau / inflation
        variances = _mirrored(share * self._risks + self.uncertainty)
        distance = self.values - self.rows @ self.prior / inflation
        return self.tau / risk_aversion * _solve(variances, distance)

    def confidences(self) -> list[float | None]:
        """How far each view moves its portfolio, of how far it would if all were certain (Idzorek 2005, table 6).

        None where certain views would not move it, or contradict each other.
        """
        certain = _mirrored(self.tau * self._risks)
        if _dependence(certain) is not None:
            return [None] * len(self.values)
        reached, furthest = _solve(self.variances, self.surprise), _solve(certain, self.surprise)
        some = np.abs(furthest) > INDEPENDENT * np.abs(furthest).max(initial=0.0)
        return [float(a / b) if there else None for a, b, there in zip(reached, furthest, some, strict=True)]


def risks(covariance: Matrix, rows: Matrix) -> Vector:
    """The variance of each portfolio p, shape (k,), for p by row, shape (k, n); 0 where only rounding is left of it."""
    found = np.einsum("ki,ij,kj->k", rows, covariance, rows)
    return np.where(found > NO_RISK * (rows**2 @ np.diagonal(covariance)), found, 0.0)


def _mirrored(matrix: Matrix) -> Matrix:
    return 0.5 * (matrix + matrix.T)


def _solve(matrix: Matrix, right: Vector) -> Vector:
    """Scaled to a unit diagonal first, since one view may be a million times as certain as another."""
    scale = np.sqrt(np.diagonal(matrix))
    solution: Vector = np.linalg.solve(matrix / np.outer(scale, scale), right / scale) / scale
    return solution


def _dependence(variances: Matrix) -> Vector | None:
    """A combination of views without variance, the first that there is in their order; shape (k,)."""
    scale = np.sqrt(np.diagonal(variances))
    if not scale.all():
        unit: Vector = np.eye(len(scale))[int(np.argmin(scale))]
        return unit
    correlations = variances / np.outer(scale, scale)
    for k in range(1, len(scale)):
        before, own = correlations[:k, :k], correlations[:k, k]
        multipliers = np.linalg.solve(before, own)
        if 1.0 - float(own @ multipliers) <= INDEPENDENT:
            multipliers[np.abs(multipliers) <= PART_OF_IT * np.abs(multipliers).max()] = 0.0
            return np.concatenate([-multipliers, [1.0], np.zeros(len(scale) - k - 1)]) / scale
    return None
