"""Who solves the cases of ``benchmarks.methods``: ours, the peers by their public interface, and floors.

Peers get moments where they take them, and frames built beforehand. The floors check, name and prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

import tangency
from benchmarks.cases import Aim, Array, Case
from benchmarks.contenders import Call, Contender, Role, estimated_before
from tangency.domain.optimization.objective import MinimumRisk, Objective, RiskParity

LEVEL = 0.95
WARD = "hierarchical risk parity, Ward linkage"


# --- ours -------------------------------------------------------------------------------------------------------------


def _tail_call(case: Case) -> Call:
    universe = tangency.Universe.of(case.sample.names)
    market = tangency.Market(universe, returns=tangency.Returns(universe, case.sample.returns))
    limits = (tangency.Budget(), tangency.LongOnly(), tangency.MaximumWeight(case.cap))
    options = {"risk_measure": "cvar"}
    return _solved(tangency.Problem(market, MinimumRisk(), limits, "mean_risk", options), tangency.Status.OPTIMAL)


def _parity_call(case: Case) -> Call:
    return _solved(_of_moments(case, RiskParity(), "risk_parity", {}), tangency.Status.OPTIMAL)


def _tree_call(case: Case) -> Call:
    """By the options of the peers that the row has."""
    ways = {"linkage": "ward", "leaf_order": "optimal"} if case.aim == WARD else {"linkage": "single"}
    options = {"distance": "correlation", **ways}
    return _solved(_of_moments(case, RiskParity(), "hierarchical_risk_parity", options), tangency.Status.FEASIBLE)


def _of_moments(case: Case, aim: Objective, method: str, options: Mapping[str, object]) -> tangency.Problem:
    sample = case.sample
    market = tangency.Market(tangency.Universe.of(sample.names), sample.mean, sample.covariance)
    return tangency.Problem(market, aim, (tangency.Budget(), tangency.LongOnly()), method, options)


def _solved(problem: tangency.Problem, wanted: tangency.Status) -> Call:
    def call() -> Array:
        solution = tangency.solve(problem)
        if solution.status is not wanted or solution.weights is None:
            raise ArithmeticError(f"{solution.status}: {solution.message}")
        return solution.weights

    return call


# --- floors -----------------------------------------------------------------------------------------------------------


def _whole_program_call(case: Case) -> Call:
    """Rockafellar and Uryasev's program over every day, by HiGHS through scipy."""
    from scipy import sparse
    from scipy.optimize import linprog

    days, n = case.sample.returns.shape
    cost = np.concatenate([np.zeros(n), [1.0], np.full(days, 1.0 / days / (1.0 - LEVEL))])
    above = sparse.csr_array(np.hstack([-case.sample.returns, -np.ones((days, 1)), -np.eye(days)]))
    budget = np.concatenate([np.ones(n), np.zeros(days + 1)])[None, :]
    box = [*([(0.0, case.cap)] * n), (None, None), *([(0.0, None)] * days)]

    def call() -> Array:
        answer = linprog(cost, above, np.zeros(days), budget, [1.0], box, method="highs-ds")
        return np.asarray(answer.x[:n], dtype=float)

    return call


def _newton_call(case: Case) -> Call:
    """Least 1/2 y'Cy - mean ln y over the correlations, by Newton's steps as Spinu (2013) damps them."""
    S = case.sample.covariance

    def call() -> Array:
        sigma, n = np.sqrt(np.diagonal(S)), len(S)
        C, y = S / np.outer(sigma, sigma), np.full(len(S), 1.0 / np.sqrt((S / np.outer(sigma, sigma)).sum()))
        for _ in range(50):
            slope = C @ y - 1.0 / (n * y)
            step = np.linalg.solve(C + np.diag(1.0 / (n * y * y)), slope)
            reach = float(np.abs(step / y).max())
            y = y - step / (1.0 + reach if reach > 0.4 else 1.0)
            if reach < 1e-9:
                break
        weights = y / sigma
        return np.asarray(weights / weights.sum())

    return call


def _plain_tree_call(case: Case) -> Call:
    """López de Prado's bisection, on scipy's tree."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    S, ward = case.sample.covariance, case.aim == WARD

    def call() -> Array:
        sigma = np.sqrt(np.diagonal(S))
        roots = np.sqrt(np.clip((1.0 - S / np.outer(sigma, sigma)) / 2.0, 0.0, 1.0))
        pairs = squareform(roots, checks=False)
        order = leaves_list(linkage(pairs, "ward" if ward else "single", optimal_ordering=ward))
        weights, pending = np.ones(len(S)), [order]
        while pending:
            whole = pending.pop()
            if len(whole) > 1:
                halves = whole[: len(whole) // 2], whole[len(whole) // 2 :]
                first, second = (_naive_variance(S[np.ix_(half, half)]) for half in halves)
                weights[halves[0]] *= second / (first + second)
                weights[halves[1]] *= first / (first + second)
                pending += halves
        return weights

    return call


def _naive_variance(S: Array) -> float:
    inverse = 1.0 / np.diagonal(S)
    return float(inverse @ S @ inverse) / float(inverse.sum()) ** 2


# --- peers ------------------------------------------------------------------------------------------------------------


def _pypfopt_tail_call(case: Case) -> Call:
    from pypfopt import EfficientCVaR

    sample, bounds = case.sample, (0, case.cap)

    def call() -> Array:
        frontier = EfficientCVaR(sample.mean, sample.returns, beta=LEVEL, weight_bounds=bounds)
        frontier.min_cvar()
        return np.asarray(frontier.weights, dtype=float)

    return call


def _pypfopt_tree_call(case: Case) -> Call:
    from pypfopt import HRPOpt

    covariance = _frame(case.sample.covariance, case, index=True)

    def call() -> Array:
        weights = HRPOpt(cov_matrix=covariance).optimize("single")
        return np.array([weights[name] for name in case.sample.names])

    return call


def _skfolio_tail_call(case: Case) -> Call:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    options = {"risk_measure": RiskMeasure.CVAR, "cvar_beta": LEVEL, "max_weights": case.cap}
    return _fitted(MeanRisk, case, options)


def _skfolio_parity_call(case: Case) -> Call:
    from skfolio.optimization import RiskBudgeting

    return _fitted(RiskBudgeting, case, {})


def _skfolio_tree_call(case: Case) -> Call:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalRiskParity
    from skfolio.seriation import HierarchicalSeriation

    tree = HierarchicalClustering(linkage_method=LinkageMethod.WARD)
    return _fitted(
        HierarchicalRiskParity,
        case,
        {"seriation_estimator": HierarchicalSeriation(hierarchical_clustering_estimator=tree)},
    )


def _fitted(model: Any, case: Case, options: Mapping[str, object]) -> Call:  # noqa: ANN401 - a class without types
    def call() -> Array:
        made = model(prior_estimator=estimated_before(case.sample), **options)
        return np.asarray(made.fit(case.sample.returns).weights_, dtype=float)

    return call


def _riskfolio_tail_call(case: Case) -> Call:
    portfolio = _riskfolio_portfolio(case)

    def call() -> Array:
        return _read(portfolio().optimization(model="Classic", rm="CVaR", obj="MinRisk", rf=0, hist=True))

    return call


def _riskfolio_parity_call(case: Case) -> Call:
    portfolio = _riskfolio_portfolio(case)

    def call() -> Array:
        return _read(portfolio().rp_optimization(model="Classic", rm="MV", rf=0, hist=True))

    return call


def _riskfolio_portfolio(case: Case) -> Any:  # noqa: ANN401 - a class without types
    import riskfolio

    returns, covariance = _frame(case.sample.returns, case), _frame(case.sample.covariance, case, index=True)
    mean = _frame(case.sample.mean[None, :], case)

    def made() -> Any:  # noqa: ANN401 - a class without types
        portfolio = riskfolio.Portfolio(returns=returns, upperlng=case.cap, alpha=1.0 - LEVEL)
        portfolio.mu, portfolio.cov = mean, covariance
        return portfolio

    return made


def _riskfolio_tree_call(case: Case) -> Call:
    import riskfolio

    returns = _frame(case.sample.returns, case)

    def call() -> Array:
        portfolio = riskfolio.HCPortfolio(returns=returns)
        ways = {"linkage": "ward", "leaf_order": True}
        return _read(portfolio.optimization(model="HRP", codependence="pearson", rm="MV", rf=0, **ways))

    return call


def _read(weights: Any) -> Array:  # noqa: ANN401 - a frame, or None
    if weights is None:
        raise ArithmeticError("no weights")
    return np.asarray(weights, dtype=float).ravel()


def _frame(values: Array, case: Case, *, index: bool = False) -> Any:  # noqa: ANN401 - a frame
    import pandas as pd

    names = list(case.sample.names)
    return pd.DataFrame(values, columns=names, index=names if index else None)


# --- by aim -----------------------------------------------------------------------------------------------------------

Peer: TypeAlias = tuple[str, Role, str]

PYPFOPT: Peer = ("PyPortfolioOpt", "peer", "pypfopt")
SKFOLIO: Peer = ("skfolio", "peer", "skfolio")
RISKFOLIO: Peer = ("Riskfolio-Lib", "peer", "riskfolio")

_PLAIN_TREE = Contender("numpy and scipy", "floor", "scipy", _plain_tree_call)
_TREE = Contender("tangency", "ours", "tangency", _tree_call)

BY_AIM: Mapping[Aim, Sequence[Contender]] = {
    "minimum CVaR 95 %": (
        Contender("tangency", "ours", "tangency", _tail_call),
        Contender("bare HiGHS", "floor", "scipy", _whole_program_call),
        Contender(*PYPFOPT, _pypfopt_tail_call),
        Contender(*SKFOLIO, _skfolio_tail_call),
        Contender(*RISKFOLIO, _riskfolio_tail_call),
    ),
    "equal risk contribution": (
        Contender("tangency", "ours", "tangency", _parity_call),
        Contender("bare Newton", "floor", "numpy", _newton_call),
        Contender(*SKFOLIO, _skfolio_parity_call),
        Contender(*RISKFOLIO, _riskfolio_parity_call),
    ),
    "hierarchical risk parity, single linkage": (_TREE, _PLAIN_TREE, Contender(*PYPFOPT, _pypfopt_tree_call)),
    "hierarchical risk parity, Ward linkage": (
        _TREE,
        _PLAIN_TREE,
        Contender(*SKFOLIO, _skfolio_tree_call),
        Contender(*RISKFOLIO, _riskfolio_tree_call),
    ),
}
PEERS = BY_AIM["minimum CVaR 95 %"][2:]
"""Everybody who has a column."""
