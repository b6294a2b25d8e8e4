"""Objectives less the cost of getting there, against cvxpy and by law."""

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumVolatility,
    Objective,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.plugins.kernels.trading_costs import TradingCosts
from tangency.plugins.mean_variance import MeanVariance
from tests.support.posed import estimated

RANDOM = np.random.default_rng(5)
N = 8
FACTOR = RANDOM.normal(0.0, 0.2, (40, N))
COVARIANCE = FACTOR.T @ FACTOR / 40 + np.diag(RANDOM.uniform(0.01, 0.03, N))
MEAN = RANDOM.uniform(0.03, 0.12, N)
CURRENT = RANDOM.dirichlet(np.ones(N))


def solved(objective: Objective, cost: float, horizon: float = 1.0, **changes: Any) -> Solution:
    market = Market(Universe.of([f"N{i}" for i in range(N)]), mean=MEAN, covariance=COVARIANCE)
    asked = {"current": CURRENT, **changes}
    problem = Problem(market, objective, (Budget(), LongOnly()), **asked)
    options = TradingCosts(cost, horizon)
    return solve_with(problem, estimated(problem), MeanVariance(), options, HighsLinearPrograms())


def weights(objective: Objective, cost: float, horizon: float = 1.0) -> Any:
    solution = solved(objective, cost, horizon)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    return solution.weights


@pytest.mark.parametrize("cost", [0.001, 0.01, 0.05])
def test_utility_after_costs_is_that_of_cvxpy(cost: float) -> None:
    w = cp.Variable(N)
    gain = MEAN @ w - 2.0 * cp.quad_form(w, COVARIANCE) - cost / 2.0 * cp.norm1(w - CURRENT)
    best = cp.Problem(cp.Maximize(gain), [cp.sum(w) == 1, w >= 0]).solve(solver=cp.CLARABEL)
    found = weights(MaximumUtility(4.0), cost, 2.0)
    value = MEAN @ found - 2.0 * found @ COVARIANCE @ found - cost / 2.0 * np.abs(found - CURRENT).sum()
    assert value == pytest.approx(best, abs=1e-7)


def test_a_ratio_after_costs_is_that_of_cvxpy() -> None:
    cost, y, k = 0.01, cp.Variable(N), cp.Variable()
    net = (MEAN - 0.01) @ y - cost * cp.norm1(y - k * CURRENT)
    inside = [cp.sum(y) == k, y >= 0, k >= 0, net >= 1.0]
    risk = cp.Problem(cp.Minimize(cp.quad_form(y, COVARIANCE)), inside).solve(solver=cp.CLARABEL)
    found = weights(MaximumSharpe(0.01), cost)
    value = (MEAN - 0.01) @ found - cost * np.abs(found - CURRENT).sum()
    assert value / np.sqrt(found @ COVARIANCE @ found) == pytest.approx(1.0 / np.sqrt(risk), rel=1e-6)


@pytest.mark.parametrize("objective", [MaximumReturn(), MinimumVolatility(), MaximumUtility(4.0), MaximumSharpe(0.0)])
def test_costs_beyond_every_gain_leave_weights_where_they_are(objective: Objective) -> None:
    assert weights(objective, 0.1, 0.01) == pytest.approx(CURRENT, abs=1e-6)


def test_turnover_falls_as_costs_grow() -> None:
    traded = [float(np.abs(weights(MaximumUtility(4.0), cost) - CURRENT).sum()) for cost in (0.001, 0.005, 0.02, 0.1)]
    assert traded == sorted(traded, reverse=True)


@pytest.mark.parametrize(("cost", "horizon"), [(10.0, 1.0), (-0.1, 1.0), (0.01, 0.0), (float("nan"), 1.0)])
def test_what_is_no_cost_is_refused(cost: float, horizon: float) -> None:
    with pytest.raises(InvalidInput):
        TradingCosts(cost, horizon)


def test_costs_need_current_weights() -> None:
    with pytest.raises(InvalidInput, match="current weight"):
        solved(MaximumUtility(4.0), 0.01, current=None)
