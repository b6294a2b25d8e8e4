"""Mean-variance against published numbers, and against the cases that break solvers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tangency import solve
from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.certificate import LARGEST_RELATIVE_GAP
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tests.plugins.random_problems import random_problem
from tests.support.known import known

LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())
SOLVERS = [("piqp",), ("clarabel",)]

# Schrage, Optimization Modeling with LINGO, chapter 13: ATT, GMC and USX, 1943 to 1954, as printed there.
GROWTH = np.array([1.089083, 1.213667, 1.234583])
GROWTH_COVARIANCE = np.array(
    [
        [0.01080754, 0.01240721, 0.01307513],
        [0.01240721, 0.0583917, 0.05542639],
        [0.01307513, 0.05542639, 0.09422681],
    ]
)


def problem(
    mean: object,
    covariance: object,
    objective: Objective,
    *constraints: Constraint,
    solvers: tuple[str, ...] = ("piqp",),
) -> Problem:
    matrix = np.array(covariance, dtype=float)
    universe = Universe.of([f"N{i}" for i in range(len(matrix))])
    market = Market(universe, None if mean is None else np.array(mean, dtype=float), matrix)
    return Problem(market, objective, constraints, solver=SolverPolicy(sequence=solvers))


def weights(solution: Solution) -> np.ndarray:
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.weights is not None
    return solution.weights


class TestPublished:
    @pytest.mark.parametrize("solvers", SOLVERS)
    def test_markowitz_three_stocks_of_schrage(self, solvers: tuple[str, ...]) -> None:
        """Schrage, LINGO chapter 13, model MARKOWITZ: least variance for a growth of 1.15."""
        floor = TargetReturn(0.15)
        posed = problem(GROWTH - 1, GROWTH_COVARIANCE, MinimumVolatility(), *LONG_ONLY, floor, solvers=solvers)
        solution = solve(posed)
        assert weights(solution) == pytest.approx([0.5300926, 0.3564106, 0.1134968], abs=2e-6)
        assert solution.objective_value is not None
        assert solution.objective_value**2 == pytest.approx(0.02241378, abs=1e-7)
        assert solution.why is not None
        assert [binding.constraint for binding in solution.why.binding] == ["risk_parameters.target_return"]

    @pytest.mark.parametrize("solvers", SOLVERS)
    def test_schrage_with_a_treasury_bill(self, solvers: tuple[str, ...]) -> None:
        """Schrage, LINGO chapter 13, model RISKFREE: the same with a bill that grows by 1.05 for certain."""
        mean = [*(GROWTH - 1), 0.05]
        covariance = np.zeros((4, 4))
        covariance[:3, :3] = GROWTH_COVARIANCE
        solution = solve(
            problem(mean, covariance, MinimumVolatility(), *LONG_ONLY, TargetReturn(0.15), solvers=solvers)
        )
        assert weights(solution) == pytest.approx([0.08686549, 0.4285285, 0.1433992, 0.3412068], abs=2e-7)
        assert solution.objective_value is not None
        assert solution.objective_value**2 == pytest.approx(0.02080344, abs=2e-7)

    ZIVOT_MEAN = (0.0427, 0.0015, 0.0285)
    ZIVOT_COVARIANCE = ((0.01, 0.0018, 0.0011), (0.0018, 0.0109, 0.0026), (0.0011, 0.0026, 0.0199))

    @pytest.mark.parametrize("solvers", SOLVERS)
    @pytest.mark.parametrize(
        ("objective", "constraints", "expected", "volatility"),
        [
            (MinimumVolatility(), (), (0.441, 0.366, 0.193), 0.07268),
            (MinimumVolatility(), (TargetReturn(0.0427),), (0.8275, -0.0907, 0.2633), 0.0917),
            (MinimumVolatility(), (TargetReturn(0.0285),), (0.5194, 0.2732, 0.2075), 0.0736),
            (MaximumSharpe(0.005), (), (1.0268, -0.3263, 0.2994), 0.1116),
        ],
    )
    def test_closed_forms_of_merton(
        self,
        objective: Objective,
        constraints: tuple[Constraint, ...],
        expected: tuple[float, ...],
        volatility: float,
        solvers: tuple[str, ...],
    ) -> None:
        """Merton (1972) in the numbers of Zivot, Portfolio Theory with Matrix Algebra: short sales, no bounds."""
        posed = problem(self.ZIVOT_MEAN, self.ZIVOT_COVARIANCE, objective, Budget(), *constraints, solvers=solvers)
        solution = solve(posed)
        printed_to = 6e-4 if not constraints and isinstance(objective, MinimumVolatility) else 6e-5
        assert weights(solution) == pytest.approx(expected, abs=printed_to)
        assert solution.expected_volatility == pytest.approx(volatility, abs=6e-5)
        if isinstance(objective, MaximumSharpe):
            assert solution.sharpe_ratio == pytest.approx(0.4202, abs=6e-5)
            assert solution.expected_return == pytest.approx(0.0519, abs=6e-5)

    @pytest.mark.parametrize("solvers", SOLVERS)
    @pytest.mark.parametrize(
        ("second_mean", "third_volatility", "correlation", "percent"),
        [
            (0.07, 0.11, 0.6, (23.96, 6.43, 16.92, 28.73, 23.96)),
            (0.07, 0.11, 0.5, (26.46, 0.0, 6.97, 40.11, 26.46)),
            (0.08, 0.11, 0.6, (6.87, 44.47, 0.0, 41.79, 6.87)),
            (0.08, 0.11, 0.5, (6.88, 33.61, 0.0, 52.63, 6.88)),
            (0.07, 0.10, 0.6, (21.64, 0.0, 22.77, 33.95, 21.64)),
        ],
    )
    def test_volatility_target_of_maillard_roncalli_teiletche(
        self,
        second_mean: float,
        third_volatility: float,
        correlation: float,
        percent: tuple[float, ...],
        solvers: tuple[str, ...],
    ) -> None:
        """Maillard, Roncalli and Teiletche (2008), slides 1-3: most return at a volatility of 10 %."""
        volatility = np.array([0.12, 0.1, third_volatility, 0.13, 0.12])
        covariance = np.outer(volatility, volatility) * (correlation + (1 - correlation) * np.eye(5))
        mean = [0.08, second_mean, 0.075, 0.085, 0.08]
        solution = solve(problem(mean, covariance, MaximumReturn(), *LONG_ONLY, TargetVolatility(0.1), solvers=solvers))
        assert 100 * weights(solution) == pytest.approx(percent, abs=0.016)
        assert solution.expected_volatility == pytest.approx(0.1, abs=1e-9)


MEAN = np.array([0.05, 0.09, 0.12, 0.07])
COVARIANCE = np.array(
    [
        [0.040, 0.010, 0.012, 0.004],
        [0.010, 0.060, 0.020, 0.010],
        [0.012, 0.020, 0.090, 0.015],
        [0.004, 0.010, 0.015, 0.030],
    ]
)
OBJECTIVES = [MinimumVolatility(), MaximumUtility(4.0), MaximumReturn(), MaximumSharpe(0.01)]


class TestScale:
    @pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumSharpe(0.01), MaximumReturn()])
    @pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
    def test_weights_do_not_depend_on_the_unit_of_variance(self, objective: Objective, scale: float) -> None:
        plain = solve(problem(MEAN, COVARIANCE, objective, *LONG_ONLY))
        scaled = solve(problem(MEAN, scale * COVARIANCE, objective, *LONG_ONLY))
        assert weights(scaled) == pytest.approx(weights(plain), abs=1e-9)

    @pytest.mark.parametrize("objective", OBJECTIVES)
    @pytest.mark.parametrize("seed", [16, 25, 26])
    def test_volatilities_over_five_decades_are_proven(self, seed: int, objective: Objective) -> None:
        """Names of a millionth beside such of one half, at most 30 % each."""
        rng = np.random.default_rng(seed)
        size = int(rng.integers(2, 12))
        volatilities = 10.0 ** rng.uniform(-6.0, -0.3, size)
        volatilities[[0, -1]] = 1e-6, 0.5
        loadings = rng.normal(0.0, 1.0, (size, size // 2))
        covariance = loadings @ loadings.T + np.diag(rng.uniform(0.2, 1.0, size))
        scale = volatilities / np.sqrt(np.diag(covariance))
        limits = (*LONG_ONLY, MaximumWeight(0.3))
        posed = problem(rng.normal(0.05, 0.04, size), covariance * np.outer(scale, scale), objective, *limits)
        assert solve(posed).status is Status.OPTIMAL

    @pytest.mark.parametrize("scale", [1e-12, 1e12])
    def test_a_utility_of_any_scale_is_proven(self, scale: float) -> None:
        assert solve(problem(MEAN, scale * COVARIANCE, MaximumUtility(4.0), *LONG_ONLY)).status is Status.OPTIMAL


class TestSingular:
    @pytest.mark.parametrize("objective", OBJECTIVES)
    def test_a_duplicated_name_changes_no_total(self, objective: Objective) -> None:
        twice = [0, 1, 2, 3, 3]
        plain = weights(solve(problem(MEAN, COVARIANCE, objective, *LONG_ONLY)))
        solution = solve(problem(MEAN[twice], COVARIANCE[np.ix_(twice, twice)], objective, *LONG_ONLY))
        doubled = weights(solution)
        assert solution.certificate is not None
        assert solution.certificate.repair is not None
        assert [*doubled[:3], doubled[3] + doubled[4]] == pytest.approx(plain, abs=1e-6)

    @pytest.mark.parametrize("objective", OBJECTIVES[:3])
    def test_a_covariance_of_rank_two_is_solved_and_its_repair_reported(self, objective: Objective) -> None:
        loadings = np.array([[0.1, 0.02], [0.2, -0.05], [0.15, 0.1], [0.05, 0.0]])
        solution = solve(problem(MEAN, loadings @ loadings.T, objective, *LONG_ONLY))
        assert solution.status is Status.OPTIMAL
        assert solution.certificate is not None
        assert solution.certificate.repair is not None
        assert solution.certificate.repair.distance < 1e-12

    def test_a_riskless_name_is_all_of_the_least_risk(self) -> None:
        covariance = COVARIANCE.copy()
        covariance[0] = covariance[:, 0] = 0.0
        solution = solve(problem(MEAN, covariance, MinimumVolatility(), *LONG_ONLY))
        assert weights(solution) == pytest.approx([1, 0, 0, 0], abs=1e-9)

    @pytest.mark.parametrize("seed", [0, 1, 3])
    def test_what_rounding_leaves_of_a_hedge_is_no_sharpe_ratio(self, seed: int) -> None:
        two_days = 0.1 * np.random.default_rng(seed).normal(size=(2, 4))
        hedged = solve(problem(MEAN, np.cov(two_days, rowvar=False), MinimumVolatility(), *LONG_ONLY))
        assert known(hedged.expected_volatility) < 1e-8
        assert hedged.sharpe_ratio is None

    def test_without_any_risk_the_best_mean_is_the_most_utility(self) -> None:
        solution = solve(problem([0.1, 0.2], np.zeros((2, 2)), MaximumUtility(1.0), *LONG_ONLY))
        assert weights(solution) == pytest.approx([0, 1], abs=1e-9)


class TestSharpe:
    def test_nothing_beats_the_risk_free_rate(self) -> None:
        solution = solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.2), *LONG_ONLY))
        assert solution.status is Status.NOT_APPLICABLE
        assert solution.bound == pytest.approx(0.12 - 0.2)

    def test_a_rate_equal_to_the_best_mean_leaves_nothing_either(self) -> None:
        assert solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.12), *LONG_ONLY)).status is Status.NOT_APPLICABLE

    @pytest.mark.parametrize("room", [0.0, 1e-9, 1e-6, 1e-3])
    def test_nothing_beats_the_rate_within_a_volatility_target(self, room: float) -> None:
        least = solve(problem(MEAN, COVARIANCE, MinimumVolatility(), *LONG_ONLY))
        target = TargetVolatility(known(least.expected_volatility) * (1.0 + room))
        most = solve(problem(MEAN, COVARIANCE, MaximumReturn(), *LONG_ONLY, target))
        solution = solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.11), *LONG_ONLY, target))
        assert solution.status is Status.NOT_APPLICABLE
        assert solution.bound == pytest.approx(known(most.expected_return) - 0.11, abs=1e-5)

    @pytest.mark.parametrize("solvers", SOLVERS)
    def test_a_ratio_that_is_approached_and_never_reached(self, solvers: tuple[str, ...]) -> None:
        """Without bounds, and with a rate above the mean of the least-variance portfolio (Merton 1972, section IV)."""
        posed = problem(MEAN, COVARIANCE, MaximumSharpe(0.10), Budget(), solvers=solvers)
        assert solve(posed).status is Status.UNBOUNDED

    def test_a_riskless_name_above_the_rate_has_no_largest_ratio(self) -> None:
        covariance = COVARIANCE.copy()
        covariance[0] = covariance[:, 0] = 0.0
        solution = solve(problem(MEAN, covariance, MaximumSharpe(0.01), *LONG_ONLY))
        assert solution.status is Status.UNBOUNDED
        assert "without risk" in solution.message

    def test_a_riskless_name_at_the_rate_changes_no_ratio(self) -> None:
        covariance = np.zeros((5, 5))
        covariance[:4, :4] = COVARIANCE
        mixed = solve(problem([*MEAN, 0.01], covariance, MaximumSharpe(0.01), *LONG_ONLY))
        plain = solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.01), *LONG_ONLY))
        assert mixed.sharpe_ratio == pytest.approx(plain.sharpe_ratio, rel=1e-9)

    @pytest.mark.parametrize("short_of_whole", [1e-5, 1e-6, 1e-7])
    def test_a_hedge_that_leaves_next_to_no_risk_is_proven(self, short_of_whole: float) -> None:
        """Both names are held, so the square of the ratio is m'S^-1 m, here in rationals of the figures as they are."""
        cross = -(1.0 - short_of_whole) * 0.2 * 0.3
        solution = solve(problem([0.05, 0.03], [[0.04, cross], [cross, 0.09]], MaximumSharpe(), *LONG_ONLY))
        a, b, c, m, k = (Fraction(figure) for figure in (0.04, 0.09, cross, 0.05, 0.03))
        square = (b * m * m - 2 * c * m * k + a * k * k) / (a * b - c * c)
        assert solution.status is Status.OPTIMAL
        assert solution.sharpe_ratio == pytest.approx(float(square) ** 0.5, rel=1e-8)

    def test_a_leverage_limit_that_does_not_bind_changes_nothing(self) -> None:
        """Some libraries leave the limit unscaled in the homogenised program, and call this infeasible."""
        plain = solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.01), *LONG_ONLY))
        limited = solve(problem(MEAN, COVARIANCE, MaximumSharpe(0.01), *LONG_ONLY, LeverageLimit(1.0)))
        assert weights(limited) == pytest.approx(weights(plain), abs=1e-9)


class TestReturn:
    def test_ties_go_to_the_least_variance(self) -> None:
        tied = np.array([0.1, 0.1, 0.1, 0.05])
        least = weights(solve(problem(None, COVARIANCE[:3, :3], MinimumVolatility(), *LONG_ONLY)))
        assert weights(solve(problem(tied, COVARIANCE, MaximumReturn(), *LONG_ONLY))) == pytest.approx([*least, 0.0])

    def test_without_bounds_there_is_no_most_return(self) -> None:
        assert solve(problem(MEAN, COVARIANCE, MaximumReturn(), Budget())).status is Status.UNBOUNDED

    def test_with_a_volatility_target_it_needs_no_bounds(self) -> None:
        solution = solve(problem(MEAN, COVARIANCE, MaximumReturn(), Budget(), TargetVolatility(0.2)))
        assert solution.expected_volatility == pytest.approx(0.2, abs=1e-12)
        assert solution.status is Status.OPTIMAL


class TestNoRoom:
    def test_bounds_that_leave_one_portfolio(self) -> None:
        bounds = (MinimumWeight(0.25), MaximumWeight(0.25))
        assert weights(solve(problem(None, COVARIANCE, MinimumVolatility(), *LONG_ONLY, *bounds))) == pytest.approx(
            [0.25] * 4, abs=1e-12
        )

    def test_a_turnover_of_zero_is_the_current_portfolio(self) -> None:
        current = (0.1, 0.2, 0.3, 0.4)
        for objective in OBJECTIVES:
            solution = solve(problem(MEAN, COVARIANCE, objective, *LONG_ONLY, TurnoverLimit(0.0, current)))
            assert weights(solution) == pytest.approx(current, abs=1e-12)

    def test_a_turnover_of_zero_cannot_invest_cash(self) -> None:
        solution = solve(problem(MEAN, COVARIANCE, OBJECTIVES[0], *LONG_ONLY, TurnoverLimit(0.0, (0.1, 0.2, 0.3, 0.3))))
        assert solution.status is Status.INFEASIBLE
        assert solution.infeasibility is not None
        (relaxation,) = solution.infeasibility.relaxation
        assert relaxation.constraint == "constraints.turnover_limit"
        assert relaxation.needed == pytest.approx(0.1)

    def test_a_target_at_the_best_mean_holds_the_best_name(self) -> None:
        solution = solve(problem(MEAN, COVARIANCE, MinimumVolatility(), *LONG_ONLY, TargetReturn(0.12)))
        assert weights(solution) == pytest.approx([0, 0, 1, 0], abs=1e-9)

    def test_one_name(self) -> None:
        for objective in OBJECTIVES:
            assert weights(solve(problem([0.1], [[0.04]], objective, *LONG_ONLY))) == pytest.approx([1.0])

    @pytest.mark.parametrize("below", [1e-10, 3e-10])
    def test_a_target_that_the_least_volatility_misses_by_rounding(self, below: float) -> None:
        sigma = known(solve(problem(MEAN, COVARIANCE, MinimumVolatility(), *LONG_ONLY)).expected_volatility)
        target = TargetVolatility(sigma * (1.0 - below))
        weights(solve(problem(MEAN, COVARIANCE, MinimumVolatility(), *LONG_ONLY, target)))

    @pytest.mark.parametrize("seed", [14, 53, 59])
    @pytest.mark.parametrize("objective", [MaximumSharpe(), MaximumReturn()])
    def test_a_target_at_the_least_volatility_is_met_or_contradicted(self, seed: int, objective: Objective) -> None:
        """By so much less or more of it; what a target leaves is earned on by its root."""
        drawn = random_problem(seed, largest=15)
        limits = tuple(limit for limit in drawn.constraints if not isinstance(limit, TargetVolatility))
        least = solve(replace(drawn, objective=MinimumVolatility(), constraints=limits))

        def within(room: float) -> Solution:
            target = TargetVolatility(known(least.expected_volatility) * (1.0 + room))
            return solve(replace(drawn, objective=objective, constraints=(*limits, target)))

        for room in (-5e-9, -1e-9, -1e-15, 0.0, 1e-13):
            solution = within(room)
            # The price of the target is then 1e7, and what it makes of the rounding counts where the return is 4e-4.
            certificate = known(solution.certificate)
            optimal = room < 1e-13 or known(certificate.relative_gap) <= LARGEST_RELATIVE_GAP
            assert solution.status is (Status.OPTIMAL if optimal else Status.FEASIBLE), room
            assert known(certificate.duality_gap) <= 1e-8
            assert known(solution.expected_return) == pytest.approx(known(least.expected_return), abs=1e-6)
        assert within(-1e-7).status is Status.INFEASIBLE

    @pytest.mark.parametrize("limit", [LeverageLimit(1.0), TurnoverLimit(1.0, (1.0, *11 * (0.0,)))])
    def test_a_limit_that_the_budget_keeps_anyway_costs_no_digits(self, limit: Constraint) -> None:
        """Of volatilities from 0.3 % to 100 %, and no short positions."""
        volatilities = np.logspace(-2.5, 0.0, 12)
        covariance = np.outer(volatilities, volatilities) * (0.3 + 0.7 * np.eye(12))
        plain = solve(problem(None, covariance, MinimumVolatility(), *LONG_ONLY))
        limited = solve(problem(None, covariance, MinimumVolatility(), *LONG_ONLY, limit))
        assert weights(limited) == pytest.approx(weights(plain), abs=1e-12)


class TestNoLimit:
    @pytest.mark.parametrize("limit", [1e3, 1e8, 1e20, 1e149])
    @pytest.mark.parametrize("objective", OBJECTIVES)
    def test_a_limit_that_nothing_comes_near_changes_nothing(self, objective: Objective, limit: float) -> None:
        loose = (
            LeverageLimit(limit),
            MaximumWeight(limit),
            TargetReturn(-limit),
            TurnoverLimit(limit, (0.25, 0.25, 0.25, 0.25)),
        )
        plain = weights(solve(problem(MEAN, COVARIANCE, objective, *LONG_ONLY)))
        assert weights(solve(problem(MEAN, COVARIANCE, objective, *LONG_ONLY, *loose))) == pytest.approx(
            plain, abs=1e-9
        )


class TestRefused:
    @pytest.mark.parametrize(
        ("covariance", "code"),
        [
            ([[1.0, 2.0], [2.0, 1.0]], "indefinite"),
            ([[1.0, 0.2], [0.3, 1.0]], "asymmetric"),
            ([[1.0, float("nan")], [float("nan"), 1.0]], "not_finite"),
            ([[1.0, float("inf")], [float("inf"), 1.0]], "not_finite"),
            ([[1.0, 0.2]], "shape"),
        ],
    )
    def test_what_is_no_covariance(self, covariance: list[list[float]], code: str) -> None:
        universe = Universe.of(["A", "B"])
        posed = Problem(Market(universe, None, np.array(covariance)), MinimumVolatility(), LONG_ONLY)
        with pytest.raises(InvalidInput) as caught:
            solve(posed)
        assert caught.value.faults[0].code == code

    def test_a_solver_that_is_not_there(self) -> None:
        with pytest.raises(InvalidInput, match="did you mean clarabel"):
            solve(problem(MEAN, COVARIANCE, MinimumVolatility(), *LONG_ONLY, solvers=("clarabell",)))

    def test_a_mean_that_is_not_a_number(self) -> None:
        with pytest.raises(InvalidInput):
            solve(problem([0.1, float("nan"), 0.1, 0.1], COVARIANCE, MaximumReturn(), *LONG_ONLY))
