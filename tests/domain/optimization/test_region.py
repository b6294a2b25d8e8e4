"""Shapes of constraints: how far a portfolio is outside, and bounds that follow from the rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.market.covariance import Definite, DenseCovariance
from tangency.domain.numbers import Vector
from tangency.domain.optimization.lagrangian import farkas_bound
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import CROSSING, Bounds, Distance, Region, RiskCap, Row, Shape
from tangency.domain.risk.volatility import Volatility

INF = np.inf
S = DenseCovariance.of([[0.04, 0.012], [0.012, 0.09]])
BUDGET = Row("budget", np.ones(2), 1.0, equality=True)


def at_least(lower: float, size: int = 2) -> Bounds:
    return Bounds("min", np.full(size, lower), np.full(size, INF))


def at_most(upper: float, size: int = 2) -> Bounds:
    return Bounds("max", np.full(size, -INF), np.full(size, upper))


def region(*shapes: Shape, size: int = 2) -> Region:
    return Region.of(size, shapes)


class TestExcess:
    def test_of_bounds_it_is_that_of_the_worst_name(self) -> None:
        bounds = Bounds("b", np.array([0.0, -INF]), np.array([INF, 0.5]))
        assert bounds.excess(np.array([-0.1, 0.9])) == pytest.approx(0.4)
        assert bounds.excess(np.array([-0.3, 0.2])) == pytest.approx(0.3)
        assert bounds.excess(np.array([0.2, 0.1])) == pytest.approx(-0.2)

    def test_of_a_row(self) -> None:
        row = Row("r", np.array([1.0, 2.0]), 1.0)
        assert row.excess(np.array([1.0, 0.5])) == pytest.approx(1.0)
        assert row.excess(np.array([0.0, 0.0])) == -1.0

    def test_of_an_equality_it_counts_both_ways(self) -> None:
        assert BUDGET.excess(np.array([0.5, 0.4])) == pytest.approx(0.1)
        assert BUDGET.excess(np.array([0.5, 0.6])) == pytest.approx(0.1)

    def test_of_a_distance(self) -> None:
        distance = Distance("d", np.array([0.5, 0.5]), 0.3)
        assert distance.excess(np.array([0.8, 0.2])) == pytest.approx(0.3)
        assert distance.excess(np.array([0.5, 0.5])) == -0.3

    def test_of_a_risk_cap(self) -> None:
        cap = RiskCap("c", Volatility(S), 0.2)
        assert cap.excess(np.array([1.0, 0.0])) == pytest.approx(0.0, abs=1e-15)
        assert cap.excess(np.array([0.0, 1.0])) == pytest.approx(0.1)

    def test_of_a_risk_cap_rounding_below_zero_is_no_risk(self) -> None:
        rounded = DenseCovariance(np.diag([1.0, -1e-17]), None, Definite(0.0, 0.0))
        assert RiskCap("c", Volatility(rounded), 0.2).excess(np.array([0.0, 1.0])) == -0.2


class TestCut:
    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.floats(-3, 3), min_size=4, max_size=4))
    def test_it_cuts_off_nothing_that_meets_the_cap(self, values: list[float]) -> None:
        cap, z, x = RiskCap("c", Volatility(S), 0.15), np.array(values[:2]), np.array(values[2:])
        cut, risk = cap.cut(z), cap.excess(x) + cap.limit
        x = x if risk <= cap.limit else x * (cap.limit / risk)
        assert cut is None or cut.excess(x) <= 1e-12

    def test_it_touches_where_it_is_made(self) -> None:
        cap, z = RiskCap("c", Volatility(S), 0.15), np.array([0.3, 0.7])
        cut = cap.cut(z)
        assert cut is not None
        assert (cut.id, cut.limit, cut.equality) == ("c", 0.15, False)
        assert float(cut.coefficients @ z) == pytest.approx(cap.excess(z) + 0.15, rel=1e-14)

    def test_a_portfolio_without_risk_gives_none(self) -> None:
        assert RiskCap("c", Volatility(S), 0.15).cut(np.zeros(2)) is None


class TestReach:
    @settings(max_examples=100, deadline=None)
    @given(st.floats(0.0, 7.0))
    def test_no_portfolio_within_the_cap_has_a_larger_weight(self, angle: float) -> None:
        cap, x = RiskCap("c", Volatility(S), 0.15), np.array([np.cos(angle), np.sin(angle)])
        x = x * (cap.limit / (cap.excess(x) + cap.limit))
        assert np.abs(x).max() <= cap.reach * (1 + 1e-12)

    def test_of_one_name_it_is_exact(self) -> None:
        assert RiskCap("c", Volatility(DenseCovariance.of([[0.04]])), 0.1).reach == pytest.approx(0.5, rel=1e-12)

    @pytest.mark.parametrize("covariance", [np.full((2, 2), 0.04), np.zeros((2, 2)), np.diag([0.04, 1e-19])])
    def test_next_to_a_riskless_portfolio_it_is_endless(self, covariance: Vector) -> None:
        assert RiskCap("c", Volatility(DenseCovariance.of(covariance)), 0.1).reach == INF


class TestBox:
    def test_the_tightest_bound_of_each_name_holds(self) -> None:
        own = Bounds("own", np.array([0.1, -INF]), np.array([0.3, 0.9]))
        found = region(at_least(0.0), own, at_most(0.5))
        assert found.lower.tolist() == [0.1, 0.0]
        assert found.upper.tolist() == [0.3, 0.5]

    def test_without_bounds_there_are_none(self) -> None:
        found = region(BUDGET)
        assert found.lower.tolist() == [-INF, -INF]
        assert found.upper.tolist() == [INF, INF]

    def test_bounds_that_cross_by_rounding_hold_the_name(self) -> None:
        found = region(at_least(0.1 + 0.2), at_most(0.3))
        assert found.lower.tolist() == found.upper.tolist() == [0.1 + 0.2] * 2

    def test_bounds_that_cross_by_more_are_left_to_contradict(self) -> None:
        found = region(at_least(0.3 + 1.01 * CROSSING), at_most(0.3))
        assert (found.lower > found.upper).all()

    def test_shapes_are_sorted_by_kind_and_all_kept(self) -> None:
        shapes: tuple[Shape, ...] = (
            RiskCap("c", Volatility(S), 1.0),
            BUDGET,
            Distance("d", np.zeros(2), 1.0),
            at_least(0.0),
        )
        found = region(*shapes)
        assert [shape.id for shape in found.shapes] == ["min", "budget", "d", "c"]

    def test_rows_are_stacked_and_no_row_is_an_empty_stack(self) -> None:
        assert region(BUDGET, Row("r", np.array([1.0, 0.0]), 0.5)).coefficients.tolist() == [[1.0, 1.0], [1.0, 0.0]]
        assert region().coefficients.shape == (0, 2)


class TestImplied:
    def test_bounds_of_ones_own_are_kept(self) -> None:
        found = region(at_least(0.0), at_most(0.7), BUDGET)
        assert found.implied[0].tolist() == [0.0, 0.0]
        assert found.implied[1].tolist() == [0.7, 0.7]

    def test_a_bound_far_off_gives_way_to_what_the_rest_implies(self) -> None:
        loose = (at_most(1e20), Distance("d", np.zeros(2), 1e20))
        assert region(at_least(0.0), *loose, BUDGET).implied[1].tolist() == [1.0, 1.0]
        assert region(at_least(-1e20), at_most(0.7), BUDGET).implied[0].tolist() == pytest.approx([0.3, 0.3])

    def test_a_bound_far_off_stands_where_nothing_else_is_said(self) -> None:
        found = region(at_least(0.0), at_most(1e20))
        assert found.implied[1].tolist() == [1e20, 1e20]
        assert found.implied[0].tolist() == [0.0, 0.0]

    def test_a_budget_and_lower_bounds_leave_the_rest(self) -> None:
        found = region(Bounds("min", np.array([0.1, 0.2]), np.full(2, INF)), BUDGET)
        np.testing.assert_allclose(found.implied[1], [0.8, 0.9], rtol=1e-15)

    def test_a_budget_and_upper_bounds_leave_at_least_the_rest(self) -> None:
        found = region(at_most(0.7), BUDGET)
        np.testing.assert_allclose(found.implied[0], [0.3, 0.3], rtol=1e-15)

    def test_a_distance_bounds_every_name(self) -> None:
        found = region(Distance("d", np.array([0.4, 0.6]), 0.3), BUDGET)
        np.testing.assert_allclose(found.implied[0], [0.1, 0.3], rtol=1e-15)
        np.testing.assert_allclose(found.implied[1], [0.7, 0.9], rtol=1e-15)

    def test_a_distance_that_nothing_meets_bounds_by_its_center(self) -> None:
        found = region(Distance("d", np.array([0.4, 0.6]), -0.1))
        assert found.implied[0].tolist() == found.implied[1].tolist() == [0.4, 0.6]

    def test_a_risk_cap_bounds_every_name(self) -> None:
        cap = RiskCap("c", Volatility(S), 0.15)
        found = region(cap, BUDGET)
        assert found.implied[1].tolist() == [cap.reach] * 2
        assert found.implied[0].tolist() == [-cap.reach] * 2

    def test_with_two_endless_names_a_row_bounds_neither(self) -> None:
        found = region(BUDGET, Row("r", np.array([1.0, 1.0]), 0.5))
        assert found.implied[0].tolist() == [-INF, -INF]
        assert found.implied[1].tolist() == [INF, INF]

    def test_an_inequality_bounds_one_way_only_and_by_its_sign(self) -> None:
        below = np.array([0.0, -INF]), np.array([1.0, INF])
        up = region(Bounds("b", *below), Row("r", np.array([1.0, 2.0]), 1.0))
        assert up.implied[1].tolist() == [1.0, 0.5]
        assert up.implied[0].tolist() == [0.0, -INF]
        down = region(Bounds("b", *below), Row("r", np.array([1.0, -2.0]), 1.0))
        assert down.implied[0].tolist() == [0.0, -0.5]
        assert down.implied[1].tolist() == [1.0, INF]

    def test_what_one_row_bounds_lets_an_earlier_one_bound_more(self) -> None:
        cap = Row("cap", np.array([0.0, 1.0]), 0.25)
        floor = Row("floor", np.array([1.0, -1.0]), 2.0)
        found = region(BUDGET, cap, floor)
        # At most 0.25 of the second leaves at least 0.75 of the first, which the floor holds below 2.25.
        assert found.implied[0].tolist() == [0.75, -1.25]
        assert found.implied[1].tolist() == [2.25, 0.25]

    def test_a_name_without_coefficient_is_not_bounded_by_a_row(self) -> None:
        found = region(Bounds("b", np.array([0.0, -INF]), np.array([1.0, INF])), Row("r", np.array([1.0, 0.0]), 0.5))
        assert found.implied[0].tolist() == [0.0, -INF]
        assert found.implied[1].tolist() == [1.0, INF]

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 2**32))
    def test_whatever_satisfies_the_shapes_is_inside(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 6))
        x = rng.normal(size=n)
        lower = np.where(rng.random(n) < 0.6, x - rng.exponential(size=n), -INF)
        upper = np.where(rng.random(n) < 0.4, x + rng.exponential(size=n), INF)
        shapes: list[Shape] = [Bounds("b", lower, upper)]
        for i in range(int(rng.integers(1, 4))):
            a = rng.normal(size=n) * (rng.random(n) < 0.8)
            equality = bool(rng.random() < 0.5)
            shapes.append(Row(f"r{i}", a, float(a @ x) + (0.0 if equality else float(rng.exponential())), equality))
        if rng.random() < 0.3:
            center = rng.normal(size=n)
            shapes.append(Distance("d", center, float(np.abs(x - center).sum()) + 0.1))
        low, high = Region.of(n, shapes).implied
        assert (x >= low - 1e-9 * (1 + np.abs(low))).all()
        assert (x <= high + 1e-9 * (1 + np.abs(high))).all()
        assert (low >= lower).all()
        assert (high <= upper).all()


class TestNothingIsFeasible:
    def test_a_bound_that_follows_stops_at_the_one_that_was_given(self) -> None:
        lower, upper = region(at_least(0.6), BUDGET).implied
        assert lower.tolist() == [0.6, 0.6]
        assert upper.tolist() == [0.6, 0.6]

    def test_so_that_the_budget_proves_lower_bounds_to_sum_to_too_much(self) -> None:
        proof = farkas_bound(region(at_least(0.6), BUDGET), Witness({"budget": 1.0}))
        assert proof == pytest.approx(0.2)

    def test_and_upper_bounds_to_sum_to_too_little(self) -> None:
        proof = farkas_bound(region(at_most(0.3), BUDGET), Witness({"budget": -1.0}))
        assert proof == pytest.approx(0.4)


class TestReduced:
    GROSS = Distance("leverage", np.zeros(2), 1.0)
    ALL_OF_IT = Distance("turnover", np.array([0.3, 0.7]), 2.0)

    def test_of_long_portfolios_the_budget_is_the_gross(self) -> None:
        whole = region(at_least(0.0), BUDGET, self.GROSS, self.ALL_OF_IT)
        assert whole.reduced.distances == ()
        assert whole.reduced.rows == whole.rows

    def test_a_bound_of_each_name_may_say_it_too(self) -> None:
        near = Distance("near", np.array([0.3, 0.7]), 0.6)
        assert region(at_least(0.2), at_most(0.8), near, Distance("nearer", near.center, 1.0)).reduced.distances == (
            near,
        )

    def test_what_binds_some_portfolio_stays(self) -> None:
        short = region(at_least(-0.1), BUDGET, self.GROSS)
        tight = region(at_least(0.0), BUDGET, Distance("turnover", np.array([0.3, 0.7]), 1.999))
        assert short.reduced is short
        assert tight.reduced is tight
