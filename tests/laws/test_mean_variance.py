"""Laws of mean-variance portfolios that no library has to be asked for: they follow from the definitions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tangency.domain.market.market import Market
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
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
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tests.plugins.random_problems import random_market, random_problem
from tests.support.posed import LONG_ONLY, answer, estimated, posed

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=40, deadline=None)
OBJECTIVES = [MinimumVolatility(), MaximumSharpe(0.01), MaximumUtility(4.0), MaximumReturn()]


def drawn(seed: int, largest: int = 9) -> tuple[Problem, Solution]:
    """A random problem that has a best portfolio."""
    problem = random_problem(seed, largest)
    solution = answer(problem)
    assume(solution.status is Status.OPTIMAL)
    return problem, solution


def value(solution: Solution) -> float:
    assert solution.objective_value is not None
    return solution.objective_value


def weights(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.weights is not None
    return solution.weights


def means(problem: Problem) -> Vector:
    assert problem.market.mean is not None
    return problem.market.mean


def covariance(problem: Problem) -> Vector:
    assert problem.market.covariance is not None
    return problem.market.covariance


def better(problem: Problem, first: float, second: float) -> float:
    """By how much the first value is better than the second."""
    return second - first if isinstance(problem.objective, MinimumVolatility) else first - second


def tolerance(problem: Problem, solution: Solution) -> float:
    """The certificate is exact to 1e-9 or so of the objective's terms."""
    estimates = estimated(problem)
    scale = problem.objective.scale(weights(solution), estimates) * problem.objective.price(
        weights(solution), estimates
    )
    return 1e-7 * scale + 1e-12


def picked(problem: Problem, order: Sequence[int], names: Sequence[str] | None = None) -> Market:
    """The market of the names at some positions, a position twice if need be."""
    assets = [problem.universe.assets[i] for i in order]
    if names is not None:
        assets = [replace(asset, name=name) for asset, name in zip(assets, names, strict=True)]
    index = np.array(order)
    return Market(Universe(tuple(assets)), means(problem)[index], covariance(problem)[np.ix_(index, index)])


def reordered(problem: Problem, order: Sequence[int]) -> Problem:
    limits = [
        replace(c, current=tuple(c.current[i] for i in order)) if isinstance(c, TurnoverLimit) else c
        for c in problem.constraints
    ]
    return Problem(picked(problem, order), problem.objective, tuple(limits))


def loosened(constraint: Constraint, share: float) -> Constraint:
    looser = np.sign(constraint.sensitivity) * share * max(abs(constraint.limit), 0.01)
    return constraint.with_limit(constraint.limit + float(looser)) if constraint.relaxable else constraint


class TestNamesAreNames:
    @FEW
    @given(SEEDS)
    def test_their_order_moves_no_weight(self, seed: int) -> None:
        problem, solution = drawn(seed)
        order = np.random.default_rng(seed).permutation(len(problem.universe)).tolist()
        again = answer(reordered(problem, order))
        assert again.status is Status.OPTIMAL
        assert value(again) == pytest.approx(value(solution), abs=tolerance(problem, solution))
        if not isinstance(problem.objective, MaximumReturn):
            np.testing.assert_allclose(weights(again), weights(solution)[order], atol=1e-6)

    @FEW
    @given(SEEDS)
    def test_a_name_listed_twice_changes_no_total(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        market = random_market(rng, int(rng.integers(2, 7)))
        objective = OBJECTIVES[seed % 4]
        limits = (*LONG_ONLY, TargetVolatility(0.5))
        problem = Problem(market, objective, limits)
        solution = answer(problem)
        assume(solution.status is Status.OPTIMAL)
        n = len(market.universe)
        twin = Problem(picked(problem, [*range(n), 0], [*market.universe.names, "TWIN"]), objective, limits)
        doubled = answer(twin)
        assert doubled.status is Status.OPTIMAL
        assert value(doubled) == pytest.approx(value(solution), abs=10 * tolerance(problem, solution))
        if not isinstance(objective, MaximumReturn):
            total = weights(doubled)[:n].copy()
            total[0] += weights(doubled)[n]
            np.testing.assert_allclose(total, weights(solution), atol=1e-5)

    @FEW
    @given(SEEDS)
    def test_a_name_that_may_not_be_held_is_as_good_as_absent(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        market = random_market(rng, int(rng.integers(3, 8)))
        objective = OBJECTIVES[seed % 3]
        banned = Problem(market, objective, (*LONG_ONLY, MaximumWeight(0.0, market.universe.names[0])))
        solution = answer(banned)
        assume(solution.status is Status.OPTIMAL)
        rest = Problem(picked(banned, range(1, len(market.universe))), objective, LONG_ONLY)
        absent = answer(rest)
        assert value(absent) == pytest.approx(value(solution), abs=tolerance(banned, solution))
        np.testing.assert_allclose(weights(absent), weights(solution)[1:], atol=1e-6)


class TestUnits:
    @FEW
    @given(SEEDS, st.sampled_from([1e-12, 1e-6, 1e-3, 1e3, 1e6, 1e12]))
    def test_a_covariance_in_another_unit_gives_the_same_least_risk(self, seed: int, unit: float) -> None:
        problem, _ = drawn(seed)
        kept = tuple(c for c in problem.constraints if not isinstance(c, TargetVolatility))
        plain = answer(Problem(problem.market, MinimumVolatility(), kept))
        assume(plain.status is Status.OPTIMAL)
        scaled_market = replace(problem.market, covariance=covariance(problem) * unit)
        scaled = answer(Problem(scaled_market, MinimumVolatility(), kept))
        np.testing.assert_allclose(weights(scaled), weights(plain), atol=1e-7)
        assert value(scaled) == pytest.approx(value(plain) * np.sqrt(unit), rel=1e-9)

    @FEW
    @given(SEEDS, st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
    def test_returns_in_another_unit_give_the_same_portfolio(self, seed: int, unit: float) -> None:
        problem, solution = drawn(seed)
        objective: Objective = problem.objective
        if isinstance(objective, MaximumUtility):
            objective = MaximumUtility(objective.risk_aversion / unit)
        if isinstance(objective, MaximumSharpe):
            objective = MaximumSharpe(objective.risk_free_rate * unit)
        limits = [
            c.with_limit(c.limit * unit) if isinstance(c, TargetReturn | TargetVolatility) else c
            for c in problem.constraints
        ]
        market = replace(problem.market, covariance=covariance(problem) * unit**2, mean=means(problem) * unit)
        scaled = answer(Problem(market, objective, tuple(limits)))
        assert scaled.status is Status.OPTIMAL
        factor = 1.0 if isinstance(objective, MaximumSharpe) else unit
        assert value(scaled) / factor == pytest.approx(value(solution), abs=tolerance(problem, solution))
        if not isinstance(objective, MaximumReturn):
            np.testing.assert_allclose(weights(scaled), weights(solution), atol=1e-6)

    @FEW
    @given(SEEDS, st.floats(-0.05, 0.05))
    def test_the_same_return_added_to_every_name_moves_nothing_but_itself(self, seed: int, shift: float) -> None:
        problem, solution = drawn(seed)
        objective: Objective = problem.objective
        if isinstance(objective, MaximumSharpe):
            objective = MaximumSharpe(objective.risk_free_rate + shift)
        limits = [c.with_limit(c.limit + shift) if isinstance(c, TargetReturn) else c for c in problem.constraints]
        shifted = answer(Problem(replace(problem.market, mean=means(problem) + shift), objective, tuple(limits)))
        assert shifted.status is Status.OPTIMAL
        gained = shift if isinstance(objective, MaximumReturn | MaximumUtility) else 0.0
        assert value(shifted) - gained == pytest.approx(value(solution), abs=10 * tolerance(problem, solution))

    @FEW
    @given(SEEDS, st.sampled_from([0.25, 3.0, 1000.0]))
    def test_a_ratio_does_not_mind_the_scale_of_excess_returns(self, seed: int, factor: float) -> None:
        rng = np.random.default_rng(seed)
        market = random_market(rng, int(rng.integers(2, 8)))
        assert market.mean is not None
        problem = Problem(market, MaximumSharpe(0.02), (*LONG_ONLY, MaximumWeight(0.7)))
        solution = answer(problem)
        assume(solution.status is Status.OPTIMAL)
        leveraged = replace(market, mean=0.02 + factor * (market.mean - 0.02))
        scaled = answer(Problem(leveraged, MaximumSharpe(0.02), problem.constraints))
        assert value(scaled) == pytest.approx(factor * value(solution), rel=1e-8)
        np.testing.assert_allclose(weights(scaled), weights(solution), atol=1e-7)


class TestLimits:
    @FEW
    @given(SEEDS)
    def test_one_more_never_improves(self, seed: int) -> None:
        problem, solution = drawn(seed)
        rng = np.random.default_rng(seed)
        left_out = problem.constraints[int(rng.integers(1, len(problem.constraints)))]
        fewer = answer(
            Problem(problem.market, problem.objective, tuple(c for c in problem.constraints if c is not left_out))
        )
        # Without a lower bound on every weight the greatest mean may be found and not be proven.
        unproven = isinstance(problem.objective, MaximumReturn) and isinstance(left_out, LongOnly | MinimumWeight)
        assert fewer.status in {Status.OPTIMAL, Status.UNBOUNDED} or (unproven and fewer.status is Status.FEASIBLE)
        if fewer.status.answered:
            gain = better(problem, value(fewer), value(solution))
            assert gain >= -tolerance(problem, solution)

    @FEW
    @given(SEEDS, st.floats(0.0, 0.5))
    def test_wider_ones_never_worsen(self, seed: int, share: float) -> None:
        problem, solution = drawn(seed)
        wider = tuple(loosened(c, share) for c in problem.constraints)
        eased = answer(Problem(problem.market, problem.objective, wider))
        assert eased.status is Status.OPTIMAL
        assert better(problem, value(eased), value(solution)) >= -tolerance(problem, solution)

    @FEW
    @given(SEEDS)
    def test_one_that_is_met_with_room_may_as_well_be_absent(self, seed: int) -> None:
        problem, solution = drawn(seed)
        assert solution.why is not None
        binding = {each.constraint for each in solution.why.binding}
        idle = (SectorLimit, TurnoverLimit, LeverageLimit, TargetReturn, TargetVolatility)
        kept = tuple(c for c in problem.constraints if not isinstance(c, idle) or c.id in binding)
        again = answer(Problem(problem.market, problem.objective, kept))
        assert again.status is Status.OPTIMAL
        assert value(again) == pytest.approx(value(solution), abs=10 * tolerance(problem, solution))

    @FEW
    @given(SEEDS)
    def test_turning_over_from_the_answer_itself_takes_nothing(self, seed: int) -> None:
        problem, _ = drawn(seed)
        others = tuple(c for c in problem.constraints if not isinstance(c, TurnoverLimit))
        first = answer(Problem(problem.market, problem.objective, others))
        assume(first.status is Status.OPTIMAL)
        stay = TurnoverLimit(1e-6, tuple(weights(first).tolist()))
        second = answer(Problem(problem.market, problem.objective, (*others, stay)))
        assert second.status is Status.OPTIMAL
        assert value(second) == pytest.approx(value(first), abs=10 * tolerance(problem, first))

    @FEW
    @given(SEEDS)
    def test_the_answer_honours_every_one(self, seed: int) -> None:
        problem, solution = drawn(seed)
        w, names = weights(solution), problem.universe.names
        assert w.sum() == pytest.approx(1.0, abs=1e-8)
        for c in problem.constraints:
            if isinstance(c, MinimumWeight | MaximumWeight):
                whose = w if c.name is None else w[[names.index(c.name)]]
                worst = c.limit - whose.min() if isinstance(c, MinimumWeight) else whose.max() - c.limit
                assert worst <= 1e-8
            elif isinstance(c, LongOnly):
                assert w.min() >= -1e-8
            elif isinstance(c, SectorLimit):
                assert (
                    sum(w[i] for i, a in enumerate(problem.universe.assets) if a.sector == c.sector) <= c.limit + 1e-8
                )
            elif isinstance(c, LeverageLimit):
                assert np.abs(w).sum() <= c.limit + 1e-8
            elif isinstance(c, TurnoverLimit):
                cash = abs((1 - w.sum()) - (1 - sum(c.current)))
                assert 0.5 * (np.abs(w - np.array(c.current)).sum() + cash) <= c.limit + 2e-8
            elif isinstance(c, TargetReturn):
                assert means(problem) @ w >= c.limit - 1e-8
            elif isinstance(c, TargetVolatility):
                assert np.sqrt(w @ covariance(problem) @ w) <= c.limit + 1e-8


class TestNothingIsBetter:
    @FEW
    @given(SEEDS)
    def test_no_random_feasible_portfolio(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        market = random_market(rng, int(rng.integers(2, 8)))
        problem = Problem(market, OBJECTIVES[seed % 4], (*LONG_ONLY, MaximumWeight(0.8)))
        solution = answer(problem)
        assume(solution.status is Status.OPTIMAL)
        estimates = estimated(problem)
        for x in rng.dirichlet(np.full(len(market.universe), 0.4), size=60):
            if x.max() <= 0.8:
                gain = better(problem, problem.objective.value(x, estimates), value(solution))
                assert gain <= tolerance(problem, solution)

    @FEW
    @given(SEEDS)
    def test_no_step_towards_another_portfolio_from_least_volatility(self, seed: int) -> None:
        # At the least variance, (Sw)'(x - w) >= 0 for every feasible x.
        rng = np.random.default_rng(seed)
        market = random_market(rng, int(rng.integers(2, 9)))
        problem = Problem(market, MinimumVolatility(), LONG_ONLY)
        w, S = weights(answer(problem)), covariance(problem)
        vertices = np.eye(len(w))
        assert ((vertices - w) @ S @ w >= -1e-10).all()

    @FEW
    @given(SEEDS)
    def test_no_mixture_with_cash_at_the_rate_has_a_better_ratio(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        rate = 0.02
        market = random_market(rng, int(rng.integers(2, 7)))
        assert market.mean is not None
        problem = Problem(market, MaximumSharpe(rate), LONG_ONLY)
        solution = answer(problem)
        assume(solution.status is Status.OPTIMAL)
        n = len(market.universe)
        enlarged = np.zeros((n + 1, n + 1))
        enlarged[:n, :n] = market.covariance
        assets = (*market.universe.assets, Asset("CASH"))
        with_cash = Market(Universe(assets), np.append(market.mean, rate), enlarged)
        invested = (*LONG_ONLY, MaximumWeight(0.5, "CASH"))  # without it, every mixture would do
        mixed = answer(Problem(with_cash, MaximumSharpe(rate), invested))
        assert mixed.status is Status.OPTIMAL
        assert value(mixed) == pytest.approx(value(solution), rel=1e-7)
        risky = weights(mixed)[:n]
        np.testing.assert_allclose(risky / risky.sum(), weights(solution), atol=1e-5)


class TestFrontier:
    @staticmethod
    def market(seed: int) -> Market:
        rng = np.random.default_rng(seed)
        return random_market(rng, int(rng.integers(3, 9)))

    @settings(max_examples=20, deadline=None)
    @given(SEEDS)
    def test_risk_grows_with_the_target_ever_faster_and_both_ways_meet(self, seed: int) -> None:
        market = self.market(seed)
        least = answer(Problem(market, MinimumVolatility(), LONG_ONLY))
        most = answer(Problem(market, MaximumReturn(), LONG_ONLY))
        low, high = least.expected_return, most.expected_return
        assert low is not None
        assert high is not None
        assume(high - low > 1e-4)
        targets = np.linspace(low, high, 7)
        risks = []
        for target in targets.tolist():
            found = answer(Problem(market, MinimumVolatility(), (*LONG_ONLY, TargetReturn(target - 1e-12))))
            risks.append(value(found) if found.status is Status.OPTIMAL else np.nan)
        steps = np.diff(risks)
        assert (steps >= -1e-9).all()
        assert (np.diff(steps) >= -1e-8).all()
        for target, risk in zip(targets[1:-1].tolist(), risks[1:-1], strict=True):
            found = answer(Problem(market, MaximumReturn(), (*LONG_ONLY, TargetVolatility(risk))))
            assert found.status is Status.OPTIMAL
            assert value(found) == pytest.approx(target, abs=1e-7)

    @settings(max_examples=20, deadline=None)
    @given(SEEDS)
    def test_the_best_ratio_is_on_it_and_nothing_on_it_has_a_better_one(self, seed: int) -> None:
        market = self.market(seed)
        best = answer(Problem(market, MaximumSharpe(), LONG_ONLY))
        assume(best.status is Status.OPTIMAL)
        assert best.expected_return is not None
        on_it = answer(Problem(market, MinimumVolatility(), (*LONG_ONLY, TargetReturn(best.expected_return - 1e-12))))
        np.testing.assert_allclose(weights(on_it), weights(best), atol=1e-5)
        for aversion in np.geomspace(0.1, 100.0, 6).tolist():
            other = answer(Problem(market, MaximumUtility(aversion), LONG_ONLY))
            assert other.sharpe_ratio is not None
            assert other.sharpe_ratio <= value(best) * (1 + 1e-9)

    @settings(max_examples=20, deadline=None)
    @given(SEEDS)
    def test_more_aversion_means_less_risk_and_less_return(self, seed: int) -> None:
        market = self.market(seed)
        aversions = (0.1, 1.0, 4.0, 30.0, 1e6)
        found = [answer(Problem(market, MaximumUtility(aversion), LONG_ONLY)) for aversion in aversions]
        risks = [each.expected_volatility for each in found]
        returns = [each.expected_return for each in found]
        assert (np.diff(np.array(risks, dtype=float)) <= 1e-9).all()
        assert (np.diff(np.array(returns, dtype=float)) <= 1e-9).all()
        least = answer(Problem(market, MinimumVolatility(), LONG_ONLY))
        np.testing.assert_allclose(weights(found[-1]), weights(least), atol=1e-4)

    @FEW
    @given(SEEDS)
    def test_without_limits_two_funds_span_it(self, seed: int) -> None:
        market = self.market(seed)
        first, second = (answer(Problem(market, MaximumUtility(a), (Budget(),))) for a in (2.0, 6.0))
        middle = answer(Problem(market, MaximumUtility(3.0), (Budget(),)))
        # Weights are linear in 1 / aversion: 1/3 is halfway between 1/2 and 1/6.
        np.testing.assert_allclose(weights(middle), (weights(first) + weights(second)) / 2, atol=1e-8)


def test_unrelated_names_are_held_in_inverse_proportion_to_their_variances() -> None:
    for n in (2, 5, 40, 150):
        variances = np.linspace(0.01, 0.2, n)
        solution = answer(posed(np.diag(variances), limits=LONG_ONLY, names=[f"N{i:03d}" for i in range(n)]))
        np.testing.assert_allclose(weights(solution), (1 / variances) / (1 / variances).sum(), rtol=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_the_same_problem_gives_the_same_answer_bit_by_bit(objective: Objective) -> None:
    problem = random_problem(7, 30)
    asked = Problem(problem.market, objective, problem.constraints)
    first, second = answer(asked), answer(asked)
    assert first.status is second.status
    assert (first.weights is None) == (second.weights is None)
    if first.weights is not None and second.weights is not None:
        assert first.weights.tobytes() == second.weights.tobytes()
        assert first.objective_value == second.objective_value
