"""Risk shared among factors: met where a portfolio can, and never said to be proven."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.market.factor_covariance import FactorCovariance, FactorModel
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import RiskParity as Parity
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.risk_parity import RiskParity, RiskParityOptions
from tests.support.posed import estimated, posed

LOADINGS = np.array([[1.0, 0.2], [0.8, -0.3], [1.2, 0.6], [0.9, 1.0], [0.5, 0.1]])
FACTORS = FactorModel.of(("market", "value"), LOADINGS, np.diag([0.03, 0.02]), np.array([0.01, 0.02, 0.01, 0.03, 0.01]))


def shared_by_factor(**budgets: float) -> Solution:
    problem = posed(FactorCovariance.of(FACTORS).dense(), objective=Parity())
    estimates = replace(estimated(problem), covariance=FactorCovariance.of(FACTORS))
    options = RiskParityOptions(factor_budgets=budgets)
    return solve_with(problem, estimates, RiskParity(), options, HighsLinearPrograms())


def by_names(**budgets: float) -> Solution:
    problem = posed(np.diag([0.04, 0.09]), objective=Parity())
    options = RiskParityOptions(factor_budgets=budgets)
    return solve_with(problem, estimated(problem), RiskParity(), options, HighsLinearPrograms())


def test_factors_have_their_shares_and_nothing_is_said_to_be_proven() -> None:
    solution = shared_by_factor(market=0.6, value=0.15)
    assert solution.status is Status.FEASIBLE
    assert solution.weights is not None
    exposures = LOADINGS.T @ solution.weights
    parts = exposures**2 * np.array([0.03, 0.02])
    variance = parts.sum() + solution.weights**2 @ FACTORS.specific
    np.testing.assert_allclose(parts / variance, [0.6, 0.15], atol=1e-8)
    assert solution.findings["budgets_met"] is True


def test_shares_of_factors_that_no_portfolio_has_come_with_their_deviation() -> None:
    solution = shared_by_factor(market=0.0)
    assert solution.status is Status.FEASIBLE
    assert solution.findings["budgets_met"] is False
    assert cast(float, solution.findings["budget_deviation"]) > 0.05


def test_factors_are_those_of_the_covariance() -> None:
    with pytest.raises(InvalidInput, match="did you mean market"):
        shared_by_factor(markets=0.5)
    with pytest.raises(InvalidInput, match="leave out what is free"):
        shared_by_factor(market=0.9, value=0.3)
    with pytest.raises(InvalidInput, match="covariance in factor form"):
        by_names(market=0.5)
    with pytest.raises(InvalidInput, match="does not go with factor_budgets"):
        RiskParityOptions(factor_budgets={"market": 0.5}, sector_budgets={"x": 1.0})
