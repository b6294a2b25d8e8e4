"""Exponentially weighted mean and covariance: the more recent a return, the more it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, complete_rows
from tangency.domain.numbers import Matrix, Vector

SHORTEST_HALF_LIFE = 1.0
"""Below one period the last return is nearly all the weight, and the divisor 1 - sum p^2 is rounding."""


@dataclass(frozen=True, slots=True)
class EwmaOptions:
    """How fast past returns lose weight.

    Attributes:
        half_life: number of periods after which a return counts half as much; 60 trading days are about a quarter.
    """

    half_life: float = 60.0

    def __post_init__(self) -> None:
        if not SHORTEST_HALF_LIFE <= self.half_life < np.inf:
            detail = f"is {self.half_life}; give a number of periods that is at least {SHORTEST_HALF_LIFE:g}."
            raise InvalidInput.at(("half_life",), detail)


class Ewma(Estimator):
    """Exponentially weighted mean and covariance: recent returns count more than old ones.

    The weights p_t are proportional to 2^(-age / half_life) and sum to 1. The covariance is centered on the weighted
    mean and divided by 1 - sum p_t^2. This makes it unbiased for independent returns and equal to the sample covariance
    for a long half-life (in pandas: ``ewm(halflife).cov()``). Other libraries differ: PyPortfolioOpt's ``exp_cov``
    centers on the unweighted mean and does not correct the bias; skfolio's ``EWCovariance`` assumes a mean of zero and
    does not correct it either. The RiskMetrics decay of 0.94 for daily returns is a half-life of 11.2.

    Use it when risk changes over time and you want a simple alternative to ``garch``.
    """

    name = "ewma"
    citation = "J.P. Morgan/Reuters (1996). RiskMetrics technical document, 4th edition, section 5.2."
    options: type = EwmaOptions
    takes: SampleKind = "rows"

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means: periods_per_year x sum over t of p_t r_t; shape (n,)."""
        means: Vector = sample.periods_per_year * _faded(sample, options).mean
        return means

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances: periods_per_year x sum over t of p_t d_t d_t' / (1 - sum p_t^2), d_t = r_t - mean."""
        faded = _faded(sample, options)
        spread = faded.centred * np.sqrt(faded.weights)[:, None]
        moments: Matrix = spread.T @ spread * (sample.periods_per_year / faded.unbiased)
        return moments


def _faded(sample: Scenarios, options: object) -> Scenarios:
    """The sample with probabilities that fall with age, the last row being of age 0."""
    age = np.arange(len(sample) - 1, -1, -1)
    counts = complete_rows(sample, Ewma.name).weights * np.exp2(-age / cast(EwmaOptions, options).half_life)
    return replace(sample, probabilities=counts / counts.sum())
