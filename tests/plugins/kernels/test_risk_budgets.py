"""Newton's method for risk budgets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.plugins.kernels.risk_budgets import MOST_STEPS, budgeted


@given(seed=st.integers(0, 10**6), size=st.integers(1, 30), spread=st.floats(0.0, 4.0))
def test_every_contribution_is_its_budget(seed: int, size: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    volatilities = np.exp(rng.uniform(-spread, spread, size))
    S = np.atleast_2d(np.cov(rng.normal(size=(3 * size + 1, size)) * volatilities, rowvar=False))
    budgets = rng.dirichlet(np.full(size, 0.5)) + 1e-6
    budgets /= budgets.sum()
    y, steps = budgeted(S, budgets)
    np.testing.assert_allclose(y * (S @ y), budgets, rtol=1e-9)
    assert steps < 60


def test_a_portfolio_without_risk_is_what_it_runs_off_to() -> None:
    y, steps = budgeted(np.array([[1.0, -1.0], [-1.0, 1.0]]) + 1e-14 * np.eye(2), np.array([0.3, 0.7]))
    assert steps <= MOST_STEPS
    np.testing.assert_allclose(y / y.sum(), 0.5, atol=1e-5)
    assert y.sum() > 1e5


def test_so_it_is_where_rounding_leaves_nothing_to_solve_with() -> None:
    loadings = np.array([0.15471, 0.0046119, 0.2007, -0.3124])
    S = np.outer(loadings, loadings) + 1e-18 * np.eye(4)
    y, _ = budgeted(S, np.full(4, 0.25))
    assert (y > 0).all()
    assert np.sqrt(y @ S @ y) / y.sum() < 1e-6 * np.abs(loadings).mean()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_two_names_are_in_inverse_proportion_to_their_volatilities(scale: float) -> None:
    y, _ = budgeted(scale * np.array([[0.04, -0.0599], [-0.0599, 0.09]]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(y / y.sum(), [0.6, 0.4], rtol=1e-10)
