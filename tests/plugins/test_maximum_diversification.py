"""Maximum diversification: its laws, limits, and peers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Constraint,
    MaximumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.optimization.solution import Solution
from tangency.plugins.maximum_diversification import MaximumDiversification
from tests.support.history import TRADING_DAYS, five_years
from tests.support.posed import LONG_ONLY, answer, posed


def diversified(
    covariance: Matrix, limits: tuple[Constraint, ...] = LONG_ONLY, means: Vector | None = None
) -> Solution:
    sectors = ["x" if i in (1, 3) else None for i in range(len(covariance))]
    problem = posed(covariance, means, MaximumRatio(), limits, [f"N{i}" for i in range(len(covariance))], sectors)
    return answer(problem, MaximumDiversification())


def weights_of(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    assert solution.weights is not None
    return solution.weights


def sample_covariance() -> Matrix:
    return np.asarray(TRADING_DAYS * np.cov(five_years()[1], rowvar=False))


def random_covariance(seed: int, size: int) -> Matrix:
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, 2))
    return np.asarray(0.04 * (loadings @ loadings.T + np.diag(rng.uniform(0.2, 2.0, size))))


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(-0.95, 0.95))
def test_two_names_are_held_by_inverse_volatility(one: float, two: float, rho: float) -> None:
    covariance = np.array([[one**2, rho * one * two], [rho * one * two, two**2]])
    np.testing.assert_allclose(weights_of(diversified(covariance)), np.array([two, one]) / (one + two), rtol=1e-7)


@given(seed=st.integers(0, 10**6), size=st.integers(1, 8))
def test_names_held_share_one_correlation_with_the_portfolio_and_others_have_no_less(seed: int, size: int) -> None:
    covariance = random_covariance(seed, size)
    solution = diversified(covariance)
    weights = weights_of(solution)
    correlations = covariance @ weights / np.sqrt(np.diagonal(covariance) * (weights @ covariance @ weights))
    held = weights > 1e-9
    shared = float(correlations[held].mean())
    np.testing.assert_allclose(correlations[held], shared, atol=1e-8)
    assert (correlations >= shared - 1e-8).all()
    assert solution.objective_value == pytest.approx(1 / shared, rel=1e-8)
    assert solution.findings["diversification_ratio"] == pytest.approx(solution.objective_value)


@given(seed=st.integers(0, 10**6))
def test_a_name_that_is_there_twice_has_the_same_total(seed: int) -> None:
    covariance = random_covariance(seed, 4)
    every = [0, 1, 2, 3, 3]
    once, twice = weights_of(diversified(covariance)), weights_of(diversified(covariance[np.ix_(every, every)]))
    np.testing.assert_allclose([*twice[:3], twice[3] + twice[4]], once, atol=1e-5)


def test_skfolio_reaches_no_more_on_the_sample() -> None:
    from skfolio.optimization import MaximumDiversification as Peer

    covariance = sample_covariance()
    peer = Peer().fit(pd.DataFrame(five_years()[1])).weights_
    theirs = np.sqrt(np.diagonal(covariance)) @ peer / np.sqrt(peer @ covariance @ peer)
    solution = diversified(covariance)
    np.testing.assert_allclose(weights_of(solution), peer, atol=1e-3)
    assert solution.objective_value == pytest.approx(theirs, rel=1e-6)
    assert solution.objective_value is not None
    assert solution.objective_value >= theirs * (1 - 1e-12)


@pytest.mark.parametrize(
    "limit",
    [
        MaximumWeight(0.1),
        SectorLimit(0.05, "x"),
        TurnoverLimit(0.3, (0.05,) * 20),
        TargetReturn(0.25),
        TargetVolatility(0.19),
    ],
    ids=lambda limit: limit.kind,
)
def test_every_limit_is_kept_and_proven(limit: Constraint) -> None:
    means = TRADING_DAYS * five_years()[1].mean(axis=0)
    free, bound = diversified(sample_covariance()), diversified(sample_covariance(), (*LONG_ONLY, limit), means)
    weights_of(bound)
    assert bound.objective_value is not None
    assert free.objective_value is not None
    assert bound.objective_value < free.objective_value


def test_a_name_without_risk_has_nothing_to_diversify() -> None:
    solution = diversified(np.diag([0.04, 0.0, 0.09]))
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.message.startswith("N1 has no risk")


def test_a_perfect_hedge_diversifies_without_end() -> None:
    solution = diversified(np.array([[0.04, -0.06], [-0.06, 0.09]]))
    assert solution.status is Status.UNBOUNDED
    assert "cancel each other" in solution.message


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_no_unit_of_returns_moves_it(scale: float) -> None:
    covariance = random_covariance(3, 6)
    moved, still = weights_of(diversified(covariance * scale)), weights_of(diversified(covariance))
    np.testing.assert_allclose(moved, still, atol=1e-9)
