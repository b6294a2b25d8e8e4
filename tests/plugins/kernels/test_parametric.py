"""The family of efficient portfolios: exact members, searches that land, and its far end."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.region import Bounds, Distance, Region, Row, Shape
from tangency.plugins.kernels.active_set import Piece
from tangency.plugins.kernels.interior_point import interior_point
from tangency.plugins.kernels.parametric import MOST_STEPS, NEVER_BINDS, Family, Member
from tests.support.polyhedra import Program, random_program

INF = np.inf
S = np.array([[0.04, 0.006, 0.0], [0.006, 0.09, 0.002], [0.0, 0.002, 0.01]])
MEAN = np.array([0.1, 0.12, 0.04])
BUDGET = Row("budget", np.ones(3), 1.0, equality=True)
LONG_ONLY = Bounds("long_only", np.zeros(3), np.full(3, INF))


def family(*limits: Shape, mean: Vector = MEAN, covariance: Matrix = S) -> Family:
    shapes: Sequence[Shape] = (BUDGET, LONG_ONLY, *limits)
    return Family(DenseCovariance.of(covariance), mean, Region.of(3, shapes), 1e-10)


def member(of: Family, tau: float) -> Member:
    found = of.member(tau)
    assert found is not None
    return found


def nowhere(_: Piece) -> float | None:
    return None


def always(sign: float, _: Member) -> float:
    return sign


class TestMember:
    def test_at_zero_it_is_the_least_variance(self) -> None:
        found = member(family(), 0.0)
        inverse = np.linalg.solve(S, np.ones(3))
        np.testing.assert_allclose(found.weights, inverse / inverse.sum(), rtol=1e-12)
        assert found.exact
        assert found.multipliers == {"budget": pytest.approx(-1 / inverse.sum(), rel=1e-12)}

    @pytest.mark.parametrize("tau", [0.05, 0.2, 1.0])
    def test_its_multipliers_balance_the_slopes_of_what_is_held(self, tau: float) -> None:
        found = member(family(Row("cap", np.array([0.0, 1.0, 0.0]), 0.3)), tau)
        slope = S @ found.weights - tau * MEAN + found.multipliers["budget"]
        slope[1] += found.multipliers["cap"]
        assert found.exact
        assert found.multipliers["cap"] >= 0
        assert np.abs(slope[found.weights > 0]).max() < 1e-12
        assert (slope[found.weights == 0] >= -1e-12).all()
        assert found.tau == tau

    def test_multipliers_are_in_units_of_the_rows_that_were_given(self) -> None:
        plain = member(family(Row("cap", np.array([0.0, 1.0, 0.0]), 0.3)), 0.5)
        large = member(family(Row("cap", np.array([0.0, 1000.0, 0.0]), 300.0)), 0.5)
        np.testing.assert_allclose(large.weights, plain.weights, rtol=1e-10)
        assert large.multipliers["cap"] == pytest.approx(plain.multipliers["cap"] / 1000, rel=1e-9)

    @pytest.mark.parametrize("unit", [1e-6, 1e6])
    def test_no_unit_of_returns_moves_it(self, unit: float) -> None:
        plain = member(family(), 0.3)
        scaled = member(family(mean=MEAN * unit, covariance=S * unit**2), 0.3 * unit)
        np.testing.assert_allclose(scaled.weights, plain.weights, rtol=1e-10)
        assert scaled.multipliers["budget"] == pytest.approx(plain.multipliers["budget"] * unit**2, rel=1e-9)

    def test_a_distance_has_a_multiplier_too(self) -> None:
        center = np.full(3, 1 / 3)
        found = member(family(Distance("turnover", center, 0.2)), 0.0)
        free = member(family(Distance("turnover", center, 1.9)), 0.0)
        assert np.abs(found.weights - center).sum() == pytest.approx(0.2, abs=1e-12)
        assert found.multipliers["turnover"] > 0
        assert free.multipliers["turnover"] == 0.0

    def test_a_distance_that_no_portfolio_exceeds_is_left_out(self) -> None:
        found = member(family(Distance("leverage", np.zeros(3), 3.0)), 0.2)
        np.testing.assert_allclose(found.weights, member(family(), 0.2).weights, rtol=1e-12)
        assert found.multipliers.get("leverage", 0.0) == 0.0

    def test_limits_that_nothing_comes_near_change_nothing(self) -> None:
        far = 10 * NEVER_BINDS
        loose = family(Bounds("far", np.full(3, -far), np.full(3, far)), Row("far row", np.ones(3), far))
        np.testing.assert_allclose(member(loose, 0.2).weights, member(family(), 0.2).weights, rtol=1e-10)

    def test_where_nothing_is_feasible_there_is_none_and_the_attempt_is_kept(self) -> None:
        empty = family(Bounds("max", np.full(3, -INF), np.full(3, 0.3)))
        assert empty.member(0.0) is None
        assert [(a.solver, a.status) for a in empty.attempts] == [
            ("active_set", "not_solved"),
            ("piqp", empty.attempts[1].status),
        ]
        assert empty.iterations == sum(attempt.iterations for attempt in empty.attempts) > 0

    def test_without_risk_no_piece_is_exact_and_the_member_is_feasible_all_the_same(self) -> None:
        found = member(family(covariance=np.zeros((3, 3)), mean=np.zeros(3)), 0.0)
        assert not found.exact
        assert found.weights.sum() == pytest.approx(1.0, abs=1e-8)
        assert (found.weights >= 0).all()

    def test_without_rows_it_snaps_to_the_bounds_alone(self) -> None:
        bounds = Bounds("b", np.zeros(3), np.ones(3))
        found = member(Family(DenseCovariance.of(np.zeros((3, 3))), MEAN, Region.of(3, [bounds]), 1e-10), 1.0)
        assert found.weights.tolist() == [1.0, 1.0, 1.0]
        assert found.multipliers == {}

    def test_weights_never_leave_their_bounds_by_rounding(self) -> None:
        for seed in range(40):
            rng = np.random.default_rng(seed)
            high = rng.uniform(0.34, 0.6, 3)
            found = member(family(Bounds("max", np.full(3, -INF), high)), float(10.0 ** rng.uniform(-2, 2)))
            assert (found.weights >= 0).all()
            assert (found.weights <= high).all()


class TestSearch:
    @staticmethod
    def sharpe(of: Family, tau: float) -> Member | None:
        """The best ratio, as the method looks for it."""

        def aim(piece: Piece) -> float | None:
            gain = of.linear(piece.start)
            return float(piece.start @ piece.image_start) / gain if gain > 0 else INF

        return of.search(aim, lambda m: m.tau * float(MEAN @ m.weights) - float(m.weights @ S @ m.weights), tau)

    @pytest.mark.parametrize("tau", [1e-12, 1e-3, 0.3, 50.0, 1e6])
    def test_it_lands_wherever_it_begins(self, tau: float) -> None:
        found = self.sharpe(family(), tau)
        tangency = np.linalg.solve(S, MEAN)
        assert found is not None
        assert found.exact
        np.testing.assert_allclose(found.weights, tangency / tangency.sum(), rtol=1e-10)
        assert found.tau == pytest.approx(1 / tangency.sum(), rel=1e-10)

    def test_weights_and_tau_belong_together(self) -> None:
        # From far below its own tau the answer's piece holds already; its multipliers there are not the answer's.
        for begin in (1e-9, 1e-6, 1e-3, 1.0):
            found = self.sharpe(family(Bounds("max", np.full(3, -INF), np.array([0.4, 0.4, 0.3]))), begin)
            assert found is not None
            again = member(family(Bounds("max", np.full(3, -INF), np.array([0.4, 0.4, 0.3]))), found.tau)
            np.testing.assert_allclose(found.weights, again.weights, rtol=1e-9)
            assert found.multipliers["budget"] == pytest.approx(again.multipliers["budget"], rel=1e-9)

    def test_without_a_piece_it_bisects(self) -> None:
        target = 0.02

        of = family()
        found = of.search(nowhere, lambda m: float(m.weights @ S @ m.weights) - target, 0.1)
        assert found is not None
        assert not found.exact
        assert float(found.weights @ S @ found.weights) == pytest.approx(target, rel=1e-6)
        assert len(of.attempts) > 10

    def test_a_verdict_that_never_changes_ends_all_the_same(self) -> None:
        for sign in (-1.0, 1.0):
            of = family()
            assert of.search(nowhere, partial(always, sign), 0.1) is not None
            assert len(of.attempts) <= MOST_STEPS + 1

    def test_where_nothing_is_feasible_there_is_nothing_to_find(self) -> None:
        assert self.sharpe(family(Bounds("max", np.full(3, -INF), np.full(3, 0.3))), 0.1) is None


class TestFurthest:
    def test_it_is_the_greatest_mean(self) -> None:
        found = family().furthest()
        assert found is not None
        best, still = found
        assert still
        np.testing.assert_allclose(best.weights, [0.0, 1.0, 0.0], rtol=1e-15)
        assert best.multipliers["budget"] == pytest.approx(0.12, rel=1e-12)  # of minus the mean

    def test_among_equal_means_it_is_the_least_variance(self) -> None:
        found = family(mean=np.array([0.1, 0.1, 0.04])).furthest()
        assert found is not None
        np.testing.assert_allclose(found[0].weights, [(0.09 - 0.006) / 0.118, (0.04 - 0.006) / 0.118, 0.0], atol=1e-12)

    def test_under_a_turnover_limit(self) -> None:
        found = family(Distance("turnover", np.array([0.0, 0.4, 0.6]), 0.5)).furthest()
        assert found is not None
        np.testing.assert_allclose(found[0].weights, [0.0, 0.65, 0.35], atol=1e-12)
        assert found[0].multipliers["turnover"] == pytest.approx(0.04, rel=1e-9)

    def test_without_bounds_it_runs_off(self) -> None:
        free = Family(DenseCovariance.of(S), MEAN, Region.of(3, [BUDGET]), 1e-10)
        found = free.furthest()
        assert found is not None
        assert not found[1]

    def test_where_nothing_is_feasible_there_is_none(self) -> None:
        assert family(Bounds("max", np.full(3, -INF), np.full(3, 0.3))).furthest() is None


def family_of(program: Program) -> Family:
    region = program.region
    shapes: list[Shape] = [Bounds("b", region.lower, region.upper), *region.distances]
    for i, (row, limit) in enumerate(zip(region.rows, region.limits.tolist(), strict=True)):
        shapes.append(Row(f"r{i}", row, limit, equality=i == 0))
    return Family(DenseCovariance.of(program.S), -program.linear, Region.of(len(program.linear), shapes), 1e-10)


class TestPivots:
    def test_they_find_what_the_solver_finds_and_mostly_leave_it_nothing_to_do(self) -> None:
        alone = 0
        for seed in range(60):
            program = random_program(seed, 5 + seed, distances=0)
            of = family_of(program)
            found = member(of, 1.0)
            whole = interior_point(program.S, program.linear, program.region, 1e-10)
            assert found.exact
            assert program.value(found.weights) == pytest.approx(program.value(whole.x), abs=1e-9)
            told = [(attempt.solver, attempt.status) for attempt in of.attempts]
            assert told in ([("active_set", "solved")], [("active_set", "not_solved"), ("piqp", "solved")])
            alone += len(told) == 1
        assert alone >= 50

    def test_with_distances_they_are_not_tried(self) -> None:
        of = family_of(random_program(3, 20, distances=1))
        assert member(of, 1.0).exact
        assert [attempt.solver for attempt in of.attempts] == ["piqp"]

    def test_where_the_even_portfolio_is_no_guide_they_begin_with_every_name_free(self) -> None:
        free = Family(DenseCovariance.of(S), MEAN, Region.of(3, [BUDGET]), 1e-10)
        inverse = np.linalg.solve(S, np.ones(3))
        np.testing.assert_allclose(member(free, 0.0).weights, inverse / inverse.sum(), rtol=1e-12)
        assert [(a.solver, a.status, a.iterations) for a in free.attempts] == [("active_set", "solved", 1)]


@pytest.mark.parametrize("seed", range(25))
def test_the_mean_grows_with_tau_and_so_does_the_variance(seed: int) -> None:
    program = random_program(seed, distances=0)
    of = family_of(program)
    members = [member(of, tau) for tau in (0.0, 0.1, 1.0, 10.0, 100.0)]
    means = [of.linear(each.weights) for each in members]
    variances = [float(each.weights @ program.S @ each.weights) for each in members]
    assert all(each.exact for each in members)
    assert (np.diff(means) >= -1e-12).all()
    assert (np.diff(variances) >= -1e-12).all()
