"""Covariance shrunk towards a multiple of the identity by as much as the sample's own noise asks for."""

from __future__ import annotations

import numpy as np

from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, power_of_two_near
from tangency.domain.optimization.method import NoOptions


class LedoitWolf(Estimator):
    """Ledoit-Wolf shrinkage toward a multiple of the identity matrix.

    (1 - d) S + d m I, with the covariance S (divisor T), the average variance m and the optimal intensity d estimated
    from the sample. Use it as a standard choice if the number of assets is not small compared with the number of
    periods; the result is well-conditioned.
    """

    name = "ledoit_wolf"
    citation = (
        "Ledoit, O., Wolf, M. (2004). A well-conditioned estimator for large-dimensional covariance matrices. "
        "Journal of Multivariate Analysis 88(2), 365-411, section 3."
    )
    options: type = NoOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances: periods_per_year x the shrunk covariance; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, which the shrinkage knows nothing of.
        """
        returns = equally_likely(sample, self.name)
        centred = returns - returns.mean(axis=0)
        unit = power_of_two_near(float(np.abs(centred).max(initial=0.0)))
        shrunk: Matrix = _shrunk(centred / unit) * (unit * unit * sample.periods_per_year)
        return shrunk


def _shrunk(centred: Matrix) -> Matrix:
    """Lemmas 3.2 to 3.4: of the squared distance of S from m I, the share that sampling noise explains."""
    rows, size = centred.shape
    moments = centred.T @ centred / rows
    mean_variance = float(np.trace(moments)) / size
    squares = float((moments * moments).sum())
    fourth = float(((centred * centred).sum(axis=1) ** 2).sum()) / rows
    distance = squares - size * mean_variance**2
    noise = min(max(fourth - squares, 0.0) / rows, distance)
    share = noise / distance if noise > 0 else 0.0
    shrunk: Matrix = (1.0 - share) * moments
    shrunk[np.diag_indices(size)] += share * mean_variance
    return shrunk
