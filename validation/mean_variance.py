"""Mean-variance portfolios, with and without views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tangency import (
    Budget,
    LongOnly,
    MaximumReturn,
    MaximumSharpe,
    MaximumUtility,
    MaximumWeight,
    MinimumVolatility,
    Problem,
    TargetReturn,
    TargetVolatility,
)
from validation.case import Case
from validation.peers import (
    PER_DAY,
    cvxpy,
    cvxpy_weights,
    pypfopt_frontier,
    pypfopt_weights,
    riskfolio_mean_risk,
    riskfolio_portfolio,
    riskfolio_weights,
    skfolio_mean_risk,
    skfolio_weights,
)
from validation.sample import TRADING_DAYS, Array, covariance, market, mean, names

CAP, RATE, AVERSION, RETURN, VOLATILITY = 0.10, 0.02, 4.0, 0.18, 0.19
LIMITS = (Budget(), LongOnly(), MaximumWeight(CAP))


def cases() -> Iterator[Case]:
    """The four objectives and two targets, no name above 10 %."""
    yield Case(
        "minimum volatility",
        Problem(market(), MinimumVolatility(), LIMITS),
        {
            "PyPortfolioOpt": lambda: _pypfopt("min_volatility"),
            "skfolio": lambda: skfolio_mean_risk("VARIANCE", max_weights=CAP),
            "Riskfolio-Lib": lambda: riskfolio_mean_risk("MV", cap=CAP),
            "cvxpy": lambda: _cvxpy(lambda w, _: _variance(w)),
        },
    )
    yield Case(
        "maximum Sharpe ratio over 2 %",
        Problem(market(), MaximumSharpe(RATE), LIMITS, risk_free_rate=RATE),
        {
            "PyPortfolioOpt": lambda: _pypfopt("max_sharpe", risk_free_rate=RATE),
            "skfolio": lambda: skfolio_mean_risk(
                "STANDARD_DEVIATION", objective="MAXIMIZE_RATIO", max_weights=CAP, risk_free_rate=RATE * PER_DAY
            ),
            "Riskfolio-Lib": lambda: _riskfolio_sharpe(),
        },
        largest=True,
    )
    yield Case(
        "maximum utility, risk aversion 4",
        Problem(market(), MaximumUtility(AVERSION), LIMITS),
        {
            "PyPortfolioOpt": lambda: _pypfopt("max_quadratic_utility", risk_aversion=AVERSION),
            "skfolio": lambda: skfolio_mean_risk(
                "VARIANCE", objective="MAXIMIZE_UTILITY", risk_aversion=AVERSION / 2, max_weights=CAP
            ),
            "cvxpy": lambda: _cvxpy(lambda w, m: AVERSION / 2 * _variance(w) - m @ w),
        },
        largest=True,
        remarks={"skfolio": "its risk aversion multiplies the variance, not half of it"},
    )
    yield Case(
        "minimum volatility at a return of 18 %",
        Problem(market(), MinimumVolatility(), (*LIMITS, TargetReturn(RETURN))),
        {
            "PyPortfolioOpt": lambda: _pypfopt("efficient_return", target_return=RETURN),
            "skfolio": lambda: skfolio_mean_risk("VARIANCE", max_weights=CAP, min_return=RETURN * PER_DAY),
            "cvxpy": lambda: cvxpy_weights(_variance, lambda w: [w <= CAP, mean() @ w >= RETURN]),
        },
    )
    yield Case(
        "maximum return at a volatility of 19 %",
        Problem(market(), MaximumReturn(), (*LIMITS, TargetVolatility(VOLATILITY))),
        {
            "PyPortfolioOpt": lambda: _pypfopt("efficient_risk", target_volatility=VOLATILITY),
            "skfolio": lambda: skfolio_mean_risk(
                "VARIANCE",
                objective="MAXIMIZE_RETURN",
                max_weights=CAP,
                max_standard_deviation=VOLATILITY / TRADING_DAYS**0.5,
            ),
            "cvxpy": lambda: cvxpy_weights(lambda w: -mean() @ w, lambda w: [w <= CAP, _root(w) <= VOLATILITY]),
        },
        largest=True,
    )


def views() -> Iterator[Case]:
    """Equilibrium of equal weights at risk aversion 2.5, two views, then most utility."""
    aversion = 2.5
    market_weights = dict.fromkeys(names(), 1.0 / len(names()))
    options = {"market_weights": market_weights, "views": ["AAPL - MSFT = 0.02", "KO = 0.06"], "tau": 0.05}
    yield Case(
        "two views, maximum utility at risk aversion 2.5",
        Problem(market(), MaximumUtility(aversion), LIMITS, "black_litterman", options=options, risk_aversion=aversion),
        {"PyPortfolioOpt": lambda: _pypfopt_views(aversion), "skfolio": lambda: _skfolio_views(aversion)},
        largest=True,
    )


def _pypfopt(method: str, **arguments: float) -> Array:
    model = pypfopt_frontier(CAP)
    getattr(model, method)(**arguments)
    return pypfopt_weights(model)


def _riskfolio_sharpe() -> Array:
    answer = riskfolio_portfolio(cap=CAP).optimization(model="Classic", rm="MV", obj="Sharpe", rf=RATE * PER_DAY)
    return riskfolio_weights(answer)


def _variance(w: Any) -> Any:
    return cvxpy().quad_form(w, cvxpy().psd_wrap(covariance()))


def _root(w: Any) -> Any:
    return cvxpy().norm(np.linalg.cholesky(covariance()).T @ w)


def _cvxpy(objective: Any) -> Array:
    return cvxpy_weights(lambda w: objective(w, mean()), lambda w: [w <= CAP])


def _pypfopt_views(aversion: float) -> Array:
    import pandas as pd
    from pypfopt import BlackLittermanModel, EfficientFrontier

    S = pd.DataFrame(covariance(), index=list(names()), columns=list(names()))
    pi = aversion * S.mean(axis=1)
    P = np.zeros((2, len(names())))
    P[0, names().index("AAPL")], P[0, names().index("MSFT")], P[1, names().index("KO")] = 1.0, -1.0, 1.0
    model = BlackLittermanModel(S, pi=pi, P=P, Q=np.array([0.02, 0.06]), tau=0.05)
    frontier = EfficientFrontier(model.bl_returns(), model.bl_cov(), (0.0, CAP))
    frontier.max_quadratic_utility(risk_aversion=aversion)
    return pypfopt_weights(frontier)


def _skfolio_views(aversion: float) -> Array:
    from skfolio.moments import EquilibriumMu
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import BlackLitterman, EmpiricalPrior

    prior = BlackLitterman(
        views=[f"AAPL - MSFT == {0.02 * PER_DAY}", f"KO == {0.06 * PER_DAY}"],
        tau=0.05,
        prior_estimator=EmpiricalPrior(mu_estimator=EquilibriumMu(risk_aversion=aversion)),
    )
    model = MeanRisk(
        ObjectiveFunction.MAXIMIZE_UTILITY, prior_estimator=prior, risk_aversion=aversion / 2, max_weights=CAP
    )
    return skfolio_weights(model)
