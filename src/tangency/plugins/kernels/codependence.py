"""How strongly names move together, as a number from -1 to 1 for each pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import equally_likely
from tangency.domain.numbers import Matrix, Vector

Codependence = Literal["pearson", "spearman", "kendall", "distance"]

CONSTANT = 1e-24
"""Of the mean variance: constant returns estimate to a variance of squared rounding errors, never quite to zero."""
ROUNDING = 1e-12
"""Of the largest return of a name: returns that differ by no more are constant."""
BLOCK = 2**21
"""Doubles in one block of pairs of scenarios: 16 MB."""


def riskless(covariance: Covariance) -> NDArray[np.bool_]:
    """Which names have no variance of their own; shape (n,). A repair lends each name its shift."""
    lent = covariance.repair.shift if covariance.repair else 0.0
    return covariance.variances <= max(2 * lent, CONSTANT * float(covariance.variances.mean()))


def who_has_no_risk(estimates: Estimates) -> str:
    """For instance ``CASH has no risk``; empty where every name has some."""
    names = [estimates.universe.names[i] for i in np.flatnonzero(riskless(estimates.covariance)).tolist()]
    return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no risk" if names else ""


def codependence(kind: Codependence, estimates: Estimates) -> Matrix:
    """Codependence of each pair of names; shape (n, n), 1 on the diagonal.

    A name without variance moves with nothing: its codependence with every other name is 0.

    Args:
        kind: ``pearson`` from the covariance; ``spearman`` (rank correlation), ``kendall`` (tau-b) and ``distance``
            (distance correlation, Székely, Rizzo and Bakirov 2007, from 0 to 1) from the scenarios.
        estimates: annual covariance, and scenarios.

    Raises:
        InvalidInput: scenarios are needed, and there are none or they have probabilities.
    """
    if kind == "pearson":
        return _pearson(estimates.covariance)
    purpose = f"the codependence {kind!r}"
    returns = equally_likely(estimates.required_scenarios(purpose), kind)
    moves = returns - returns[0]  # no kind takes notice of a level, and a constant becomes 0 exactly
    still = np.abs(moves).max(axis=0) <= ROUNDING * np.abs(returns).max(axis=0)
    return _BY_SCENARIOS[kind](np.where(still, 0.0, moves))


def _pearson(covariance: Covariance) -> Matrix:
    deviations = np.where(riskless(covariance), np.inf, np.sqrt(covariance.variances))
    return _with_unit_diagonal(covariance.dense() / deviations / deviations[:, None])


def _spearman(returns: Matrix) -> Matrix:
    from scipy.stats import rankdata

    ranks = rankdata(returns, axis=0)
    centred = ranks - ranks.mean(axis=0)
    return _normalised(centred.T @ centred)


def _kendall(returns: Matrix) -> Matrix:
    """tau-b: the correlation of the signs of all differences."""
    return _normalised(_gram_of_pairs(returns, np.sign, np.zeros_like(returns)))


def _distance_correlation(returns: Matrix) -> Matrix:
    """The square root of the correlation of doubly centred distances."""
    means = np.array([_mean_distances(column) for column in returns.T]).T
    gram = _gram_of_pairs(returns, np.abs, means - 0.5 * means.mean(axis=0))
    return np.sqrt(np.maximum(_normalised(gram), 0.0))


def _mean_distances(column: Vector) -> Vector:
    """The mean distance of each value to all values; shape (T,)."""
    order = np.argsort(column)
    ordered, size = column[order], len(column)
    below = np.cumsum(ordered) - ordered
    rank = np.arange(size)
    means = np.empty(size)
    means[order] = (ordered * rank - below + (ordered.sum() - below - ordered) - ordered * (size - 1 - rank)) / size
    return means


def _gram_of_pairs(returns: Matrix, image: Callable[[Matrix], Matrix], centre: Matrix) -> Matrix:
    """Products of image(x_s - x_t) - centre_s - centre_t, summed over all pairs (s, t); shape (n, n)."""
    scenarios, names = returns.shape
    gram, step = np.zeros((names, names)), max(1, BLOCK // (scenarios * names))
    for first in range(0, scenarios, step):
        rows = slice(first, first + step)
        pairs = image(returns[rows, None, :] - returns) - centre[rows, None, :] - centre
        flat = pairs.reshape(-1, names)
        gram += flat.T @ flat
    return gram


def _normalised(gram: Matrix) -> Matrix:
    norms = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    norms = np.where(norms > 0, norms, np.inf)
    return _with_unit_diagonal(gram / norms / norms[:, None])


def _with_unit_diagonal(matrix: Matrix) -> Matrix:
    bounded = np.clip(0.5 * (matrix + matrix.T), -1.0, 1.0)
    np.fill_diagonal(bounded, 1.0)
    return bounded


_BY_SCENARIOS: Mapping[Codependence, Callable[[Matrix], Matrix]] = {
    "spearman": _spearman,
    "kendall": _kendall,
    "distance": _distance_correlation,
}
