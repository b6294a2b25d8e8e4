"""Sets that uncertain means and covariances lie in, with a stated confidence: given, from theory, or by bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.robust_terms import ROUNDING, root_of

RESAMPLES = 1000
"""Of the bootstrap: a 95 % quantile then rests on 50 draws beyond it."""


def years_of(sample: Scenarios) -> float:
    """How long a history is."""
    return len(sample) / sample.periods_per_year


def ellipsoid_radius(shape: Matrix, confidence_level: float) -> float:
    """kappa, the root of a chi-squared quantile; its degrees are the rank of the shape, n unless names are redundant.

    The squared distance of a normal mean from its center, in the metric of its own covariance, has that distribution.
    """
    return _chi(_rank(shape), confidence_level)


def matrix_radius(shape: Matrix, confidence_level: float) -> float:
    """The same of a covariance matrix, which has n (n + 1) / 2 entries of its own; n the rank of the shape."""
    rank = _rank(shape)
    return _chi(rank * (rank + 1) // 2, confidence_level)


def matrix_shape(covariance: Matrix, periods: int) -> Matrix:
    """Q = sqrt(2 / (T - 1)) S, in whose metric the errors of a normal sample's covariance have unit size; shape (n, n).

    (T - 1) / 2 x trace((S^-1 D)^2) tends to a chi-squared variable with n (n + 1) / 2 degrees, D the error: Anderson
    (2003), An Introduction to Multivariate Statistical Analysis, theorem 3.4.4.
    """
    return np.asarray(np.sqrt(2.0 / max(1, periods - 1)) * covariance)


def normal_radius(confidence_level: float) -> float:
    """How many standard errors a normal figure is within, on either side, with that confidence."""
    from scipy.special import ndtri

    return float(ndtri(0.5 * (1.0 + confidence_level)))


def covariance_errors(covariance: Matrix, sample: Scenarios) -> Matrix:
    """Standard errors of the entries of a normal sample's covariance; shape (n, n).

    sqrt((s_ii s_jj + s_ij^2) / (T - 1)): Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3.4.
    """
    variances = np.diagonal(covariance)
    return np.asarray(np.sqrt((np.outer(variances, variances) + covariance**2) / max(1, len(sample) - 1)))


def resampled_means(sample: Scenarios, seed: int) -> Matrix:
    """Annual means of histories drawn with replacement; shape (1000, n)."""
    return sample.periods_per_year * np.array([sample.returns[rows].mean(axis=0) for rows in _draws(sample, seed)])


def resampled_spread(sample: Scenarios, seed: int, confidence_level: float) -> Matrix:
    """How far, entry by entry, covariances of drawn histories are from the sample's; shape (n, n)."""
    own, drawn = _resampled_covariances(sample, seed)
    spread = np.quantile(np.abs(drawn - own), confidence_level, axis=0)
    return np.asarray(0.5 * (spread + spread.T))


def resampled_distances(sample: Scenarios, seed: int) -> tuple[Matrix, Vector]:
    """How far covariances of drawn histories are from the sample's in its own metric.

    Returns:
        The metric, as :func:`matrix_shape`; shape (n, n). The distances |F^-1 (C - S) F^-T|; shape (1000,).
    """
    own, drawn = _resampled_covariances(sample, seed)
    shape = matrix_shape(own, len(sample))
    inverse = np.linalg.pinv(root_of(shape))
    return shape, np.asarray(np.linalg.norm(inverse @ (drawn - own) @ inverse.T, axis=(1, 2)))


def _resampled_covariances(sample: Scenarios, seed: int) -> tuple[Matrix, NDArray[np.float64]]:
    """The annual covariance of a history, shape (n, n), and of those drawn from it, shape (1000, n, n)."""
    own = np.cov(sample.returns, rowvar=False).reshape(sample.returns.shape[1], -1)
    drawn = [np.cov(sample.returns[rows], rowvar=False).reshape(own.shape) for rows in _draws(sample, seed)]
    return sample.periods_per_year * own, sample.periods_per_year * np.array(drawn)


def _rank(shape: Matrix) -> int:
    values = np.linalg.eigvalsh(shape)
    return int((values > 1e2 * ROUNDING * float(values[-1])).sum())


def _chi(degrees: int, confidence_level: float) -> float:
    """The root of a chi-squared quantile."""
    from scipy.special import gammaincinv

    return float(np.sqrt(2.0 * gammaincinv(0.5 * degrees, confidence_level))) if degrees else 0.0


def spread_of(means: Matrix, confidence_level: float) -> Vector:
    """How far each drawn mean is from their own; shape (n,)."""
    return np.asarray(np.quantile(np.abs(means - means.mean(axis=0)), confidence_level, axis=0))


def _draws(sample: Scenarios, seed: int) -> NDArray[np.int64]:
    """Rows of drawn histories; shape (1000, T)."""
    random = np.random.default_rng(seed)
    return random.choice(len(sample), size=(RESAMPLES, len(sample)), p=sample.probabilities)
