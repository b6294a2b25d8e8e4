"""Portfolios that a singular covariance does not tell apart: the most even of them is taken.

Names that are the same, or more names than returns, leave portfolios of the same mean and variance, and how a processor
rounds would choose between them. A little variance of its own for every name makes the choice: least w'Dw, D being the
variances. Names that are the same get the same weight, as far as limits allow.
"""

from __future__ import annotations

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.numbers import Matrix

OWN = 1e-8
"""Of a name's variance: of sixteen digits eight are left to choose, and refinements lose nothing by it."""
RISKLESS = 1e-12
"""Of the largest variance: a name with less has none, and needs none of its own to be told from others."""


def told_apart(covariance: Covariance) -> Matrix:
    """The matrix itself, or one whose correlations have no eigenvalue below 1e-8; shape (n, n)."""
    values, variances = covariance.dense(), covariance.variances
    largest = float(variances.max())
    if covariance.spectrum.smallest[1] > OWN * largest:
        return values
    risky = np.flatnonzero(variances > RISKLESS * largest)
    if not len(risky):
        return values
    volatilities = np.sqrt(variances[risky])
    correlations = values[np.ix_(risky, risky)] / np.outer(volatilities, volatilities)
    own = max(0.0, OWN - float(np.linalg.eigvalsh(correlations)[0]))
    apart = values.copy()
    apart[risky, risky] += own * variances[risky]
    return apart
