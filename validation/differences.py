"""Where a peer means something else, or is wrong: shown with its own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tangency import Budget, LongOnly, MaximumSharpe, MinimumVolatility, Problem, TurnoverLimit, Universe
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.risk.measure import Measure
from validation.case import answered
from validation.peers import (
    CONFIDENCE,
    PER_DAY,
    pypfopt_frontier,
    riskfolio_portfolio,
    riskfolio_weights,
    skfolio_mean_risk,
)
from validation.sample import TRADING_DAYS, Array, covariance, frame, market, mean, names, returns

RATE, TURNOVER = 0.02, 0.02
EVEN = np.full(len(names()), 1.0 / len(names()))
LIMITS = (Budget(), LongOnly())
FEW_DAYS = 100


@dataclass(frozen=True)
class Difference:
    """What was asked, and what came of it there and here."""

    about: str
    peer: str
    does: str
    theirs: str
    ours: str


def differences() -> Iterator[Difference]:
    """Each of them measured now."""
    yield from _labels()
    yield from _turnover()
    yield _order_statistic()
    yield _rounded_weights()
    yield _order_of_names()


def _labels() -> Iterator[Difference]:
    """Means whose names are in another order than those of the covariance."""
    about = "means with the assets in another order than in the covariance: Sharpe ratio of the best portfolio"
    does = "silently pairs figures with assets by position"
    ours = f"{_ratio(_weights(Problem(market(), MaximumSharpe(RATE), LIMITS))):.4f}, joined by name"
    yield Difference(about, "PyPortfolioOpt", does, f"{_ratio(_pypfopt_reversed()):.4f}", ours)
    yield Difference(about, "Riskfolio-Lib", does, f"{_ratio(_riskfolio_reversed()):.4f}", ours)


def _pypfopt_reversed() -> Array:
    import pandas as pd
    from pypfopt import EfficientFrontier

    listed = list(names())
    means, moments = pd.Series(mean(), listed), pd.DataFrame(covariance(), listed, listed)
    frontier = EfficientFrontier(means[::-1], moments)
    frontier.max_sharpe(RATE)
    weights = frontier.clean_weights(cutoff=0.0, rounding=None)
    return np.array([weights[name] for name in names()])


def _riskfolio_reversed() -> Array:
    portfolio = riskfolio_portfolio()
    portfolio.mu = portfolio.mu[portfolio.mu.columns[::-1]]
    return riskfolio_weights(portfolio.optimization(model="Classic", rm="MV", obj="Sharpe", rf=RATE * PER_DAY))


def _ratio(weights: Array) -> float:
    return float((mean() @ weights - RATE) / np.sqrt(weights @ covariance() @ weights))


def _turnover() -> Iterator[Difference]:
    """A limit of 2 %, from equal weights."""
    about = "a turnover limit of 2 %: one-way turnover of the minimum volatility portfolio"
    does = "limits the change of each asset, under the same name"
    limited = Problem(market(), MinimumVolatility(), (*LIMITS, TurnoverLimit(TURNOVER, tuple(EVEN.tolist()))))
    ours = f"{_one_way(_weights(limited)):.2%}"
    skfolio = skfolio_mean_risk("VARIANCE", previous_weights=EVEN, max_turnover=TURNOVER)
    yield Difference(about, "skfolio", does, f"{_one_way(skfolio):.2%}", ours)
    yield Difference(about, "Riskfolio-Lib", does, f"{_one_way(_riskfolio_turnover()):.2%}", ours)


def _riskfolio_turnover() -> Array:
    import pandas as pd

    portfolio = riskfolio_portfolio()
    portfolio.allowTO, portfolio.turnover = True, TURNOVER
    portfolio.benchweights = pd.DataFrame({"weights": EVEN}, index=list(names()))
    return riskfolio_weights(portfolio.optimization(model="Classic", rm="MV", obj="MinRisk"))


def _one_way(weights: Array) -> float:
    return float(np.abs(weights - EVEN).sum() / 2)


def _order_statistic() -> Difference:
    """Value at risk of equal weights over 100 days: 5 of them are beyond 95 %."""
    from riskfolio import RiskFunctions

    losses = -returns(FEW_DAYS) @ EVEN
    theirs = [float(RiskFunctions.VaR_Hist(-losses, alpha=level)) for level in (0.05, 1.0 - 0.95)]
    return Difference(
        "value at risk at 95 % of equal weights over 100 days",
        "Riskfolio-Lib",
        "takes the fifth largest loss at alpha = 0.05 and the sixth at 1 - 0.95, which is 0.050000000000000044",
        f"{theirs[0]:.6f} and {theirs[1]:.6f}",
        f"{_value_at_risk():.6f}, the sixth: 95 % of the days lose no more",
    )


def _value_at_risk() -> float:
    universe = Universe.of(names())
    sample = Scenarios(universe, returns(FEW_DAYS), None, TRADING_DAYS)
    moments = DenseCovariance.of(covariance(FEW_DAYS))
    estimates = Estimates(universe, None, moments, Sources("absent", "estimated"), sample)
    return Measure("var", CONFIDENCE).of(estimates).value(EVEN)


def _rounded_weights() -> Difference:
    frontier = pypfopt_frontier()
    frontier.tickers = list(names())
    frontier.max_sharpe(RATE)
    total = sum(frontier.clean_weights().values())
    return Difference(
        "the sum of the weights",
        "PyPortfolioOpt",
        "its `clean_weights` rounds to five decimals and drops what is below 1e-4",
        f"1 {total - 1.0:+.0e}",
        f"1 {_weights(Problem(market(), MaximumSharpe(RATE), LIMITS)).sum() - 1.0:+.0e}",
    )


def _order_of_names() -> Difference:
    """Hierarchical risk parity on the same names, backwards."""
    from pypfopt import HRPOpt

    listed = list(names())
    forwards, backwards = (HRPOpt(frame()[order]).optimize() for order in (listed, listed[::-1]))
    moved = max(abs(forwards[name] - backwards[name]) for name in names())
    options = {"leaf_order": "canonical"}
    ours = _weights(Problem(market(), MinimumVolatility(), LIMITS, "hierarchical_risk_parity", options=options))
    same = _weights(Problem(_backwards(), MinimumVolatility(), LIMITS, "hierarchical_risk_parity", options=options))
    return Difference(
        "hierarchical risk parity on the same assets listed backwards: largest change of a weight",
        "PyPortfolioOpt",
        "keeps the leaves in the order of the linkage, like the paper and our default",
        f"{100 * moved:.2f} points",
        f"{100 * np.abs(ours - same[::-1]).max():.2f} points with `leaf_order: canonical`",
    )


def _backwards() -> Market:
    universe = Universe.of(names()[::-1])
    return replace(market(), universe=universe, returns=Returns(universe, returns()[:, ::-1].copy()))


def _weights(problem: Problem) -> Array:
    weights = answered(problem)[1].weights
    if weights is None:
        raise ArithmeticError(f"{problem.method} gave no weights")
    return np.asarray(weights)
