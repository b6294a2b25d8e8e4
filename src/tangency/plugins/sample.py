"""Sample mean and sample covariance."""

from __future__ import annotations

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.nearest_correlation import repaired
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import NoOptions


class Sample(Estimator):
    """Arithmetic mean and sample covariance (divisor T - 1), both times the periods per year.

    If scenarios have probabilities p, squares are weighted by them and the divisor is 1 - sum p^2. If missing returns
    were handled in the moments (``pairwise``, ``em``), it uses those moments, with the nearest correlation matrix if
    theirs is not positive semidefinite. Use it if there are many more periods than assets.
    """

    name = "sample"
    citation = "Markowitz, H. (1952). Portfolio selection. Journal of Finance 7(1), 77-91."
    options: type = NoOptions

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means: periods_per_year x arithmetic mean, nothing compounded; shape (n,)."""
        means: Vector = sample.periods_per_year * sample.mean
        return means

    def covariance(self, sample: Scenarios, options: object) -> Covariance | Matrix:
        """Annual covariances: periods_per_year x sample covariance; shape (n, n)."""
        if sample.moments is not None:
            return repaired(sample.moments.covariance * sample.periods_per_year)
        if sample.probabilities is None:
            moments: Matrix = sample.centred.T @ sample.centred * (sample.periods_per_year / (len(sample) - 1))
            return moments
        spread = sample.centred * np.sqrt(sample.weights)[:, None]
        weighted: Matrix = spread.T @ spread * (sample.periods_per_year / sample.unbiased)
        return weighted
