"""Maximum decorrelation: minimum variance of what correlations alone say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Constraint, MaximumWeight, TargetReturn, TargetVolatility
from tangency.domain.optimization.objective import MinimumRisk
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.maximum_decorrelation import MaximumDecorrelation
from tests.support.history import TRADING_DAYS, five_years
from tests.support.posed import LONG_ONLY, answer, best, posed


def decorrelated(
    covariance: Matrix, limits: tuple[Constraint, ...] = LONG_ONLY, means: Vector | None = None
) -> Solution:
    names = [f"N{i}" for i in range(len(covariance))]
    return answer(posed(covariance, means, MinimumRisk(), limits, names), MaximumDecorrelation())


def weights_of(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    assert solution.weights is not None
    return solution.weights


def random_covariance(seed: int, size: int) -> Matrix:
    return np.asarray(
        np.cov(np.random.default_rng(seed).normal(size=(40, size)) @ np.diag(np.arange(1.0, size + 1)), rowvar=False)
    )


def correlations_of(covariance: Matrix) -> Matrix:
    volatilities = np.sqrt(np.diagonal(covariance))
    return np.asarray(covariance / np.outer(volatilities, volatilities))


@given(seed=st.integers(0, 10**6), size=st.integers(2, 8), limit=st.sampled_from([1.0, 0.6]))
def test_it_is_the_minimum_variance_portfolio_of_the_correlations(seed: int, size: int, limit: float) -> None:
    covariance, limits = random_covariance(seed, size), (*LONG_ONLY, MaximumWeight(limit))
    correlations = DenseCovariance.of(correlations_of(covariance)).dense()
    least = best(posed(correlations, limits=limits)).weights
    assert least is not None
    np.testing.assert_allclose(weights_of(decorrelated(covariance, limits)), least, atol=1e-9)


def test_no_volatility_moves_it() -> None:
    covariance, rng = random_covariance(1, 5), np.random.default_rng(2)
    stretch = rng.uniform(0.01, 100.0, 5)
    stretched = covariance * np.outer(stretch, stretch)
    np.testing.assert_allclose(weights_of(decorrelated(stretched)), weights_of(decorrelated(covariance)), atol=1e-9)


def test_its_value_is_the_volatility_if_all_names_were_as_volatile_as_the_most_volatile() -> None:
    covariance = random_covariance(4, 5)
    solution = decorrelated(covariance)
    weights, largest = weights_of(solution), np.sqrt(np.diagonal(covariance).max())
    expected = largest * np.sqrt(weights @ correlations_of(covariance) @ weights)
    assert solution.objective_value == pytest.approx(expected, rel=1e-12)
    assert solution.expected_volatility == pytest.approx(np.sqrt(weights @ covariance @ weights))


@pytest.mark.parametrize("limit", [TargetReturn(0.28), TargetVolatility(0.2)], ids=lambda limit: limit.kind)
def test_limits_on_return_and_risk_are_those_of_the_names_as_they_are(limit: Constraint) -> None:
    rows = five_years()[1]
    covariance, means = TRADING_DAYS * np.cov(rows, rowvar=False), TRADING_DAYS * rows.mean(axis=0)
    solution = decorrelated(covariance, (*LONG_ONLY, limit), means)
    weights_of(solution)
    assert solution.why is not None
    assert [each.constraint for each in solution.why.binding] == [limit.id]


def test_a_name_without_risk_has_no_correlations() -> None:
    solution = decorrelated(np.diag([0.04, 0.0]))
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.message.startswith("N1 has no risk")
