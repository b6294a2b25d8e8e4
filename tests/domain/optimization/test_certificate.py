"""The certificate: no witness, however wrong, proves more than is true, and the right one proves all of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import (
    LARGEST_RELATIVE_GAP,
    LARGEST_VIOLATION,
    Certificate,
    certify,
    least_volatility,
    violations,
)
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
from tangency.domain.optimization.lagrangian import Lagrangian, farkas_bound
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Bounds, Distance, Region, Row
from tangency.domain.optimization.term import Minorant
from tangency.plugins.mean_variance import MeanVariance
from tests.plugins.random_problems import random_problem
from tests.support.posed import LONG_ONLY, answer, estimated, posed

INF = np.inf
TWO = np.diag([0.04, 0.09])
BUDGET = Row("budget", np.ones(2), 1.0, equality=True)
SEEDS = st.integers(0, 2**32 - 1)


def better(objective: Objective, estimates: Estimates, x: Vector, w: Vector) -> float:
    """By how much x is better than w, in the objective's unit."""
    sign = -1.0 if isinstance(objective, MinimumVolatility) else 1.0
    return sign * (objective.value(x, estimates) - objective.value(w, estimates))


def asked_for(problem: Problem, objective: Objective) -> Problem:
    return Problem(problem.market, objective, problem.constraints)


def feasible_points(problem: Problem, rng: np.random.Generator) -> list[Vector]:
    """The best portfolio of each objective that has one, and mixtures of them."""
    objectives = [problem.objective, MinimumVolatility(), MaximumUtility(3.0), MaximumReturn()]
    solutions = [answer(asked_for(problem, objective)) for objective in objectives]
    corners = [solution.weights for solution in solutions if solution.weights is not None]
    if not corners:
        return []
    mixtures = [np.average(corners, axis=0, weights=rng.dirichlet(np.ones(len(corners)))) for _ in range(4)]
    return [*corners, *mixtures]


def right_witness(problem: Problem, estimates: Estimates) -> Witness:
    return MeanVariance().solve(problem, estimates, None).witness or Witness()


def wild_witness(region: Region, right: Witness, rng: np.random.Generator) -> Witness:
    """The right witness, or it bent, or one of random figures, or of monstrous ones."""
    n, kind = region.size, int(rng.integers(5))
    named = [shape.id for shape in region.shapes if not isinstance(shape, Bounds)]
    size = 10.0 ** rng.uniform(-6, 2)
    noise = {key: float(rng.normal() * size) for key in named if rng.random() < 0.8}
    if kind == 0:
        return Witness(noise, {cap.id: rng.normal(size=n) for cap in region.caps})
    if kind == 1:
        bent = {key: right.multipliers.get(key, 0.0) + noise.get(key, 0.0) for key in named}
        return Witness(bent, {key: z + 0.1 * size * rng.normal(size=n) for key, z in right.cuts.items()})
    if kind == 2:
        monsters = [np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-320]
        return replace(right, multipliers={**right.multipliers, named[0]: float(rng.choice(monsters))})
    if kind == 3:
        return Witness({key: -value for key, value in right.multipliers.items()}, right.cuts)
    return right


class TestNeverMoreThanTheTruth:
    """For every w and every witness: no feasible x is better than w by more than the gap."""

    @staticmethod
    def hold(problem: Problem, seed: int) -> None:
        rng, estimates = np.random.default_rng(seed), estimated(problem)
        points = feasible_points(problem, rng)
        if not points:
            return
        region, right = problem.region(estimates), right_witness(problem, estimates)
        anywhere = points[0] + 0.3 * rng.normal(size=len(points[0]))
        for w in (*points, anywhere, anywhere / anywhere.sum()):
            certificate = certify(problem, estimates, w, wild_witness(region, right, rng))
            gap, gains = certificate.duality_gap, [better(problem.objective, estimates, x, w) for x in points]
            assert gap is None or gap >= max(gains) - 1e-9 * max(1.0, *np.abs(gains))
            if certificate.proves_optimality and problem.objective.name != "MAX_SHARPE":
                scale = problem.objective.scale(w, estimates) * problem.objective.price(w, estimates)
                assert max(gains) <= 3 * LARGEST_RELATIVE_GAP * scale

    @settings(max_examples=60, deadline=None)
    @given(SEEDS)
    def test_under_random_limits(self, seed: int) -> None:
        self.hold(random_problem(seed, largest=8), seed)

    @settings(max_examples=40, deadline=None)
    @given(SEEDS)
    def test_where_weights_have_no_bounds_of_their_own(self, seed: int) -> None:
        problem = random_problem(seed, largest=8)
        unbounded = [c for c in problem.constraints if not isinstance(c, (LongOnly, MinimumWeight, MaximumWeight))]
        self.hold(Problem(problem.market, problem.objective, tuple(unbounded)), seed)

    @settings(max_examples=40, deadline=None)
    @given(SEEDS)
    def test_where_some_names_are_the_same_or_riskless(self, seed: int) -> None:
        problem = random_problem(seed, largest=8)
        covariance, mean = np.array(problem.market.covariance), np.array(problem.market.mean)
        covariance[-1], mean[-1] = covariance[0], mean[0]
        covariance[:, -1] = covariance[:, 0]
        if seed % 2:
            covariance[-1] = covariance[:, -1] = 0.0
        market = replace(problem.market, covariance=covariance, mean=mean)
        self.hold(Problem(market, problem.objective, problem.constraints), seed)

    def test_of_a_ratio_below_zero_nothing_is_claimed(self) -> None:
        # The second name is the worst of all; next to a best ratio of nearly 0 it must not pass for as good.
        problem = posed(TWO, [1e-12, -0.05], MaximumSharpe())
        certificate = certify(problem, estimated(problem), np.array([0.0, 1.0]), Witness({"budget": 1e-12}))
        assert (certificate.duality_gap, certificate.relative_gap) == (None, None)
        assert not certificate.proves_optimality

    @pytest.mark.parametrize("monster", [np.nan, np.inf, -np.inf, 1e308, -1e308])
    def test_a_multiplier_beyond_all_measure_proves_nothing(self, monster: float) -> None:
        problem = posed(TWO)
        certificate = certify(problem, estimated(problem), np.array([0.0, 1.0]), Witness({"budget": monster}))
        assert certificate.duality_gap is None

    @pytest.mark.parametrize("monster", [np.nan, np.inf, 1e200])
    def test_a_cut_beyond_all_measure_proves_nothing(self, monster: float) -> None:
        problem = posed(TWO, [0.1, 0.05], MaximumReturn(), (*LONG_ONLY, TargetVolatility(0.25)))
        cut = {"risk_parameters.target_volatility": np.array([monster, 1.0])}
        witness = Witness({"risk_parameters.target_volatility": 1.0}, cut)
        certificate = certify(problem, estimated(problem), np.array([0.0, 1.0]), witness)
        assert certificate.relative_gap is None or certificate.relative_gap > 1e-3


class TestAllOfTheTruth:
    @pytest.mark.parametrize("block", range(4))
    def test_with_the_right_witness_the_gap_closes(self, block: int) -> None:
        for seed in range(1000 + 15 * block, 1015 + 15 * block):
            certificate = answer(random_problem(seed, largest=20)).certificate
            assert certificate is not None
            assert certificate.relative_gap is not None
            assert certificate.relative_gap < 1e-9, seed
            assert certificate.duality_gap is not None
            assert certificate.duality_gap < 1e-9, seed

    def test_by_hand_for_least_volatility(self) -> None:
        # Weights 9/13 and 4/13; the variance 0.36/13 is also the multiplier of the budget, with the other sign.
        problem, variance = posed(TWO), 0.36 / 13
        best, even = np.array([9.0, 4.0]) / 13, np.array([0.5, 0.5])
        exact = certify(problem, estimated(problem), best, Witness({"budget": -variance}))
        assert exact.duality_gap == pytest.approx(0.0, abs=1e-16)
        assert exact.objective == pytest.approx(np.sqrt(variance))
        # At (1/2, 1/2) the tangent is 0.02 x + 0.045 y - 0.01625; with the budget's price -0.02, y is best at 0.
        off = certify(problem, estimated(problem), even, Witness({"budget": -0.02}))
        loss_gap = 0.01625 - (-0.01625 + 0.02)
        assert off.relative_gap == pytest.approx(loss_gap / (0.01625 + 1e-8 * 0.065), rel=1e-12)
        sigma = np.sqrt(0.0325)
        assert off.duality_gap == pytest.approx(sigma - np.sqrt(0.0325 - 2 * loss_gap), rel=1e-12)

    def test_by_hand_for_most_return_under_a_turnover_limit(self) -> None:
        # From (1/2, 1/2), 0.1 may move: (0.6, 0.4) earns 0.08, and each more of turnover 0.05.
        limits = (*LONG_ONLY, TurnoverLimit(0.1, (0.5, 0.5)))
        problem, w = posed(TWO, [0.1, 0.05], MaximumReturn(), limits), np.array([0.6, 0.4])
        right = Witness({"budget": 0.075, "constraints.turnover_limit": 0.025})
        assert certify(problem, estimated(problem), w, right).duality_gap == pytest.approx(0.0, abs=1e-16)
        # Without a price for turnover only the best name bounds the mean.
        none = certify(problem, estimated(problem), w, Witness({"budget": 0.1}))
        assert none.duality_gap == pytest.approx(0.1 - 0.08, rel=1e-12)

    def test_by_hand_for_a_volatility_target(self) -> None:
        # Unrelated names with budget free: a target of 0.2 in one name alone, cut at that very portfolio.
        problem = posed([[0.04]], [0.1], MaximumReturn(), (MinimumWeight(0.0), TargetVolatility(0.1)))
        witness = Witness({"risk_parameters.target_volatility": 0.5}, {"risk_parameters.target_volatility": np.ones(1)})
        certificate = certify(problem, estimated(problem), np.array([0.5]), witness)
        assert certificate.duality_gap == pytest.approx(0.0, abs=1e-16)
        assert certificate.objective == pytest.approx(0.05)
        without = certify(problem, estimated(problem), np.array([0.5]), replace(witness, cuts={}))
        assert without.duality_gap is None or without.duality_gap > 0

    def test_by_hand_for_the_best_ratio(self) -> None:
        problem = posed(TWO, [0.1, 0.09], MaximumSharpe())
        tangency = np.array([2.5, 1.0]) / 3.5  # inverse covariance times means, scaled to 1
        certificate = certify(problem, estimated(problem), tangency, Witness({"budget": 0.0}))
        assert certificate.duality_gap == pytest.approx(0.0, abs=1e-14)
        assert certificate.objective == pytest.approx(np.sqrt(0.01 / 0.04 + 0.0081 / 0.09))


class TestWhatIsReported:
    def test_without_a_witness_there_is_no_gap(self) -> None:
        problem = posed(TWO)
        certificate = certify(problem, estimated(problem), np.array([0.5, 0.5]), None)
        assert (certificate.duality_gap, certificate.relative_gap, certificate.quality) == (None, None, None)
        assert certificate.constraints_satisfied
        assert not certificate.proves_optimality
        assert certificate.objective == pytest.approx(np.sqrt(0.0325))

    def test_without_means_an_objective_of_means_is_unknown(self) -> None:
        problem = posed(TWO, None, MaximumReturn())
        certificate = certify(problem, estimated(problem), np.array([0.5, 0.5]), Witness())
        assert (certificate.objective, certificate.duality_gap) == (None, None)

    def test_the_spectrum_and_the_repair_of_the_covariance(self) -> None:
        problem = posed(np.full((2, 2), 0.04))
        certificate = certify(problem, estimated(problem), np.array([0.5, 0.5]), None)
        assert certificate.repair is not None
        assert certificate.spectrum.largest[1] == pytest.approx(0.08)

    def test_violations_are_relative_where_limits_are_large(self) -> None:
        limits = (Budget(), MinimumWeight(0.5), TargetReturn(200.0), LeverageLimit(4.0), TargetVolatility(0.1))
        problem = posed(TWO, [100.0, 50.0], limits=limits)
        found = violations(problem.region(estimated(problem)), np.array([0.4, 0.4]))
        assert found == {
            "budget": pytest.approx(0.2),
            "constraints.min_weight": pytest.approx(0.1),
            "risk_parameters.target_return": pytest.approx(140.0 / 200.0),
            "constraints.leverage_limit": 0.0,
            "risk_parameters.target_volatility": pytest.approx(np.sqrt(0.16 * 0.13) - 0.1),
        }

    def test_what_is_no_number_is_as_far_outside_as_can_be(self) -> None:
        region = Region.of(2, [BUDGET, Distance("d", np.array([np.nan, 0.0]), 1.0)])
        assert violations(region, np.array([0.5, 0.5])) == {"budget": 0.0, "d": INF}

    @pytest.mark.parametrize(
        ("violation", "gap", "optimal"),
        [
            (0.0, 0.0, True),
            (LARGEST_VIOLATION, LARGEST_RELATIVE_GAP, True),
            (1.01 * LARGEST_VIOLATION, 0.0, False),
            (0.0, 1.01 * LARGEST_RELATIVE_GAP, False),
            (0.0, None, False),
        ],
    )
    def test_the_thresholds(self, violation: float, gap: float | None, optimal: bool) -> None:
        spectrum = estimated(posed(TWO)).covariance.spectrum
        certificate = Certificate({"a": 0.0, "b": violation}, 0.1, gap, gap, spectrum, None)
        assert certificate.proves_optimality is optimal
        assert certificate.constraints_satisfied is (violation <= LARGEST_VIOLATION)
        assert certificate.max_violation == violation
        assert certificate.quality == (None if gap is None else 1.0 - gap)

    def test_without_constraints_nothing_is_violated(self) -> None:
        spectrum = estimated(posed(TWO)).covariance.spectrum
        assert Certificate({}, None, None, None, spectrum, None).max_violation == 0.0

    def test_an_objective_that_is_the_same_everywhere_is_reached_anywhere(self) -> None:
        problem = posed(np.zeros((2, 2)))
        certificate = certify(problem, estimated(problem), np.array([0.3, 0.7]), Witness({"budget": 17.0}))
        assert (certificate.duality_gap, certificate.relative_gap) == (0.0, 0.0)

    def test_a_gap_is_never_negative(self) -> None:
        problem = posed(TWO)
        w = 0.9 * np.array([9.0, 4.0]) / 13  # invests less, and so has less risk than any that invests all
        outside = certify(problem, estimated(problem), w, Witness({"budget": -0.9 * 0.36 / 13}))
        assert outside.duality_gap == 0.0
        assert not outside.proves_optimality

    def test_a_witness_of_strangers_is_ignored(self) -> None:
        problem = posed(TWO)
        strange = Witness({"budget": -0.36 / 13, "nobody": 5.0}, {"nobody": np.ones(2)})
        certificate = certify(problem, estimated(problem), np.array([9.0, 4.0]) / 13, strange)
        assert certificate.proves_optimality


class TestLagrangian:
    NOTHING = Minorant(0.0, np.zeros(2), 0.0)

    def test_prices_of_the_wrong_sign_count_as_none(self) -> None:
        row, distance = Row("r", np.array([1.0, 0.0]), 0.5), Distance("d", np.zeros(2), 1.0)
        region = Region.of(2, [row, distance, BUDGET])
        found = Lagrangian.of(self.NOTHING, region, Witness({"r": -1.0, "d": -1.0, "budget": -2.0}))
        assert (found.constant, found.slope.tolist(), found.distances) == (2.0, [-2.0, -2.0], ())

    def test_every_shape_adds_its_price(self) -> None:
        row, distance = Row("r", np.array([1.0, 0.0]), 0.5), Distance("d", np.array([0.2, 0.0]), 1.0)
        found = Lagrangian.of(
            Minorant(1.0, np.array([0.1, 0.0]), 0.0), Region.of(2, [row, distance]), Witness({"r": 2.0, "d": 3.0})
        )
        assert found.constant == 1.0 - 2.0 * 0.5 - 3.0 * 1.0
        np.testing.assert_allclose(found.at(np.array([0.5, 0.1])), [2.1 * 0.5 + 3 * 0.3, 3 * 0.1])

    def test_the_minorant_itself_is_left_as_it_was(self) -> None:
        minorant = Minorant(0.0, np.zeros(2), 0.0)
        Lagrangian.of(minorant, Region.of(2, [BUDGET]), Witness({"budget": 1.0}))
        assert minorant.slope.tolist() == [0.0, 0.0]

    @settings(max_examples=200, deadline=None)
    @given(SEEDS)
    def test_its_minimum_is_below_every_point_of_the_box_and_is_reached(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 4))
        distances = tuple((float(rng.exponential()), Distance("d", rng.normal(size=n), 1.0)) for _ in range(2))
        lagrangian = Lagrangian(float(rng.normal()), rng.normal(size=n), distances)
        lower = rng.normal(size=n) - 1.0
        upper = lower + rng.exponential(size=n)
        least = lagrangian.minimum(lower, upper)
        ends = [np.clip(d.center, lower, upper) for _, d in distances] + [lower, upper]
        corners = np.stack(np.meshgrid(*np.stack(ends).T), axis=-1).reshape(-1, n) if n > 1 else np.stack(ends)
        found = [lagrangian.constant + lagrangian.at(x).sum() for x in (*corners, *rng.uniform(lower, upper, (50, n)))]
        assert least == pytest.approx(min(found), abs=1e-12)

    def test_a_slope_along_an_endless_side_has_no_minimum(self) -> None:
        down = Lagrangian(0.0, np.array([1.0, 0.0]), ())
        assert down.minimum(np.array([-INF, 0.0]), np.array([1.0, 1.0])) == -INF
        assert down.minimum(np.array([0.0, -INF]), np.array([INF, INF])) == 0.0
        up = Lagrangian(0.0, np.array([-1.0, 0.0]), ())
        assert up.minimum(np.array([0.0, 0.0]), np.array([INF, 1.0])) == -INF
        assert up.minimum(np.array([-INF, 0.0]), np.array([2.0, 1.0])) == -2.0

    def test_what_runs_off_can_be_taken_out(self) -> None:
        lagrangian = Lagrangian(0.5, np.array([1.0, -2.0]), ())
        residual = lagrangian.residual(np.array([-INF, 0.0]), np.array([1.0, 1.0]))
        assert residual.tolist() == [1.0, 0.0]
        assert lagrangian.without(residual).minimum(np.array([-INF, 0.0]), np.array([1.0, 1.0])) == 0.5 - 2.0


class TestWithoutBounds:
    """Rounding leaves a slope on names that nothing bounds; what curves holds them back."""

    def test_least_volatility_is_proven_although_the_slope_is_not_zero(self) -> None:
        problem = posed(TWO, limits=(Budget(),))
        off, sigma = 0.36 / 13 * 1e-6, np.sqrt(0.36 / 13)
        witness = Witness({"budget": -0.36 / 13 - off})
        certificate = certify(problem, estimated(problem), np.array([9.0, 4.0]) / 13, witness)
        assert certificate.proves_optimality
        assert certificate.duality_gap == pytest.approx(2 * off**2 / (2 * 0.04) / sigma, rel=0.01)

    def test_the_best_ratio_is_proven_although_the_slope_is_not_zero(self) -> None:
        problem = posed(TWO, [0.1, 0.09], MaximumSharpe(), (Budget(),))
        certificate = certify(problem, estimated(problem), np.array([2.5, 1.0]) / 3.5, Witness({"budget": 1e-11}))
        assert certificate.proves_optimality

    def test_a_risk_cap_holds_twins_that_no_bound_tells_apart(self) -> None:
        # The same without the second of the twins has a definite covariance and bounds that follow from the cap.
        twins = np.array([[0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.09]])
        limits = (Budget(), TargetVolatility(0.25))
        whole = answer(posed(twins, [0.1, 0.1, 0.05], MaximumReturn(), limits))
        single = answer(posed(twins[1:, 1:], [0.1, 0.05], MaximumReturn(), limits))
        assert whole.status is single.status is Status.OPTIMAL
        assert whole.objective_value == pytest.approx(single.objective_value, rel=1e-6)

    def test_a_risk_cap_holds_what_a_straight_objective_does_not(self) -> None:
        # Unbounded names: the most return at a volatility of 0.2 is that times the best ratio of what sums to one.
        limits = (Budget(), TargetVolatility(0.2))
        problem = posed(TWO, [0.1, 0.05], MaximumReturn(), limits)
        solution = answer(problem)
        assert solution.status is Status.OPTIMAL
        right = right_witness(problem, estimated(problem))
        off = replace(right, multipliers={key: price * (1 + 1e-9) for key, price in right.multipliers.items()})
        assert solution.weights is not None
        certificate = certify(problem, estimated(problem), solution.weights, off)
        assert certificate.proves_optimality
        assert certificate.duality_gap is not None
        assert certificate.duality_gap > 0

    def test_a_mean_without_end_is_not(self) -> None:
        problem = posed(TWO, [0.1, 0.05], MaximumReturn(), (Budget(),))
        certificate = certify(problem, estimated(problem), np.array([0.5, 0.5]), Witness({"budget": 0.1}))
        assert (certificate.duality_gap, certificate.relative_gap) == (None, None)


class TestFarkas:
    @settings(max_examples=150, deadline=None)
    @given(SEEDS)
    def test_nothing_feasible_is_ever_called_infeasible(self, seed: int) -> None:
        rng, problem = np.random.default_rng(seed), random_problem(seed, largest=8)
        estimates = estimated(problem)
        region, right = problem.region(estimates), right_witness(problem, estimates)
        assert answer(asked_for(problem, MinimumVolatility())).status is Status.OPTIMAL  # and so it has a portfolio
        for _ in range(10):
            assert not farkas_bound(region, wild_witness(region, right, rng)) > 1e-12

    def test_by_hand(self) -> None:
        region = Region.of(2, [BUDGET, Bounds("max", np.zeros(2), np.full(2, 0.3))])
        # Two names of at most 0.3 sum to at most 0.6: short of the budget by 0.4.
        assert farkas_bound(region, Witness({"budget": -1.0})) == pytest.approx(0.4)
        assert farkas_bound(region, Witness({"budget": -250.0})) == pytest.approx(0.4)
        assert farkas_bound(region, Witness({"budget": 1.0})) <= 0

    def test_bounds_that_cross_need_no_multiplier(self) -> None:
        region = Region.of(2, [Bounds("b", np.array([0.5, 0.0]), np.array([0.2, 1.0]))])
        assert farkas_bound(region, Witness()) == pytest.approx(0.3)

    @pytest.mark.parametrize("multipliers", [{}, {"budget": 0.0}, {"budget": np.nan}, {"budget": np.inf}])
    def test_without_a_multiplier_that_counts_nothing_is_proven(self, multipliers: dict[str, float]) -> None:
        region = Region.of(2, [BUDGET, Bounds("max", np.zeros(2), np.full(2, 0.3))])
        assert farkas_bound(region, Witness(multipliers)) <= 0

    def test_one_good_multiplier_beside_a_monster_proves_nothing(self) -> None:
        region = Region.of(2, [BUDGET, Row("r", np.ones(2), 5.0), Bounds("max", np.zeros(2), np.full(2, 0.3))])
        assert farkas_bound(region, Witness({"budget": -1.0, "r": np.nan})) > 0  # a row without a price is no part
        assert farkas_bound(Region.of(2, [BUDGET]), Witness({"other": 1.0, "budget": np.nan})) == -INF


class TestLeastVolatility:
    def test_without_bounds_it_is_that_of_the_closed_form(self) -> None:
        values = np.array([[0.04, 0.012], [0.012, 0.09]])
        problem = posed(values, limits=(Budget(),))
        found = least_volatility(
            problem.region(estimated(problem)), estimated(problem).covariance, np.array([0.5, 0.5])
        )
        assert found == pytest.approx(1.0 / np.sqrt(np.linalg.solve(values, np.ones(2)).sum()), rel=1e-9)

    def test_without_a_budget_nothing_is_proven(self) -> None:
        problem = posed(TWO, limits=(LongOnly(), MaximumWeight(1.0)))
        assert least_volatility(problem.region(estimated(problem)), estimated(problem).covariance, np.ones(2)) == 0.0

    @settings(max_examples=60, deadline=None)
    @given(SEEDS)
    def test_no_portfolio_in_the_budget_and_the_box_has_less(self, seed: int) -> None:
        rng, problem = np.random.default_rng(seed), random_problem(seed, largest=8)
        boxed = [c for c in problem.constraints if isinstance(c, (Budget, LongOnly, MinimumWeight, MaximumWeight))]
        least = Problem(problem.market, MinimumVolatility(), tuple(boxed))
        estimates, solution = estimated(least), answer(least)
        assert solution.objective_value is not None
        w = rng.normal(size=len(least.universe))
        found = least_volatility(least.region(estimates), estimates.covariance, w)
        assert found <= solution.objective_value * (1 + 1e-9)
        assert solution.weights is not None
        tight = least_volatility(least.region(estimates), estimates.covariance, solution.weights)
        assert tight == pytest.approx(solution.objective_value, rel=1e-6)

    def test_where_the_weights_say_nothing_a_solution_near_the_least_risk_does(self) -> None:
        rng, n = np.random.default_rng(3), 60
        basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
        values = (basis * np.geomspace(4e-4, 0.04, n)) @ basis.T
        problem = posed(values, limits=LONG_ONLY, names=[f"N{i}" for i in range(n)])
        estimates, least = estimated(problem), answer(problem).objective_value
        assert least is not None
        found = least_volatility(problem.region(estimates), estimates.covariance, np.zeros(n))
        assert 0 < found <= least * (1 + 1e-9)

    def test_without_any_risk_there_is_no_bound(self) -> None:
        problem = posed(np.zeros((2, 2)))
        assert least_volatility(problem.region(estimated(problem)), estimated(problem).covariance, np.ones(2)) == 0.0

    def test_a_riskless_name_leaves_no_bound(self) -> None:
        problem = posed(np.diag([0.04, 0.0]), limits=LONG_ONLY)
        found = least_volatility(
            problem.region(estimated(problem)), estimated(problem).covariance, np.array([0.0, 1.0])
        )
        assert found <= 1e-8


def test_a_certificate_does_not_depend_on_who_made_the_numbers() -> None:
    limits: tuple[Constraint, ...] = (*LONG_ONLY, MaximumWeight(0.6))
    problem = posed(TWO, [0.1, 0.05], MaximumUtility(3.0), limits)
    solution = answer(problem)
    assert solution.weights is not None
    witness = MeanVariance().solve(problem, estimated(problem), None).witness
    again = certify(problem, estimated(problem), np.array(solution.weights.tolist()), witness)
    assert solution.certificate is not None
    assert (again.objective, again.duality_gap) == (solution.certificate.objective, solution.certificate.duality_gap)
