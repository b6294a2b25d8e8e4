"""Diversification, decorrelation, benchmarks and several aims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tangency import Budget, LongOnly, MaximumReturn, MaximumWeight, MinimumVolatility, Problem
from tangency.domain.optimization.objective import MinimumRisk, MultiObjective
from tangency.domain.optimization.ratio import MaximumRatio
from validation.case import Case
from validation.peers import cvxpy, cvxpy_weights, riskfolio_portfolio, riskfolio_weights, skfolio_weights
from validation.sample import Array, covariance, frame, market, mean, names, returns

CAP = 0.10
TIGHT = 0.08
"""Below the largest weight of the benchmark, so that it cannot be held."""
FLOOR = 0.18
LIMITS = (Budget(), LongOnly(), MaximumWeight(CAP))
BENCHMARK = np.arange(len(names()), 0, -1) / np.arange(len(names()) + 1).sum()


def cases() -> Iterator[Case]:
    """One or two of each."""
    yield Case(
        "maximum diversification",
        Problem(market(), MaximumRatio(), LIMITS, "maximum_diversification"),
        {"skfolio": lambda: _skfolio_diversified(), "cvxpy": lambda: _cvxpy_diversified()},
        largest=True,
    )
    yield Case(
        "minimum correlation",
        Problem(market(), MinimumRisk(), LIMITS, "maximum_decorrelation"),
        {"cvxpy": lambda: cvxpy_weights(lambda w: _quadratic(w, _correlations()), lambda w: [w <= CAP])},
    )
    tight = (Budget(), LongOnly(), MaximumWeight(TIGHT))
    benchmark = {"benchmark": dict(zip(names(), BENCHMARK.tolist(), strict=True))}
    yield Case(
        "minimum tracking error, no asset above 8 %",
        Problem(market(), MinimumRisk(), tight, "tracking_error", options=benchmark),
        {
            "skfolio": lambda: _skfolio_tracked(),
            "cvxpy": lambda: cvxpy_weights(lambda w: _quadratic(w - BENCHMARK, covariance()), lambda w: [w <= TIGHT]),
        },
        remarks={"skfolio": "at its solver's default tolerance"},
    )
    yield Case(
        "maximum expected logarithm",
        Problem(market(), MaximumReturn(), LIMITS, "maximum_growth"),
        {"Riskfolio-Lib": lambda: _riskfolio_growth(), "cvxpy": lambda: _cvxpy_growth()},
        largest=True,
    )
    yield _exposed()
    yield from _aims()


def _exposed() -> Case:
    """A beta to equal weights between 0.85 and 0.95."""
    even = returns().mean(axis=1)
    betas = np.array([np.cov(column, even)[0, 1] for column in returns().T]) / even.var(ddof=1)
    options = {
        "model": {"loadings": {"market": dict(zip(names(), betas.tolist(), strict=True))}},
        "target_exposures": {"market": {"target": 0.9, "tolerance": 0.05}},
    }
    return Case(
        "minimum volatility at a beta of 0.85 to 0.95",
        Problem(market(), MinimumVolatility(), LIMITS, "factor_based", options=options),
        {
            "cvxpy": lambda: cvxpy_weights(
                lambda w: _quadratic(w, covariance()), lambda w: [w <= CAP, betas @ w >= 0.85, betas @ w <= 0.95]
            )
        },
    )


def _aims() -> Iterator[Case]:
    summed = {
        "objectives": [{"name": "return", "weight": 1.0}, {"name": "risk", "weight": 1.5}],
        "scale": "none",
        "points": 0,
    }
    yield Case(
        "return less 1.5 volatilities",
        Problem(market(), MultiObjective(), LIMITS, "multi_objective", options=summed),
        {"cvxpy": lambda: cvxpy_weights(lambda w: 1.5 * _volatility(w) - mean() @ w, lambda w: [w <= CAP])},
    )
    floor = {
        "objectives": [{"name": "return", "bound": FLOOR}, {"name": "risk"}],
        "scheme": "epsilon_constraint",
        "scale": "none",
        "points": 0,
    }
    yield Case(
        "minimum volatility at a return of 18 % as an epsilon-constraint",
        Problem(market(), MultiObjective(), LIMITS, "multi_objective", options=floor),
        {"cvxpy": lambda: cvxpy_weights(_volatility, lambda w: [w <= CAP, mean() @ w >= FLOOR])},
    )


def _quadratic(w: Any, matrix: Array) -> Any:
    return cvxpy().quad_form(w, cvxpy().psd_wrap(matrix))


def _volatility(w: Any) -> Any:
    return cvxpy().norm(np.linalg.cholesky(covariance()).T @ w)


def _correlations() -> Array:
    return np.array(np.corrcoef(returns(), rowvar=False))


def _skfolio_diversified() -> Array:
    from skfolio.optimization import MaximumDiversification

    return skfolio_weights(MaximumDiversification(max_weights=CAP))


def _cvxpy_diversified() -> Array:
    """Charnes and Cooper: weights scaled so that the volatilities of the names add up to 1."""
    cp, sigma = cvxpy(), np.sqrt(np.diag(covariance()))
    y = cp.Variable(len(names()))
    limits = [sigma @ y == 1, y >= 0, y <= CAP * cp.sum(y)]
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-12)
    cp.Problem(cp.Minimize(_quadratic(y, covariance())), limits).solve(solver=cp.CLARABEL, **tight)
    return np.array(y.value / y.value.sum())


def _cvxpy_growth() -> Array:
    return cvxpy_weights(
        lambda w: -cvxpy().sum(cvxpy().log(1.0 + returns() @ w)) / len(returns()), lambda w: [w <= CAP]
    )


def _riskfolio_growth() -> Array:
    answer = riskfolio_portfolio(cap=CAP).optimization(model="Classic", rm="MV", obj="MaxRet", kelly="exact")
    return riskfolio_weights(answer)


def _skfolio_tracked() -> Array:
    import pandas as pd
    from skfolio.optimization import BenchmarkTracker

    benchmark = pd.Series(returns() @ BENCHMARK, frame().index, name="benchmark")
    return np.array(BenchmarkTracker(max_weights=TIGHT).fit(frame(), benchmark).weights_)
