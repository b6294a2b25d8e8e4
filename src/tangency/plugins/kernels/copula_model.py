"""Gaussian and t copulas: correlations from ranks, degrees of freedom by likelihood, and draws."""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector

FEWEST_DEGREES, MOST_DEGREES = 2.05, 200.0
"""Between them the likeliest is searched for; above, a t copula is a Gaussian one for all that can be seen."""
LEAST_EIGENVALUE = 1e-10
"""Of a correlation: sines of Kendall's taus need not be positive definite, nor are those of perfectly alike names."""


def correlations(scores: Matrix, kind: str) -> Matrix:
    """The correlation of a copula from ranks in (0, 1) of shape (T, n): of normal scores, or sin(pi tau / 2).

    A name that never changes is correlated with nothing.
    """
    matrix = _of_normal_scores(scores) if kind == "gaussian" else np.sin(0.5 * np.pi * _kendall(scores))
    matrix[np.diag_indices(len(matrix))] = 1.0
    return _definite(matrix)


def _of_normal_scores(scores: Matrix) -> Matrix:
    from scipy.special import ndtri

    centred = ndtri(scores)
    centred = centred - centred.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    units = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    matrix: Matrix = units.T @ units
    return matrix


def _kendall(scores: Matrix) -> Matrix:
    from scipy.stats import kendalltau

    size = scores.shape[1]
    varying = np.ptp(scores, axis=0) > 0
    matrix = np.zeros((size, size))
    for i in range(size):
        for j in range(i):
            if varying[i] and varying[j]:
                matrix[i, j] = matrix[j, i] = kendalltau(scores[:, i], scores[:, j]).statistic
    return matrix


def _definite(matrix: Matrix) -> Matrix:
    """Eigenvalues raised to above 0, and the diagonal brought back to 1."""
    values, vectors = np.linalg.eigh(matrix)
    if float(values[0]) >= LEAST_EIGENVALUE:
        return matrix
    raised = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diagonal(raised))
    repaired: Matrix = raised / np.outer(scale, scale)
    return repaired


def likeliest_degrees(scores: Matrix, correlation: Matrix) -> float:
    """Degrees of freedom of the t copula under which the ranks are likeliest, its correlation given.

    McNeil, Frey and Embrechts (2015), section 7.5.3, equation (7.61): pseudo-likelihood.
    """
    from scipy.optimize import minimize_scalar

    inverse = np.asarray(np.linalg.inv(correlation), dtype=float)
    log_determinant = float(np.linalg.slogdet(correlation)[1])

    def loss(inverse_degrees: float) -> float:
        return -_log_likelihood(scores, inverse, log_determinant, 1.0 / inverse_degrees)

    found = minimize_scalar(loss, bounds=(1.0 / MOST_DEGREES, 1.0 / FEWEST_DEGREES), method="bounded")
    return float(1.0 / found.x)


def _log_likelihood(scores: Matrix, inverse: Matrix, log_determinant: float, degrees: float) -> float:
    from scipy.special import gammaln, stdtrit

    rows, size = scores.shape
    quantiles: Matrix = stdtrit(degrees, scores)
    distances: Vector = np.einsum("ti,ij,tj->t", quantiles, inverse, quantiles)
    joint = -0.5 * (degrees + size) * float(np.log1p(distances / degrees).sum())
    single = -0.5 * (degrees + 1) * float(np.log1p(quantiles**2 / degrees).sum())
    constant = float(
        gammaln(0.5 * (degrees + size))
        + (size - 1) * gammaln(0.5 * degrees)
        - size * gammaln(0.5 * (degrees + 1))
        - 0.5 * log_determinant
    )
    total: float = rows * constant + joint - single
    return total


def drawn(correlation: Matrix, degrees: float | None, size: int, draws: np.random.Generator) -> Matrix:
    """Draws of the copula, strictly between 0 and 1; shape (size, n).

    Args:
        correlation: positive definite; shape (n, n).
        degrees: of freedom of a t copula; None for a Gaussian one.
        size: how many.
        draws: where randomness comes from.
    """
    from scipy.special import ndtr, stdtr

    normal = draws.standard_normal((size, len(correlation))) @ np.linalg.cholesky(correlation).T
    if degrees is None:
        uniform: Matrix = ndtr(normal)
    else:
        uniform = stdtr(degrees, normal * np.sqrt(degrees / draws.chisquare(degrees, (size, 1))))
    return np.clip(uniform, np.finfo(float).tiny, 1.0 - np.finfo(float).eps)
