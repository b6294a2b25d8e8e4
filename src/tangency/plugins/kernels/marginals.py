"""Distributions of single names: ranks of what was seen, and quantiles to draw from."""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix

FATTEST = 4.5
"""Fewest degrees of freedom that are fitted: at 4 a t distribution has no kurtosis any more."""


def ranks(returns: Matrix) -> Matrix:
    """Average ranks over T + 1, name by name: strictly between 0 and 1; shape (T, n)."""
    columns = [np.unique(column, return_inverse=True, return_counts=True)[1:] for column in returns.T]
    averages = [(np.cumsum(counts) - 0.5 * (counts - 1))[places] for places, counts in columns]
    return np.column_stack(averages) / (len(returns) + 1)


def at_empirical(returns: Matrix, uniform: Matrix) -> Matrix:
    """Quantiles of the sample, linear between its returns, which stand at the ranks t / (T + 1); shape of uniform."""
    levels = np.arange(1, len(returns) + 1) / (len(returns) + 1)
    columns = [np.interp(uniform[:, i], levels, np.sort(returns[:, i])) for i in range(returns.shape[1])]
    return np.column_stack(columns)


def at_normal(returns: Matrix, uniform: Matrix) -> Matrix:
    """Quantiles of normal distributions with the sample's means and variances; shape of uniform."""
    from scipy.special import ndtri

    quantiles: Matrix = returns.mean(axis=0) + returns.std(axis=0, ddof=1) * ndtri(uniform)
    return quantiles


def at_student(returns: Matrix, uniform: Matrix) -> Matrix:
    """Quantiles of t distributions with the sample's means, variances and kurtosis; shape of uniform.

    A t distribution has excess kurtosis 6 / (v - 4) and variance v / (v - 2). A sample whose tails are no fatter than a
    normal's is drawn from a normal.
    """
    from scipy.special import stdtrit

    quantiles, spread = at_normal(returns, uniform), returns.std(axis=0, ddof=1)
    for i in np.flatnonzero(spread > 0).tolist():
        centred = returns[:, i] - returns[:, i].mean()
        excess = float(np.mean(centred**4) / np.mean(centred**2) ** 2) - 3.0
        if excess > 0:
            degrees = max(4.0 + 6.0 / excess, FATTEST)
            unit = spread[i] * np.sqrt((degrees - 2.0) / degrees)
            quantiles[:, i] = returns[:, i].mean() + unit * stdtrit(degrees, uniform[:, i])
    return quantiles
