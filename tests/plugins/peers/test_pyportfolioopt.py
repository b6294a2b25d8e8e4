"""PyPortfolioOpt behind our contract: its own answers, proven, and what it cannot honour refused."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pypfopt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.contracts import MethodContract
from tangency.contracts.cases import permuted
from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
    AssetClassLimit,
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.domain.risk.measure import Measure
from tangency.plugins.peers.pyportfolioopt import PyPortfolioOpt
from tangency.plugins.peers.pyportfolioopt_options import PyPortfolioOptOptions
from tests.support.history import TRADING_DAYS, five_years, of_history, of_sample
from tests.support.posed import estimated, posed

CAPPED: tuple[Constraint, ...] = (Budget(), LongOnly(), MaximumWeight(0.2))
RATE = 0.02
NAMES, ROWS = five_years()
MEANS = pd.Series(TRADING_DAYS * ROWS.mean(axis=0), index=NAMES)
COVARIANCE = pd.DataFrame(TRADING_DAYS * np.cov(ROWS, rowvar=False), index=NAMES, columns=NAMES)
RETURNS = pd.DataFrame(ROWS, columns=NAMES)
PRECISE = {"solver": "CLARABEL", "solver_options": dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-10)}


def judged(problem: Problem, estimates: Estimates, **options: Any) -> Solution:
    return solve_with(problem, estimates, PyPortfolioOpt(), PyPortfolioOptOptions(**options), HighsLinearPrograms())


def on_sample(objective: Objective, limits: Sequence[Constraint] = CAPPED, **options: Any) -> Solution:
    return judged(*of_sample(objective, limits), **options)


def weights_of(solution: Solution) -> Vector:
    assert solution.weights is not None, (solution.status, solution.message)
    return solution.weights


def by_hand(weights: dict[str, float]) -> Vector:
    return np.array([weights[name] for name in NAMES])


class TestATailOfScenarios(MethodContract):
    method = "pypfopt"
    examples = 6
    options: ClassVar[Mapping[str, object]] = {"model": "efficient_cvar"}


# --- the library's own answers --------------------------------------------------------------------------------------


def frontier() -> Any:
    return pypfopt.EfficientFrontier(MEANS, COVARIANCE, weight_bounds=(0, 0.2), **PRECISE)


@pytest.mark.parametrize(
    ("objective", "called", "ask"),
    [
        (MinimumVolatility(), "min_volatility", lambda: frontier().min_volatility()),
        (MaximumSharpe(RATE), "max_sharpe", lambda: frontier().max_sharpe(RATE)),
        (MaximumUtility(3.0), "max_quadratic_utility", lambda: frontier().max_quadratic_utility(3.0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_frontier_answers_as_by_hand_and_is_proven(
    objective: Objective, called: str, ask: Callable[[], dict[str, float]]
) -> None:
    solution = on_sample(objective)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    assert solution.findings["library_method"] == f"EfficientFrontier.{called}"
    np.testing.assert_allclose(weights_of(solution), by_hand(ask()), atol=1e-6)


def test_a_target_volatility_is_what_efficient_risk_takes() -> None:
    solution = on_sample(MaximumReturn(), (*CAPPED, TargetVolatility(0.2)))
    assert solution.status is Status.OPTIMAL
    assert solution.findings["library_method"] == "EfficientFrontier.efficient_risk"
    np.testing.assert_allclose(weights_of(solution), by_hand(frontier().efficient_risk(0.2)), atol=1e-5)


def test_a_target_return_is_what_efficient_return_takes() -> None:
    solution = on_sample(MinimumVolatility(), (*CAPPED, TargetReturn(0.25)))
    assert solution.status is Status.OPTIMAL
    np.testing.assert_allclose(weights_of(solution), by_hand(frontier().efficient_return(0.25)), atol=1e-6)


def test_the_greatest_ratio_keeps_a_target_return_and_a_sector() -> None:
    problem, estimates = of_sample(MaximumSharpe(RATE), CAPPED)
    best = judged(problem, estimates)
    assert best.weights is not None
    assert best.expected_return is not None
    more = on_sample(MaximumSharpe(RATE), (*CAPPED, TargetReturn(best.expected_return + 0.01)))
    assert more.status is Status.OPTIMAL
    assert more.expected_return == pytest.approx(best.expected_return + 0.01, abs=1e-9)


SAMPLE_OPTIMIZERS: dict[str, tuple[Measure, Callable[[], dict[str, float]]]] = {
    "efficient_semivariance": (
        Measure("second_lower_partial_moment"),  # as they are, the squares are below the solver's tolerance
        lambda: pypfopt.EfficientSemivariance(
            MEANS, RETURNS * 64, weight_bounds=(0, 0.2), **PRECISE
        ).min_semivariance(),
    ),
    "efficient_cvar": (
        Measure("cvar"),
        lambda: pypfopt.EfficientCVaR(MEANS, RETURNS, weight_bounds=(0, 0.2), **PRECISE).min_cvar(),
    ),
    "efficient_cdar": (
        Measure("cdar"),
        lambda: pypfopt.EfficientCDaR(MEANS, RETURNS, weight_bounds=(0, 0.2), **PRECISE).min_cdar(),
    ),
}


@pytest.mark.parametrize("model", SAMPLE_OPTIMIZERS)
def test_a_risk_of_scenarios_is_proven_least_by_the_librarys_own_multipliers(model: str) -> None:
    measure, ask = SAMPLE_OPTIMIZERS[model]
    solution = on_sample(MinimumRisk(measure), model=model)
    assert solution.status is Status.OPTIMAL
    _, estimates = of_sample()
    expected = measure.of(estimates).value(by_hand(ask()))
    assert solution.objective_value == pytest.approx(expected, rel=1e-7)
    assert solution.risk is not None
    assert solution.risk.measure == measure.name


@pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumSharpe(RATE)], ids=["least", "ratio"])
def test_the_critical_line_reaches_the_frontier_and_is_proven(objective: Objective) -> None:
    line, program = on_sample(objective, model="cla"), on_sample(objective)
    assert line.status is Status.OPTIMAL
    np.testing.assert_allclose(weights_of(line), weights_of(program), atol=1e-6)


def test_hierarchical_risk_parity_is_joined_by_name_and_never_optimal() -> None:
    backwards = NAMES[::-1]  # the library answers in alphabetical order
    problem, estimates = of_history(ROWS[:, ::-1], backwards, RiskParity(), CAPPED[:2])
    solution = judged(problem, estimates, model="hrp")
    assert solution.status is Status.FEASIBLE
    expected = pypfopt.HRPOpt(cov_matrix=COVARIANCE.loc[list(backwards), list(backwards)]).optimize()
    assert list(expected) != list(backwards)
    np.testing.assert_allclose(weights_of(solution), by_hand(expected)[::-1], atol=1e-12)


@pytest.mark.parametrize("confidence", [None, 0.4])
def test_views_revise_the_estimates_that_the_answer_is_judged_by(confidence: float | None) -> None:
    views, held = {NAMES[3]: 0.3, NAMES[0]: 0.05}, dict.fromkeys(NAMES, 1 / len(NAMES))
    confidences = None if confidence is None else [confidence, confidence]
    prior = pypfopt.black_litterman.market_implied_prior_returns(held, 1.0, COVARIANCE, 0.0)
    model = pypfopt.BlackLittermanModel(
        COVARIANCE,
        pi=prior,
        absolute_views=views,
        omega="idzorek" if confidences else None,
        view_confidences=confidences,
    )
    solution = on_sample(
        MaximumUtility(2.0),
        model="black_litterman",
        views=views,
        view_confidences={} if confidence is None else dict.fromkeys(views, confidence),
        market_weights=held,
    )
    assert solution.status is Status.OPTIMAL
    assert solution.weights is not None
    assert {"risk_aversion", "risk_free_rate"} <= set(solution.parameters)
    assert solution.findings["posterior_returns"] == pytest.approx(model.bl_returns().to_dict())
    assert solution.expected_return == pytest.approx(float(model.bl_returns().to_numpy() @ solution.weights))


# --- its limits -----------------------------------------------------------------------------------------------------


def test_figures_follow_their_names_in_any_order() -> None:
    problem, estimates = of_history(ROWS[:, :5], NAMES[:5], MaximumSharpe(RATE), CAPPED[:2])
    straight = judged(problem, estimates)
    turned_problem, turned_estimates = of_history(ROWS[:, 4::-1], NAMES[4::-1], MaximumSharpe(RATE), CAPPED[:2])
    turned = judged(turned_problem, turned_estimates)
    np.testing.assert_allclose(weights_of(turned), weights_of(straight)[::-1], atol=1e-8)


@given(st.permutations(range(3)))
def test_two_and_three_names_keep_their_own_bounds(order: list[int]) -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.5, "A"), MinimumWeight(0.3, "B"))
    problem = posed(np.diag([0.01, 0.04, 0.09]), limits=limits)
    first, second = (judged(p, estimated(p)) for p in (problem, permuted(problem, order)))
    np.testing.assert_allclose(weights_of(second), weights_of(first)[order], atol=1e-8)
    np.testing.assert_allclose(weights_of(first), [0.5, 0.3461538, 0.1538462], atol=1e-6)


def test_a_pair_of_names_is_not_taken_for_a_pair_of_bounds() -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.3, "A"), MinimumWeight(0.1, "A"))
    problem = posed(np.diag([0.01, 0.04]), limits=limits)
    np.testing.assert_allclose(weights_of(judged(problem, estimated(problem))), [0.3, 0.7], atol=1e-9)


def test_a_sector_limit_holds() -> None:
    limits = (Budget(), LongOnly(), SectorLimit(0.25, "s"))
    problem = posed(np.diag([0.01, 0.02, 0.09]), limits=limits, sectors=["s", "s", None])
    solution = judged(problem, estimated(problem))
    assert solution.status is Status.OPTIMAL
    np.testing.assert_allclose(weights_of(solution), [1 / 6, 1 / 12, 0.75], atol=1e-7)


def test_a_limit_of_an_asset_class_holds() -> None:
    limits = (Budget(), LongOnly(), AssetClassLimit(0.25, "bonds"))
    problem = posed(np.diag([0.01, 0.02, 0.09]), limits=limits)
    named = tuple(Asset(asset.name, None, "bonds" if asset.name != "C" else None) for asset in problem.universe.assets)
    problem = replace(problem, market=replace(problem.market, universe=Universe(named)))
    solution = judged(problem, estimated(problem))
    assert solution.status is Status.OPTIMAL
    np.testing.assert_allclose(weights_of(solution), [1 / 6, 1 / 12, 0.75], atol=1e-7)


def test_short_positions_within_bounds_are_proven_best() -> None:
    assert on_sample(MinimumVolatility(), (Budget(), MinimumWeight(-0.1))).status is Status.OPTIMAL


@pytest.mark.parametrize(
    ("objective", "limits", "options", "named"),
    [
        (MinimumVolatility(), (TurnoverLimit(0.1, (0.5, 0.5)),), {}, "turnover_limit"),
        (MaximumSharpe(), (TurnoverLimit(0.1, (0.5, 0.5)),), {}, "turnover_limit"),
        (MinimumVolatility(), (LeverageLimit(1.5),), {}, "leverage_limit"),
        (MinimumVolatility(), (TargetVolatility(0.2),), {}, "target_volatility"),
        (MaximumSharpe(), (TargetVolatility(0.2),), {}, "target_volatility"),
        (MinimumVolatility(), (MaximumWeight(0.6),), {"model": "hrp"}, "max_weight"),
        (MinimumVolatility(), (SectorLimit(0.6, "s"),), {"model": "cla"}, "sector_limits"),
        (MaximumSharpe(), (), {"model": "efficient_cvar"}, "MAX_SHARPE"),
        (RiskParity(), (), {}, "RISK_PARITY"),
        (MinimumRisk(Measure("cdar")), (), {"model": "efficient_cvar"}, "cdar"),
    ],
)
def test_what_the_library_cannot_honour_is_refused_by_name(
    objective: Objective, limits: tuple[Constraint, ...], options: dict[str, Any], named: str
) -> None:
    problem = posed(np.diag([0.01, 0.04]), [0.1, 0.2], objective, (*CAPPED[:2], *limits), sectors=["s", None])
    with pytest.raises(Unsupported, match=named):
        judged(problem, estimated(problem), **options)


def test_other_than_a_full_investment_is_refused() -> None:
    problem = posed(np.eye(2), limits=(Budget(0.9), LongOnly()))
    with pytest.raises(Unsupported, match=r"budget of 0\.9"):
        judged(problem, estimated(problem))


def test_a_weight_without_a_bound_is_refused() -> None:
    problem = posed(np.eye(2), limits=(Budget(),))
    with pytest.raises(Unsupported, match="give every name one"):
        judged(problem, estimated(problem))


# --- no answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["efficient_frontier", "efficient_cvar", "cla"])
def test_limits_that_contradict_each_other_are_explained(model: str) -> None:
    objective = MinimumVolatility()
    solution = on_sample(objective, (Budget(), LongOnly(), MaximumWeight(0.01)), model=model)
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    assert {member.constraint for member in solution.infeasibility.conflict} == {"budget", "constraints.max_weight"}


def test_a_target_out_of_reach_is_explained() -> None:
    for objective, limit in ((MinimumVolatility(), TargetReturn(9.0)), (MaximumReturn(), TargetVolatility(0.01))):
        solution = on_sample(objective, (*CAPPED, limit))
        assert solution.status is Status.INFEASIBLE
        assert limit.id in solution.message


def test_a_rate_above_every_mean_is_not_applicable_with_the_best_excess() -> None:
    solution = on_sample(MaximumSharpe(5.0), CAPPED[:2])
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.bound == pytest.approx(MEANS.max() - 5.0)


def test_riskless_names_leave_hierarchical_risk_parity_without_numbers() -> None:
    problem = posed(np.zeros((2, 2)), limits=CAPPED[:2])
    solution = judged(problem, estimated(problem), model="hrp")
    assert solution.status is Status.NUMERICAL_ERROR
    assert "finite" in solution.message


def test_one_name_is_the_whole_portfolio() -> None:
    for model in ("hrp", "efficient_frontier"):
        problem = posed([[0.04]], limits=CAPPED[:2])
        np.testing.assert_allclose(weights_of(judged(problem, estimated(problem), model=model)), [1.0], atol=1e-9)


def test_without_the_library_it_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypfopt", None)
    problem = posed(np.eye(2))
    with pytest.raises(Unsupported, match=r"pip install 'tangency\[pypfopt\]'"):
        judged(problem, estimated(problem))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"tau": 0.0}, "tau"),
        ({"model": "black_litterman"}, "views"),
        ({"views": {"A": 0.1}, "view_confidences": {"B": 0.5}}, "view_confidences"),
        ({"views": {"A": 0.1}, "view_confidences": {"A": 1.5}}, r"view_confidences\.A"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        PyPortfolioOptOptions(**options)


def test_a_view_about_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="did you mean"):
        on_sample(MinimumVolatility(), model="black_litterman", views={"APPL": 0.1})
