"""Covariances of downside, and of joint large moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.nearest_correlation import repaired
from tangency.domain.market.scenarios import Scenarios, complete_rows, equally_likely
from tangency.domain.numbers import Matrix
from tangency.plugins.kernels.correlations import of_moving_names, together


@dataclass(frozen=True, slots=True)
class SemiOptions:
    """What counts as a shortfall.

    Attributes:
        threshold: return per period below which a shortfall counts. Default: each asset's mean.
    """

    threshold: float | None = None


class Semi(Estimator):
    """Semicovariance: only joint shortfalls below a threshold count; gains count as 0.

    The divisor is T - 1, as for the semi-deviation: the square root of a diagonal entry is the annualized
    semi-deviation of that asset. Use it for downside risk within mean-variance methods. It is an approximation;
    ``mean_risk`` with ``semi_deviation`` optimizes the exact measure of the portfolio.
    """

    name = "semi"
    citation = (
        "Estrada, J. (2008). Mean-semivariance optimization: a heuristic approach. Journal of Applied Finance 18(1)."
    )
    options: type = SemiOptions
    takes: SampleKind = "rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual semicovariances; shape (n, n). With probabilities p, the divisor is 1 - sum p^2."""
        rows, threshold = complete_rows(sample, self.name), cast(SemiOptions, options).threshold
        above = rows.centred if threshold is None else rows.returns - threshold
        short = np.minimum(above, 0.0) * np.sqrt(rows.weights)[:, None]
        annual: Matrix = short.T @ short * (sample.periods_per_year / rows.unbiased)
        return annual


@dataclass(frozen=True, slots=True)
class GerberOptions:
    """Which moves count, and how they are normalized.

    Attributes:
        statistic: divisor of the count. 0: periods in which both assets moved (the original). 1: periods in which at
            least one did. 2: the moves of each asset, which is always positive semidefinite. Results of 0 and 1 that
            are not positive semidefinite are replaced by the nearest correlation matrix.
        threshold: in standard deviations of each asset, between 0 and 1; smaller returns count as noise.
    """

    statistic: Literal[0, 1, 2] = 1
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise InvalidInput.at(("threshold",), f"is {self.threshold}; give a number between 0 and 1.", "range")


class Gerber(Estimator):
    """Gerber statistic: correlations from counts of joint large moves, with sample variances.

    Moves in the same direction count for, moves in opposite directions against the correlation. They are measured in
    standard deviations (divisor T) from 0, not from the mean, as in PyPortfolioOpt and skfolio. Use it when outliers or
    noise distort the correlations.
    """

    name = "gerber"
    citation = (
        "Gerber, S., Markowitz, H., Ernst, P., Miao, Y., Javid, B., Sargen, P. (2022). The Gerber statistic: a robust "
        "co-movement measure for portfolio optimization. Journal of Portfolio Management 48(3), 87-102."
    )
    options: type = GerberOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Covariance:
        """Annual covariances; n names.

        Raises:
            InvalidInput: the scenarios have probabilities, which counts know nothing of.
        """
        chosen, returns = cast(GerberOptions, options), equally_likely(sample, self.name)

        def estimate(moving: Matrix) -> Matrix:
            return together(moving.std(axis=0, ddof=1), gerber_statistic(moving, chosen))

        return repaired(of_moving_names(returns, estimate) * sample.periods_per_year)


def gerber_statistic(returns: Matrix, options: GerberOptions) -> Matrix:
    """Shape (n, n), with ones on its diagonal."""
    limit = options.threshold * returns.std(axis=0)
    up, down = (returns >= limit).astype(float), (returns <= -limit).astype(float)
    agreeing, opposing = up.T @ up + down.T @ down, up.T @ down + down.T @ up
    balance = agreeing - opposing
    if options.statistic == 0:
        over = agreeing + opposing
    elif options.statistic == 1:
        calm = 1.0 - up - down
        over = len(returns) - calm.T @ calm
    else:
        own = np.sqrt(np.diagonal(balance))
        over = np.outer(own, own)
    statistic: Matrix = np.where(over > 0, balance / np.where(over > 0, over, 1.0), 0.0)
    np.fill_diagonal(statistic, 1.0)
    return statistic
