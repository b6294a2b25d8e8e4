"""Sets that uncertain means and covariances lie in, with a stated confidence: given, from theory, or by bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.robust_terms import ROUNDING

RESAMPLES = 1000
"""Of the bootstrap: a 95 % quantile then rests on 50 draws beyond it."""


def years_of(sample: Scenarios) -> float:
    """How long a history is."""
    return len(sample) / sample.periods_per_year


def ellipsoid_radius(shape: Matrix, confidence_level: float) -> float:
    """kappa, the root of a chi-squared quantile; its degrees are the rank of the shape, n unless names are redundant.

    The squared distance of a normal mean from its center, in the metric of its own covariance, has that distribution.
    """
    from scipy.special import gammaincinv

    values = np.linalg.eigvalsh(shape)
    degrees = int((values > 1e2 * ROUNDING * float(values[-1])).sum())
    return float(np.sqrt(2.0 * gammaincinv(0.5 * degrees, confidence_level))) if degrees else 0.0


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
    own = np.cov(sample.returns, rowvar=False).reshape(sample.returns.shape[1], -1)
    drawn = [np.cov(sample.returns[rows], rowvar=False).reshape(own.shape) for rows in _draws(sample, seed)]
    spread = np.quantile(np.abs(np.array(drawn) - own), confidence_level, axis=0)
    return np.asarray(sample.periods_per_year * 0.5 * (spread + spread.T))


def spread_of(means: Matrix, confidence_level: float) -> Vector:
    """How far each drawn mean is from their own; shape (n,)."""
    return np.asarray(np.quantile(np.abs(means - means.mean(axis=0)), confidence_level, axis=0))


def _draws(sample: Scenarios, seed: int) -> NDArray[np.int64]:
    """Rows of drawn histories; shape (1000, T)."""
    random = np.random.default_rng(seed)
    return random.choice(len(sample), size=(RESAMPLES, len(sample)), p=sample.probabilities)
