"""Which eigenvalues of a correlation matrix are more than noise, after Marchenko and Pastur."""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector

BANDWIDTH = 0.01
"""Of the kernel that smooths the eigenvalues, as Lopez de Prado has it."""
GRID = 1000
"""Points at which the densities are compared."""
EQUAL = 1e-9
"""Of the largest eigenvalue: two that differ by less are equal, and rounding decides what their vectors are."""
COUNTS = 0.4
"""Of the largest part that a name has in a vector or a space: the first name with as much decides."""
VARIANCES = np.linspace(0.01, 1.0, 100)
"""Of the noise, among which the fit begins: the distance has several minima."""


def signals(eigenvalues: Vector, rows: int, fitted: bool = True) -> int:
    """How many eigenvalues are above the largest that noise alone would have.

    Args:
        eigenvalues: of a sample correlation, in any order; shape (n,).
        rows: T, from which it was estimated.
        fitted: whether to fit the variance of the noise, which is below 1 where a few eigenvalues explain a lot; else
            it is 1.

    Source: Lopez de Prado, M. (2020). Machine learning for asset managers, 2.4. Cambridge University Press.
    """
    ratio = rows / len(eigenvalues)
    variance = _noise_variance(eigenvalues, ratio) if fitted else 1.0
    return int((eigenvalues > variance * (1.0 + 1.0 / np.sqrt(ratio)) ** 2).sum())


def _noise_variance(eigenvalues: Vector, ratio: float) -> float:
    """The variance whose Marchenko-Pastur density is the closest to the smoothed eigenvalues, by squared distance."""
    from scipy.optimize import minimize_scalar

    distances = [_distance(float(variance), eigenvalues, ratio) for variance in VARIANCES]
    best, step = float(VARIANCES[int(np.argmin(distances))]), float(VARIANCES[1] - VARIANCES[0])
    found = minimize_scalar(
        _distance,
        bounds=(max(best - step, step / 100), min(best + step, 1.0)),
        args=(eigenvalues, ratio),
        method="bounded",
    )
    return float(found.x)


def _distance(variance: float, eigenvalues: Vector, ratio: float) -> float:
    low, high = variance * (1.0 - np.sqrt(1.0 / ratio)) ** 2, variance * (1.0 + np.sqrt(1.0 / ratio)) ** 2
    points = np.linspace(low, high, GRID)
    theory = ratio / (2.0 * np.pi * variance * np.maximum(points, np.finfo(float).tiny))
    theory = theory * np.sqrt(np.maximum((high - points) * (points - low), 0.0))
    away = (points[:, None] - eigenvalues[None, :]) / BANDWIDTH
    smoothed = np.exp(-0.5 * away**2).mean(axis=1) / (BANDWIDTH * np.sqrt(2.0 * np.pi))
    return float(((theory - smoothed) ** 2).sum())


def descending(correlations: Matrix) -> tuple[Vector, Matrix]:
    """Eigenvalues from the largest, shape (n,), and their vectors as columns, each with a sum of at least 0.

    Vectors of eigenvalues that are equal are those nearest to the first names, one after the other. A vector with a sum
    of 0 is positive in the first name that counts in it.
    """
    ascending, columns = np.linalg.eigh(correlations)
    eigenvalues, vectors = ascending[::-1], columns[:, ::-1]
    apart = np.flatnonzero(eigenvalues[:-1] - eigenvalues[1:] > EQUAL * float(np.abs(eigenvalues).max(initial=0.0)))
    spaces = np.split(vectors, apart + 1, axis=1)
    return eigenvalues, np.concatenate([_signed(_by_names(space)) for space in spaces], axis=1)


def _by_names(space: Matrix) -> Matrix:
    """Another orthonormal basis of the columns, shape (n, k): each is the nearest to a name that is left, in order."""
    if space.shape[1] == 1:
        return space
    found, rest = np.zeros((0, len(space))), space @ space.T
    for _ in range(space.shape[1]):
        lengths = np.linalg.norm(rest, axis=0)
        nearest = rest[:, int(np.argmax(lengths > COUNTS * lengths.max()))]
        nearest = nearest - found.T @ (found @ nearest)
        vector = nearest / np.linalg.norm(nearest)
        found, rest = np.vstack([found, vector]), rest - np.outer(vector, vector @ rest)
    return found.T


def _signed(vectors: Matrix) -> Matrix:
    sizes, sums = np.abs(vectors), vectors.sum(axis=0)
    first = np.take_along_axis(vectors, np.argmax(sizes > COUNTS * sizes.max(axis=0), axis=0)[None, :], axis=0)[0]
    deciding = np.where(np.abs(sums) > EQUAL, sums, first)
    return np.where(deciding < 0, -vectors, vectors)
