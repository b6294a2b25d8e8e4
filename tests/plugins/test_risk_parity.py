"""Risk parity: published portfolios, laws, limits, a brute-force search, and what it refuses."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import RiskParity as Parity
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.black_litterman import BlackLitterman, BlackLittermanOptions
from tangency.plugins.mean_variance import MeanVariance
from tangency.plugins.risk_parity import RiskParity, RiskParityOptions
from tests.support.posed import LONG_ONLY, answer, estimated, posed

MAILLARD_VOLATILITIES = np.array([0.1, 0.2, 0.3, 0.4])
MAILLARD_CORRELATIONS = np.array([[1.0, 0.8, 0, 0], [0.8, 1.0, 0, 0], [0, 0, 1.0, -0.5], [0, 0, -0.5, 1.0]])
MAILLARD = MAILLARD_CORRELATIONS * np.outer(MAILLARD_VOLATILITIES, MAILLARD_VOLATILITIES)
"""Maillard, Roncalli and Teiletche (2010), section 4."""
RONCALLI = np.array([[1.0, 0.8, 0.5], [0.8, 1.0, 0.3], [0.5, 0.3, 1.0]]) * np.outer([0.3, 0.2, 0.15], [0.3, 0.2, 0.15])
"""Roncalli (2013), Introduction to Risk Parity and Budgeting, section 2.1."""


def answered(problem: Problem, **options: object) -> Solution:
    asked = RiskParityOptions(**options)  # type: ignore[arg-type]
    return solve_with(problem, estimated(problem), RiskParity(), asked, HighsLinearPrograms())


def parity(covariance: Matrix, limits: tuple[Constraint, ...] = LONG_ONLY, **options: object) -> Solution:
    return answered(posed(covariance, objective=Parity(), limits=limits), **options)


def weights_of(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-9
    assert solution.weights is not None
    return solution.weights


def named(figures: object) -> dict[str, float]:
    return {chr(ord("A") + i): float(figure) for i, figure in enumerate(np.asarray(figures).tolist())}


def random_covariance(seed: int, size: int) -> Matrix:
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, 2))
    values = loadings @ loadings.T + np.diag(rng.uniform(0.2, 2.0, size))
    return np.asarray(values * 0.04)


# --- published ----------------------------------------------------------------------------------------------------


def test_equal_contributions_of_maillard_roncalli_and_teiletche() -> None:
    solution = parity(MAILLARD)
    np.testing.assert_allclose(weights_of(solution), [0.384, 0.192, 0.243, 0.182], atol=6e-4)
    recomputed = [0.38361250628396804, 0.19180625314198402, 0.24261785175659883, 0.1819633888174491]
    np.testing.assert_allclose(weights_of(solution), recomputed, atol=1e-12)
    assert solution.expected_volatility == pytest.approx(0.10293403692840215, abs=1e-14)
    assert solution.risk is not None
    np.testing.assert_allclose(solution.risk.absolute, 0.0257335, atol=1e-7)


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.5, 0.99])
def test_one_correlation_gives_inverse_volatility(correlation: float) -> None:
    values = np.full((4, 4), correlation) + (1 - correlation) * np.eye(4)
    covariance = values * np.outer(MAILLARD_VOLATILITIES, MAILLARD_VOLATILITIES)
    np.testing.assert_allclose(weights_of(parity(covariance)), [0.48, 0.24, 0.16, 0.12], atol=1e-12)


def test_the_portfolios_of_roncalli() -> None:
    budgeted = parity(RONCALLI, budgets={"A": 0.5, "B": 0.2, "C": 0.3})
    np.testing.assert_allclose(weights_of(budgeted), [0.3115, 0.2190, 0.4696], atol=6e-5)
    assert budgeted.expected_volatility == pytest.approx(0.1749, abs=6e-5)
    assert budgeted.risk is not None
    np.testing.assert_allclose(budgeted.risk.marginal, [0.2808, 0.1597, 0.1117], atol=6e-5)
    np.testing.assert_allclose(weights_of(parity(RONCALLI)), [0.1969, 0.3244, 0.4787], atol=6e-5)


# --- laws ---------------------------------------------------------------------------------------------------------


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(-0.99, 0.99))
def test_two_names_are_held_by_inverse_volatility_whatever_their_correlation(
    one: float, two: float, rho: float
) -> None:
    covariance = np.array([[one**2, rho * one * two], [rho * one * two, two**2]])
    np.testing.assert_allclose(weights_of(parity(covariance)), np.array([two, one]) / (one + two), rtol=1e-9)


@given(seed=st.integers(0, 10**6), size=st.integers(1, 8))
def test_contributions_are_the_budgets(seed: int, size: int) -> None:
    budgets = np.random.default_rng(seed).dirichlet(np.ones(size)) + 1e-3
    solution = parity(random_covariance(seed, size), budgets=named(budgets))
    weights_of(solution)
    assert solution.risk_shares is not None
    np.testing.assert_allclose(solution.risk_shares, budgets / budgets.sum(), atol=1e-10)
    assert solution.findings["budgets_met"] is True
    assert solution.findings["budget_deviation"] == pytest.approx(0.0, abs=1e-10)


@given(seed=st.integers(0, 10**6))
def test_budgets_that_are_the_weights_of_the_minimum_variance_portfolio_return_it(seed: int) -> None:
    volatilities = np.random.default_rng(seed).uniform(0.1, 0.4, 4)
    covariance = (0.1 + 0.9 * np.eye(4)) * np.outer(volatilities, volatilities)
    least = np.linalg.solve(covariance, np.ones(4))
    least /= least.sum()
    if least.min() > 0:
        np.testing.assert_allclose(weights_of(parity(covariance, budgets=named(least))), least, atol=1e-10)


@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-12, 1e-6, 1e6, 1e12]))
def test_no_unit_of_returns_moves_it_bounded_or_not(seed: int, scale: float) -> None:
    covariance = random_covariance(seed, 5)
    for limits in (LONG_ONLY, (*LONG_ONLY, MaximumWeight(0.22))):
        first, second = parity(covariance, limits), parity(covariance * scale, limits)
        np.testing.assert_allclose(weights_of(first), weights_of(second), atol=1e-8)


def test_a_name_that_is_there_twice_has_its_two_budgets_in_two_equal_weights() -> None:
    once = weights_of(parity(MAILLARD, budgets={"A": 1, "B": 1, "C": 1, "D": 2}))
    every = [0, 1, 2, 3, 3]
    twice = weights_of(parity(MAILLARD[np.ix_(every, every)]))
    np.testing.assert_allclose(twice, [*once[:3], once[3] / 2, once[3] / 2], atol=1e-8)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_portfolio_without_risk_leaves_none_to_share(scale: float) -> None:
    cancelling = np.array([[0.04, -0.06, 0.0], [-0.06, 0.09, 0.0], [0.0, 0.0, 0.01]])
    for covariance in (np.diag([0.04, 0.0]), cancelling):
        solution = parity(scale * covariance)
        assert solution.status is Status.NOT_APPLICABLE
        assert "there is no risk to share" in solution.message
    assert "B has no risk" in parity(scale * np.diag([0.04, 0.0])).message


# --- limits -------------------------------------------------------------------------------------------------------


def brute_force(covariance: Matrix, budgets: Vector, lower: float, upper: float) -> Vector:
    """The least ln risk - sum b ln w by searching grids, each finer around the best point of the one before."""
    best, width = np.full(4, 0.25), 0.5
    for _ in range(22):
        steps = np.linspace(-width, width, 11)
        tried = best[:3] + np.array(list(product(steps, repeat=3)))
        tried = np.clip(tried, lower, upper)
        points = np.column_stack([tried, 1.0 - tried.sum(axis=1)])
        points = points[(points[:, 3] >= lower) & (points[:, 3] <= upper)]
        risks = np.einsum("ti,ij,tj->t", points, covariance, points)
        best = points[np.argmin(0.5 * np.log(risks) - np.log(points) @ budgets)]
        width *= 0.55
    return np.asarray(best)


@pytest.mark.parametrize("seed", range(30))
def test_bounded_portfolios_are_those_of_a_brute_force_search(seed: int) -> None:
    covariance, rng = random_covariance(seed, 4), np.random.default_rng(seed)
    budgets, lower, upper = rng.dirichlet(np.ones(4)) + 0.02, rng.uniform(0.01, 0.2), rng.uniform(0.3, 0.45)
    budgets /= budgets.sum()
    solution = parity(covariance, (*LONG_ONLY, MinimumWeight(lower), MaximumWeight(upper)), budgets=named(budgets))
    found = brute_force(covariance, budgets, lower, upper)
    reached = np.sqrt(found @ covariance @ found) * np.exp(-(budgets @ np.log(found)))
    assert solution.objective_value == pytest.approx(reached, rel=1e-6)
    assert solution.objective_value is not None
    assert solution.objective_value <= reached * (1 + 1e-12)
    np.testing.assert_allclose(weights_of(solution), found, atol=2e-3)


def test_the_bound_that_keeps_a_name_from_its_budget_is_named() -> None:
    solution = parity(MAILLARD, (*LONG_ONLY, MaximumWeight(0.3), MaximumWeight(0.25, "C")))
    weights = weights_of(solution)
    np.testing.assert_allclose(weights[[0, 2]], [0.3, 0.25], atol=1e-11)
    shares = weights * (MAILLARD @ weights) / (weights @ MAILLARD @ weights)
    assert solution.findings["budgets_met"] is False
    assert solution.findings["budget_deviation"] == pytest.approx(np.abs(shares - 0.25).max(), abs=1e-12)
    assert solution.findings["binding_bounds"] == {
        "A": "constraints.max_weight",
        "C": "strategies.C.max_weight",
    }
    assert solution.why is not None
    assert {each.name for each in solution.why.at_bound} == {"A", "C"}


def test_limits_that_do_not_bind_change_nothing() -> None:
    limits = (*LONG_ONLY, MaximumWeight(0.5), LeverageLimit(1.5), TargetVolatility(0.2))
    assert (weights_of(parity(MAILLARD, limits)) == weights_of(parity(MAILLARD))).all()


@pytest.mark.parametrize(
    "limit",
    [
        SectorLimit(0.3, "metals"),
        TurnoverLimit(0.05, (0.25, 0.25, 0.25, 0.25)),
        TargetReturn(0.07),
        TargetVolatility(0.09),
        TurnoverLimit(0.0, (0.25, 0.25, 0.25, 0.25)),
    ],
    ids=lambda limit: f"{limit.kind} {limit.limit}",
)
def test_every_limit_is_kept_priced_and_proven(limit: Constraint) -> None:
    sectors = ["metals", None, "metals", None]
    means = [0.02, 0.05, 0.08, 0.11]
    problem = posed(MAILLARD, means, Parity(), (*LONG_ONLY, limit), sectors=sectors)
    solution = answered(problem)
    weights_of(solution)
    assert solution.why is not None
    assert [each.constraint for each in solution.why.binding] == [limit.id]


def test_what_nothing_satisfies_is_explained() -> None:
    solution = parity(MAILLARD, (*LONG_ONLY, MaximumWeight(0.2)))
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    assert {member.constraint for member in solution.infeasibility.conflict} == {"budget", "constraints.max_weight"}


def test_a_name_that_must_not_be_held_cannot_have_a_budget() -> None:
    solution = parity(MAILLARD, (*LONG_ONLY, MaximumWeight(0.0, "B")))
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.message.startswith("B can have no weight")
    without = parity(MAILLARD, (*LONG_ONLY, MaximumWeight(0.0, "B")), budgets={"A": 1, "B": 0, "C": 1, "D": 1})
    others = parity(MAILLARD[np.ix_([0, 2, 3], [0, 2, 3])])
    np.testing.assert_allclose(weights_of(without)[[0, 2, 3]], weights_of(others), atol=1e-8)


def test_names_that_limits_leave_no_weight_only_together_are_told() -> None:
    # Half of A has to be kept, and that fills its sector: B is left without.
    limits = SectorLimit(0.5, "metals"), TurnoverLimit(0.5, current=(1.0, 0.0, 0.0, 0.0))
    problem = posed(
        MAILLARD, objective=Parity(), limits=(*LONG_ONLY, *limits), sectors=["metals", "metals", None, None]
    )
    solution = answered(problem)
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.message.startswith("The limits together leave no weight for B, which has a risk budget.")


# --- a target for the volatility ----------------------------------------------------------------------------------


def test_a_volatility_target_leaves_the_rest_in_cash_at_the_risk_free_rate() -> None:
    means, rate = np.array([0.02, 0.05, 0.08, 0.11]), 0.03
    problem = replace(posed(MAILLARD, means, Parity()), risk_free_rate=rate)
    solution = answered(problem, target_volatility=0.05)
    full = weights_of(parity(MAILLARD))
    share = 0.05 / 0.10293403692840215
    np.testing.assert_allclose(weights_of(solution), share * full, atol=1e-12)
    assert solution.findings["cash_weight"] == pytest.approx(1 - share, abs=1e-12)
    assert solution.expected_volatility == pytest.approx(0.05, abs=1e-12)
    assert solution.expected_return == pytest.approx(share * float(means @ full) + (1 - share) * rate, abs=1e-12)
    assert solution.sharpe_ratio == pytest.approx((float(means @ full) - rate) / 0.10293403692840215, abs=1e-10)


@pytest.mark.parametrize(("limits", "invested"), [(LONG_ONLY, 1.0), ((*LONG_ONLY, LeverageLimit(1.5)), 1.5)])
def test_no_more_is_invested_than_the_leverage_limit_or_everything(
    limits: tuple[Constraint, ...], invested: float
) -> None:
    solution = parity(MAILLARD, limits, target_volatility=0.2)
    assert weights_of(solution).sum() == pytest.approx(invested, abs=1e-12)
    assert solution.findings["cash_weight"] == pytest.approx(1 - invested, abs=1e-12)


def test_a_volatility_target_is_met_within_bounds_too() -> None:
    solution = parity(MAILLARD, (*LONG_ONLY, MaximumWeight(0.3), LeverageLimit(2.0)), target_volatility=0.11)
    assert weights_of(solution)[0] == pytest.approx(0.3, abs=1e-11)
    assert solution.expected_volatility == pytest.approx(0.11, abs=1e-9)
    assert solution.findings["cash_weight"] == pytest.approx(1 - weights_of(solution).sum(), abs=1e-9)


# --- budgets ------------------------------------------------------------------------------------------------------


def test_sectors_divide_their_budgets_equally_unless_given() -> None:
    problem = posed(MAILLARD, objective=Parity(), sectors=["x", "x", "y", "y"])
    equally = answered(problem, sector_budgets={"x": 3, "y": 1})
    given = answered(problem, sector_budgets={"x": 3, "y": 1}, budgets={"A": 1, "B": 2, "C": 1, "D": 1})
    np.testing.assert_allclose(equally.risk_shares, [0.375, 0.375, 0.125, 0.125], atol=1e-10)  # type: ignore[arg-type]
    np.testing.assert_allclose(given.risk_shares, [0.25, 0.5, 0.125, 0.125], atol=1e-10)  # type: ignore[arg-type]


def test_budgets_by_inverse_volatility_and_by_sharpe_ratio() -> None:
    means = np.array([0.02, 0.06, 0.06, 0.04])
    by_volatility = answered(posed(MAILLARD, objective=Parity()), budget_rule="inverse_volatility")
    by_sharpe = answered(posed(MAILLARD, means, Parity()), budget_rule="sharpe")
    np.testing.assert_allclose(by_volatility.risk_shares, [0.48, 0.24, 0.16, 0.12], atol=1e-10)  # type: ignore[arg-type]
    np.testing.assert_allclose(by_sharpe.risk_shares, np.array([2, 3, 2, 1]) / 8, atol=1e-10)  # type: ignore[arg-type]


def test_a_sharpe_ratio_below_zero_is_no_budget() -> None:
    solution = answered(posed(MAILLARD, [0.02, -0.06, 0.06, 0.04], Parity()), budget_rule="sharpe")
    assert solution.status is Status.NOT_APPLICABLE
    assert "B has none" in solution.message


def test_a_short_name_contributes_its_budget_too() -> None:
    limits = (Budget(), MinimumWeight(-1.0))
    solution = parity(MAILLARD, limits, signs={"B": -1})
    assert weights_of(solution)[1] < 0
    np.testing.assert_allclose(solution.risk_shares, 0.25, atol=1e-10)  # type: ignore[arg-type]
    bounded = parity(MAILLARD, (*limits, LeverageLimit(1.6)), signs={"B": -1})
    assert np.abs(weights_of(bounded)).sum() == pytest.approx(1.6, abs=1e-9)


def test_short_names_that_outweigh_the_others_need_a_limit() -> None:
    limits = (Budget(), MinimumWeight(-1.0))
    solution = parity(MAILLARD, limits, signs={"A": -1, "B": -1, "C": -1})
    assert weights_of(solution).sum() == pytest.approx(1.0, abs=1e-9)
    assert (weights_of(solution)[:3] < 0).all()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"budgets": {"A": -1.0}}, "budgets.A"),
        ({"budgets": {"A": 0.0}}, "budgets"),
        ({"budget_rule": "given"}, "budgets"),
        ({"budget_rule": "sharpe", "budgets": {"A": 1.0}}, "budget_rule"),
        ({"target_volatility": 0.0}, "target_volatility"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        RiskParityOptions(**options)  # type: ignore[arg-type]
    assert [".".join(map(str, fault.path)) for fault in refused.value.faults] == [field]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budgets": {"A": 1.0, "B": 1.0, "C": 1.0}}, "has nothing for D"),
        ({"budgets": {"A": 1.0, "B": 1.0, "C": 1.0, "D": 1.0, "AA": 1.0}}, "did you mean A"),
        ({"sector_budgets": {"x": 1.0}}, "need a sector for every name"),
        ({"signs": {"Z": -1}}, "Z"),
    ],
)
def test_budgets_are_joined_by_name(options: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        answered(posed(MAILLARD, objective=Parity()), **options)


# --- as an objective of other methods -----------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [LONG_ONLY, (*LONG_ONLY, MaximumWeight(0.3))])
def test_mean_variance_means_equal_contributions_by_it(limits: tuple[Constraint, ...]) -> None:
    solution = answer(posed(MAILLARD, objective=Parity(), limits=limits), MeanVariance())
    assert (weights_of(solution) == weights_of(parity(MAILLARD, limits))).all()


def test_black_litterman_means_equal_contributions_to_the_risk_that_views_leave() -> None:
    problem = posed(MAILLARD, objective=Parity())
    options = BlackLittermanOptions(market_weights=dict.fromkeys("ABCD", 0.25))
    solution = solve_with(problem, estimated(problem), BlackLitterman(), options, HighsLinearPrograms())
    weights_of(solution)
    np.testing.assert_allclose(solution.risk_shares, 0.25, atol=1e-10)  # type: ignore[arg-type]
    assert {"estimates", "budgets_met"} <= set(solution.findings)
