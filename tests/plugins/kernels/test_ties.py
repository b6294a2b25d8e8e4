"""Of portfolios that a singular covariance does not tell apart, the most even one is the answer on every processor."""

import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.tracing import trace
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    LongOnly,
    MaximumWeight,
    SectorLimit,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.ties import told_apart
from tangency.plugins.mean_variance import MeanVariance
from tests.support.posed import best, estimated, posed

SEEDS = range(8)
EVEN = 1e-6


def with_a_name_twice(seed: int, n: int = 8) -> tuple[Matrix, Vector]:
    """A covariance of figures as they are written, and means; the first name is the last one again."""
    rng = np.random.default_rng(seed)
    loadings, volatilities = rng.choice([0.5, 0.3, 0.8, -0.4], n), rng.choice([0.1, 0.15, 0.2, 0.3], n)
    correlations = np.outer(loadings, loadings)
    correlations[np.diag_indices(n)] = 1.0
    every = [*range(n), 0]
    covariance = np.round(correlations * np.outer(volatilities, volatilities), 8)[np.ix_(every, every)]
    return covariance, rng.choice([0.03, 0.05, 0.08, 0.1, 0.12], n)[every]


@pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumReturn(), MaximumUtility(3.0), MaximumSharpe(0.0)])
def test_a_name_that_is_there_twice_is_shared_equally(objective: Objective) -> None:
    for seed in SEEDS:
        found = best(posed(*with_a_name_twice(seed), objective))
        assert found.weights is not None
        assert found.weights[0] == pytest.approx(found.weights[-1], abs=EVEN), seed


def test_so_it_is_at_a_target_and_below_a_limit() -> None:
    covariance = [[0.04, 0.0075, 0.04, 0.003], [0.0075, 0.0625, 0.0075, 0.00225]]
    covariance += [covariance[0], [0.003, 0.00225, 0.003, 0.01]]
    limits = (Budget(), LongOnly(), MaximumWeight(0.4), TargetVolatility(0.15))
    found = best(posed(covariance, [0.05, 0.08, 0.05, 0.1], MaximumSharpe(0.03), limits))
    assert found.weights is not None
    assert found.weights[0] == pytest.approx(found.weights[2], abs=EVEN)


def test_so_it_is_where_sectors_share_the_budget_out_and_a_turnover_limit_does_not_bind() -> None:
    sectors = [["energy", "health", "tech"][i * 3 // 9] for i in range(9)]
    shares = SectorLimit(0.5, "energy"), SectorLimit(0.25, "health"), SectorLimit(0.25, "tech")
    for seed in SEEDS:
        limits = (Budget(), LongOnly(), *shares, TurnoverLimit(0.8, (1.0 / 9,) * 9))
        covariance, mean = with_a_name_twice(seed)
        every = [0, 8, *range(1, 8)]  # the two that are the same, side by side
        found = best(posed(covariance[np.ix_(every, every)], mean[every], MinimumVolatility(), limits, sectors=sectors))
        assert found.weights is not None
        assert found.weights[0] == pytest.approx(found.weights[1], abs=EVEN), seed


def test_so_it_is_on_every_point_of_a_frontier() -> None:
    for seed in SEEDS:
        problem = posed(*with_a_name_twice(seed))
        question = FrontierQuestion(points=5)
        traced = trace(
            problem, estimated(problem), MeanVariance(), MeanVariance.options(), question, HighsLinearPrograms()
        )
        for candidate in traced.candidates:
            weights = candidate.proposal.weights
            assert weights is not None
            assert weights[0] == pytest.approx(weights[-1], abs=EVEN), seed


def test_what_tells_them_apart_is_no_part_of_the_answer() -> None:
    for seed in SEEDS:
        returns = np.random.default_rng(seed).normal(0.0, 0.05, (6, 12)).round(3)
        found = best(posed(np.cov(returns, rowvar=False)))
        assert found.certificate is not None
        assert found.certificate.duality_gap is not None
        assert found.certificate.duality_gap < 1e-8, seed
        if found.expected_volatility and found.expected_volatility > 1e-6:
            assert found.certificate.relative_gap == pytest.approx(0.0, abs=1e-11), seed


def test_fewer_returns_than_names_leave_one_answer_however_the_names_are_listed() -> None:
    returns = np.random.default_rng(5).normal(0.0, 0.05, (6, 12)).round(3)
    covariance, order = np.cov(returns, rowvar=False), np.random.default_rng(1).permutation(12)
    listed, moved = best(posed(covariance)).weights, best(posed(covariance[np.ix_(order, order)])).weights
    assert listed is not None
    assert moved is not None
    np.testing.assert_allclose(moved, listed[order], atol=EVEN)


def test_what_can_be_told_apart_is_left_as_it_is() -> None:
    definite = DenseCovariance.of([[0.04, 0.03999], [0.03999, 0.04]])
    assert told_apart(definite) is definite.dense()


def test_cash_gets_no_variance() -> None:
    cash = DenseCovariance.of([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.0]])
    apart = told_apart(cash)
    assert apart[2, 2] == cash.dense()[2, 2]
    assert apart[0, 0] == pytest.approx(0.04 * (1 + 1e-8), rel=1e-12)
    only = DenseCovariance.of(np.zeros((2, 2)))
    assert told_apart(only) is only.dense()


def test_a_portfolio_without_risk_is_found_all_the_same() -> None:
    found = best(posed([[0.04, -0.04], [-0.04, 0.04]]))
    assert found.expected_volatility == pytest.approx(0.0, abs=1e-7)
