"""Covariances of the next period, from models of how volatility comes and goes, by arch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.correlations import apart, of_moving_names, together

PATH: Path = ("risk_parameters", "covariance_estimator")
FEWEST_ROWS = 50
"""For four parameters of a name; with fewer, the likelihood is flat and the search ends anywhere."""
FARTHEST = 10_000
"""Periods ahead: 40 years of days, long after any forecast has come back to its average."""
LONGEST = 0.9999
"""Of a + b: correlations that come back at all."""
_Estimate: TypeAlias = Callable[[Matrix], Matrix]
STARTS = ((0.01, 0.98), (0.02, 0.95), (0.05, 0.9), (0.1, 0.6), (0.01, 0.5), (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class ConditionalOptions:
    """The forecast horizon.

    Attributes:
        horizon: number of periods, 1 to 10,000, over which the forecast variances are averaged.
    """

    horizon: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= FARTHEST:
            raise InvalidInput.at(("horizon",), f"is {self.horizon}; give 1 to {FARTHEST:,} periods.", "range")


class Garch(Estimator):
    """GARCH(1,1) volatility forecasts with constant correlations (CCC-GARCH).

    Each asset has a constant mean and its own model, ``arch_model(r, rescale=True)`` of the library arch. The
    correlations are those of the standardized residuals. Use it when volatility clusters and the portfolio should react
    to the current level of risk.
    """

    name = "garch"
    citation = (
        "Bollerslev, T. (1990). Modelling the coherence in short-run nominal exchange rates: a multivariate "
        "generalized ARCH model. Review of Economics and Statistics 72(3), 498-505."
    )
    options: type = ConditionalOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances: periods_per_year x the forecast; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, or a model cannot be fitted.
        """
        horizon = cast(ConditionalOptions, options).horizon

        def estimate(moving: Matrix) -> Matrix:
            forecast = _forecast(moving, horizon)
            return together(forecast.volatilities, _correlations(forecast.residuals))

        return _annual(sample, self.name, estimate)


class Dcc(Estimator):
    """GARCH(1,1) volatility forecasts with dynamic conditional correlations (DCC).

    The volatilities are those of ``garch``. The correlations revert to their average after each shock: Q_t = (1 - a -
    b) Q + a e_(t-1) e_(t-1)' + b Q_(t-1), with the standardized residuals e and their correlations Q. a and b maximize
    the likelihood over all pairs of assets; the estimate therefore does not depend on the order of the assets, and the
    number of assets may exceed the number of periods. Use it when correlations change over time as well.
    """

    name = "dcc"
    citation = (
        "Engle, R. (2002). Dynamic conditional correlation. Journal of Business and Economic Statistics 20(3), "
        "339-350; pairs: Pakel, C., Shephard, N., Sheppard, K., Engle, R. (2021). JBES 39(3), 652-668."
    )
    options: type = ConditionalOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances: periods_per_year x the forecast; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, or a model cannot be fitted.
        """
        horizon = cast(ConditionalOptions, options).horizon

        def estimate(moving: Matrix) -> Matrix:
            forecast = _forecast(moving, horizon)
            if len(forecast.volatilities) == 1:
                return together(forecast.volatilities, np.ones((1, 1)))
            fitted = most_likely_dynamics(forecast.residuals)
            return together(forecast.volatilities, next_correlations(forecast.residuals, *fitted))

        return _annual(sample, self.name, estimate)


def _annual(sample: Scenarios, who: str, estimate: _Estimate) -> Matrix:
    returns = equally_likely(sample, who)
    if len(returns) < FEWEST_ROWS:
        detail = f"needs {FEWEST_ROWS} periods to tell how volatility moves, and there are {len(returns)}."
        raise InvalidInput.at(PATH, detail, "too_few_rows")
    annual: Matrix = of_moving_names(returns, estimate) * sample.periods_per_year
    return annual


class _Forecast(NamedTuple):
    """Volatilities per period, shape (n,), and standardised residuals, shape (T, n)."""

    volatilities: Vector
    residuals: Matrix


def _forecast(returns: Matrix, horizon: int) -> _Forecast:
    variances, residuals = zip(*(_of_one(column, horizon) for column in returns.T), strict=True)
    return _Forecast(np.sqrt(np.array(variances)), np.column_stack(residuals))


def _of_one(returns: Vector, horizon: int) -> tuple[float, Vector]:
    """The forecast variance of a name per period, and its standardised residuals."""
    from arch import arch_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search that ends badly says so in its flag
        fitted = arch_model(returns, rescale=True).fit(disp="off", show_warning=False)
        ahead = fitted.forecast(horizon=horizon, reindex=False).variance.to_numpy()[-1]
    variance = float(ahead.mean()) / float(fitted.scale) ** 2
    if fitted.convergence_flag != 0 or not np.isfinite(variance):
        detail = f"ends its search for a GARCH without one ({fitted.optimization_result.message}); use 'ewma'."
        raise InvalidInput.at(PATH, detail, "not_converged")
    return variance, np.asarray(fitted.std_resid, dtype=float)


def _correlations(residuals: Matrix) -> Matrix:
    return apart(np.atleast_2d(np.cov(residuals, rowvar=False)))[1]


class Dynamics(NamedTuple):
    """a, the weight of the last surprise, and b, that of the past."""

    surprise: float
    past: float


def most_likely_dynamics(residuals: Matrix) -> Dynamics:
    """The a and b of a DCC that make the residuals the most likely, summed over all pairs; shape (T, n), n above 1."""
    from scipy.optimize import minimize

    average = _correlations(residuals)

    def loss(at: Vector) -> float:
        return -pairs_likelihood(residuals, average, _settling(at)) / len(residuals)

    found = minimize(
        loss,
        min(STARTS, key=lambda start: loss(np.array(start))),
        bounds=[(0.0, 1.0), (0.0, 1.0)],
        constraints=[{"type": "ineq", "fun": lambda at: LONGEST - at[0] - at[1]}],
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 100},
    )
    return _settling(found.x)


def _settling(at: Vector) -> Dynamics:
    """The nearest a and b, along the line to nothing, whose correlations come back: searches look beyond."""
    surprise, past = np.maximum(at, 0.0)
    within = min(1.0, LONGEST / max(float(surprise + past), LONGEST))
    return Dynamics(float(surprise) * within, float(past) * within)


def pairs_likelihood(residuals: Matrix, average: Matrix, at: Dynamics) -> float:
    """Log-likelihood of the correlations, averaged over all pairs of names, without what no parameter moves."""
    first, second = np.triu_indices(residuals.shape[1], 1)
    own = _path(residuals**2, np.diagonal(average), at)
    across = _path(residuals[:, first] * residuals[:, second], average[first, second], at)
    correlation = across / np.sqrt(own[:, first] * own[:, second])
    left = np.maximum(1.0 - correlation**2, np.finfo(float).eps)
    x, y = residuals[:, first], residuals[:, second]
    distance = (x**2 + y**2 - 2.0 * correlation * x * y) / left
    return -0.5 * float((np.log(left) + distance).sum()) / len(first)


def _path(products: Matrix, average: Vector, at: Dynamics) -> Matrix:
    """The entries of Q_t, column by column, of each period given what came before it."""
    from scipy.signal import lfilter

    driven = (1.0 - at.surprise - at.past) * average + at.surprise * np.vstack([average, products[:-1]])
    start = at.past * average[None, :]
    path: Matrix = lfilter([1.0], [1.0, -at.past], driven, axis=0, zi=start)[0]
    return path


def next_correlations(residuals: Matrix, surprise: float, past: float) -> Matrix:
    """Correlations of the period after the last; shape (n, n)."""
    average = _correlations(residuals)
    current = average
    for row in residuals:
        current = (1.0 - surprise - past) * average + surprise * np.outer(row, row) + past * current
    return apart(current)[1]
