"""The optimum as a line on one active set: closed forms, exactness, and when the line ends."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels.active_set import FEWEST_LET_GO, Piece, holds, piece, pivoted
from tangency.plugins.kernels.interior_point import Leaning, Polyhedron, interior_point
from tests.support.polyhedra import misfit, random_program

NAN, INF = np.nan, np.inf
S = np.diag([1.0, 0.25])
M = np.array([0.5, 0.1])


def region(lower: float = 0.0, upper: float = 1.0, distances: tuple[Distance, ...] = ()) -> Polyhedron:
    return Polyhedron(np.ones((1, 2)), np.ones(1), np.array([True]), np.full(2, lower), np.full(2, upper), distances)


HALVED = Polyhedron(
    np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([1.0, 0.5]), np.array([True, False]), np.zeros(2), np.ones(2), ()
)
"""The first name may not be above one half."""


def leaning(parked: tuple[float, float] = (NAN, NAN), distances: tuple[bool, ...] = ()) -> Leaning:
    return Leaning(np.array(parked), np.array([True]), np.array(distances, dtype=bool))


def solved(where: Polyhedron, on: Leaning, x: Vector | None = None, matrix: Matrix = S, m: Vector = M) -> Piece:
    line = piece(matrix, m, where, on, np.array([0.2, 0.8]) if x is None else x)
    assert line is not None
    return line


class TestByHand:
    def test_with_nothing_but_the_budget_it_is_the_efficient_line(self) -> None:
        # Least variance (0.2, 0.8); each unit of tau moves S^-1 (m - 0.18) = (0.32, -0.32); the budget's price is -0.2.
        line = solved(region(), leaning())
        np.testing.assert_allclose(line.start, [0.2, 0.8], rtol=1e-14)
        np.testing.assert_allclose(line.direction, [0.32, -0.32], rtol=1e-14)
        np.testing.assert_allclose(line.row_start, [-0.2], rtol=1e-14)
        np.testing.assert_allclose(line.row_direction, [0.18], rtol=1e-14)

    def test_at_a_tau(self) -> None:
        x, prices, distance_prices = solved(region(), leaning()).at(2.0)
        np.testing.assert_allclose(x, [0.84, 0.16], rtol=1e-14)
        np.testing.assert_allclose(prices, [0.16], rtol=1e-14)
        assert distance_prices.shape == (0,)

    def test_a_parked_name_stays_and_pulls(self) -> None:
        line = solved(region(), leaning((0.5, NAN)))
        assert line.start.tolist() == [0.5, 0.5]
        assert line.direction.tolist() == [0.0, 0.0]
        np.testing.assert_allclose([line.row_start[0], line.row_direction[0]], [-0.125, 0.1], rtol=1e-14)

    def test_correlation_with_a_parked_name_counts(self) -> None:
        matrix = np.array([[1.0, 0.3, 0.2], [0.3, 0.5, 0.1], [0.2, 0.1, 0.4]])
        where = Polyhedron(np.ones((1, 3)), np.ones(1), np.array([True]), np.zeros(3), np.ones(3), ())
        on = Leaning(np.array([0.4, NAN, NAN]), np.array([True]), np.zeros(0, dtype=bool))
        line = piece(matrix, np.zeros(3), where, on, np.full(3, 0.3))
        assert line is not None
        slope = matrix @ line.start + line.row_start
        np.testing.assert_allclose(slope[1:], [0.0, 0.0], atol=1e-15)
        assert line.start[0] == 0.4
        assert line.start.sum() == pytest.approx(1.0, abs=1e-15)

    def test_a_binding_distance_is_a_row_of_the_signs_of_x(self) -> None:
        where = region(distances=(Distance("d", np.array([0.6, 0.4]), 0.2),))
        line = solved(where, leaning(distances=(True,)), np.array([0.5, 0.5]))
        np.testing.assert_allclose(line.start, [0.5, 0.5], rtol=1e-14)
        np.testing.assert_allclose(line.distance_start, [0.1875], rtol=1e-12)
        assert abs(line.direction).max() == 0.0

    def test_a_distance_that_does_not_bind_is_no_row(self) -> None:
        where = region(distances=(Distance("d", np.array([0.6, 0.4]), 2.0),))
        line = solved(where, leaning(distances=(False,)))
        np.testing.assert_allclose(line.start, [0.2, 0.8], rtol=1e-14)
        assert line.distance_start.tolist() == line.distance_direction.tolist() == [0.0]

    def test_with_every_name_parked_nothing_moves_and_nothing_is_priced(self) -> None:
        line = solved(region(), leaning((0.5, 0.5)))
        assert line.start.tolist() == [0.5, 0.5]
        assert (line.direction.tolist(), line.row_start.tolist()) == ([0.0, 0.0], [0.0])

    def test_a_direction_of_rounding_is_none(self) -> None:
        line = solved(region(), leaning(), m=np.array([0.3, 0.3 + 1e-13]))
        assert line.direction.tolist() == [0.0, 0.0]


class TestWithoutASolution:
    def test_where_the_free_names_have_no_factor(self) -> None:
        singular = np.ones((2, 2))
        assert piece(singular, M, region(), leaning(), np.array([0.5, 0.5])) is None

    def test_where_the_rows_contradict_each_other(self) -> None:
        where = Polyhedron(np.ones((2, 2)), np.array([1.0, 0.5]), np.array([True, False]), np.zeros(2), np.ones(2), ())
        on = Leaning(np.full(2, NAN), np.array([True, True]), np.zeros(0, dtype=bool))
        assert piece(S, M, where, on, np.array([0.5, 0.5])) is None

    def test_the_same_row_twice_is_no_contradiction(self) -> None:
        where = Polyhedron(np.ones((2, 2)), np.ones(2), np.array([True, False]), np.zeros(2), np.ones(2), ())
        on = Leaning(np.full(2, NAN), np.array([True, True]), np.zeros(0, dtype=bool))
        line = piece(S, M, where, on, np.array([0.5, 0.5]))
        assert line is not None
        np.testing.assert_allclose(line.start, [0.2, 0.8], atol=1e-12)

    def test_where_parked_names_alone_break_the_budget(self) -> None:
        where = region(upper=2.0)
        on = leaning((0.5, 0.6))
        line = solved(where, on)
        assert not holds(where, line, 0.0)


class TestHolds:
    def test_from_one_corner_to_the_next(self) -> None:
        # (0.2, 0.8) + tau (0.32, -0.32) leaves the box where the second name is sold out: tau = 2.5.
        line = solved(region(), leaning())
        assert holds(region(), line, 0.0)
        assert holds(region(), line, 2.5 - 1e-9)
        assert not holds(region(), line, 2.5 + 1e-6)

    def test_a_parked_name_that_would_rather_move_ends_it(self) -> None:
        sold_out = solved(region(), leaning((NAN, 0.0)))
        assert holds(region(), sold_out, 2.5 + 1e-6)
        assert not holds(region(), sold_out, 2.5 - 1e-6)
        full = solved(region(upper=0.9), leaning((0.9, NAN)))
        assert holds(region(upper=0.9), full, (0.9 - 0.2) / 0.32 + 1e-6)
        assert not holds(region(upper=0.9), full, (0.9 - 0.2) / 0.32 - 1e-6)

    def test_a_name_parked_off_its_bounds_must_not_want_to_move_either_way(self) -> None:
        line = solved(region(), leaning((0.5, NAN)))
        at = 0.3 / 0.32  # where x = (0.5, 0.5) is optimal anyway
        assert holds(region(), line, at)
        assert not holds(region(), line, at - 1e-3)
        assert not holds(region(), line, at + 1e-3)

    def test_a_row_that_would_rather_not_bind_ends_it(self) -> None:
        on = Leaning(np.full(2, NAN), np.array([True, True]), np.zeros(0, dtype=bool))
        line = piece(S, M, HALVED, on, np.array([0.5, 0.5]))
        assert line is not None
        assert holds(HALVED, line, 0.3 / 0.32 + 1e-6)
        assert not holds(HALVED, line, 0.3 / 0.32 - 1e-6)

    def test_a_distance_that_is_passed_ends_it(self) -> None:
        where = region(distances=(Distance("d", np.array([0.2, 0.8]), 0.32),))
        line = solved(where, leaning(distances=(False,)))
        assert holds(where, line, 0.5 - 1e-9)
        assert not holds(where, line, 0.5 + 1e-6)

    def test_next_to_a_center_a_name_may_rest_while_the_price_covers_its_slope(self) -> None:
        # The second of three names stays at its center: its slope of 0.0025 is within the distance's price of 0.1025.
        matrix, center = np.diag([1.0, 0.5, 0.1]), np.array([0.3, 0.3, 0.4])
        distance = Distance("d", center, 0.1)
        where = Polyhedron(np.ones((1, 3)), np.ones(1), np.array([True]), np.zeros(3), np.ones(3), (distance,))
        on = Leaning(np.array([NAN, 0.3, NAN]), np.array([True]), np.array([True]))
        line = piece(matrix, np.zeros(3), where, on, np.array([0.25, 0.3, 0.45]))
        assert line is not None
        np.testing.assert_allclose(line.start, [0.25, 0.3, 0.45], rtol=1e-12)
        np.testing.assert_allclose(line.distance_start, [0.1025], rtol=1e-12)
        assert holds(where, line, 0.0)
        for price, enough in ((0.003, True), (0.002, False), (-0.1, False)):
            forced = replace(line, distance_start=np.array([price]))
            assert holds(where, forced, 0.0) is enough

    def test_without_risk_and_mean_rounding_is_forgiven(self) -> None:
        still, one, none = np.zeros(2), np.zeros(1), np.zeros(0)
        mean = np.full(2, 1e-15)
        line = Piece(np.array([0.3, 0.7]), still, one, one, none, none, still, still, mean, leaning((0.3, 0.7)))
        assert holds(region(), line, 1.0)
        assert not holds(region(), replace(line, mean=np.array([1e-3, 0.0])), 1.0)


class TestPivoted:
    def test_the_worse_half_of_what_is_broken_binds_next(self) -> None:
        where = region(upper=0.9)
        first = pivoted(where, solved(where, leaning()), 4.0)  # at (1.48, -0.48)
        assert first is not None
        np.testing.assert_array_equal(first.parked, [0.9, NAN])

    def test_where_nothing_is_wrong_there_is_nothing_to_pivot_to(self) -> None:
        assert pivoted(region(), solved(region(), leaning()), 1.0) is None

    def test_no_more_are_let_go_than_the_rounds_before_have_freed(self) -> None:
        # All rest at 0 but the first; all of the others would rather be held, the last ones most.
        n = 200
        where = Polyhedron(np.ones((1, n)), np.ones(1), np.array([True]), np.zeros(n), np.ones(n), ())
        on = Leaning(np.where(np.arange(n) < 1, NAN, 0.0), np.array([True]), np.zeros(0, dtype=bool))
        line = piece(np.eye(n), np.linspace(0.0, 0.5, n), where, on, np.zeros(n))
        assert line is not None
        following = pivoted(where, line, 1.0)
        assert following is not None
        let_go = np.flatnonzero(np.isnan(following.parked))
        assert let_go.tolist() == [0, *range(n - FEWEST_LET_GO, n)]

    def test_of_several_broken_rows_the_worst_is_taken_up(self) -> None:
        rows = np.array([[1.0, 1.0], [1.0, 0.0], [1.0, -1.0]])
        limits = np.array([1.0, 0.5, -0.5])
        where = Polyhedron(rows, limits, np.array([True, False, False]), np.zeros(2), np.ones(2), ())
        on = Leaning(np.full(2, NAN), np.array([True, False, False]), np.zeros(0, dtype=bool))
        line = piece(S, M, where, on, np.zeros(2))
        assert line is not None
        following = pivoted(where, line, 2.0)  # at (0.84, 0.16), over by 0.34 and 1.18
        assert following is not None
        assert following.rows.tolist() == [True, False, True]

    def test_what_pulls_away_is_let_go(self) -> None:
        sold_out = solved(region(), leaning((NAN, 0.0)))
        following = pivoted(region(), sold_out, 1.0)
        assert following is not None
        assert np.isnan(following.parked).all()
        assert holds(region(), solved(region(), following), 1.0)

    def test_a_name_whose_bounds_meet_is_never_let_go(self) -> None:
        where = replace(region(), lower=np.array([0.0, 0.3]), upper=np.array([1.0, 0.3]))
        line = solved(where, leaning((NAN, 0.3)))
        assert float(S[1, 1] * 0.3 - M[1] + line.at(1.0)[1][0]) < -0.2  # it would rather be held
        assert pivoted(where, line, 1.0) is None

    def test_a_row_is_let_go_or_taken_up(self) -> None:
        where = HALVED
        loose = piece(S, M, where, Leaning(np.full(2, NAN), np.array([True, False]), np.zeros(0, bool)), np.zeros(2))
        assert loose is not None
        taken = pivoted(where, loose, 2.0)
        assert taken is not None
        assert taken.rows.tolist() == [True, True]
        tight = piece(S, M, where, taken, np.zeros(2))
        assert tight is not None
        let_go = pivoted(where, tight, 0.1)
        assert let_go is not None
        assert let_go.rows.tolist() == [True, False]

    def test_with_distances_there_is_none(self) -> None:
        where = region(distances=(Distance("d", np.zeros(2), 2.0),))
        assert pivoted(where, solved(where, leaning(distances=(False,))), 9.0) is None


def test_where_limits_leave_no_way_nothing_moves() -> None:
    """Two names that hardly differ, each held by a row of its own and both by their sum."""
    rng, rows = np.random.default_rng(1), np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    held = Polyhedron(rows, np.array([1.0, 0.5, 0.5]), np.array([True, False, False]), np.zeros(2), np.ones(2), ())
    both = Leaning(np.full(2, NAN), np.ones(3, dtype=bool), np.zeros(0, dtype=bool))
    for _ in range(100):
        volatilities, m = rng.uniform(0.3, 1.0, 2), rng.uniform(0.2, 2.0, 2)
        S = np.outer(volatilities, volatilities) * np.array([[1.0, 0.999], [0.999, 1.0]])
        line = piece(S, m, held, both, np.zeros(2))
        assert line is not None
        assert line.direction.tolist() == [0.0, 0.0]
        np.testing.assert_allclose(line.row_direction @ rows, m, rtol=0.0, atol=1e-14)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_piece_that_holds_is_optimal_to_the_last_digit(seed: int) -> None:
    program = random_program(seed)
    rough = interior_point(program.S, program.linear, program.region, 1e-10)
    line = piece(program.S, -program.linear, program.region, rough.leaning, rough.x)
    if line is None or not holds(program.region, line, 1.0):
        return
    x, row_prices, distance_prices = line.at(1.0)
    assert misfit(program, x, row_prices, distance_prices) < 1e-8
    assert program.value(x) <= program.value(rough.x) + 1e-9


def test_nearly_every_piece_of_random_programs_holds() -> None:
    held = 0
    for seed in range(100):
        program = random_program(seed)
        rough = interior_point(program.S, program.linear, program.region, 1e-10)
        line = piece(program.S, -program.linear, program.region, rough.leaning, rough.x)
        held += line is not None and holds(program.region, line, 1.0)
    assert held >= 95
