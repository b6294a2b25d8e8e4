"""Volatilities and correlations apart, and names that never move left out of what cannot do with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tangency.domain.numbers import Matrix, Vector

STILL = 1e-12
"""Of a name's largest return: deviations that are the rounding of a constant."""


def apart(covariance: Matrix) -> tuple[Vector, Matrix]:
    """Volatilities, shape (n,), and correlations, shape (n, n); a name that never moves is correlated with none."""
    volatilities = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    units = np.where(volatilities > 0, volatilities, 1.0)
    correlations = covariance / np.outer(units, units)
    np.fill_diagonal(correlations, 1.0)
    return volatilities, correlations


def together(volatilities: Vector, correlations: Matrix) -> Matrix:
    """The inverse of :func:`apart`."""
    covariance: Matrix = correlations * np.outer(volatilities, volatilities)
    return covariance


def of_moving_names(returns: Matrix, estimate: Callable[[Matrix], Matrix]) -> Matrix:
    """A covariance estimated without the names that never move, whose variances are 0.

    Args:
        returns: shape (T, n).
        estimate: covariances from returns of shape (T, m), every column of which moves.

    Returns:
        Shape (n, n).
    """
    spread = np.abs(returns - returns.mean(axis=0)).max(axis=0)
    moving = spread > STILL * np.abs(returns).max(axis=0)
    whole = np.zeros((len(moving), len(moving)))
    if moving.any():
        whole[np.ix_(moving, moving)] = estimate(returns[:, moving])
    return whole
