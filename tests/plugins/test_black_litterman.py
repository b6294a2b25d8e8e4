"""Black-Litterman: the tables of two papers, the laws of the method, and what it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tangency
from tangency.contracts.laws import LAWS
from tangency.contracts.subject import Subject
from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, TargetReturn
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.plugins.black_litterman import BlackLitterman

Options = Mapping[str, Any]

# He, G., Litterman, R. (1999), The Intuition Behind Black-Litterman Model Portfolios, tables 1 to 8.
COUNTRIES = ("Australia", "Canada", "France", "Germany", "Japan", "UK", "USA")
CORRELATION = np.array(
    [
        [1.000, 0.488, 0.478, 0.515, 0.439, 0.512, 0.491],
        [0.488, 1.000, 0.664, 0.655, 0.310, 0.608, 0.779],
        [0.478, 0.664, 1.000, 0.861, 0.355, 0.783, 0.668],
        [0.515, 0.655, 0.861, 1.000, 0.354, 0.777, 0.653],
        [0.439, 0.310, 0.355, 0.354, 1.000, 0.405, 0.306],
        [0.512, 0.608, 0.783, 0.777, 0.405, 1.000, 0.652],
        [0.491, 0.779, 0.668, 0.653, 0.306, 0.652, 1.000],
    ]
)
VOLATILITIES = np.array([0.160, 0.203, 0.248, 0.271, 0.210, 0.200, 0.187])
COVARIANCE = CORRELATION * np.outer(VOLATILITIES, VOLATILITIES)
EQUILIBRIUM = (0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615)
GERMANY = {"weights": {"Germany": 1.0, "France": -5.2 / 17.6, "UK": -12.4 / 17.6}, "return": 0.05}
CANADA = {"weights": {"Canada": 1.0, "USA": -1.0}, "return": 0.03}
STRONGER = {**CANADA, "return": 0.04}
DOUBTED = {**GERMANY, "confidence": 1 / 3}
"""Twice the variance of the other rule: (1 - C) / C = 2."""
JAPAN = {"weights": {"Canada": 1.0, "Japan": -1.0}, "return": 0.0412}

# Idzorek, T. (2005), A Step-by-Step Guide to the Black-Litterman Model, tables 1 to 8.
CLASSES = (
    "US Bonds",
    "Intl Bonds",
    "US Large Growth",
    "US Large Value",
    "US Small Growth",
    "US Small Value",
    "Intl Dev Equity",
    "Intl Emerg Equity",
)
CLASS_COVARIANCE = np.array(
    [
        [0.001005, 0.001328, -0.000579, -0.000675, 0.000121, 0.000128, -0.000445, -0.000437],
        [0.001328, 0.007277, -0.001307, -0.000610, -0.002237, -0.000989, 0.001442, -0.001535],
        [-0.000579, -0.001307, 0.059852, 0.027588, 0.063497, 0.023036, 0.032967, 0.048039],
        [-0.000675, -0.000610, 0.027588, 0.029609, 0.026572, 0.021465, 0.020697, 0.029854],
        [0.000121, -0.002237, 0.063497, 0.026572, 0.102488, 0.042744, 0.039943, 0.065994],
        [0.000128, -0.000989, 0.023036, 0.021465, 0.042744, 0.032056, 0.019881, 0.032235],
        [-0.000445, 0.001442, 0.032967, 0.020697, 0.039943, 0.019881, 0.028355, 0.035064],
        [-0.000437, -0.001535, 0.048039, 0.029854, 0.065994, 0.032235, 0.035064, 0.079958],
    ]
)
CLASS_WEIGHTS = (0.1934, 0.2613, 0.1209, 0.1209, 0.0134, 0.0134, 0.2418, 0.0349)
CLASS_VIEWS: list[dict[str, Any]] = [
    {"weights": {"Intl Dev Equity": 1.0}, "return": 0.0525},
    {"weights": {"Intl Bonds": 1.0, "US Bonds": -1.0}, "return": 0.0025},
    {
        "weights": {"US Large Growth": 0.9, "US Large Value": -0.9, "US Small Growth": 0.1, "US Small Value": -0.1},
        "return": 0.02,
    },
]
IDZOREK: Options = {
    "market_weights": dict(zip(CLASSES, CLASS_WEIGHTS, strict=True)),
    "market_risk_premium": 0.03,
    "tau": 0.025,
    "posterior_covariance_rule": "prior",
}


def solved(
    names: Sequence[str],
    covariance: Matrix,
    options: Options,
    objective: Objective | None = None,
    **changes: Any,
) -> Solution:
    market = Market(Universe.of(names), covariance=covariance)
    problem = Problem(market, objective or MinimumVolatility(), (Budget(), LongOnly()), "black_litterman", options)
    return tangency.solve(replace(problem, **changes))


def global_markets(*views: Any, **options: Any) -> Solution:
    """He and Litterman's example with these views."""
    stated = {"market_weights": dict(zip(COUNTRIES, EQUILIBRIUM, strict=True)), "views": list(views), **options}
    return solved(COUNTRIES, COVARIANCE, stated, risk_aversion=2.5)


def asset_classes(*views: Any, **options: Any) -> Solution:
    """Idzorek's example with these views."""
    return solved(CLASSES, CLASS_COVARIANCE, {**IDZOREK, "views": list(views), **options})


def told(solution: Solution) -> dict[str, Any]:
    assert solution.status is Status.OPTIMAL, solution.message
    found = solution.findings["estimates"]
    assert isinstance(found, dict)
    return found


def figures(solution: Solution, name: str) -> Matrix:
    return np.array(list(told(solution)[name].values()))


def test_equilibrium_returns_are_table_2() -> None:
    printed = [0.039, 0.069, 0.084, 0.090, 0.043, 0.068, 0.076]
    np.testing.assert_allclose(figures(global_markets(), "equilibrium_returns"), printed, atol=5e-4)


def test_certain_views_on_every_country_are_the_traditional_portfolio_of_table_3() -> None:
    """Germany goes up and France and the UK go down until the view of table 4 holds and their market has not moved."""
    prior = figures(global_markets(), "equilibrium_returns")
    short = 0.05 - float(prior @ [0, 0, -5.2 / 17.6, 1, 0, -12.4 / 17.6, 0])
    mean = prior + short / (5.5 + 17.6) * np.array([0, 0, -5.5, 17.6, 0, -5.5, 0])
    views = [
        {"weights": {name: 1}, "return": value, "confidence": 1}
        for name, value in zip(COUNTRIES, mean.tolist(), strict=True)
    ]
    found = global_markets(*views, posterior_covariance_rule="prior")
    np.testing.assert_allclose(figures(found, "posterior_returns"), mean, atol=1e-12)
    printed = [-0.051, -0.023, -0.501, 0.836, 0.149, -0.228, 0.666]
    np.testing.assert_allclose(figures(found, "unconstrained_weights"), printed, atol=5.1e-4)


TABLES = [
    (
        "4",
        [GERMANY],
        [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1],
        [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6],
        [0, 0, -8.9, 30.2, 0, -21.3, 0],
        [0.302 * 1.05],
    ),
    (
        "5",
        [GERMANY, CANADA],
        [4.4, 8.7, 9.5, 11.2, 4.6, 7.0, 7.5],
        [1.5, 41.9, -3.4, 33.6, 11.0, -8.2, 18.8],
        [0, 39.8, -8.4, 28.4, 0, -20.0, -39.8],
        [0.298, 0.418],
    ),
    (
        "6",
        [GERMANY, STRONGER],
        [4.4, 9.1, 9.5, 11.3, 4.6, 7.0, 7.3],
        [1.5, 53.3, -3.3, 33.1, 11.0, -7.8, 7.3],
        [0, 51.3, -8.2, 27.8, 0, -19.6, -51.3],
        [0.292, 0.538],
    ),
    (
        "7",
        [DOUBTED, STRONGER],
        [4.3, 8.9, 9.3, 10.6, 4.6, 6.9, 7.2],
        [1.5, 53.9, -0.5, 23.6, 11.0, -1.1, 6.8],
        [0, 51.8, -5.4, 18.4, 0, -13.0, -51.8],
        [0.193, 0.544],
    ),
    (
        "8",
        [DOUBTED, STRONGER, JAPAN],
        None,  # printed as a copy of table 7, say the authors; the returns differ by 0.08 points
        [1.5, 53.9, -0.5, 23.6, 11.0, -1.1, 6.8],
        [0, 51.8, -5.4, 18.4, 0, -13.0, -51.8],
        [0.193, 0.544, 0.0],
    ),
]


@pytest.mark.parametrize(("table", "views", "returns", "weights", "deviations", "tilts"), TABLES)
def test_portfolios_with_views_are_he_and_littermans(
    table: str,
    views: list[Any],
    returns: list[float] | None,
    weights: list[float],
    deviations: list[float],
    tilts: list[float],
) -> None:
    if table == "8":
        views = [*views[:2], {**JAPAN, "variance": 0.059 * 0.05}]  # omega / tau as printed
    found = global_markets(*views)
    if returns is not None:
        np.testing.assert_allclose(100 * figures(found, "posterior_returns"), returns, atol=0.0501)
    held = 100 * figures(found, "unconstrained_weights")
    np.testing.assert_allclose(held, weights, atol=0.0501)
    np.testing.assert_allclose(held - 100 * np.array(EQUILIBRIUM) / 1.05, deviations, atol=0.0501)
    np.testing.assert_allclose(told(found)["view_tilts"], tilts, atol=6e-4)


def test_an_omega_in_the_order_of_the_views_is_the_variances() -> None:
    variances = [{**GERMANY, "variance": 0.0011}, {**CANADA, "variance": 0.0008}]
    together = global_markets(GERMANY, CANADA, omega=[[0.0011, 0.0], [0.0, 0.0008]])
    np.testing.assert_allclose(
        figures(together, "posterior_returns"), figures(global_markets(*variances), "posterior_returns"), rtol=1e-12
    )


def test_errors_of_the_past_make_an_omega_of_their_mean_squares_and_products() -> None:
    errors = np.array([[0.02, 0.01], [-0.03, 0.0], [0.01, -0.02]])
    estimated = global_markets(GERMANY, CANADA, view_errors=errors.tolist())
    given = global_markets(GERMANY, CANADA, omega=(errors.T @ errors / 3).tolist())
    np.testing.assert_allclose(figures(estimated, "posterior_returns"), figures(given, "posterior_returns"), rtol=1e-12)


def test_returns_weights_and_confidences_are_idzoreks() -> None:
    found = asset_classes(*CLASS_VIEWS)
    printed = [0.08, 0.67, 6.41, 4.08, 7.43, 3.70, 4.80, 6.60]
    np.testing.assert_allclose(100 * figures(found, "equilibrium_returns"), printed, atol=0.012)
    printed = [0.07, 0.50, 6.50, 4.32, 7.59, 3.94, 4.93, 6.84]
    np.testing.assert_allclose(100 * figures(found, "posterior_returns"), printed, atol=0.012)
    weights = 100 * figures(found, "unconstrained_weights")
    np.testing.assert_allclose(weights, [29.88, 15.59, 9.35, 14.82, 1.04, 1.65, 27.81, 3.49], atol=0.012)
    assert weights.sum() == pytest.approx(103.63, abs=0.005)
    np.testing.assert_allclose(told(found)["implied_confidences"], [0.3294, 0.4306, 0.3302], atol=1e-4)
    assert told(found)["risk_aversion"] == pytest.approx(3.07, abs=0.005)


def test_certain_views_give_idzoreks_column_of_full_confidence() -> None:
    weights = figures(asset_classes(*[{**view, "confidence": 1.0} for view in CLASS_VIEWS]), "unconstrained_weights")
    np.testing.assert_allclose(100 * weights, [43.82, 1.65, 3.81, 20.37, 0.42, 2.26, 35.21, 3.49], atol=0.012)


def test_the_unconstrained_portfolio_has_the_statistics_of_idzoreks_table_8() -> None:
    found = asset_classes(*CLASS_VIEWS)
    market, weights = np.array(CLASS_WEIGHTS), figures(found, "unconstrained_weights")
    prior, posterior = figures(found, "equilibrium_returns"), figures(found, "posterior_returns")
    variance, own = market @ CLASS_COVARIANCE @ market, weights @ CLASS_COVARIANCE @ weights
    active = weights - market
    beta = weights @ CLASS_COVARIANCE @ market / variance
    residual = np.sqrt(own - beta**2 * variance)
    assert [variance, own, beta, np.sqrt(active @ CLASS_COVARIANCE @ active), residual] == pytest.approx(
        [0.00979, 0.01012, 1.01256, 0.00913, 0.00904], rel=0.01
    )
    returns = [weights @ posterior, market @ prior / np.sqrt(variance), weights @ posterior / np.sqrt(own)]
    assert returns == pytest.approx([0.03101, 0.3033, 0.3083], rel=0.01)
    assert (returns[0] - beta * 0.03) / residual == pytest.approx(0.0699, rel=0.01)


def test_confidences_give_the_closed_form_of_their_omega() -> None:
    """Walters, The Black-Litterman Model in Detail: (1 - C) / C p tau S p'; recomputed from the formulas."""
    stated = [{**view, "confidence": c} for view, c in zip(CLASS_VIEWS, (0.25, 0.5, 0.65), strict=True)]
    found = asset_classes(*stated, uncertainty="idzorek")
    expected = [29.62579505814002, 15.844204941859944, 8.92939284904476, 15.250607150955217]
    np.testing.assert_allclose(100 * figures(found, "unconstrained_weights")[:4], expected, rtol=1e-9)


@pytest.mark.parametrize("position", range(3))
def test_a_view_alone_tilts_by_its_confidence_of_the_way_to_certainty(position: int) -> None:
    """Idzorek's step 6, whose least squares are zero."""
    view, market = CLASS_VIEWS[position], np.array(CLASS_WEIGHTS)
    for confidence in (0.25, 0.65):
        tilted = figures(asset_classes({**view, "confidence": confidence}), "unconstrained_weights") - market
        certain = figures(asset_classes({**view, "confidence": 1.0}), "unconstrained_weights") - market
        np.testing.assert_allclose(tilted, confidence * certain, rtol=0, atol=1e-10)


def test_a_view_without_confidence_is_none() -> None:
    found = asset_classes({**CLASS_VIEWS[0], "confidence": 0.0}, CLASS_VIEWS[1])
    alone = asset_classes(CLASS_VIEWS[1])
    assert (figures(found, "posterior_returns") == figures(alone, "posterior_returns")).all()
    assert told(found)["implied_confidences"][0] == told(found)["view_tilts"][0] == 0.0
    assert told(asset_classes({**CLASS_VIEWS[0], "confidence": 0.0}))["compatibility"] is None


def test_the_order_of_views_makes_no_difference() -> None:
    stated = [*CLASS_VIEWS[:2], {**CLASS_VIEWS[2], "confidence": 0.65}]
    found, turned = asset_classes(*stated), asset_classes(*reversed(stated))
    for name in ("posterior_returns", "unconstrained_weights"):
        np.testing.assert_allclose(figures(turned, name), figures(found, name), rtol=0, atol=1e-13)
    assert told(turned)["view_tilts"] == pytest.approx(told(found)["view_tilts"][::-1], rel=1e-10)
    together = [[0.0011, 0.0003], [0.0003, 0.0008]]
    first = global_markets(GERMANY, CANADA, omega=together)
    second = global_markets(CANADA, GERMANY, omega=np.array(together)[::-1, ::-1].tolist())
    np.testing.assert_allclose(figures(second, "posterior_returns"), figures(first, "posterior_returns"), rtol=1e-12)


def test_a_view_split_in_two_with_doubled_variance_is_the_view() -> None:
    once = asset_classes({**CLASS_VIEWS[0], "variance": 0.0007}, CLASS_VIEWS[1])
    twice = asset_classes(*[{**CLASS_VIEWS[0], "variance": 0.0014}] * 2, CLASS_VIEWS[1])
    for name in ("posterior_returns", "unconstrained_weights"):
        np.testing.assert_allclose(figures(twice, name), figures(once, name), rtol=0, atol=1e-13)
    stated = {"posterior_covariance_rule": "posterior"}
    once = asset_classes({**CLASS_VIEWS[0], "variance": 0.0007}, **stated)
    twice = asset_classes(*[{**CLASS_VIEWS[0], "variance": 0.0014}] * 2, **stated)
    np.testing.assert_allclose(covariance_after(twice), covariance_after(once), rtol=0, atol=1e-15)


def covariance_after(solution: Solution) -> Matrix:
    return np.array(told(solution)["posterior_covariance"]["values"])


@pytest.mark.parametrize("said", [{}, {"confidence": 0.65}, {"confidence": 1.0}, {"variance": 1e-6}], ids=str)
def test_views_that_the_equilibrium_holds_anyway_leave_it(said: Options) -> None:
    prior = told(asset_classes())["equilibrium_returns"]
    views = [{"weights": {name: 1.0}, "return": prior[name], **said} for name in CLASSES[:3]]
    found = asset_classes(*views)
    assert told(found)["posterior_returns"] == prior
    np.testing.assert_allclose(figures(found, "unconstrained_weights"), CLASS_WEIGHTS, rtol=0, atol=1e-12)
    spread = {CLASSES[0]: 1.0, CLASSES[1]: -0.5}
    agreed = asset_classes({"weights": spread, "return": sum(w * prior[name] for name, w in spread.items()), **said})
    assert figures(agreed, "posterior_returns").tolist() == pytest.approx(list(prior.values()), rel=1e-12)


SMALL = np.array([[0.04, 0.006, 0.0], [0.006, 0.09, 0.01], [0.0, 0.01, 0.0225]])
MARKET = {"A": 0.5, "B": 0.3, "C": 0.2}


def small(objective: Objective | None = None, options: Options | None = None, **changes: Any) -> Solution:
    return solved(("A", "B", "C"), SMALL, {"market_weights": MARKET, **(options or {})}, objective, **changes)


@pytest.mark.parametrize(
    "objective", [MaximumSharpe(0.02), MinimumVolatility(), MaximumReturn(), MaximumUtility(3.0)], ids=lambda o: o.name
)
def test_any_mean_variance_objective_is_proven_on_the_posterior(objective: Objective) -> None:
    found = small(objective, {"views": ["A - B = 0.01"]}, risk_free_rate=0.02, risk_aversion=3.0)
    assert found.status is Status.OPTIMAL
    assert found.certificate is not None
    assert found.certificate.relative_gap is not None
    assert found.certificate.relative_gap < 1e-9
    posterior = figures(found, "posterior_returns") + 0.02
    covariance = np.array(told(found)["posterior_covariance"]["values"])
    assert found.weights is not None
    assert found.expected_return == pytest.approx(posterior @ found.weights, rel=1e-12)
    assert found.expected_volatility == pytest.approx(np.sqrt(found.weights @ covariance @ found.weights), rel=1e-12)


@pytest.mark.parametrize("views", [None, []])
def test_no_views_are_an_empty_list_or_null(views: Any) -> None:
    assert told(small(options={"views": views}))["view_tilts"] == []


def test_without_views_maximum_sharpe_is_the_market() -> None:
    found = small(MaximumSharpe(0.02), risk_aversion=3.0)
    assert found.weights_by_name == pytest.approx(MARKET, abs=1e-8)
    assert figures(found, "posterior_returns") == pytest.approx(3.0 * SMALL @ [0.5, 0.3, 0.2], rel=1e-15)
    assert told(found)["compatibility"] is None


def test_a_benchmark_stands_for_the_market() -> None:
    found = solved(("A", "B", "C"), SMALL, {"benchmark": "B", "market_risk_premium": 0.045})
    assert figures(found, "equilibrium_returns") == pytest.approx(0.5 * SMALL[1], rel=1e-12)


def test_without_a_market_every_name_counts_the_same_and_names_that_are_alike_once() -> None:
    twice = SMALL[np.ix_([0, 1, 2, 2], [0, 1, 2, 2])]
    found = solved(("A", "B", "C", "C2"), twice, {})
    assert told(found)["market_weights"] == pytest.approx({"A": 1 / 3, "B": 1 / 3, "C": 1 / 6, "C2": 1 / 6})


def test_limits_hold_on_posterior_returns() -> None:
    plain = small(MinimumVolatility(), {"views": ["B = 0.12"]}, risk_aversion=3.0)
    assert plain.expected_return is not None
    floor = plain.expected_return + 0.01
    limits = (Budget(), LongOnly(), MaximumWeight(0.6), TargetReturn(floor))
    found = small(MinimumVolatility(), {"views": ["B = 0.12"]}, risk_aversion=3.0, constraints=limits)
    assert found.status is Status.OPTIMAL
    assert found.expected_return == pytest.approx(floor, abs=1e-9)


@pytest.mark.parametrize(
    ("premium", "used"), [(None, ("risk_aversion",)), (0.04, ())], ids=["by risk aversion", "by premium"]
)
def test_risk_aversion_is_used_unless_a_premium_takes_its_place(premium: float | None, used: tuple[str, ...]) -> None:
    found = small(MinimumVolatility(), {"market_risk_premium": premium}, risk_aversion=3.0)
    assert found.parameters == used
    assert found.provenance is not None
    assert found.provenance.sources.mean == "method"


def test_views_far_from_the_equilibrium_have_a_small_p_value() -> None:
    near, far = (told(small(options={"views": [f"A = {value}"]}))["compatibility"] for value in (0.022, 0.5))
    assert near["p_value"] > 0.9
    assert far["p_value"] < 1e-6
    assert far["degrees_of_freedom"] == 1
    prior = SMALL @ [0.5, 0.3, 0.2]
    assert far["statistic"] == pytest.approx((0.5 - prior[0]) ** 2 / (2 * 0.05 * 0.04), rel=1e-12)


def test_certain_views_that_are_not_independent_are_infeasible_and_named() -> None:
    certain = [
        {"weights": {"C": 1}, "return": 0.03},
        {"weights": {"A": 1}, "return": 0.05, "confidence": 1},
        {"weights": {"B": 1}, "return": 0.07, "variance": 0},
        {"weights": {"A": 1, "B": -1}, "return": 0.01, "confidence": 1},
    ]
    found = small(options={"views": certain})
    assert found.status is Status.INFEASIBLE
    assert "views.1 (A = 0.05); views.2 (B = 0.07); views.3 (A - B = 0.01)" in found.message
    assert found.infeasibility is not None
    conflict = found.infeasibility.conflict
    assert [member.constraint for member in conflict] == [f"method_options.views.{k}" for k in (1, 2, 3)]


def test_certain_views_about_names_that_are_one_are_infeasible_though_their_rows_differ() -> None:
    views = [{"weights": {name: 1}, "return": value, "confidence": 1} for name, value in (("A", 0.05), ("B", 0.06))]
    found = solved(("A", "B"), np.full((2, 2), 0.04), {"views": views})
    assert found.status is Status.INFEASIBLE
    assert "A = 0.05" in found.message
    assert "B = 0.06" in found.message


TWINS = np.array([[0.09, 0.09, 0.0096], [0.09, 0.09, 0.0096], [0.0096, 0.0096, 0.04]])


@pytest.mark.parametrize("scale", [1.0, 1 / 3, 0.7])
def test_a_view_that_two_names_differ_that_are_the_same_is_infeasible_and_named(scale: float) -> None:
    found = solved(("A", "B", "C"), scale * TWINS, {"views": ["C = 0.03", "A - B = 0.02"]})
    assert found.status is Status.INFEASIBLE
    assert "without risk: views.1 (A - B = 0.02)" in found.message
    assert found.infeasibility is not None
    assert [member.constraint for member in found.infeasibility.conflict] == ["method_options.views.1"]


def test_with_an_uncertainty_of_its_own_it_changes_nothing() -> None:
    view = {"weights": {"A": 1, "B": -1}, "return": 0.02, "variance": 0.01}
    told = solved(("A", "B", "C"), TWINS, {"views": ["C = 0.03", view]}).findings["estimates"]
    untold = solved(("A", "B", "C"), TWINS, {"views": ["C = 0.03"]}).findings["estimates"]
    assert told["posterior_returns"] == pytest.approx(untold["posterior_returns"], rel=1e-12)  # type: ignore[index]


VIEW = {"weights": {"A": 1}, "return": 0.05}


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        ({"market_weights": {"A": 0.5, "B": 0.5}}, ("market_weights",), "no figure for C"),
        ({"market_weights": {**MARKET, "D": 0.0}}, ("market_weights",), "'D' is not a name here"),
        ({"market_weights": {"A": 0.5, "B": 0.5, "C": 0.1}}, ("market_weights",), "sum to 1.1"),
        ({"benchmark": "A"}, ("benchmark",), "give one market"),
        ({"tau": 0.0}, ("tau",), "is 0.0; give a number above 0"),
        ({"views": ["A - D = 0.02"]}, ("views", 0), "'D' is not a name here"),
        ({"views": ["A >= 0.02"]}, ("views", 0), "not an equality"),
        ({"views": ["0 A = 0.02"]}, ("views", 0), "no weight"),
        ({"views": [VIEW, {"weights": {"D": 1}, "return": 0.1}]}, ("views", 1, "weights", "D"), "'D' is not a name"),
        ({"views": [{**VIEW, "confidence": 0.5, "variance": 0.1}]}, ("views", 0), "give one of them"),
        ({"views": [{**VIEW, "confidence": 1.5}]}, ("views", 0, "confidence"), "at most 1"),
        ({"views": [{**VIEW, "retrun": 1.5}]}, ("views", 0, "retrun"), "'retrun' is not a known field"),
        ({"views": [{"weights": {"A": 0}, "return": 0.1}]}, ("views", 0), "no weight"),
        ({"views": [VIEW], "uncertainty": "idzorek"}, ("views", 0), "has no confidence"),
        ({"views": [VIEW], "omega": [[0.1, 0.0]]}, ("omega", 0), "2 figures for 1 views"),
        ({"views": [VIEW], "omega": []}, ("omega",), "has 0 rows"),
        ({"views": [VIEW], "omega": [[-0.1]]}, ("omega",), "not positive semidefinite"),
        ({"views": [VIEW] * 2, "omega": [[0.1, 0.01], [0.0, 0.1]]}, ("omega",), "not symmetric"),
        ({"views": [{**VIEW, "variance": 0.1}], "omega": [[0.1]]}, ("views", 0), "leave one out"),
        ({"views": [VIEW], "view_errors": []}, ("view_errors",), "is empty"),
        ({"views": [VIEW], "omega": [[0.1]], "view_errors": [[0.1]]}, ("view_errors",), "beside omega"),
        ({"views": [VIEW], "omega": [[0.1]], "uncertainty": "idzorek"}, ("uncertainty",), "leave one out"),
        ({"views": [{"weights": {"A": 1}}]}, ("views", 0, "return"), "is missing"),
        ({"views": [{**VIEW, "weights": {"A": "one"}}]}, ("views", 0, "weights", "A"), "is 'one'; give a number"),
        ({"posterior_covariance_rule": "none"}, ("posterior_covariance_rule",), "give 'posterior' or 'prior'"),
    ],
)
def test_what_it_cannot_use_it_refuses_with_its_place(options: Options, path: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        small(options=options)
    assert refused.value.faults[0].path == ("method_options", *path)


def test_the_premium_of_a_market_without_risk_says_nothing_about_aversion() -> None:
    covariance = np.diag([0.04, 0.0])
    options = {"market_weights": {"A": 0, "B": 1}, "market_risk_premium": 0.03}
    with pytest.raises(InvalidInput, match="market without risk"):
        solved(("A", "B"), covariance, options)


@pytest.mark.parametrize("law", ["limits", "proof", "determinism", "innocence", "degeneracy"])
def test_it_obeys_the_laws_with_views(law: str) -> None:
    LAWS[law].check(Subject(BlackLitterman(), {"views": ("N0 = 0.07",), "tau": 0.1}), 10)
