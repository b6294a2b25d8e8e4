"""Mean-risk portfolios: published figures, laws, limits on several risks at once, and refusals."""

from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.optimization.constraint import MaximumWeight, TargetReturn
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    Objective,
)
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.risk.measure import MEASURES, Measure
from tests.plugins.mean_risk_questions import LONG_ONLY, asked, best, estimates_of, sample_returns
from tests.support.known import known

CONVEX = sorted(set(MEASURES) - {"var"})

MARKOWITZ = np.array(
    [
        [0.300, 0.225, 0.149],
        [0.103, 0.290, 0.260],
        [0.216, 0.216, 0.419],
        [-0.046, -0.272, -0.078],
        [-0.071, 0.144, 0.169],
        [0.056, 0.107, -0.035],
        [0.038, 0.321, 0.133],
        [0.089, 0.305, 0.732],
        [0.090, 0.195, 0.021],
        [0.083, 0.390, 0.131],
        [0.035, -0.072, 0.006],
        [0.176, 0.715, 0.908],
    ]
)
"""Yearly returns of ATT, GMC and USX, 1943 to 1954; Markowitz (1959), as in LINGO's model PORTCVAR."""


def test_the_conditional_value_at_risk_of_lingos_twelve_years() -> None:
    """LINGO model PORTCVAR: the average growth of the worst tenth is 0.9549491440080458 at best."""
    solution = best(MARKOWITZ, MinimumRisk(), level=0.9, periods_per_year=1.0)
    assert 1.0 - known(solution.objective_value) == pytest.approx(0.9549491440080458, abs=1e-9)
    assert solution.weights == pytest.approx([0.6163141993958678, 0.0, 0.3836858006041137], abs=1e-7)
    assert sum(known(known(solution.risk).shares)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", CONVEX)
@pytest.mark.parametrize("objective", [MinimumRisk(), MaximumRatio(risk_free_rate=0.02), MaximumUtility(5.0)])
def test_every_convex_measure_is_optimised_with_a_proof(name: str, objective: Objective) -> None:
    solution = best(sample_returns(120)[:, :10], objective, risk_measure=name, threshold=0.0005)
    gap = known(known(solution.certificate).relative_gap)
    assert gap < (1e-11 if name in ("evar", "edar", "ulcer_index") else 1e-8)
    assert known(solution.certificate).max_violation <= 1e-9


@pytest.mark.parametrize("name", CONVEX)
def test_no_portfolio_nearby_or_at_random_has_less_risk(name: str) -> None:
    returns = sample_returns(120)[:, :8]
    solution = best(returns, MinimumRisk(), risk_measure=name)
    risk = Measure(name).of(estimates_of(returns))
    random = np.random.default_rng(5)
    others = np.vstack([random.dirichlet(np.full(8, 0.5), 400), np.eye(8)])
    nearby = 0.999 * known(solution.weights) + 0.001 * others
    least = known(solution.objective_value) * (1 - 1e-7)
    assert all(risk.value(w) >= least for w in np.vstack([others, nearby]))


def test_limits_on_several_risks_hold_at_once() -> None:
    returns = sample_returns(250)
    free = best(returns, MaximumReturn())
    limits = {"cvar": {"limit": 0.025, "confidence_level": 0.9}, "max_drawdown": {"limit": 0.12}, "volatility": 0.25}
    held = best(returns, MaximumReturn(), risk_limits=limits)
    estimates = estimates_of(returns)
    for name, limit, level in (("cvar", 0.025, 0.9), ("max_drawdown", 0.12, 0.95), ("volatility", 0.25, 0.95)):
        measure = Measure(name, level).of(estimates)
        assert measure.value(known(held.weights)) <= limit + 1e-9
        assert measure.value(known(free.weights)) > limit
    assert known(held.objective_value) < known(free.objective_value)
    binding = {found.constraint for found in known(held.why).binding}
    assert "method_options.risk_limits.max_drawdown" in binding


def test_a_tighter_limit_moves_the_objective_by_its_shadow_price() -> None:
    returns = sample_returns(250)
    at, above = (best(returns, MaximumReturn(), risk_limits={"cvar": limit}) for limit in (0.02, 0.0201))
    price = next(b.shadow_price for b in known(at.why).binding if b.constraint == "method_options.risk_limits.cvar")
    assert (known(above.objective_value) - known(at.objective_value)) / 0.0001 == pytest.approx(price, rel=0.02)


def test_volatility_and_variance_mean_what_they_mean_everywhere() -> None:
    returns = sample_returns(250)
    by_name = best(returns, MinimumVolatility())
    by_measure = best(returns, MinimumRisk(), risk_measure="volatility")
    squared = best(returns, MinimumRisk(), risk_measure="variance")
    assert by_measure.objective_value == pytest.approx(by_name.objective_value, rel=1e-9)
    assert known(squared.objective_value) == pytest.approx(known(by_name.objective_value) ** 2, rel=1e-8)
    ratio = best(returns, MaximumRatio(risk_free_rate=0.03), risk_measure="volatility")
    assert best(returns, MaximumSharpe(0.03)).objective_value == pytest.approx(ratio.objective_value, rel=1e-9)


def test_probabilities_weigh_scenarios_and_what_was_estimated_from_them() -> None:
    rows = sample_returns(40)[:, :4]
    counts = np.random.default_rng(3).integers(0, 4, 40)
    repeated = best(np.repeat(rows, counts, axis=0), MaximumUtility(2.0))
    weighed = best(rows, MaximumUtility(2.0), probabilities=tuple((counts / counts.sum()).tolist()))
    assert weighed.objective_value == pytest.approx(repeated.objective_value, rel=1e-8)
    assert weighed.expected_return == pytest.approx(repeated.expected_return, rel=1e-6)


@pytest.mark.parametrize("probabilities", [(0.5, 0.5), (0.6, 0.5, -0.1), (0.5, 0.4, 0.0)])
def test_probabilities_that_are_none_are_refused(probabilities: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        asked(np.eye(3), MinimumRisk(), probabilities=probabilities)
    assert refused.value.faults[0].path == ("method_options", "probabilities")


def test_unknown_measures_are_refused_with_a_hint() -> None:
    with pytest.raises(InvalidInput, match="'cvarr' is not a known risk measure; did you mean cvar"):
        asked(np.eye(3), MinimumRisk(), risk_measure="cvarr")
    with pytest.raises(InvalidInput, match="'drawdown' is not a known risk measure") as refused:
        asked(np.eye(3), MinimumRisk(), risk_limits={"drawdown": 0.1})
    assert refused.value.faults[0].path == ("method_options", "risk_limits", "drawdown")


def test_a_limit_below_what_a_risk_can_be_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is never below 0"):
        asked(MARKOWITZ, MinimumRisk(), risk_limits={"mad": -0.1})


def test_a_ratio_without_risk_has_no_largest_value() -> None:
    solution = asked(MARKOWITZ, MaximumRatio(), level=0.0, periods_per_year=1.0)
    assert solution.status is Status.UNBOUNDED
    assert "its cvar is not above 0" in solution.message


def test_a_ratio_without_a_gain_is_not_applicable() -> None:
    solution = asked(MARKOWITZ, MaximumRatio(risk_free_rate=0.5), periods_per_year=1.0)
    assert solution.status is Status.NOT_APPLICABLE
    assert solution.bound == pytest.approx(MARKOWITZ.mean(axis=0).max() - 0.5)


LIMITS = [
    {"cvar": 0.01},
    {"max_drawdown": 0.05},
    {"evar": 0.015, "volatility": 0.1},
    {"ulcer_index": 0.01},
    {"variance": 0.01},
    {"volatility": 0.0},
    {"gini_mean_difference": 0.006},
    {"cvar": 0.0155, "max_drawdown": 0.06},
]


@pytest.mark.parametrize("limits", LIMITS, ids="+".join)
def test_risk_limits_that_nothing_satisfies_are_explained(limits: dict[str, float]) -> None:
    returns = sample_returns(100)[:, :6]
    solution = asked(returns, MaximumReturn(), risk_limits=limits)
    assert solution.status is Status.INFEASIBLE
    found = known(solution.infeasibility)
    assert found.bound > 1e-9
    needed = {step.constraint.rpartition(".")[2]: step.needed for step in found.relaxation}
    assert needed
    enough = {name: value * (1 + 1e-6) for name, value in needed.items()}
    relaxed = best(returns, MaximumReturn(), risk_limits=limits | enough)
    assert known(relaxed.certificate).constraints_satisfied
    tighter = {name: limits[name] + 0.99 * (value - limits[name]) for name, value in needed.items()}
    assert asked(returns, MaximumReturn(), risk_limits=limits | tighter).status is Status.INFEASIBLE


def test_a_target_return_and_a_risk_limit_are_named_together() -> None:
    solution = asked(
        sample_returns(100)[:, :6], MinimumRisk(), (*LONG_ONLY, TargetReturn(3.0)), risk_limits={"cvar": 0.02}
    )
    members = {member.constraint for member in known(solution.infeasibility).conflict}
    assert "risk_parameters.target_return" in members


# --- value at risk ------------------------------------------------------------------------------------------------


def test_the_exact_value_at_risk_is_the_least_on_a_grid() -> None:
    returns = sample_returns(60)[:, :3]
    solution = asked(returns, MinimumRisk(), risk_measure="var", level=0.93)
    assert solution.status is Status.FEASIBLE
    assert solution.findings["solver_bound"] == pytest.approx(solution.objective_value, rel=1e-6)
    risk = Measure("var", 0.93).of(estimates_of(returns))
    grid = [np.array([i, j, 60 - i - j]) / 60 for i in range(61) for j in range(61 - i)]
    assert min(risk.value(w) for w in grid) >= known(solution.objective_value) - 1e-12
    assert risk.value(known(solution.weights)) == pytest.approx(known(solution.objective_value), abs=1e-12)


def test_a_limit_on_value_at_risk_is_kept_exactly_and_by_proxy() -> None:
    returns = sample_returns(60)[:, :4]
    risk = Measure("var", 0.95).of(estimates_of(returns))
    exact, proxy = (
        asked(returns, MaximumReturn(), risk_limits={"var": 0.035}, var_method=how) for how in ("exact", "cvar_proxy")
    )
    assert risk.value(known(exact.weights)) == pytest.approx(0.035, abs=1e-9)
    assert risk.value(known(proxy.weights)) <= 0.035 + 1e-9
    assert known(exact.expected_return) > known(proxy.expected_return)
    assert exact.status is proxy.status is Status.FEASIBLE


def test_a_value_at_risk_that_branching_does_not_find_is_the_solvers_word() -> None:
    solution = asked(sample_returns(60)[:, :4], MaximumReturn(), risk_limits={"var": 0.0})
    assert solution.status is Status.NOT_APPLICABLE
    assert "By the word of the solver" in solution.message


def test_turnover_and_bounds_hold_beside_an_exact_value_at_risk() -> None:
    returns = sample_returns(60)[:, :4]
    solution = asked(returns, MinimumRisk(), (*LONG_ONLY, MaximumWeight(0.4)), risk_measure="var")
    assert known(solution.weights).max() <= 0.4 + 1e-9


@pytest.mark.parametrize(
    ("objective", "options", "says"),
    [
        (MinimumRisk(), {}, "lets 7 of 140 scenarios go"),
        (MaximumRatio(), {"level": 0.99}, "has no exact form for MAX_RATIO"),
        (
            MinimumRisk(),
            {"level": 0.99, "risk_limits": {"cvar": 0.1}},
            "takes no limit like method_options.risk_limits.cvar",
        ),
    ],
)
def test_what_has_no_exact_form_is_refused_with_a_remedy(
    objective: Objective, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(Unsupported, match=says) as refused:
        asked(sample_returns(140)[:, :3], objective, risk_measure="var", **options)
    assert "cvar_proxy" in str(refused.value)


def test_a_proxy_that_finds_nothing_claims_nothing() -> None:
    solution = asked(sample_returns(130)[:, :3], MinimumVolatility(), risk_limits={"var": 0.0}, var_method="cvar_proxy")
    assert solution.status is Status.NOT_APPLICABLE
    assert "whether one keeps the latter is not known" in solution.message


@pytest.mark.parametrize("name", ["edar", "ulcer_index"])
def test_a_history_that_is_under_water_from_its_first_day_is_taken(name: str) -> None:
    sinking = -np.abs(sample_returns(30)[:, :4])
    assert best(sinking, MinimumRisk(), risk_measure=name).status is Status.OPTIMAL


# --- degenerate markets -------------------------------------------------------------------------------------------

CALM = sample_returns(30)[:, :3]
DEGENERATE = {
    "fewer days than names": sample_returns(6),
    "a name twice": np.hstack([CALM, CALM[:, :1]]),
    "a riskless name": np.hstack([CALM, np.zeros((30, 1))]),
    "one name": CALM[:, :1],
    "tiny": CALM * 1e-9,
}


@pytest.mark.parametrize("name", CONVEX)
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_markets_have_a_portfolio_of_least_risk(name: str, case: str) -> None:
    solution = best(DEGENERATE[case], MinimumRisk(), risk_measure=name)
    assert known(solution.certificate).max_violation <= 1e-8


@pytest.mark.parametrize("name", CONVEX)
def test_a_perfect_hedge_has_no_risk(name: str) -> None:
    solution = asked(np.hstack([CALM[:, :1], -CALM[:, :1]]), MinimumRisk(), risk_measure=name)
    assert solution.status.answered
    assert solution.weights == pytest.approx([0.5, 0.5], abs=1e-7)
    assert known(known(solution.certificate).duality_gap) < 1e-8


@pytest.mark.parametrize("name", [name for name in CONVEX if Measure(name).needs_scenarios])
def test_where_nothing_is_worth_its_risk_all_is_in_cash(name: str) -> None:
    rows = np.hstack([np.zeros((40, 1)), sample_returns(40)[:, :7]])
    solution = best(rows, MaximumUtility(1e4), level=0.999, risk_measure=name)
    assert solution.weights == pytest.approx([1.0] + 7 * [0.0], abs=1e-9)


@pytest.mark.parametrize("name", CONVEX)
def test_a_gain_without_risk_leaves_a_ratio_without_a_largest_value(name: str) -> None:
    solution = asked(np.hstack([np.full((30, 1), 0.001), CALM]), MaximumRatio(), risk_measure=name)
    assert solution.status is Status.UNBOUNDED
    assert "is not above 0" in solution.message


def test_the_mean_difference_of_five_years_is_proven_in_few_programs() -> None:
    solution = best(sample_returns(1260), MinimumRisk(), risk_measure="gini_mean_difference")
    assert known(known(solution.certificate).relative_gap) < 1e-8
    assert solution.iterations < 600


@pytest.mark.parametrize("name", ["cvar", "mad", "second_lower_partial_moment", "worst_realization"])
def test_a_limit_at_the_least_risk_there_is_keeps_the_portfolio_that_has_it(name: str) -> None:
    """Or misses it by what a computed figure may be off; by more, it is told that nothing keeps the limit."""
    rng = np.random.default_rng(1)
    rows = rng.normal(0.001, 0.02, (40, 4)) * rng.uniform(0.5, 1.5, 4) + rng.normal(0.0, 0.01, (40, 1))
    least = best(rows, MinimumRisk(), risk_measure=name)
    for missed, status in ((0.0, Status.OPTIMAL), (1e-9, Status.OPTIMAL), (1e-4, Status.INFEASIBLE)):
        limit = {name: known(least.objective_value) * (1.0 - missed)}
        found = asked(rows, MaximumReturn(), risk_limits=limit)
        assert found.status is status
        assert asked(rows, MaximumUtility(3.0), risk_measure=name, risk_limits=limit).status is status
        if found.status is Status.OPTIMAL:
            assert found.weights == pytest.approx(known(least.weights), abs=1e-4)


def test_a_limit_that_leaves_a_millionth_of_room_is_used_to_the_last_of_it() -> None:
    """By a price that is found, where the solver of cones ends outside of the budget."""
    rng = np.random.default_rng(30)
    names, days = rng.integers(2, 8), rng.integers(24, 80)  # 2 and 37
    spreads = rng.normal(0.001, 0.02, (days, names)) * rng.uniform(0.5, 1.5, names)
    rows = spreads + rng.normal(0.0, 0.01, (days, 1))
    limits = (*LONG_ONLY, MaximumWeight(0.619267144190142))
    least = best(rows, MinimumRisk(), limits, risk_measure="evar")
    limit = {"evar": known(least.objective_value) * (1.0 + 1e-6)}
    found = asked(rows, MaximumUtility(3.0), limits, risk_measure="evar", risk_limits=limit)
    assert found.status is Status.OPTIMAL, found.message
    assert known(found.expected_return) > known(least.expected_return)


def test_a_linear_program_that_an_interior_point_leaves_outside_of_its_limits_is_solved_at_a_corner() -> None:
    returns, name = sample_returns(80)[:, :5], "gini_mean_difference"
    limit = known(best(returns, MinimumRisk(), risk_measure=name).objective_value) * (1.0 + 1e-5)
    found = best(returns, MaximumReturn(), risk_limits={name: limit})
    assert known(found.certificate).max_violation <= 1e-10
    assert Measure(name).of(estimates_of(returns)).value(known(found.weights)) == pytest.approx(limit, rel=1e-8)


@pytest.mark.parametrize(("name", "room"), [("edar", 1e-5), ("evar", 1e-5), ("edar", 1e-7)])
def test_a_ratio_beside_a_limit_that_leaves_next_to_no_room_is_proven(name: str, room: float) -> None:
    returns = sample_returns(80)[:, :8]
    least = best(returns, MinimumRisk(), risk_measure=name)
    limit = known(least.objective_value) * (1.0 + room)
    found = best(returns, MaximumRatio(), risk_measure="mad", risk_limits={name: limit})
    assert Measure(name).of(estimates_of(returns)).value(known(found.weights)) <= limit * (1.0 + 1e-8)


OUT_OF_REACH = [
    ("semi_deviation", 60, 4e-8),
    ("gini_mean_difference", 60, 1e-6),
    ("variance", 100, 1e-6),
    ("second_lower_partial_moment", 100, 1e-6),
]


@pytest.mark.parametrize(("name", "days", "missed"), OUT_OF_REACH)
def test_a_limit_a_little_below_the_least_risk_is_told_to_be_out_of_reach(name: str, days: int, missed: float) -> None:
    returns = sample_returns(days)[:, 12:]
    limit = known(best(returns, MinimumRisk(), risk_measure=name).objective_value) * (1.0 - missed)
    found = asked(returns, MaximumUtility(3.0), risk_limits={name: limit})
    assert found.status is Status.INFEASIBLE, found.message
    needed = {step.constraint: step.needed for step in known(found.infeasibility).relaxation}
    assert needed == {f"method_options.risk_limits.{name}": pytest.approx(limit, rel=1e-3)}


def test_a_utility_of_the_variance_beside_a_limit_on_it_counts_both() -> None:
    returns = sample_returns(50)[:, :6]
    least = best(returns, MinimumRisk(), risk_measure="variance")
    limit = {"variance": known(least.objective_value) * (1.0 - 1e-9)}
    found = asked(returns, MaximumUtility(3.0), risk_measure="variance", risk_limits=limit)
    assert found.status is Status.OPTIMAL, found.message
