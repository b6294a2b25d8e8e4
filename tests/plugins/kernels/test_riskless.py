"""A best portfolio without any risk is proven best, though a solver leaves its weights beside the bounds."""

from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.in_process import solve
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.kinds import OBJECTIVES
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status

COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.0], [0.0, 0.0, 0.0]])
UNIVERSE = Universe.of(["A", "B", "CASH"])
MEANS = np.array([0.05, 0.08, 0.12])
ROWS = np.column_stack([0.01 * np.random.default_rng(3).normal(size=(100, 2)), np.full(100, 0.0005)])
PLUGINS = EntryPointPlugins()
BOX = {"covariance_uncertainty": {"half_width": 0.1}}
RISK = {"objectives": [{"name": "risk"}], "points": 0}
AIMS: dict[str, Any] = {"points": 0}


def problem(method: str, objective: str, options: dict[str, Any], cap: float = 1.0) -> Problem:
    market = Market(UNIVERSE, MEANS, COVARIANCE, Returns(UNIVERSE, ROWS))
    limits = (Budget(), LongOnly(), *((MaximumWeight(cap),) if cap < 1 else ()))
    return Problem(market, OBJECTIVES[objective](), limits, method, options)


@pytest.mark.parametrize(
    ("method", "objective", "options"),
    [
        ("robust_optimization", "MIN_VOLATILITY", BOX),
        ("robust_optimization", "MAX_UTILITY", {}),
        ("multi_objective", "MULTI_OBJECTIVE", RISK),
        ("multi_objective", "MULTI_OBJECTIVE", AIMS),
        ("multi_objective", "MULTI_OBJECTIVE", {**AIMS, "scheme": "chebyshev"}),
    ],
)
def test_a_riskless_best_portfolio_is_proven(method: str, objective: str, options: dict[str, Any]) -> None:
    solution = solve(problem(method, objective, options), PLUGINS)
    assert solution.weights is not None
    assert solution.weights == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)
    assert solution.status is Status.OPTIMAL, solution.certificate


def test_where_limits_leave_risk_the_answer_is_as_it_was() -> None:
    solution = solve(problem("robust_optimization", "MIN_VOLATILITY", BOX, cap=0.6), PLUGINS)
    assert solution.status is Status.OPTIMAL
    assert solution.weights is not None
    assert solution.weights[2] == pytest.approx(0.6)


def test_a_constant_return_among_more_names_than_days_is_the_least_volatile() -> None:
    rng = np.random.default_rng(1)
    rows = 0.01 * (rng.standard_t(4, (20, 60)) + rng.normal(size=(20, 1)))
    rows[:, 3], rows[:, 5] = rows[:, 2], 0.0001
    market = Market(Universe.of([f"N{i}" for i in range(60)]), covariance=252 * np.cov(rows, rowvar=False))
    solution = solve(Problem(market, MinimumVolatility(), (Budget(), LongOnly())), PLUGINS)
    assert solution.status is Status.OPTIMAL, solution.certificate
    assert solution.weights is not None
    assert solution.weights[5] == pytest.approx(1.0)
