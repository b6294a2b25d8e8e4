"""Frontiers of mean and risk: published turning points, other solvers, and the laws of a frontier."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import piqp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.entry_points.options import bind_options
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput, ProblemUnbounded
from tangency.domain.frontier.frontier import Curve, checked
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.spacing import EVEN, steps, unevenness
from tangency.domain.frontier.tracing import trace
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TurnoverLimit,
)
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.objective import MaximumReturn, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Origin, Provenance
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.critical_line import CriticalLine, critical_line
from tangency.plugins.kernels.parametric import Family
from tangency.plugins.mean_risk import MeanRisk, MeanRiskOptions
from tangency.plugins.mean_variance import MeanVariance
from tests.plugins.mean_risk_questions import estimates_of, sample_returns
from tests.plugins.random_problems import random_market
from tests.support.posed import LONG_ONLY, answer, best, estimated, posed

MEANS = [1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08]
"""Markowitz, H., Todd, P. (2000), Mean-Variance Analysis in Portfolio Choice and Capital Markets, p. 335, as in Bailey,
D.H., Lopez de Prado, M. (2013), An open-source implementation of the critical-line algorithm, Algorithms 6(1)."""
COVARIANCE = [
    [
        0.40755159,
        0.03175842,
        0.05183923,
        0.05663904,
        0.0330226,
        0.00827775,
        0.02165938,
        0.01332419,
        0.0343476,
        0.02249903,
    ],
    [
        0.03175842,
        0.9063047,
        0.03136385,
        0.02687256,
        0.01917172,
        0.00934384,
        0.02495043,
        0.00761036,
        0.02874874,
        0.01336866,
    ],
    [
        0.05183923,
        0.03136385,
        0.19490901,
        0.04408485,
        0.03006772,
        0.01322738,
        0.03525971,
        0.0115493,
        0.0427563,
        0.02057303,
    ],
    [
        0.05663904,
        0.02687256,
        0.04408485,
        0.19528471,
        0.02777345,
        0.00526665,
        0.01375808,
        0.00780878,
        0.02914176,
        0.01640377,
    ],
    [
        0.0330226,
        0.01917172,
        0.03006772,
        0.02777345,
        0.34059105,
        0.00777055,
        0.02067844,
        0.00736409,
        0.02542657,
        0.01284075,
    ],
    [
        0.00827775,
        0.00934384,
        0.01322738,
        0.00526665,
        0.00777055,
        0.15983874,
        0.02105575,
        0.00518686,
        0.01723737,
        0.00723779,
    ],
    [
        0.02165938,
        0.02495043,
        0.03525971,
        0.01375808,
        0.02067844,
        0.02105575,
        0.68056711,
        0.01377882,
        0.04627027,
        0.01926088,
    ],
    [
        0.01332419,
        0.00761036,
        0.0115493,
        0.00780878,
        0.00736409,
        0.00518686,
        0.01377882,
        0.95526918,
        0.0106553,
        0.00760955,
    ],
    [
        0.0343476,
        0.02874874,
        0.0427563,
        0.02914176,
        0.02542657,
        0.01723737,
        0.04627027,
        0.0106553,
        0.31681584,
        0.01854318,
    ],
    [
        0.02249903,
        0.01336866,
        0.02057303,
        0.01640377,
        0.01284075,
        0.00723779,
        0.01926088,
        0.00760955,
        0.01854318,
        0.11079287,
    ],
]
TURNING_POINTS = [
    (1.190, 0.952, 58.303),
    (1.180, 0.546, 4.174),
    (1.160, 0.417, 1.946),
    (1.111, 0.267, 0.165),
    (1.108, 0.265, 0.147),
    (1.022, 0.230, 0.056),
    (1.015, 0.228, 0.052),
    (0.973, 0.220, 0.037),
    (0.950, 0.216, 0.031),
    (0.803, 0.205, 0.000),
]
"""Return, risk and lambda: their Table 2."""


def unlabelled(estimates: Estimates) -> Provenance:
    return Provenance("", Origin("", "", ""), estimates.sources, (), 0.0, {})


def curve_of(
    problem: Problem,
    question: FrontierQuestion,
    method: OptimizationMethod | None = None,
    options: object = None,
    estimates: Estimates | None = None,
) -> Curve:
    """The checked frontier of a problem, by mean-variance unless said otherwise."""
    known = estimated(problem) if estimates is None else estimates
    solving = method or MeanVariance()
    traced = trace(problem, known, solving, options, question, HighsLinearPrograms())
    return checked(problem, question, traced, unlabelled(known))


def by_measure(measure: str, returns: Matrix, points: int = 12, **options: object) -> tuple[Curve, Problem, Estimates]:
    estimates = estimates_of(returns)
    question = FrontierQuestion(measure, points)
    market = Market(estimates.universe, returns=Returns(estimates.universe, returns))
    problem = Problem(market, question.objective, LONG_ONLY, "mean_risk")
    bound = bind_options(MeanRiskOptions, {"risk_measure": measure, **options})
    return curve_of(problem, question, MeanRisk(), bound, estimates), problem, estimates


def figures(curve: Curve) -> tuple[Vector, Vector]:
    return np.array([p.expected_return for p in curve.points]), np.array([p.risk for p in curve.points])


def obeys_the_laws(curve: Curve) -> None:
    """Both figures grow, what a unit of risk adds falls, steps are even, and every point is proven."""
    returns, risks = figures(curve)
    assert (np.diff(returns) > 0).all()
    assert (np.diff(risks) > 0).all()
    steepness = np.diff(returns) / np.diff(risks)
    assert (np.diff(steepness) <= 1e-6 * np.abs(steepness[:-1])).all()
    assert unevenness(returns, risks) <= EVEN
    assert max(point.relative_gap or 0.0 for point in curve.points) < 1e-8
    assert all(point.relative_gap is not None for point in curve.points)


def walked(problem: Problem) -> CriticalLine:
    estimates = estimated(problem)
    mean = estimates.required_mean("a test")
    line = critical_line(Family(estimates.covariance, mean, problem.region(estimates), 1e-10))
    assert line is not None
    return line


def test_the_published_turning_points_are_the_corners() -> None:
    line = walked(posed(COVARIANCE, MEANS))
    corners = [line.family.on(stretch.line, stretch.low) for stretch in line.stretches][::-1]
    found = [
        (float(np.dot(MEANS, c.weights)), float(np.sqrt(c.weights @ np.array(COVARIANCE) @ c.weights)), c.tau)
        for c in corners
    ]
    assert found == [pytest.approx(published, abs=6e-4) for published in TURNING_POINTS]


def test_the_published_maximum_sharpe_ratio_is_the_optimal_portfolio() -> None:
    curve = curve_of(posed(COVARIANCE, MEANS), FrontierQuestion())
    assert curve.optimal.sharpe == pytest.approx(4.4535, abs=1e-4)
    assert curve.optimal.risk == pytest.approx(0.2274, abs=1e-4)
    assert curve.least_risk.risk == pytest.approx(0.205, abs=5e-4)
    assert curve.greatest_return.expected_return == pytest.approx(1.19)
    obeys_the_laws(curve)


@pytest.mark.parametrize("n", [31, 85, 225])
def test_every_variance_of_a_dense_frontier_is_that_of_its_own_solve(n: int) -> None:
    market = random_market(np.random.default_rng(n), n)
    problem = Problem(market, MinimumVolatility(), LONG_ONLY)
    curve = curve_of(problem, FrontierQuestion(points=150))
    obeys_the_laws(curve)
    S, m = np.asarray(market.covariance), np.asarray(market.mean)
    factor = np.linalg.cholesky(S)
    weights, target = cp.Variable(n), cp.Parameter()
    program = cp.Problem(
        cp.Minimize(cp.sum_squares(factor.T @ weights)), [cp.sum(weights) == 1, weights >= 0, m @ weights >= target]
    )
    for point in curve.points[::30]:
        target.value = point.expected_return
        tight = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}
        program.solve(solver=cp.CLARABEL, **tight)
        assert point.risk**2 == pytest.approx(program.value, rel=1e-6)


def test_the_ends_are_their_own_solves() -> None:
    market = random_market(np.random.default_rng(3), 12)
    problem = Problem(market, MinimumVolatility(), LONG_ONLY)
    curve = curve_of(problem, FrontierQuestion(points=5))
    least, most = best(problem), best(replace(problem, objective=MaximumReturn()))
    assert curve.least_risk.risk == pytest.approx(least.expected_volatility, rel=1e-10)
    assert curve.greatest_return.expected_return == pytest.approx(most.expected_return, rel=1e-10)
    assert curve.greatest_return.risk == pytest.approx(most.expected_volatility, rel=1e-8)


def test_limits_keep_the_laws_and_bind() -> None:
    market = random_market(np.random.default_rng(11), 15)
    sector = next(iter(market.universe.sectors))
    limits: tuple[Constraint, ...] = (*LONG_ONLY, MaximumWeight(0.2), SectorLimit(0.4, sector))
    curve = curve_of(Problem(market, MinimumVolatility(), limits), FrontierQuestion(points=40))
    obeys_the_laws(curve)
    assert max(float(point.weights.max()) for point in curve.points) == pytest.approx(0.2)


@pytest.mark.parametrize("limit", [TurnoverLimit(0.3, (0.125,) * 8), LeverageLimit(1.4)])
def test_where_the_line_cannot_be_followed_points_are_solved_for(limit: Constraint) -> None:
    market = random_market(np.random.default_rng(5), 8)
    limits = (Budget(), MinimumWeight(-0.3), MaximumWeight(0.6), limit)
    problem = Problem(market, MinimumVolatility(), limits)
    assert MeanVariance().trace(problem, estimated(problem), None, FrontierQuestion()) is None
    obeys_the_laws(curve_of(problem, FrontierQuestion(points=10)))


def test_a_frontier_without_end_needs_a_limit_on_its_risk() -> None:
    market = random_market(np.random.default_rng(6), 6)
    problem = Problem(market, MinimumVolatility(), (Budget(),))
    with pytest.raises(ProblemUnbounded):
        curve_of(problem, FrontierQuestion())
    curve = curve_of(problem, FrontierQuestion(max_risk=1.0))
    assert curve.greatest_return.risk == pytest.approx(1.0, rel=1e-9)
    obeys_the_laws(curve)


@pytest.mark.parametrize("question", [FrontierQuestion(min_return=9.0), FrontierQuestion(max_risk=1e-3)])
def test_an_end_out_of_reach_is_refused(question: FrontierQuestion) -> None:
    problem = Problem(random_market(np.random.default_rng(2), 5), MinimumVolatility(), LONG_ONLY)
    with pytest.raises(InvalidInput) as caught:
        curve_of(problem, question)
    assert caught.value.faults[0].code == "out_of_reach"


def test_names_that_earn_the_same_have_a_frontier_of_one_point() -> None:
    curve = curve_of(posed([[0.04, 0.01], [0.01, 0.09]], [0.05, 0.05]), FrontierQuestion())
    assert len(curve.points) == 1
    assert curve.points[0].weights == pytest.approx([8 / 11, 3 / 11])


@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from([1e-6, 1.0, 1e6]), st.booleans())
def test_the_laws_hold_at_every_scale_and_with_a_name_twice(seed: int, n: int, scale: float, twice: bool) -> None:
    market = random_market(np.random.default_rng(seed), n)
    S, m = np.asarray(market.covariance) * scale**2, np.asarray(market.mean) * scale
    if twice:
        order = [*range(n), 0]
        S, m = S[np.ix_(order, order)], m[order]
    curve = curve_of(posed(S, m), FrontierQuestion(points=7))
    if len(curve.points) > 1:
        obeys_the_laws(curve)
    assert curve.least_risk.risk == pytest.approx(answer(posed(S)).expected_volatility, rel=1e-7)


@pytest.mark.parametrize("measure", ["cvar", "mad", "max_drawdown", "variance"])
def test_frontiers_of_other_measures_obey_the_same_laws(measure: str) -> None:
    curve, _, _ = by_measure(measure, sample_returns(160)[:, :8])
    obeys_the_laws(curve)


def test_a_frontier_of_cvar_is_that_of_another_solver() -> None:
    returns = sample_returns(200)[:, :8]
    curve, _, _ = by_measure("cvar", returns)
    mean, (periods, n) = 252.0 * returns.mean(axis=0), returns.shape
    weights, level, target = cp.Variable(n), cp.Variable(), cp.Parameter()
    tail = level + cp.sum(cp.pos(-returns @ weights - level)) / (0.05 * periods)
    program = cp.Problem(cp.Minimize(tail), [cp.sum(weights) == 1, weights >= 0, mean @ weights >= target])
    for point in curve.points[::3]:
        target.value = point.expected_return
        program.solve(solver=cp.CLARABEL)
        assert point.risk == pytest.approx(program.value, rel=1e-6)


def test_no_point_of_a_frontier_of_value_at_risk_beats_another() -> None:
    curve, _, _ = by_measure("var", sample_returns(160)[:, :6], var_method="cvar_proxy")
    returns, risks = figures(curve)
    assert (np.diff(returns) > 0).all()
    assert (np.diff(risks) > 0).all()
    assert len(curve.points) > 3


def test_points_of_a_frontier_of_value_at_risk_are_even_beside_its_gaps() -> None:
    sample = sample_returns(160)[:, :6]
    curve, problem, estimates = by_measure("var", sample, var_method="cvar_proxy")
    lengths = steps(*figures(curve))
    usual = float(np.median(lengths))
    options = bind_options(MeanRiskOptions, {"risk_measure": "var", "var_method": "cvar_proxy"})

    def risk_at(target: float) -> float:
        asked = replace(problem, constraints=(*LONG_ONLY, TargetReturn(target)))
        found = MeanRisk().solve(asked, estimates, options).weights
        assert found is not None
        return Measure("var").of(estimates).value(found)

    for before, after, length in zip(curve.points, curve.points[1:], lengths.tolist(), strict=False):
        if length / usual > 1.1:
            between = np.linspace(before.expected_return, after.expected_return, 12)
            assert min(np.diff([risk_at(target) for target in between.tolist()])) < 0.0  # beaten by the next
    assert float(np.mean(np.abs(lengths / usual - 1.0) <= EVEN - 1.0)) > 0.6


WEEKLY = {31: 0.18, 85: 0.25, 89: 0.2, 98: 0.25, 225: 0.35}
"""Names, and the mean correlation of their weekly returns: as in five sets of Beasley's OR-Library (port1 to port5)."""


def weekly_market(n: int, correlation: float) -> tuple[Matrix, Vector]:
    """Covariance and means of weekly returns with one factor in common, standard deviations from 2 to 8 %."""
    rng = np.random.default_rng(n)
    loadings = np.clip(rng.normal(np.sqrt(correlation), 0.12, n), 0.05, 0.9)
    correlations = np.outer(loadings, loadings)
    correlations[np.diag_indices(n)] = 1.0
    deviations = rng.uniform(0.02, 0.08, n)
    return correlations * np.outer(deviations, deviations), rng.normal(0.003, 0.003, n)


@pytest.mark.parametrize("n", WEEKLY)
def test_two_thousand_variances_are_least_for_their_returns(n: int) -> None:
    """With g = Sx - tau m, no long portfolio that earns as much has half a variance lower by more than g'x - min g."""
    S, m = weekly_market(n, WEEKLY[n])
    line = walked(posed(S, m, names=[f"N{i}" for i in range(n)]))
    means = np.linspace(line.corners[0], line.corners[-1], 2000)
    members = line.members(means)
    X, tau = np.array([member.weights for member in members]), np.array([member.tau for member in members])
    images, reached = X @ S, X @ m
    variances = (images * X).sum(axis=1)
    assert line.family.natural_variance(line.variances(means)) == pytest.approx(variances, rel=1e-9)
    assert reached == pytest.approx(line.family.natural_mean(1.0) * means, rel=1e-9, abs=1e-12)
    assert (X >= 0).all()
    assert X.sum(axis=1) == pytest.approx(np.ones(2000), abs=1e-10)
    slopes = images - tau[:, None] * m
    inside = slice(None, -1)  # the last is the greatest return there is: any tau beyond its own will do
    gaps = (slopes * X).sum(axis=1) - slopes.min(axis=1)
    assert (gaps[inside] <= 1e-6 * 0.5 * variances[inside]).all()
    for place in (0, 500, 1000, 1500, 1990):
        assert variances[place] == pytest.approx(2 * by_piqp(S, m, float(reached[place])), rel=1e-6)


def by_piqp(S: Matrix, m: Vector, target: float) -> float:
    """Half the least variance of a long portfolio that earns the target."""
    solver, n = piqp.DenseSolver(), len(m)
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-12
    unit = float(S.max())
    gain, none = m[None, :] / target, np.full(n, np.inf)
    solver.setup(S / unit, np.zeros(n), np.ones((1, n)), np.ones(1), gain, np.ones(1), None, np.zeros(n), none)
    assert solver.solve() == piqp.PIQP_SOLVED
    return unit * float(solver.result.info.primal_obj)
