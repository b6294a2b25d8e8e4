"""Factors made of the returns themselves: their principal components."""

from __future__ import annotations

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.numbers import Matrix

NEGLIGIBLE = 1e-10
"""Of the largest spread: a component with less is rounding."""


def principal_components(excess: Matrix, count: int, path: Path) -> tuple[tuple[str, ...], Matrix]:
    """The returns of the portfolios that explain most of the variance, largest first (Connor and Korajczyk, 1986).

    Weights are the eigenvectors of the sample covariance, of length 1, signed so that they sum to no less than 0.

    Args:
        excess: returns over the risk-free rate; shape (T, n).
        count: of the factors.
        path: of the count in the request.

    Returns:
        Names, and returns of shape (T, count).

    Raises:
        InvalidInput: the returns have fewer components than are asked for.
    """
    _, spreads, directions = np.linalg.svd(excess - excess.mean(axis=0), full_matrices=False)
    there = int((spreads > NEGLIGIBLE * max(spreads.max(initial=0.0), 1e-300)).sum())
    if count > there:
        raise InvalidInput.at(path, f"is {count}; these returns have {there} components.", "range")
    weights = directions[:count]
    signed = weights * np.where(weights.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return tuple(f"factor_{place}" for place in range(1, count + 1)), excess @ signed.T
