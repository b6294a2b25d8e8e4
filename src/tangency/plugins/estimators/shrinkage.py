"""Covariances shrunk towards a simpler one by as much as the sample's own noise asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, power_of_two_near
from tangency.domain.optimization.method import NoOptions


class LedoitWolfSingleFactor(Estimator):
    """Ledoit-Wolf shrinkage toward a one-factor model whose factor is the average of all assets.

    The covariance has divisor T. Use it for stocks whose common movements come mainly from the market.
    """

    name = "ledoit_wolf_single_factor"
    citation = (
        "Ledoit, O., Wolf, M. (2003). Improved estimation of the covariance matrix of stock returns with an "
        "application to portfolio selection. Journal of Empirical Finance 10(5), 603-621."
    )
    options: type = NoOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n)."""
        return _annual(sample, self.name, _towards_one_factor)


class LedoitWolfConstantCorrelation(Estimator):
    """Ledoit-Wolf shrinkage toward a matrix in which all correlations equal their average.

    Use it for assets of one class, such as stocks, which are all positively correlated. The covariance has divisor T -
    1, while the estimate of its noise uses moments with divisor T, as in the authors' own code and in PyPortfolioOpt.
    """

    name = "ledoit_wolf_constant_correlation"
    citation = (
        "Ledoit, O., Wolf, M. (2004). Honey, I shrunk the sample covariance matrix. Journal of Portfolio Management "
        "30(4), 110-119."
    )
    options: type = NoOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n)."""
        return _annual(sample, self.name, _towards_one_correlation)


class OracleApproximating(Estimator):
    """Oracle approximating shrinkage (OAS) toward a multiple of the identity matrix.

    (1 - d) S + d m I, with the covariance S (divisor T) and the average variance m; d is the limit of the iteration
    toward the oracle intensity. Compared with ``ledoit_wolf``, it is more accurate for small samples of normal returns.
    """

    name = "oas"
    citation = (
        "Chen, Y., Wiesel, A., Eldar, Y., Hero, A. (2010). Shrinkage algorithms for MMSE covariance estimation. IEEE "
        "Transactions on Signal Processing 58(10), 5016-5029, equation 23."
    )
    options: type = NoOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n)."""
        return _annual(sample, self.name, _towards_the_oracle)


def _annual(sample: Scenarios, who: str, shrink: Callable[[Matrix], Matrix]) -> Matrix:
    returns = equally_likely(sample, who)
    centred = returns - returns.mean(axis=0)
    unit = power_of_two_near(float(np.abs(centred).max(initial=0.0)))
    annual: Matrix = shrink(centred / unit) * (unit * unit * sample.periods_per_year)
    return annual


def _mixed(moments: Matrix, target: Matrix, noise: float, rows: int) -> Matrix:
    """Noise over the squared distance of the two, over T, is the share of the target."""
    distance = float(((moments - target) ** 2).sum())
    share = min(1.0, max(0.0, noise / distance / rows)) if distance > 0 else 0.0
    mixed: Matrix = share * target + (1.0 - share) * moments
    return mixed


def _towards_one_factor(centred: Matrix) -> Matrix:
    rows = len(centred)
    moments, market = centred.T @ centred / rows, centred.mean(axis=1)
    betas, variance = centred.T @ market / rows, float(market @ market) / rows
    slopes = betas / variance if variance > 0 else np.zeros_like(betas)  # a market that never moves explains nothing
    target = np.outer(betas, slopes)
    np.fill_diagonal(target, np.diagonal(moments))
    squares, with_market = centred**2, centred * market[:, None]
    fourth = float((squares.T @ squares).sum()) / rows - float((moments**2).sum())
    own = float((squares**2).sum()) / rows - float((np.diagonal(moments) ** 2).sum())
    first = (squares.T @ with_market / rows - betas[:, None] * moments) * slopes
    third = (with_market.T @ with_market / rows - variance * moments) * np.outer(slopes, slopes)
    across = 2.0 * _off_diagonal(first) - _off_diagonal(third)
    return _mixed(moments, target, fourth - own - across, rows)


def _off_diagonal(matrix: Matrix) -> float:
    return float(matrix.sum() - np.trace(matrix))


def _towards_one_correlation(centred: Matrix) -> Matrix:
    rows = len(centred)
    products = centred.T @ centred / rows
    moments = products * (rows / (rows - 1.0))
    variances = np.diagonal(moments)
    volatilities = np.sqrt(variances)
    units = np.where(volatilities > 0, volatilities, 1.0)
    moving = int((volatilities > 0).sum())
    pairs = moving * (moving - 1)
    correlations = moments / np.outer(units, units)
    average = (float(correlations.sum()) - moving) / pairs if pairs else 0.0
    target = average * np.outer(volatilities, volatilities)
    np.fill_diagonal(target, variances)
    squares = centred**2
    fourth = squares.T @ squares / rows - 2.0 * products * moments + moments**2
    third = (centred**3).T @ centred / rows - np.diagonal(products)[:, None] * moments
    third += variances[:, None] * (moments - products)
    np.fill_diagonal(third, 0.0)
    across = average * float((third * np.outer(1.0 / units, volatilities)).sum())
    return _mixed(moments, target, _off_diagonal(fourth) - across, rows)


def _towards_the_oracle(centred: Matrix) -> Matrix:
    rows, size = centred.shape
    moments = centred.T @ centred / rows
    mean_variance = float(np.trace(moments)) / size
    spread = float((moments**2).mean())
    noise = spread + mean_variance**2
    distance = (rows + 1.0) * (spread - mean_variance**2 / size)
    share = min(1.0, noise / distance) if distance > 0 and size > 1 else float(size > 1)
    shrunk: Matrix = (1.0 - share) * moments
    shrunk[np.diag_indices(size)] += share * mean_variance
    return shrunk
