"""Rules of thumb: their weights, that no objective moves them, and where they have no meaning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.method import NoOptions, OptimizationMethod
from tangency.domain.optimization.objective import MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.equal_weight import EqualWeight
from tangency.plugins.inverse_variance import InverseVariance
from tangency.plugins.inverse_volatility import InverseVolatility

OBJECTIVES = [MinimumVolatility(), MaximumSharpe(risk_free_rate=0.01)]


def proposed(method: OptimizationMethod, covariance: Matrix, objective: Objective | None = None) -> Proposal:
    universe = Universe.of([f"N{i}" for i in range(len(covariance))])
    market = Market(universe, covariance=covariance)
    problem = Problem(market, objective or MinimumVolatility(), (Budget(), LongOnly()), method=method.name)
    estimates = Estimates(universe, None, DenseCovariance.of(covariance), Sources("absent", "given"))
    return method.solve(problem, estimates, NoOptions())


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE
    assert proposal.weights is not None
    return proposal.weights


@given(size=st.integers(1, 300))
def test_equal_weights_are_equal_and_invest_everything(size: int) -> None:
    weights = weights_of(proposed(EqualWeight(), np.eye(size)))
    assert (weights == 1 / size).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)


@given(st.lists(st.floats(1e-5, 1e5), min_size=1, max_size=20))
def test_inverse_volatility_equalises_weight_times_volatility(volatilities: list[float]) -> None:
    sigma = np.array(volatilities)
    weights = weights_of(proposed(InverseVolatility(), np.diag(sigma**2)))
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(weights * sigma, (weights * sigma)[0], rtol=1e-12)


@given(st.lists(st.floats(1e-5, 1e5), min_size=1, max_size=20))
def test_inverse_variance_equalises_weight_times_variance(volatilities: list[float]) -> None:
    variances = np.array(volatilities) ** 2
    weights = weights_of(proposed(InverseVariance(), np.diag(variances)))
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(weights * variances, (weights * variances)[0], rtol=1e-12)


def test_inverse_variance_is_the_least_variance_of_names_that_are_not_correlated() -> None:
    variances = np.array([0.04, 0.09, 0.01])
    weights = weights_of(proposed(InverseVariance(), np.diag(variances)))
    others = np.random.default_rng(0).dirichlet(np.ones(3), 1000)
    assert weights**2 @ variances <= (others**2 @ variances).min()


def test_inverse_volatility_ignores_correlations() -> None:
    covariance = np.array([[0.04, 0.018], [0.018, 0.09]])
    np.testing.assert_allclose(weights_of(proposed(InverseVolatility(), covariance)), [0.6, 0.4], rtol=1e-14)


@pytest.mark.parametrize(
    "method", [EqualWeight(), InverseVolatility(), InverseVariance()], ids=lambda method: method.name
)
def test_no_objective_moves_a_rule(method: OptimizationMethod) -> None:
    covariance = np.array([[0.04, 0.0], [0.0, 0.09]])
    first, second = (weights_of(proposed(method, covariance, objective)) for objective in OBJECTIVES)
    assert (first == second).all()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("method", [InverseVolatility(), InverseVariance()], ids=lambda method: method.name)
def test_a_riskless_name_has_no_inverse_and_the_message_names_it(method: OptimizationMethod, scale: float) -> None:
    proposal = proposed(method, scale * np.diag([0.04, 0.0, 0.09]))
    assert proposal.status is Status.NOT_APPLICABLE
    assert proposal.weights is None
    assert "N1 has no risk" in proposal.message


def test_every_name_without_risk_is_told() -> None:
    message = proposed(InverseVolatility(), np.diag([0.0, 0.04, 0.0])).message
    assert "N0, N2 have no risk" in message


def test_a_constant_return_is_no_risk_though_it_estimates_to_a_trace_of_one() -> None:
    trace = (1e-16 * 0.001) ** 2
    assert proposed(InverseVolatility(), np.diag([0.04, trace])).status is Status.NOT_APPLICABLE


def test_duplicated_names_are_no_riskless_ones() -> None:
    covariance = np.array([[0.04, 0.04], [0.04, 0.04]])  # factored only after a repair
    np.testing.assert_allclose(weights_of(proposed(InverseVolatility(), covariance)), [0.5, 0.5])
