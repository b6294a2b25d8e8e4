"""Robust optimization by its laws, over the sample and over cases small enough to solve by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy
import numpy as np
import pytest
from scipy.stats import chi2, norm, wishart

from tangency.adapters.entry_points.options import bind_options
from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight, TurnoverLimit
from tangency.domain.optimization.kinds import read_objective, written
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    MultiObjective,
    Objective,
)
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.robust_terms import root_of
from tangency.domain.plain_values import as_buffer, as_lists
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.uncertainty_sets import matrix_radius, matrix_shape, resampled_distances
from tangency.plugins.multi.options import AimOption
from tangency.plugins.robust.options import CovarianceUncertainty, MeanUncertainty, RobustOptions, Scenario
from tangency.plugins.robust_optimization import RobustOptimization
from tests.support.history import of_history, of_sample
from tests.support.posed import best, estimated, posed
from tests.support.robust import proven, robust, robustness

cp: Any = cvxpy  # its functions are made when it is imported: no type checker finds them
LONG_SHORT = (Budget(), MinimumWeight(-0.2), MaximumWeight(0.4))
EMPIRICAL = MeanUncertainty(estimate="empirical")
RNG = np.random.default_rng(4)
YEARS = 5.0
SETS = [
    RobustOptions(EMPIRICAL),
    RobustOptions(replace(EMPIRICAL, kind="box")),
    RobustOptions(MeanUncertainty(estimate="bootstrap"), CovarianceUncertainty(estimate="bootstrap")),
    RobustOptions(replace(EMPIRICAL, kind="box"), CovarianceUncertainty(estimate="empirical")),
    RobustOptions(EMPIRICAL, CovarianceUncertainty("ellipsoid", "empirical")),
    RobustOptions(EMPIRICAL, CovarianceUncertainty("ellipsoid", "bootstrap")),
    RobustOptions(EMPIRICAL, CovarianceUncertainty("ellipsoid", radius=0.05)),
]


@pytest.mark.parametrize("aversion", [1.0, 6.0])
def test_an_ellipsoid_in_the_shape_of_the_covariance_is_a_higher_risk_aversion(aversion: float) -> None:
    problem, estimates = of_sample(MaximumUtility(aversion))
    shape = 0.09 * estimates.covariance.dense()
    answer = proven((problem, estimates), RobustOptions(MeanUncertainty(shape=shape.tolist(), radius=1.5)))
    assert answer.weights is not None
    assert answer.expected_volatility is not None
    raised = MaximumUtility(aversion + 1.5 * 0.3 / answer.expected_volatility)
    nominal = best(replace(posed(estimates.covariance.dense(), estimates.mean), objective=raised))
    np.testing.assert_allclose(np.asarray(answer.weights), np.asarray(nominal.weights), atol=1e-6)


def test_the_empirical_ellipsoid_is_the_covariance_over_the_years_of_data() -> None:
    problem, estimates = of_sample(MaximumReturn())
    answer = proven((problem, estimates), RobustOptions(EMPIRICAL))
    kappa = np.sqrt(chi2.ppf(0.95, 20))
    w = answer.weights
    assert w is not None
    stated = estimates.required_mean("the test") @ w - kappa * np.sqrt(w @ estimates.covariance.dense() @ w / YEARS)
    assert answer.objective_value == pytest.approx(stated, rel=1e-12)
    assert robustness(answer)["worst_case_return"] == pytest.approx(stated, rel=1e-12)
    assert robust((problem, estimates), RobustOptions()).objective_value == answer.objective_value


def test_a_name_that_is_there_twice_leaves_the_degrees_of_freedom() -> None:
    problem, estimates = of_sample(MaximumReturn())
    rows = estimates.required_scenarios("the test").returns
    twice = of_history(np.hstack([rows, rows[:, :1]]), objective=MaximumReturn())
    first = proven((problem, estimates), RobustOptions(EMPIRICAL)).objective_value
    assert proven(twice, RobustOptions(EMPIRICAL)).objective_value == pytest.approx(first, rel=1e-7)


def test_the_empirical_box_is_so_many_standard_errors_wide() -> None:
    problem, estimates = of_sample(MaximumReturn(), LONG_SHORT)
    answer = proven((problem, estimates), RobustOptions(replace(EMPIRICAL, kind="box", confidence_level=0.5)))
    wide = norm.ppf(0.75) * np.sqrt(estimates.covariance.variances / YEARS)
    w = np.asarray(answer.weights)
    stated = estimates.required_mean("the test") @ w - wide @ np.abs(w)
    assert answer.objective_value == pytest.approx(stated, rel=1e-12)


@pytest.mark.parametrize("options", SETS)
@pytest.mark.parametrize("objective", [MaximumUtility(4.0), MaximumSharpe(-0.4)])
def test_no_sampled_member_is_worse_than_the_stated_worst_case(options: RobustOptions, objective: Objective) -> None:
    problem, estimates = of_sample(objective, LONG_SHORT)
    answer = proven((problem, estimates), options)
    w, said = answer.weights, robustness(answer)
    assert w is not None
    member = said["worst_case"]
    mean = np.array(list(member["expected_returns"].values()))
    assert said["worst_case_return"] == pytest.approx(mean @ w, rel=1e-12)
    if "covariance" in member:
        covariance = np.array([list(row.values()) for row in member["covariance"].values()])
        assert np.linalg.eigvalsh(covariance)[0] >= -1e-12
        assert said["worst_case_volatility"] == pytest.approx(np.sqrt(w @ covariance @ w), rel=1e-12)
    volatility = said["worst_case_volatility"]
    if isinstance(objective, MaximumSharpe):
        assert answer.objective_value == pytest.approx((mean @ w + 0.4) / volatility, rel=1e-7)
    else:
        assert answer.objective_value == pytest.approx(mean @ w - 2.0 * volatility**2, rel=1e-7)


def test_a_hundred_thousand_members_never_beat_the_worst_case() -> None:
    problem, estimates = of_sample(MaximumUtility(4.0), LONG_SHORT)
    wide = 0.3 * np.abs(estimates.covariance.dense())
    box = MeanUncertainty(kind="box", half_width=0.03)
    answer = proven((problem, estimates), RobustOptions(box, CovarianceUncertainty(half_width=wide.tolist())))
    said, w, n = robustness(answer), answer.weights, 20
    assert w is not None
    assert estimates.mean is not None
    means = estimates.mean + RNG.uniform(-0.03, 0.03, size=(100_000, n))
    assert (means @ w).min() >= said["worst_case_return"]
    directions = RNG.normal(size=(100_000, n))
    shape = estimates.covariance.dense() / YEARS
    worst = proven((problem, estimates), RobustOptions(EMPIRICAL))
    kappa = np.sqrt(chi2.ppf(0.95, n))
    on_the_edge = kappa * directions / np.linalg.norm(directions, axis=1)[:, None] @ np.linalg.cholesky(shape).T
    assert ((estimates.mean + on_the_edge) @ worst.weights).min() >= robustness(worst)["worst_case_return"]
    drawn = 0
    for _ in range(2_000):
        noise = RNG.uniform(-1.0, 1.0, size=(n, n))
        covariance = estimates.covariance.dense() + wide * np.triu(noise) + (wide * np.triu(noise, 1)).T
        least = np.linalg.eigvalsh(covariance)[0]
        if least < 0:  # towards the middle until it is a covariance: the box is convex
            own = np.linalg.eigvalsh(estimates.covariance.dense())[0]
            covariance += least / (own - least) * (covariance - estimates.covariance.dense())
        drawn += w @ covariance @ w > said["worst_case_volatility"] ** 2 * (1 + 1e-9)
    assert drawn == 0


def test_only_covariances_count_as_members_of_a_box() -> None:
    # Uncorrelated, and a covariance up to 0.1 either way; but none above 0.2 x 0.3 belongs to two assets.
    problem = posed([[0.04, 0.0], [0.0, 0.09]], objective=MinimumVolatility())
    half = CovarianceUncertainty(half_width=[[0.0, 0.1], [0.1, 0.0]])
    answer = proven((problem, estimated(problem)), RobustOptions(covariance_uncertainty=half))
    np.testing.assert_allclose(np.asarray(answer.weights), [1.0, 0.0], atol=1e-6)
    short = replace(problem, constraints=(Budget(), MinimumWeight(-1.0), MaximumWeight(0.8)))
    answer = proven((short, estimated(short)), RobustOptions(covariance_uncertainty=half))
    assert answer.objective_value == pytest.approx(0.8 * 0.2 + 0.2 * 0.3, rel=1e-8)
    member = robustness(answer)["worst_case"]["covariance"]
    assert member["A"]["B"] == pytest.approx(0.06, rel=1e-6)


def test_a_box_of_covariances_is_its_upper_corner_without_short_positions() -> None:
    problem, estimates = of_sample(MinimumVolatility())
    corner = 1.2 * np.abs(estimates.covariance.dense())
    answer = proven((problem, estimates), RobustOptions(covariance_uncertainty=CovarianceUncertainty(half_width=0.2)))
    assert answer.objective_value == pytest.approx(best(posed(corner)).expected_volatility, rel=1e-9)


def test_a_ball_of_covariances_adds_its_radius_to_every_variance() -> None:
    # The largest w'Dw over |D| <= 0.05, the norm that of Frobenius, is 0.05 w'w: at D = 0.05 ww' / w'w.
    case = of_sample(MinimumVolatility(), LONG_SHORT)
    ball = CovarianceUncertainty("ellipsoid", radius=0.05)
    answer = proven(case, RobustOptions(covariance_uncertainty=ball))
    raised = posed(case[1].covariance.dense() + 0.05 * np.eye(20), limits=LONG_SHORT)
    nominal = best(raised)
    assert answer.objective_value == pytest.approx(nominal.expected_volatility, rel=1e-9)
    np.testing.assert_allclose(np.asarray(answer.weights), np.asarray(nominal.weights), atol=1e-6)
    member = np.array([list(row.values()) for row in robustness(answer)["worst_case"]["covariance"].values()])
    assert np.linalg.norm(member - case[1].covariance.dense()) == pytest.approx(0.05, rel=1e-9)
    assert np.linalg.eigvalsh(member)[0] > 0


def test_an_ellipsoid_of_covariances_takes_in_so_many_samples_as_it_says() -> None:
    # Of a normal distribution: the annual covariance of 500 days is within the set around the true one in 19 of 20.
    truth = of_sample()[1].covariance.dense()[:4, :4]
    shape = matrix_shape(truth, 500)
    inverse, radius = np.linalg.inv(root_of(shape)), matrix_radius(shape, 0.95)
    errors = wishart(499, truth / 499).rvs(4000, random_state=np.random.default_rng(7)) - truth
    inside = np.linalg.norm(inverse @ errors @ inverse.T, axis=(1, 2)) <= radius
    assert radius == pytest.approx(np.sqrt(chi2.ppf(0.95, 10)), rel=1e-12)
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


def test_a_bootstrap_of_covariances_takes_in_so_many_of_its_own_draws_and_more_for_fat_tails() -> None:
    sample = of_sample()[1].required_scenarios("the test")
    shape, distances = resampled_distances(sample, 11)
    np.testing.assert_allclose(shape, matrix_shape(of_sample()[1].covariance.dense(), len(sample)), rtol=1e-9)
    assert np.quantile(distances, 0.95) > 1.5 * matrix_radius(shape, 0.95)
    normal = RNG.multivariate_normal(np.zeros(20), of_sample()[1].covariance.dense() / 252, size=len(sample))
    tame = resampled_distances(replace(sample, returns=normal), 11)[1]
    assert np.quantile(tame, 0.95) == pytest.approx(matrix_radius(shape, 0.95), rel=0.05)


def test_an_ellipsoid_in_the_shape_of_the_covariance_raises_every_volatility_alike() -> None:
    case = of_sample(MinimumVolatility())
    shape = (0.3 * case[1].covariance.dense()).tolist()
    given = CovarianceUncertainty("ellipsoid", shape=shape, radius=1.5)
    answer = proven(case, RobustOptions(covariance_uncertainty=given))
    nominal = best(posed(case[1].covariance.dense()))
    assert nominal.expected_volatility is not None
    assert answer.objective_value == pytest.approx(nominal.expected_volatility * np.sqrt(1.45), rel=1e-9)
    np.testing.assert_allclose(np.asarray(answer.weights), np.asarray(nominal.weights), atol=1e-6)
    assert robustness(answer)["cost_of_robustness"] == pytest.approx(0.0, abs=1e-9)


def test_a_set_of_no_size_leaves_the_nominal_optimum() -> None:
    case = of_sample(MaximumUtility(3.0))
    answer = proven(case, RobustOptions(replace(EMPIRICAL, radius=0.0)))
    problem, estimates = case
    nominal = best(posed(estimates.covariance.dense(), estimates.mean, problem.objective))
    np.testing.assert_allclose(np.asarray(answer.weights), np.asarray(nominal.weights), atol=1e-7)
    assert robustness(answer)["cost_of_robustness"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("objective", [MaximumReturn(), MaximumUtility(4.0), MaximumSharpe(0.0)])
def test_robustness_costs_what_the_nominal_objective_loses(objective: Objective) -> None:
    case = of_sample(objective)
    answer = proven(case, RobustOptions(MeanUncertainty(kind="box", half_width=0.05, center=[0.1] * 20)))
    said = robustness(answer)
    assert answer.weights is not None
    assert said["nominal_objective"] == pytest.approx(objective.value(answer.weights, case[1]), rel=1e-12)
    assert said["cost_of_robustness"] == pytest.approx(said["nominal_optimum"] - said["nominal_objective"], rel=1e-9)
    assert said["cost_of_robustness"] > 1e-4
    assert said["worst_case_objective"] < said["nominal_optimum"]


# --- several aims -----------------------------------------------------------------------------------------------


def test_of_two_aims_at_their_worst_one_bounded_the_other_is_best() -> None:
    # Least worst volatility at a worst return: the program of the ellipsoids of both, told to cvxpy.
    ellipsoids = RobustOptions(EMPIRICAL, CovarianceUncertainty("ellipsoid", radius=0.05))
    aims = (AimOption("return", bound=-0.25), AimOption("risk"))
    case = of_sample(MultiObjective())
    answer = proven(case, replace(ellipsoids, objectives=aims, scheme="epsilon_constraint", points=0))
    covariance, mean = case[1].covariance.dense(), np.asarray(case[1].mean)
    factor, wide = np.linalg.cholesky(covariance), np.linalg.cholesky(covariance + 0.05 * np.eye(20))
    kappa, x = np.sqrt(chi2.ppf(0.95, 20) / YEARS), cp.Variable(20)
    limits = [cp.sum(x) == 1, x >= 0, mean @ x - kappa * cp.norm(factor.T @ x) >= -0.25]
    theirs = cp.Problem(cp.Minimize(cp.norm(wide.T @ x)), limits).solve(solver=cp.CLARABEL)
    assert answer.objective_value == pytest.approx(theirs, rel=1e-6)
    said = robustness(answer)
    assert said["worst_case_return"] == pytest.approx(-0.25, abs=1e-7)
    assert said["worst_case_volatility"] == pytest.approx(answer.objective_value, rel=1e-9)
    assert answer.findings["objective_values"] == pytest.approx(
        {"return": said["worst_case_return"], "risk": said["worst_case_volatility"]}, rel=1e-9
    )


def test_a_worst_return_out_of_reach_is_proven_and_explained() -> None:
    best_of_all = proven(of_sample(MaximumReturn()), RobustOptions(EMPIRICAL)).objective_value
    aims = (AimOption("return", bound=-0.1), AimOption("risk"))
    solution = robust(of_sample(MultiObjective()), RobustOptions(EMPIRICAL, objectives=aims, points=0))
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    assert solution.infeasibility.bound > 1e-9
    (limit,) = [each for each in solution.infeasibility.conflict if each.constraint.endswith("return.bound")]
    assert limit.sentence == "The return is at least -0.1."
    assert limit.sufficient == pytest.approx(best_of_all, abs=1e-7)


def test_the_pareto_set_of_worst_cases_is_covered_without_domination() -> None:
    answer = proven(of_sample(MultiObjective()), RobustOptions(EMPIRICAL, points=5))
    points: Any = answer.findings["pareto"]
    assert len(points) == 5
    ideal: Any = answer.findings["ideal"]
    best_of_all = proven(of_sample(MaximumReturn()), RobustOptions(EMPIRICAL)).objective_value
    assert ideal["return"] == pytest.approx(best_of_all, rel=1e-9)
    assert max(point["largest_gain"] for point in points) <= 1e-6
    values = [(point["values"]["return"], point["values"]["risk"]) for point in points]
    assert values == sorted(values, reverse=True)


def test_contributions_of_several_aims_are_to_the_volatility_as_it_is_estimated() -> None:
    case = of_sample(MultiObjective())
    answer = proven(case, RobustOptions(EMPIRICAL, CovarianceUncertainty("ellipsoid", radius=0.05), points=0))
    w = np.asarray(answer.weights)
    shares = w * (case[1].covariance.dense() @ w) / (w @ case[1].covariance.dense() @ w)
    np.testing.assert_allclose(np.asarray(answer.risk_shares), shares, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (RobustOptions(scenarios=(Scenario("a"),)), "scenarios"),
        (RobustOptions(wasserstein_radius=0.1), "wasserstein_radius"),
        (RobustOptions(covariance_uncertainty=CovarianceUncertainty(half_width=0.1)), "covariance_uncertainty"),
    ],
)
def test_sets_that_several_aims_cannot_be_counted_over_are_refused(options: RobustOptions, place: str) -> None:
    with pytest.raises(Unsupported, match=f"method_options.{place}"):
        robust(of_sample(MultiObjective(), LONG_SHORT), options)


# --- scenarios ----------------------------------------------------------------------------------------------------


def _markets(means: np.ndarray) -> tuple[Scenario, ...]:
    return (
        Scenario("as estimated", 0.5),
        Scenario("bust", 0.2, expected_returns=(-means).tolist()),
        Scenario("rotation", 0.3, expected_returns=means[::-1].tolist(), covariance=None),
    )


@pytest.mark.parametrize("objective", [MaximumUtility(2.0), MaximumReturn()])
def test_the_worst_scenario_is_an_average_of_scenarios_by_their_weights(objective: Objective) -> None:
    case = of_sample(objective)
    means = np.asarray(case[1].mean)
    answer = proven(case, RobustOptions(scenarios=_markets(means)))
    shares = robustness(answer)["worst_case"]["scenario_weights"]
    assert sum(shares.values()) == pytest.approx(1.0, rel=1e-12)
    values = [case[1].required_mean("the test"), -means, means[::-1]]
    blended = sum(share * value for share, value in zip(shares.values(), values, strict=True))
    nominal = best(posed(case[1].covariance.dense(), blended, objective))
    assert answer.objective_value == pytest.approx(nominal.objective_value, rel=1e-6)


def test_the_average_over_scenarios_is_the_nominal_optimum_of_their_average() -> None:
    case = of_sample(MaximumUtility(2.0))
    means = np.asarray(case[1].mean)
    answer = proven(case, RobustOptions(scenarios=_markets(means), criterion="expected"))
    average = 0.5 * means - 0.2 * means + 0.3 * means[::-1]
    nominal = best(posed(case[1].covariance.dense(), average, MaximumUtility(2.0)))
    np.testing.assert_allclose(np.asarray(answer.weights), np.asarray(nominal.weights), atol=1e-5)


def test_regret_is_what_the_best_of_each_scenario_would_have_had_more() -> None:
    objective = MaximumUtility(2.0)
    case = of_sample(objective)
    means = np.asarray(case[1].mean)
    answer = proven(case, RobustOptions(scenarios=_markets(means), criterion="regret"))
    worst = 0.0
    for market in (means, -means, means[::-1]):
        nominal = posed(case[1].covariance.dense(), market, objective)
        reached = objective.value(np.asarray(answer.weights), estimated(nominal))
        worst = max(worst, (best(nominal).objective_value or 0.0) - reached)
    assert answer.objective_value == pytest.approx(worst, rel=1e-8)


def test_the_worst_sharpe_ratio_is_no_better_for_any_portfolio_tried() -> None:
    case = of_sample(MaximumSharpe(0.01))
    means, covariance = np.asarray(case[1].mean), case[1].covariance.dense()
    listed = (
        Scenario("calm"),
        Scenario("rotation", expected_returns=means[::-1].tolist(), covariance=(2 * covariance).tolist()),
    )
    answer = proven(case, RobustOptions(scenarios=listed))
    w = RNG.dirichlet(np.full(20, 0.3), size=50_000)
    risk = np.sqrt(np.einsum("ti,ij,tj->t", w, covariance, w))
    ratios = np.minimum((w @ means - 0.01) / risk, (w @ means[::-1] - 0.01) / (risk * np.sqrt(2.0)))
    assert answer.objective_value is not None
    assert ratios.max() <= answer.objective_value


# --- distributions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_of_returns", ["l1", "l2"])
def test_a_ball_of_no_radius_is_the_historical_tail_and_one_without_end_equal_weight(norm_of_returns: str) -> None:
    case = of_sample(MinimumRisk(Measure("cvar")))
    tail = Measure("cvar").of(case[1])
    at_zero = proven(case, RobustOptions(wasserstein_radius=0.0, ground_norm=norm_of_returns))  # type: ignore[arg-type]
    assert at_zero.objective_value == pytest.approx(tail.value(np.asarray(at_zero.weights)), rel=1e-12)
    endless = robust(case, RobustOptions(wasserstein_radius=10.0, ground_norm=norm_of_returns))  # type: ignore[arg-type]
    assert endless.status is Status.OPTIMAL
    np.testing.assert_allclose(np.asarray(endless.weights), 0.05, atol=1e-4)
    between = proven(case, RobustOptions(wasserstein_radius=1e-3, ground_norm=norm_of_returns))  # type: ignore[arg-type]
    w = np.asarray(between.weights)
    dual = np.abs(w).max() if norm_of_returns == "l1" else np.linalg.norm(w)
    assert between.objective_value == pytest.approx(tail.value(w) + 1e-3 * dual / 0.05, rel=1e-12)
    assert robustness(between)["cost_of_robustness"] > 0


# --- how it is asked, and how it travels --------------------------------------------------------------------------


@pytest.mark.parametrize("options", [*SETS, RobustOptions(scenarios=(Scenario("a"), Scenario("b", 1.0)))])
def test_what_it_read_travels_as_a_document(options: RobustOptions) -> None:
    if options.scenarios:
        options = replace(options, scenarios=(Scenario("a", 0.4), Scenario("b", 0.6)))
    case = of_sample(MaximumSharpe(-0.5), LONG_SHORT)
    read = RobustOptimization().solve(*case, options).reading.objective
    assert read is not None
    for pack in (as_lists, as_buffer):
        assert read_objective(written(read, pack), ()) == read


def test_figures_are_joined_by_name() -> None:
    problem = posed(np.diag([0.04, 0.09]), [0.05, 0.06], MaximumUtility(3.0))
    by_name = {"B": {"A": 0.0, "B": 0.01}, "A": {"B": 0.0, "A": 0.002}}
    in_order = [[0.002, 0.0], [0.0, 0.01]]
    as_covariance = {"names": ["B", "A"], "values": [[0.01, 0.0], [0.0, 0.002]]}
    found = []
    for shape in (by_name, in_order, as_covariance):
        asked: Any = bind_options(RobustOptions, {"mean_uncertainty": {"shape": shape, "radius": 1.0}})
        solution = proven((problem, estimated(problem)), asked)
        assert solution.weights is not None
        found.append(solution.weights.tolist())
    assert found[0] == found[1] == found[2]


def test_an_option_that_is_null_is_left_out() -> None:
    said = {"mean_uncertainty": None, "covariance_uncertainty": None, "scenarios": None, "wasserstein_radius": None}
    bound = bind_options(RobustOptions, said)
    assert bound == RobustOptions()
    assert isinstance(bound, RobustOptions)
    assert bound.silent


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"mean_uncertainty": {"shape": [[1.0]]}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"shape": {"names": ["A", "B"], "values": [[1.0]]}}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"shape": {"names": ["A"], "values": [[1.0]]}}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"shape": {"A": [1.0]}}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"kind": "box"}}, "mean_uncertainty.half_width"),
        ({"mean_uncertainty": {"kind": "box", "half_width": -0.1}}, "mean_uncertainty.half_width"),
        ({"mean_uncertainty": {"kind": "box", "half_width": {"A": 0.1}}}, "mean_uncertainty.half_width"),
        ({"mean_uncertainty": {"half_width": 0.1}}, "mean_uncertainty.half_width: belongs to kind box"),
        (
            {"mean_uncertainty": {"kind": "box", "half_width": 0.1, "shape": [[1.0]]}},
            "mean_uncertainty.shape: belongs to kind ellipsoid, and kind is 'box'; leave it out",
        ),
        ({"mean_uncertainty": {"kind": "box", "estimate": "bootstrap", "shape": [[1.0]]}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"estimate": "empirical"}}, "mean_uncertainty.shape"),
        ({"mean_uncertainty": {"confidence_level": 1.0}}, "mean_uncertainty.confidence_level"),
        ({"covariance_uncertainty": {}}, "covariance_uncertainty.half_width"),
        ({"covariance_uncertainty": {"shape": [[1.0]]}}, "covariance_uncertainty.shape"),
        ({"covariance_uncertainty": {"kind": "ellipsoid"}}, "covariance_uncertainty.shape"),
        ({"covariance_uncertainty": {"kind": "ellipsoid", "radius": -1.0}}, "covariance_uncertainty.radius"),
        ({"covariance_uncertainty": {"kind": "ellipsoid", "shape": [[1.0]]}}, "covariance_uncertainty.shape"),
        ({"covariance_uncertainty": {"kind": "ellipsoid", "half_width": 0.1}}, "covariance_uncertainty.half_width"),
        ({"covariance_uncertainty": {"kind": "ellipsoid", "estimate": "bootstrap"}}, "covariance_uncertainty.estimate"),
        ({"covariance_uncertainty": {"kind": "ellipsoid", "estimate": "empirical"}}, "covariance_uncertainty.shape"),
        ({"mean_uncertainty": {"knid": "box"}}, "mean_uncertainty.knid"),
        ({"scenarios": [{"name": "a"}, {"name": "a"}]}, "scenarios"),
        ({"scenarios": [{"name": "a", "probability": 0.3}]}, "scenarios"),
        ({"scenarios": [{"name": "a"}], "mean_uncertainty": {}}, "scenarios"),
        ({"wasserstein_radius": 0.1}, "wasserstein_radius"),
        ({"wasserstein_radius": -0.1}, "wasserstein_radius"),
        ({"scenarios": [{"name": "a"}], "criterion": "regret"}, "criterion"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(asked: dict[str, object], place: str) -> None:
    problem = posed(np.diag([0.04, 0.09]), [0.05, 0.06], MaximumSharpe())
    with pytest.raises((InvalidInput, Unsupported), match=f"method_options.{place}"):
        robust((problem, estimated(problem)), bind_options(RobustOptions, asked))  # type: ignore[arg-type]


def test_no_gain_in_the_worst_case_is_not_applicable() -> None:
    solution = robust(of_sample(MaximumSharpe(0.0)), RobustOptions(EMPIRICAL))
    assert solution.status is Status.NOT_APPLICABLE
    assert "worst case" in solution.message


def test_nor_is_it_of_the_one_portfolio_that_a_turnover_of_zero_leaves() -> None:
    limits = (Budget(), LongOnly(), TurnoverLimit(0.0, tuple(20 * [0.05])))
    assert robust(of_sample(MaximumSharpe(0.0), limits), RobustOptions(EMPIRICAL)).status is Status.NOT_APPLICABLE


def test_a_turnover_of_zero_keeps_what_is_held() -> None:
    held = np.full(20, 0.05)
    limits = (Budget(), LongOnly(), TurnoverLimit(0.0, tuple(held.tolist())))
    answer = proven(of_sample(MaximumUtility(2.0), limits), RobustOptions(EMPIRICAL))
    np.testing.assert_allclose(np.asarray(answer.weights), held)
