"""Means that are compounded, or follow from what the market carries: CAPM and equilibrium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios, complete_rows, growth, refuse_misaligned
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.method import NoOptions
from tangency.plugins.kernels.correlations import STILL

PATH: Path = ("risk_parameters", "expected_return_estimator", "options")
SUM_ROUNDING = 1e-6
"""By which market weights may miss a sum of 1."""


class Compounded(Estimator):
    """Geometric mean returns: the annual rate at which an investment would have grown.

    (product of (1 + r)) ^ (periods per year / T) - 1. Use it to judge past growth. For an optimization over one period,
    use the arithmetic mean of ``sample``.
    """

    name = "compounded"
    citation = "Bacon, C. (2008). Practical portfolio performance measurement and attribution, 2nd edition, 2.5."
    options: type = NoOptions
    takes: SampleKind = "own_rows"

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual growth rates; shape (n,). With probabilities, each period counts by its own.

        Where missing data are dealt with by pairs, each name grows over the periods that it has.

        Raises:
            InvalidInput: a year of such growth is beyond every number.
        """
        with np.errstate(over="ignore"):
            rates = np.expm1(sample.periods_per_year * growth(sample, self.name))
        if not np.isfinite(rates).all():
            who = sample.universe.names[int(np.argmin(np.isfinite(rates)))]
            detail = f"a year of compounding leaves no number for {who!r}; use 'sample', or check its returns."
            raise InvalidInput.at(PATH[:2], detail, "not_finite")
        return rates


@dataclass(frozen=True, slots=True)
class CapmOptions:
    """The market portfolio and its risk premium.

    Attributes:
        market_weights: weights of the market portfolio, every asset once, summing to 1.
        benchmark: in place of weights: an asset that stands for the market, or its return in every period. Default,
            without either: equal weights.
        market_risk_premium: annual return of the market in excess of the risk-free rate. Default: estimated from the
            returns.
        risk_free_rate: annual.
    """

    market_weights: dict[str, float] | None = None
    benchmark: str | tuple[float, ...] | None = None
    market_risk_premium: float | None = None
    risk_free_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.market_weights is not None and self.benchmark is not None:
            raise InvalidInput.at(("benchmark",), "stands beside market_weights; give one of the two.")


class Capm(Estimator):
    """Expected returns from the CAPM: risk-free rate plus beta times the market risk premium.

    Betas are estimated from the returns. Use it when you trust betas and a market premium more than the past returns of
    each asset.
    """

    name = "capm"
    citation = "Sharpe, W. (1964). Capital asset prices. Journal of Finance 19(3), 425-442."
    options: type = CapmOptions

    def check(self, returns: Returns, options: object) -> None:
        """Refuse a market of other names, or a series of other periods."""
        chosen = cast(CapmOptions, options)
        if isinstance(chosen.benchmark, tuple):
            refuse_misaligned(len(chosen.benchmark), len(returns.values), (*PATH, "benchmark"))
        else:
            _market(returns.universe, chosen)

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means, the risk-free rate among them; shape (n,).

        Raises:
            InvalidInput: weights that do not fit the names, a benchmark that does not fit the periods, or a market that
                does not move.
        """
        chosen = cast(CapmOptions, options)
        if isinstance(chosen.benchmark, tuple):
            betas, market_mean = _against_a_series(complete_rows(sample, self.name), chosen.benchmark)
        else:
            weights = _market(sample.universe, chosen)
            image = covariance.times(weights)
            betas = image / _moving(float(weights @ image), sample)
            market_mean = sample.periods_per_year * float(weights @ sample.mean)
        premium = chosen.market_risk_premium
        excess = market_mean - chosen.risk_free_rate if premium is None else premium
        means: Vector = chosen.risk_free_rate + betas * excess
        return means


def _market(universe: Universe, chosen: CapmOptions) -> Vector:
    if isinstance(chosen.benchmark, str):
        return universe.mask([chosen.benchmark], (*PATH, "benchmark"))
    return market_portfolio(universe, chosen.market_weights)


def market_portfolio(universe: Universe, weights: dict[str, float] | None) -> Vector:
    """Market weights in the order of the universe, equal ones where none are given; shape (n,).

    Raises:
        InvalidInput: a name is missing or unknown, or they do not sum to 1.
    """
    if weights is None:
        return np.full(len(universe), 1.0 / len(universe))
    path = (*PATH, "market_weights")
    joined = universe.join(weights, path)
    if abs(float(joined.sum()) - 1.0) > SUM_ROUNDING:
        raise InvalidInput.at(path, f"sum to {joined.sum():.9g}; give weights that sum to 1.", "range")
    return joined


def _against_a_series(sample: Scenarios, benchmark: tuple[float, ...]) -> tuple[Vector, float]:
    """Betas to a series of returns, and its annual mean."""
    series = sample.alongside(np.array(benchmark), (*PATH, "benchmark"))
    mean = float(sample.weights @ series)
    around = (series - mean) * sample.weights
    variance = _moving(sample.periods_per_year * float(around @ (series - mean)), sample) / sample.periods_per_year
    return around @ sample.centred / variance, sample.periods_per_year * mean


def _moving(variance: float, sample: Scenarios) -> float:
    """The market's annual variance, unless it is the rounding of none."""
    rounding = sample.periods_per_year * (STILL * float(np.abs(sample.returns).max(initial=0.0))) ** 2
    if variance <= rounding:
        raise InvalidInput.at(PATH[:2], "has a market that never moves; no name has a beta to it.", "range")
    return variance


@dataclass(frozen=True, slots=True)
class EquilibriumOptions:
    """The market portfolio and its price of risk.

    Attributes:
        market_weights: weights of the market portfolio, every asset once, summing to 1. Default: equal weights.
        risk_aversion: risk aversion of the market.
        market_risk_premium: annual, in place of ``risk_aversion``, which then is this premium divided by the variance
            of the market.
        risk_free_rate: annual; added to the equilibrium returns.
    """

    market_weights: dict[str, float] | None = None
    risk_aversion: float = 1.0
    market_risk_premium: float | None = None
    risk_free_rate: float = 0.0

    def __post_init__(self) -> None:
        if not self.risk_aversion > 0:
            raise InvalidInput.at(("risk_aversion",), f"is {self.risk_aversion}; give a number above 0.", "range")


class Equilibrium(Estimator):
    """Equilibrium (implied) returns: the expected returns at which the market portfolio is optimal.

    risk aversion x S x market weights, plus the risk-free rate. Use it as a neutral starting point. To add views, use
    the method ``black_litterman``.
    """

    name = "equilibrium"
    citation = (
        "Black, F., Litterman, R. (1992). Global portfolio optimization. Financial Analysts Journal 48(5), 28-43."
    )
    options: type = EquilibriumOptions

    def check(self, returns: Returns, options: object) -> None:
        """Refuse a market of other names."""
        market_portfolio(returns.universe, cast(EquilibriumOptions, options).market_weights)

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means, the risk-free rate among them; shape (n,)."""
        chosen = cast(EquilibriumOptions, options)
        weights = market_portfolio(sample.universe, chosen.market_weights)
        image = covariance.times(weights)
        aversion = chosen.risk_aversion
        if chosen.market_risk_premium is not None:
            aversion = chosen.market_risk_premium / _moving(float(weights @ image), sample)
        means: Vector = chosen.risk_free_rate + aversion * image
        return means
