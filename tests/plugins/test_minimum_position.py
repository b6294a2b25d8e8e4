"""Positions of a smallest size: against every choice of names, other solvers, and by law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import piqp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import Unsupported
from tangency.domain.frontier.frontier import checked
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.tracing import trace
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.method import NoOptions
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumVolatility,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import HELD_OR_NOT, Side
from tangency.domain.optimization.solution import Origin, Provenance
from tangency.plugins.kernels.mean_variance_options import MeanVarianceOptions
from tangency.plugins.kernels.whole_positions import branches
from tangency.plugins.mean_variance import MeanVariance
from tests.plugins.random_problems import given_estimates, random_market, random_problem
from tests.support.known import known
from tests.support.posed import answer, posed
from tests.support.samples import stock_returns

OBJECTIVES = (MinimumVolatility(), MaximumUtility(4.0), MaximumSharpe(0.02), MaximumReturn())


def sampled(n: int, objective: Objective, *limits: Constraint) -> Problem:
    """Some of the sample's stocks, with their moments of five years."""
    returns = stock_returns()[:, :n]
    covariance, mean = 252 * np.cov(returns.T), 252 * returns.mean(axis=0)
    return posed(covariance, mean, objective, (Budget(), LongOnly(), *limits), [f"S{i}" for i in range(n)])


def best_of_every_choice(problem: Problem) -> float | None:
    """The best objective over every choice of names to hold, long or short; None where none is feasible."""
    estimates = given_estimates(problem)
    values = [value for part in choices(problem, estimates) if (value := best_value(part, estimates)) is not None]
    if not values:
        return None
    return min(values) if isinstance(problem.objective, MinimumVolatility) else max(values)


def choices(problem: Problem, estimates: Estimates) -> Iterator[Problem]:
    region = problem.region(estimates)
    sides = [[side for side in HELD_OR_NOT if region.sides[name, side]] for name in range(region.size)]
    for choice in product(*sides):
        part = problem.on(np.array(choice, np.int8), estimates)
        inside = part.region(estimates)
        if inside.lower.sum() <= 1 <= inside.upper.sum():
            yield part


def best_value(part: Problem, estimates: Estimates) -> float | None:
    weights = MeanVariance().solve(part, estimates, NoOptions()).weights
    return None if weights is None else part.objective.value(weights, estimates)


def least_loss(problem: Problem, least: float, most: float) -> float:
    """The objective at its best over every choice of names: a quadratic program each, of PIQP and nothing of ours.

    The greatest ratio is 1 over the least volatility of multiples of portfolios whose excess is 1.
    """
    estimates, objective = given_estimates(problem), problem.objective
    S, mean = estimates.covariance.dense(), estimates.required_mean("the test")
    found = []
    for choice in product([False, True], repeat=len(mean)):
        names, count = np.flatnonzero(choice), sum(choice)
        if not count or not least * count <= 1 <= most * count:
            continue
        part, whole = S[np.ix_(names, names)], np.ones(count)
        within = np.vstack([least * whole - np.eye(count), np.eye(count) - most * whole])
        if isinstance(objective, MaximumSharpe):
            found.append(_by_piqp(part, 0 * whole, mean[names] - objective.risk_free_rate, within))
        else:
            gain = 0.0 if isinstance(objective, MinimumVolatility) else 1.0 / 4.0
            found.append(_by_piqp(part, -gain * mean[names], whole, within))
    return min(found)


def _by_piqp(S: Matrix, slope: Vector, equal: Vector, within: Matrix) -> float:
    """Minimise 1/2 x'Sx + slope'x where equal'x == 1 and within x <= 0; infinite where nothing is."""
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-12
    nothing = np.full(len(within), -np.inf)
    solver.setup(S, slope, equal[None, :], np.ones(1), within, nothing, np.zeros(len(within)))
    return float(solver.result.info.primal_obj) if solver.solve() == piqp.PIQP_SOLVED else np.inf


@pytest.mark.parametrize("objective", OBJECTIVES[:3], ids=lambda objective: objective.name)
def test_it_is_the_best_of_every_choice_among_twelve_stocks(objective: Objective) -> None:
    problem = sampled(12, objective, MaximumWeight(0.4), MinimumPosition(0.15))
    solution, loss = answer(problem), least_loss(problem, 0.15, 0.4)
    values = {"MIN_VOLATILITY": (2 * loss) ** 0.5, "MAX_UTILITY": -4 * loss, "MAX_SHARPE": (2 * loss) ** -0.5}
    assert solution.status is Status.OPTIMAL
    assert solution.objective_value == pytest.approx(values[objective.name], rel=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_best_of_every_choice_under_limits_of_every_kind(seed: int) -> None:
    drawn = random_problem(seed, largest=6)
    least = float(np.random.default_rng(seed).uniform(0.03, 0.4))
    problem = replace(drawn, constraints=(*drawn.constraints, MinimumPosition(least)))
    solution, best = answer(problem), best_of_every_choice(problem)
    if best is None:
        assert solution.status in (Status.INFEASIBLE, Status.NOT_APPLICABLE)
        return
    assert solution.status is Status.OPTIMAL
    assert solution.objective_value == pytest.approx(best, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("n", [30, 80])
def test_the_greatest_return_is_that_of_a_mixed_integer_program(n: int) -> None:
    rng = np.random.default_rng(n)
    least, most = 0.03, 0.05
    market = random_market(rng, n)
    energy = market.universe.mask(market.universe.sectors["energy"])
    problem = Problem(market, MaximumReturn(), (Budget(), LongOnly(), MaximumWeight(most), MinimumPosition(least)))
    assert market.mean is not None
    room, whole = np.eye(n), np.ones((1, n))
    program = milp(
        np.concatenate([-market.mean, np.zeros(n)]),
        integrality=np.repeat([0, 1], n),
        bounds=Bounds(0.0, 1.0),
        constraints=[
            LinearConstraint(np.hstack([whole, 0 * whole]), 1.0, 1.0),
            LinearConstraint(np.hstack([room, -most * room]), -np.inf, 0.0),
            LinearConstraint(np.hstack([room, -least * room]), 0.0, np.inf),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert energy.any()
    assert answer(problem).objective_value == pytest.approx(-program.fun, rel=1e-7)


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(OBJECTIVES), st.floats(0.02, 0.3))
def test_laws(seed: int, objective: Objective, least: float) -> None:
    """Every weight is 0 or large enough; a larger smallest position is never better; names may come in any order."""
    market = random_market(np.random.default_rng(seed), 10)
    limits = (Budget(), LongOnly(), MaximumWeight(0.35))
    free, small, large = (
        answer(Problem(market, objective, (*limits, *(MinimumPosition(m) for m in least_or_none))))
        for least_or_none in ((), (0.5 * least,), (least,))
    )
    if large.weights is None or small.weights is None:
        assert large.weights is None
        return
    assert ((large.weights == 0) | (large.weights >= least)).all()
    sign = -1.0 if isinstance(objective, MinimumVolatility) else 1.0
    values = [sign * float(found.objective_value or 0.0) for found in (free, small, large)]
    assert values[0] >= values[1] - 1e-8
    assert values[1] >= values[2] - 1e-8


def test_a_budget_of_time_leaves_a_portfolio_and_how_far_from_the_best_it_may_be() -> None:
    problem = sampled(20, MinimumVolatility(), MinimumPosition(0.12))
    hurried = replace(problem, solver=SolverPolicy(time_limit_s=1e-9))
    solution, best = answer(hurried), answer(problem)
    assert solution.status is Status.FEASIBLE
    assert best.status is Status.OPTIMAL
    assert solution.certificate is not None
    assert solution.certificate.duality_gap is not None
    assert solution.certificate.duality_gap >= (solution.objective_value or 0.0) - (best.objective_value or 0.0)
    assert solution.findings["search"]["exhausted"] is False  # type: ignore[index]


def test_where_no_positions_are_large_enough_the_limits_that_say_so_are_named() -> None:
    problem = sampled(12, MinimumVolatility(), MaximumWeight(0.3), MinimumPosition(0.28))
    solution = answer(problem)
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    named = {member.constraint for member in solution.infeasibility.conflict}
    assert named >= {"constraints.min_position_size", "constraints.max_weight", "budget"}
    assert solution.infeasibility.bound > 1e-9


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
@pytest.mark.parametrize("turnover", [0.0, 0.05])
def test_a_turnover_that_leaves_positions_too_small_is_named(objective: Objective, turnover: float) -> None:
    limits = (TurnoverLimit(turnover, (0.75, 0.15, 0.1)), MinimumPosition(1 / 3))
    solution = answer(sampled(3, objective, *limits))
    assert solution.status is Status.INFEASIBLE
    assert {member.constraint for member in known(solution.infeasibility).conflict} == {
        "budget", "long_only", "constraints.turnover_limit", "constraints.min_position_size",
    }  # fmt: skip


def test_a_target_return_that_says_nothing_is_no_hindrance_to_the_proof() -> None:
    limits = (Budget(), LongOnly(), TargetReturn(0.0), TurnoverLimit(0.05, (0.75, 0.15, 0.1)), MinimumPosition(1 / 3))
    assert answer(posed(0.04 * np.eye(3), np.zeros(3), MinimumVolatility(), limits)).status is Status.INFEASIBLE


def test_the_smallest_position_binds_where_it_costs() -> None:
    problem = sampled(12, MinimumVolatility(), MaximumWeight(0.4), MinimumPosition(0.12))
    solution = answer(problem)
    assert solution.why is not None
    price = next(b.shadow_price for b in solution.why.binding if b.constraint == "constraints.min_position_size")
    assert solution.weights is not None
    held = np.where(solution.weights > 0, Side.LONG, Side.NONE).astype(np.int8)
    step, estimates = 1e-5, given_estimates(problem)
    looser = replace(problem, constraints=(*problem.constraints[:-1], MinimumPosition(0.12 - step)))
    relieved = best_value(looser.on(held, estimates), estimates)
    assert relieved is not None
    assert ((solution.objective_value or 0.0) - relieved) / step == pytest.approx(price, rel=1e-2)


def test_a_share_of_the_risk_for_every_name_contradicts_leaving_names_out() -> None:
    with pytest.raises(Unsupported, match="min_position_size"):
        answer(sampled(5, RiskParity(), MinimumPosition(0.05)))


@pytest.mark.parametrize("least", [0.4, 0.55])
def test_a_hedge_without_risk_counts_where_positions_allow_it(least: float) -> None:
    """Half and half it has no risk and no largest ratio; with no place for two names the best one alone is left."""
    covariance = np.array([[0.04, -0.04, 0.0], [-0.04, 0.04, 0.0], [0.0, 0.0, 0.09]])
    limits = (Budget(), LongOnly(), MinimumPosition(least))
    solution = answer(posed(covariance, [0.1, 0.05, 0.06], MaximumSharpe(), limits))
    if least <= 0.5:
        assert solution.status is Status.UNBOUNDED
    else:
        assert solution.status is Status.OPTIMAL
        assert known(solution.weights).tolist() == [1.0, 0.0, 0.0]


def test_a_target_volatility_holds_beside_it() -> None:
    problem = sampled(8, MaximumReturn(), TargetVolatility(0.2), MinimumPosition(0.2))
    solution = answer(problem)
    assert solution.status is Status.OPTIMAL
    assert solution.objective_value == pytest.approx(best_of_every_choice(problem), rel=1e-7)


def test_a_ratio_net_of_costs_is_the_best_of_every_choice() -> None:
    """Ratios of parts are compared by what they reach, not by how well each is solved."""
    problem = replace(sampled(7, MaximumSharpe(0.02), MinimumPosition(0.21)), current=np.full(7, 1 / 7))
    estimates, options = given_estimates(problem), MeanVarianceOptions(transaction_cost=0.05)
    method = MeanVariance()
    found = solve_with(problem, estimates, method, options, HighsLinearPrograms())
    values = []
    for part in choices(problem, estimates):
        proposal = method.solve(part, estimates, options)
        if proposal.weights is not None:
            values.append(proposal.reading.of(part).objective.value(proposal.weights, estimates))
    assert found.status is Status.OPTIMAL
    assert found.objective_value == pytest.approx(max(values), rel=1e-7)


def test_a_frontier_holds_positions_of_that_size() -> None:
    problem = sampled(8, MinimumVolatility(), MinimumPosition(0.2))
    estimates, question = given_estimates(problem), FrontierQuestion(points=5)
    traced = trace(problem, estimates, MeanVariance(), MeanVarianceOptions(), question, HighsLinearPrograms())
    curve = checked(problem, question, traced, Provenance("", Origin("", "", ""), estimates.sources, (), 0.0, {}))
    weights = np.array([point.weights for point in curve.points])
    assert ((weights <= 1e-8) | (weights >= 0.2 - 1e-8)).all()
    assert (np.diff([point.risk for point in curve.points]) > 0).all()
    assert max(point.relative_gap or 0.0 for point in curve.points) <= 1e-6


def test_names_with_risk_of_their_own_need_few_cases() -> None:
    """Without the variances that are theirs alone, two thousand nodes and more."""
    variances = np.random.default_rng(1).uniform(0.15, 0.3, 20) ** 2
    limits = (Budget(), LongOnly(), MaximumWeight(0.25), MinimumPosition(0.08))
    solution = answer(posed(np.diag(variances), limits=limits))
    assert solution.status is Status.OPTIMAL
    assert solution.findings["search"]["nodes"] < 50  # type: ignore[index]
    smallest = np.sort(variances)
    values = []
    for count in range(4, 13):  # of so many names, those of the least variance are best
        held = posed(np.diag(smallest[:count]), limits=(*limits[:3], MinimumWeight(0.08)))
        values.append(answer(held).objective_value)
    assert solution.objective_value == pytest.approx(min(value for value in values if value), rel=1e-7)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("size", "smallest"), [(5, 0.3), (6, 0.2), (8, 0.25)])
def test_of_names_that_are_alike_the_first_ones_are_held(objective: Objective, size: int, smallest: float) -> None:
    """Whichever are, the portfolio is as good."""
    covariance = 0.0225 * (0.3 + 0.7 * np.eye(size))
    limits = (Budget(), LongOnly(), MinimumPosition(smallest))
    found = answer(posed(covariance, np.full(size, 0.08), objective, limits))
    assert found.status is Status.OPTIMAL
    assert found.weights is not None
    held = np.flatnonzero(found.weights).tolist()
    assert held == list(range(len(held)))


def test_a_name_that_misses_next_to_nothing_is_branched_on_and_no_other() -> None:
    problem = posed(0.04 * np.eye(4), limits=(Budget(), LongOnly(), MinimumPosition(0.2)))
    region = problem.region(given_estimates(problem))
    anything = np.full(4, Side.ANY, np.int8)
    for sides in branches(region, anything, np.array([0.0, 0.0, 5e-9, 0.0])):
        assert np.flatnonzero(sides != anything).tolist() == [2]
