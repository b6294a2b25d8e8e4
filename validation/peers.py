"""The peers, each through its public interface and at its own options. A library is loaded by its first row."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from validation.sample import DAYS, TRADING_DAYS, Array, covariance, frame, mean, names

CONFIDENCE = 0.95


def pypfopt_frontier(cap: float = 1.0, short: float = 0.0) -> Any:
    from pypfopt import EfficientFrontier

    return EfficientFrontier(mean(), covariance(), (short, cap))


def pypfopt_weights(model: Any) -> Array:
    """Before ``clean_weights``, which rounds to five decimals and drops what is below 1e-4."""
    weights = model.weights
    return np.array([weights[name] for name in names()] if isinstance(weights, dict) else weights)


def skfolio_weights(model: Any, days: int = DAYS) -> Array:
    return np.array(model.fit(frame(days)).weights_)


def skfolio_mean_risk(measure: str, days: int = DAYS, objective: str = "MINIMIZE_RISK", **options: Any) -> Array:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    model = MeanRisk(ObjectiveFunction[objective], risk_measure=RiskMeasure[measure], **options)
    return skfolio_weights(model, days)


def riskfolio_portfolio(days: int = DAYS, cap: float = 1.0) -> Any:
    import riskfolio

    portfolio = riskfolio.Portfolio(returns=frame(days), upperlng=cap, alpha=1 - CONFIDENCE)
    portfolio.assets_stats(method_mu="hist", method_cov="hist")
    return portfolio


def riskfolio_weights(answer: Any) -> Array:
    """Its answer is a frame, or None where its solvers gave up."""
    if answer is None:
        raise ArithmeticError("Riskfolio-Lib gave no answer")
    return np.array(answer.loc[list(names())]).ravel()


def riskfolio_mean_risk(measure: str, days: int = DAYS, cap: float = 1.0, objective: str = "MinRisk") -> Array:
    return riskfolio_weights(riskfolio_portfolio(days, cap).optimization(model="Classic", rm=measure, obj=objective))


def riskfolio_parity(measure: str) -> Array:
    return riskfolio_weights(riskfolio_portfolio().rp_optimization(model="Classic", rm=measure))


def riskfolio_tree(model: str, **options: Any) -> Array:
    import riskfolio

    portfolio = riskfolio.HCPortfolio(returns=frame(), alpha=1 - CONFIDENCE)
    return riskfolio_weights(portfolio.optimization(model=model, codependence="pearson", **options))


def cvxpy_weights(objective: Any, limits: Any = lambda _: []) -> Array:
    """Clarabel at 1e-12 through cvxpy: an independent statement of the same question.

    Args:
        objective: of a cvxpy variable; what to minimise.
        limits: of it, beside the budget and no short sales.
    """
    cp = cvxpy()
    w = cp.Variable(len(names()))
    program = cp.Problem(cp.Minimize(objective(w)), [cp.sum(w) == 1, w >= 0, *limits(w)])
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-12)
    program.solve(solver=cp.CLARABEL, **tight)
    return np.array(w.value)


def cvxpy() -> Any:
    """The library; its functions are made when it is imported, where no type checker finds them."""
    return import_module("cvxpy")


PER_DAY = 1.0 / TRADING_DAYS
