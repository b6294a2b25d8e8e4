"""Several aims at once by their laws, over the sample, and against scalarisations told to cvxpy."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any, cast

import cvxpy
import numpy as np
import pytest

from tangency.adapters.entry_points.options import bind_options
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.kinds import read_constraints, read_objective, written
from tangency.domain.optimization.objective import MaximumReturn, MinimumVolatility, MultiObjective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.domain.plain_values import as_buffer
from tangency.domain.risk.measure import Measure
from tangency.plugins import multi_objective as plugin
from tangency.plugins.multi.options import AimOption, MultiObjectiveOptions, ScoreLimit
from tests.support.history import five_years, of_history, of_sample
from tests.support.posed import best, estimated, posed

cp: Any = cvxpy  # its functions are made when it is imported: no type checker finds them
TIGHT = {"solver": cp.CLARABEL, "tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
N = 20
LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())
SCORES = np.random.default_rng(11).uniform(20.0, 90.0, N).round(1)
SCORES[3] = 55.0
CURRENT = np.random.default_rng(12).dirichlet(np.full(N, 0.7))
RETURN_RISK = (AimOption("return"), AimOption("risk"))


@cache
def _case(limits: tuple[Constraint, ...] = LONG_ONLY, scored: int = N) -> tuple[Problem, Estimates]:
    """The sample with scores for the first names, and current weights."""
    problem, estimates = of_sample(MultiObjective(), limits)
    assets = tuple(
        replace(asset, scores={"esg": float(SCORES[i])} if i < scored else {})
        for i, asset in enumerate(problem.universe.assets)
    )
    universe = Universe(assets)
    problem = replace(problem, market=replace(problem.market, universe=universe), current=CURRENT)
    return problem, replace(estimates, universe=universe)


def _answer(options: MultiObjectiveOptions, case: tuple[Problem, Estimates] | None = None) -> Solution:
    return solve_with(*(case or _case()), plugin.MultiObjective(), options, HighsLinearPrograms())


def _proven(options: MultiObjectiveOptions, case: tuple[Problem, Estimates] | None = None) -> Solution:
    solution = _answer(options, case)
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    return solution


def _found(solution: Solution, name: str) -> Any:
    return cast(dict[str, Any], solution.findings)[name]


def _moments() -> tuple[Vector, Vector]:
    estimates = of_sample()[1]
    return np.asarray(estimates.mean), estimates.covariance.dense()


def _losses(w: Any, names: tuple[str, ...]) -> list[Any]:
    """Each aim of a cvxpy variable, to be small."""
    mean, covariance = _moments()
    root = np.linalg.cholesky(covariance)
    every = {
        "return": lambda: -(mean @ w),
        "risk": lambda: cp.norm(root.T @ w),
        "esg": lambda: -(SCORES @ w),
        "turnover": lambda: cp.norm1(w - CURRENT) / 2,
        "cost": lambda: 0.002 * cp.norm1(w - CURRENT),
        "concentration": lambda: cp.sum_squares(w),
    }
    return [every[name]() for name in names]


def _minimum(loss: Any, limits: list[Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short of 1e-11; the comparison is ours to make
        return float(cp.Problem(cp.Minimize(loss), limits).solve(**TIGHT))


def _signed(values: dict[str, float]) -> dict[str, float]:
    return {name: -value if name in ("return", "esg") else value for name, value in values.items()}


# --- the frame ----------------------------------------------------------------------------------------------------


def test_the_ideal_point_holds_the_best_of_each_aim_and_the_nadir_point_the_worst_of_the_others_best() -> None:
    solution = _proven(MultiObjectiveOptions(RETURN_RISK, points=0))
    mean, covariance = _moments()
    calm = best(posed(covariance, mean, MinimumVolatility()))
    rich = best(posed(covariance, mean, MaximumReturn()))
    assert _found(solution, "ideal")["risk"] == pytest.approx(calm.expected_volatility, rel=1e-9)
    assert _found(solution, "ideal")["return"] == pytest.approx(rich.expected_return, rel=1e-8)
    assert _found(solution, "nadir")["risk"] == pytest.approx(rich.expected_volatility, rel=1e-8)
    assert _found(solution, "nadir")["return"] == pytest.approx(calm.expected_return, rel=1e-8)


def test_ties_at_a_corner_are_broken_by_the_other_aims() -> None:
    # A and B have the same mean: of the two portfolios of most return, the one of least risk is the corner.
    problem = posed(np.diag([0.04, 0.04, 0.01]), [0.1, 0.1, 0.02], MultiObjective())
    solution = _answer(MultiObjectiveOptions(points=0), (problem, estimated(problem)))
    assert _found(solution, "nadir")["risk"] == pytest.approx(np.sqrt(0.02), rel=1e-6)


# --- the schemes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [("return", "risk"), ("return", "risk", "esg"), ("risk", "turnover", "concentration"), ("return", "cost")],
)
@pytest.mark.parametrize("scheme", ["weighted_sum", "chebyshev"])
def test_a_scheme_has_the_value_that_cvxpy_finds(names: tuple[str, ...], scheme: Any) -> None:
    weights = np.arange(1.0, len(names) + 1)
    aims = tuple(AimOption(name, float(weight)) for name, weight in zip(names, weights, strict=True))
    solution = _proven(MultiObjectiveOptions(aims, scheme=scheme, points=0, cost_rate=0.002))
    ideal, nadir = (np.array(list(_signed(_found(solution, point)).values())) for point in ("ideal", "nadir"))
    w = cp.Variable(N)
    scaled = [
        weight * (loss - low) / (high - low)
        for weight, loss, low, high in zip(weights, _losses(w, names), ideal, nadir, strict=True)
    ]
    theirs = cp.sum(cp.hstack(scaled)) if scheme == "weighted_sum" else cp.max(cp.hstack(scaled))
    assert solution.objective_value == pytest.approx(_minimum(theirs, [cp.sum(w) == 1, w >= 0]), rel=1e-7)


def test_without_a_scale_every_aim_counts_in_its_own_unit() -> None:
    aims = (AimOption("return", 1.0), AimOption("concentration", 0.1))
    solution = _proven(MultiObjectiveOptions(aims, scale="none", points=0))
    ideal = _signed(_found(solution, "ideal"))
    w = cp.Variable(N)
    gained, held = _losses(w, ("return", "concentration"))
    theirs = gained - ideal["return"] + 0.1 * (held - ideal["concentration"])
    assert solution.objective_value == pytest.approx(_minimum(theirs, [cp.sum(w) == 1, w >= 0]), rel=1e-7)


def test_the_one_aim_without_a_bound_is_best_under_the_bounds_of_the_others() -> None:
    aims = (AimOption("return"), AimOption("risk", bound=0.22), AimOption("esg", bound=65.0))
    solution = _proven(MultiObjectiveOptions(aims, scheme="epsilon_constraint", points=0))
    w = cp.Variable(N)
    gained, risk, score = _losses(w, ("return", "risk", "esg"))
    theirs = _minimum(gained, [cp.sum(w) == 1, w >= 0, risk <= 0.22, score <= -65.0])
    assert solution.objective_value == pytest.approx(-theirs, rel=1e-7)
    assert solution.why is not None
    assert {"method_options.objectives.risk.bound", "method_options.objectives.esg.bound"} <= {
        binding.constraint for binding in solution.why.binding
    }


def test_goals_out_of_reach_are_missed_by_as_little_as_can_be() -> None:
    aims = (AimOption("return", 2.0, target=0.45), AimOption("risk", 1.0, target=0.18), AimOption("esg", target=30.0))
    solution = _proven(MultiObjectiveOptions(aims, scheme="goal", points=0))
    low, high = (np.array(list(_signed(_found(solution, point)).values())) for point in ("ideal", "nadir"))
    w = cp.Variable(N)
    targets = [-0.45, 0.18, -30.0]
    missed = [
        weight * cp.pos(loss - target) / unit
        for weight, loss, target, unit in zip(
            [2.0, 1.0, 1.0], _losses(w, ("return", "risk", "esg")), targets, high - low, strict=True
        )
    ]
    assert solution.objective_value == pytest.approx(_minimum(sum(missed), [cp.sum(w) == 1, w >= 0]), rel=1e-7)


def test_goals_that_are_reached_leave_nothing_on_the_table() -> None:
    aims = (AimOption("return", target=0.2), AimOption("risk", target=0.3))
    solution = _proven(MultiObjectiveOptions(aims, scheme="goal", points=0))
    assert solution.objective_value == pytest.approx(0.0, abs=1e-9)
    reached = _found(solution, "objective_values")
    w = cp.Variable(N)
    gained, risk = _losses(w, ("return", "risk"))
    more = -_minimum(gained, [cp.sum(w) == 1, w >= 0, risk <= reached["risk"] * (1 + 1e-9)])
    assert more == pytest.approx(reached["return"], rel=1e-6)


# --- the Pareto set -----------------------------------------------------------------------------------------------

PAIRS = [("return", "risk"), ("risk", "turnover"), ("concentration", "return"), ("esg", "risk"), ("cost", "return")]


@cache
def _front(names: tuple[str, ...], points: int = 12) -> Solution:
    aims = tuple(AimOption(name) for name in names)
    return _proven(MultiObjectiveOptions(aims, points=points, cost_rate=0.002))


def _scaled(solution: Solution, values: dict[str, float]) -> Vector:
    low, high, given = (
        np.array(list(_signed(each).values()))
        for each in (_found(solution, "ideal"), _found(solution, "nadir"), values)
    )
    return np.asarray((given - low) / (high - low))


@pytest.mark.parametrize("names", [*PAIRS, ("return", "risk", "esg"), ("return", "risk", "esg", "turnover")])
def test_points_of_the_front_are_evenly_spread(names: tuple[str, ...]) -> None:
    solution = _front(names)
    values = np.array([_scaled(solution, point["values"]) for point in _found(solution, "pareto")])
    assert len(values) == 12
    if len(names) == 2:
        steps = np.linalg.norm(np.diff(values, axis=0), axis=1)
        assert values.min(axis=0) == pytest.approx([0.0, 0.0], abs=2e-6)
    else:
        apart = np.linalg.norm(values[:, None] - values[None], axis=2) + np.diag(np.full(12, np.inf))
        steps = apart.min(axis=1)
    assert steps.max() / steps.min() <= 2.0
    assert _found(solution, "pareto_spacing")["ratio"] == pytest.approx(steps.max() / steps.min(), rel=1e-9)


@pytest.mark.parametrize("names", [*PAIRS, ("return", "risk", "esg")])
def test_no_point_of_the_front_can_be_improved(names: tuple[str, ...]) -> None:
    solution = _front(names)
    low, high = (np.array(list(_signed(_found(solution, end)).values())) for end in ("ideal", "nadir"))
    tried = 0
    for point in _found(solution, "pareto"):
        assert point["largest_gain"] <= 1e-6
        here = np.array(list(_signed(point["values"]).values()))
        if ((here - low) / (high - low)).min() < 0.01:
            continue  # near an end what a solver leaves open of one aim is worth too much of another
        w, gain = cp.Variable(N), cp.Variable(len(names), nonneg=True)
        losses = _losses(w, names)
        better = [loss + gain[k] * (high - low)[k] <= here[k] + 1e-9 for k, loss in enumerate(losses)]
        assert -_minimum(-cp.sum(gain), [cp.sum(w) == 1, w >= 0, *better]) <= 1e-6
        tried += 1
    assert tried >= 4


@pytest.mark.parametrize("names", [("return", "risk"), ("risk", "concentration")])
def test_trade_offs_are_derivatives_along_the_front(names: tuple[str, ...]) -> None:
    first, second = names
    for point in _found(_front(names), "pareto")[2:-2:2]:
        ends = []
        step = 1e-4 * abs(point["values"][second])
        for sign in (-1.0, 1.0):
            w = cp.Variable(N)
            one, other = _losses(w, names)
            bound = _signed(point["values"])[second] + sign * step
            ends.append(_minimum(one, [cp.sum(w) == 1, w >= 0, other <= bound]))
        slope = (ends[1] - ends[0]) / (2 * step) * (-1.0 if first == "return" else 1.0)
        assert point["trade_offs"][first][second] == pytest.approx(slope, rel=1e-3)
        assert point["trade_offs"][second][first] == pytest.approx(1.0 / slope, rel=1e-3)


def test_three_aims_trade_off_as_their_two_by_two_ratios_say() -> None:
    for point in _found(_front(("return", "risk", "esg")), "pareto"):
        rates = point["trade_offs"]
        if all(rates[a][b] for a, b in (("return", "risk"), ("risk", "esg"), ("esg", "return"))):
            round_trip = rates["return"]["risk"] * rates["risk"]["esg"] * rates["esg"]["return"]
            assert round_trip == pytest.approx(-1.0, rel=1e-9)


def test_a_trade_off_that_is_too_steep_is_none_and_says_why() -> None:
    solution = _front(("return", "risk", "esg"), 20)
    spans = {name: abs(_found(solution, "nadir")[name] - best) for name, best in _found(solution, "ideal").items()}
    steep = 0
    for point in _found(solution, "pareto"):
        known = [(one, other, rate) for one, row in point["trade_offs"].items() for other, rate in row.items()]
        missing = [one for one, _, rate in known if rate is None]
        assert all(abs(rate) * spans[other] <= 100.001 * spans[one] for one, other, rate in known if rate is not None)
        assert bool(missing) == (point["no_trade_off_because"] is not None)
        assert all(f"{one} per" in point["no_trade_off_because"] for one in missing)
        steep += bool(missing)
    assert steep


def test_a_tail_is_a_risk_like_any_other() -> None:
    solution = _proven(MultiObjectiveOptions(RETURN_RISK, points=3, risk_measure="cvar"))
    tail = Measure("cvar").of(_case()[1])
    for point in _found(solution, "pareto"):
        w = np.array(list(point["weights"].values()))
        assert point["values"]["risk"] == pytest.approx(tail.value(w), rel=1e-12)
    assert solution.risk is not None
    assert solution.risk.measure == "cvar"


def test_aims_that_agree_have_a_front_of_one_point() -> None:
    problem = posed(
        np.diag([0.01, 0.04]), [0.1, 0.02], MultiObjective(), (Budget(), LongOnly(), MinimumWeight(1.0, "A"))
    )
    solution = _answer(MultiObjectiveOptions(), (problem, estimated(problem)))
    assert len(_found(solution, "pareto")) == 1
    assert _found(solution, "pareto_spacing") is None


# --- scores -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("risk",), ("risk", "concentration"), ("return", "risk")])
@pytest.mark.parametrize("scheme", ["weighted_sum", "chebyshev"])
def test_the_rounding_of_a_riskless_name_is_no_unit(names: tuple[str, ...], scheme: Any) -> None:
    deviations = np.array([0.2, 0.3, 0.0, 0.25])
    rows = 0.01 * np.random.default_rng(5).standard_normal((60, 4)) * (deviations > 0)
    problem, estimates = of_history(rows + np.array([0.0, 0.0, 1e-4, 0.0]), objective=MultiObjective())
    options = MultiObjectiveOptions(tuple(AimOption(name) for name in names), scheme=scheme, points=0)
    solution = _answer(options, (problem, estimates))
    assert solution.certificate is not None
    assert solution.certificate.duality_gap is not None
    assert solution.certificate.duality_gap < 1e-9
    if names == ("risk",):
        assert solution.weights is not None
        assert solution.weights[2] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("scheme", ["goal", "chebyshev"])
@pytest.mark.parametrize("targets", [(0.1, 0.1), (0.1, 0.0), (0.0, 0.1), (-0.1, 0.2)])
def test_targets_out_of_all_proportion_leave_what_the_aims_are_worth(scheme: Any, targets: tuple[float, float]) -> None:
    """So far away that only the aim that is furthest behind counts, or the sum, or nothing at all."""
    names, rows = five_years()
    tiny = of_history(1e-12 * rows[-250:, :4], names[:4], objective=MultiObjective())
    objectives = tuple(AimOption(name, target=to) for name, to in zip(("return", "risk"), targets, strict=True))
    solution = _answer(MultiObjectiveOptions(objectives, scheme=scheme, points=0), tiny)
    assert solution.status is Status.OPTIMAL
    plain = "weighted_sum" if scheme == "goal" and targets == (0.1, 0.0) else None
    if plain:
        same = _answer(MultiObjectiveOptions(RETURN_RISK, points=0), tiny)
        assert solution.weights == pytest.approx(same.weights, abs=1e-6)
    elif targets[0] > 0:
        assert solution.expected_return == pytest.approx(_found(solution, "ideal")["return"], rel=1e-6)


@pytest.mark.parametrize("first", [9, 12, 36])
def test_two_returns_leave_a_portfolio_without_risk_and_a_proof(first: int) -> None:
    """There the best portfolio is at a kink of the risk, and what proves it is less steep than any portfolio is."""
    problem, estimates = of_history(five_years()[1][-250:][first : first + 2, :4], objective=MultiObjective())
    solution = _answer(MultiObjectiveOptions(points=0), (problem, estimates))
    assert solution.status is Status.OPTIMAL
    # The portfolio without risk is the worst in return: 1 in the scaled sum. Of [12] a step towards return is as good.
    assert solution.certificate is not None
    riskless = cast(float, solution.expected_volatility) < 1e-7
    assert riskless or cast(float, solution.certificate.objective) < 1.0 - 1e-8


def test_a_score_limit_is_kept_and_says_what_it_costs() -> None:
    solution = _proven(MultiObjectiveOptions(points=0, score_limits={"esg": ScoreLimit(70.0)}))
    assert solution.weights is not None
    assert SCORES @ solution.weights == pytest.approx(70.0, abs=1e-6)
    assert solution.why is not None
    prices = {binding.constraint: binding.shadow_price for binding in solution.why.binding}
    assert prices["method_options.score_limits.esg.minimum"] > 0


def test_a_score_out_of_reach_is_infeasible_with_what_would_do() -> None:
    solution = _answer(MultiObjectiveOptions(score_limits={"esg": ScoreLimit(95.0)}))
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    limit = next(
        m for m in solution.infeasibility.conflict if m.constraint == "method_options.score_limits.esg.minimum"
    )
    assert limit.sentence == "The esg is at least 95."
    assert limit.sufficient == pytest.approx(SCORES.max(), abs=1e-6)


def test_a_name_without_a_score_is_refused_left_out_or_taken_for_the_worst() -> None:
    case, aims = _case(scored=15), (AimOption("esg"), AimOption("risk"))
    with pytest.raises(InvalidInput, match=r"method_options.objectives.0.name.*have no score 'esg'; give one"):
        _answer(MultiObjectiveOptions(aims), case)
    left_out = _proven(MultiObjectiveOptions(aims, points=0, missing_score="exclude"), case)
    assert left_out.weights is not None
    assert np.abs(left_out.weights[15:]).max() == 0.0
    worst = _proven(MultiObjectiveOptions(aims, points=0, missing_score="worst"), case)
    assert worst.weights is not None
    filled = np.where(np.arange(N) < 15, SCORES, SCORES[:15].min())
    assert _found(worst, "objective_values")["esg"] == pytest.approx(filled @ worst.weights, rel=1e-12)
    coverage = _found(worst, "score_coverage")["esg"]
    assert coverage["names"] == 0.75
    assert coverage["weight"] == pytest.approx(worst.weights[:15].sum(), rel=1e-9)
    assert coverage["missing"] == list(case[0].universe.names[15:])


# --- how it is asked, and how it travels --------------------------------------------------------------------------


def test_what_it_read_travels_as_a_document() -> None:
    aims = (
        AimOption("return", bound=0.2),
        AimOption("risk", bound=0.3),
        AimOption("turnover", bound=0.6),
        AimOption("concentration", bound=0.5),
        AimOption("esg"),
    )
    limits = (*LONG_ONLY, MaximumWeight(0.6))
    for scheme in ("weighted_sum", "chebyshev", "epsilon_constraint"):
        options = MultiObjectiveOptions(
            aims, scheme=cast(Any, scheme), points=0, score_limits={"esg": ScoreLimit(40.0)}
        )
        read = plugin.MultiObjective().solve(*_case(limits), options).reading
        assert read.objective is not None
        assert read_objective(written(read.objective, as_buffer), ()) == read.objective
        again = read_constraints([written(limit, as_buffer) for limit in read.constraints], ())
        assert again == read.constraints


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"objectives": []}, "objectives"),
        ({"objectives": [{"name": "return"}, {"name": "return"}]}, "objectives.1"),
        ({"objectives": [{"name": "retrun"}]}, "objectives.0.name"),
        ({"objectives": [{"name": "return", "weight": -1.0}]}, "objectives.0.weight"),
        ({"objectives": [{"name": "return", "weight": 0.0}]}, "objectives"),
        ({"objectives": [{"name": "cost"}, {"name": "risk"}]}, "cost_rate"),
        ({"scheme": "goal"}, "objectives"),
        ({"scheme": "epsilon_constraint"}, "objectives"),
        ({"points": 1}, "points"),
        ({"risk_measure": "beta"}, "risk_measure"),
        ({"score_limits": {"governance": {"minimum": 50}}}, "score_limits.governance"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(asked: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidInput, match=f"method_options.{place}"):
        _answer(cast(MultiObjectiveOptions, bind_options(MultiObjectiveOptions, asked)))


def test_a_turnover_of_zero_leaves_one_point() -> None:
    solution = _proven(MultiObjectiveOptions(), _case((*LONG_ONLY, TurnoverLimit(0.0, tuple(CURRENT.tolist())))))
    [point] = _found(solution, "pareto")
    assert solution.weights == pytest.approx(CURRENT)
    assert list(point["weights"].values()) == pytest.approx(CURRENT)


def test_turnover_needs_current_weights() -> None:
    problem, estimates = _case()
    with pytest.raises(InvalidInput, match="needs the current weights"):
        _answer(MultiObjectiveOptions((AimOption("turnover"),)), (replace(problem, current=None), estimates))


def test_a_bound_out_of_all_proportion_leaves_the_answer_as_it_is() -> None:
    rows = 1e-12 * of_sample()[1].required_scenarios("the test").returns[:60, :5]
    problem, estimates = of_history(rows, objective=MultiObjective())
    free, bounded = (
        solve_with(
            problem,
            estimates,
            plugin.MultiObjective(),
            MultiObjectiveOptions((AimOption("return"), AimOption("risk", bound=bound)), points=0),
            HighsLinearPrograms(),
        )
        for bound in (None, 0.2)
    )
    assert bounded.status is Status.OPTIMAL
    np.testing.assert_allclose(np.asarray(bounded.weights), np.asarray(free.weights), atol=1e-6)


def test_a_bound_that_is_all_that_keeps_a_portfolio_in_reach_is_kept() -> None:
    # The risk of equal weights is nothing, so that any bound on it is out of proportion; without it there is no end.
    covariance = [[0.04, -0.04], [-0.04, 0.04]]
    problem = posed(covariance, [0.1, 0.0], MultiObjective(), (Budget(),))
    aims = (AimOption("return"), AimOption("risk", bound=0.1))
    options = MultiObjectiveOptions(aims, scheme="epsilon_constraint", points=0)
    found = solve_with(problem, estimated(problem), plugin.MultiObjective(), options, HighsLinearPrograms())
    assert found.status.answered
    assert found.expected_volatility == pytest.approx(0.1, rel=1e-6)
    assert found.weights_by_name == pytest.approx({"A": 0.75, "B": 0.25}, abs=1e-6)


@pytest.mark.parametrize("seed", [3, 13, 42])
def test_what_ties_are_broken_by_does_not_depend_on_the_order_of_names(seed: int) -> None:
    """Two names or more of the best mean: which of the tied portfolios a solver happens on says nothing of the aims."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(0.005, 0.04, (24, 6)) * rng.uniform(0.5, 1.5, 6) + rng.normal(0, 0.02, (24, 1))
    mean = rng.choice([-0.02, 0.05, 0.08, 0.11], 6)
    limits = (*LONG_ONLY, TargetVolatility(1.1 * float(np.sqrt(252 * np.var(rows.mean(axis=1))))))
    aims = (AimOption("return"), AimOption("risk", weight=2.0), AimOption("concentration"))
    options = MultiObjectiveOptions(aims, risk_measure="mad", scheme="chebyshev", points=0)
    values = []
    for order in ([0, 1, 2, 3, 4, 5], [2, 0, 3, 4, 5, 1], [5, 4, 3, 2, 1, 0]):
        problem, estimates = of_history(rows[:, order], objective=MultiObjective(), limits=limits)
        values.append(_answer(options, (problem, replace(estimates, mean=mean[order]))).objective_value)
    assert values == pytest.approx([values[0]] * 3, rel=1e-6)
