"""PIQP behind its kernel: the conditions of optimality, another solver, and which limits a point leans on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels.interior_point import Polyhedron, interior_point
from tests.support.polyhedra import Program, least_by_cvxpy, misfit_of, random_program

NONE = np.zeros((0, 2))
INF = np.inf


def plane(
    lower: float = 0.0,
    upper: float = INF,
    distances: tuple[Distance, ...] = (),
    rows: tuple[tuple[float, float], ...] = ((1.0, 1.0),),
    limits: tuple[float, ...] = (1.0,),
) -> Polyhedron:
    """Two names; the first row is an equality."""
    matrix = np.array(rows).reshape(-1, 2)
    bounds = np.full(2, lower), np.full(2, upper)
    return Polyhedron(matrix, np.array(limits), np.arange(len(matrix)) == 0, *bounds, distances)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_its_points_are_optimal(seed: int, bounded: bool) -> None:
    program = random_program(seed, bounded=bounded)
    point = interior_point(program.S, program.linear, program.region, 1e-10)
    assert point.solved
    assert misfit_of(program, point) < 1e-5
    assert program.value(point.x) <= program.value(program.inside) + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_its_values_are_those_of_another_solver(seed: int) -> None:
    program = random_program(seed)
    point = interior_point(program.S, program.linear, program.region, 1e-10)
    assert program.value(point.x) == pytest.approx(least_by_cvxpy(program), abs=1e-8)


class TestByHand:
    S = np.diag([1.0, 0.25])

    def test_a_budget_alone(self) -> None:
        # Weights in inverse proportion to variances; S x + y = 0.
        point = interior_point(self.S, np.zeros(2), plane(), 1e-12)
        np.testing.assert_allclose(point.x, [0.2, 0.8], atol=1e-9)
        np.testing.assert_allclose(point.row_prices, [-0.2], atol=1e-9)
        assert np.isnan(point.leaning.parked).all()
        assert point.leaning.rows.tolist() == [True]
        assert point.attempt.solver == "piqp"
        assert (point.attempt.status, point.attempt.iterations > 0) == ("solved", True)
        assert point.attempt.time_ms > 0

    def test_names_at_their_bounds_are_told(self) -> None:
        point = interior_point(self.S, np.zeros(2), plane(lower=0.3, upper=0.7), 1e-12)
        np.testing.assert_allclose(point.x, [0.3, 0.7], atol=1e-9)
        assert (point.leaning.parked == 0.3).any() or (point.leaning.parked == 0.7).any()

    def test_rows_that_bind_are_told_and_priced(self) -> None:
        region = plane(rows=((1.0, 1.0), (0.0, 1.0), (1.0, 0.0)), limits=(1.0, 0.5, 0.9))
        point = interior_point(self.S, np.zeros(2), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.5, 0.5], atol=1e-9)
        assert point.leaning.rows.tolist() == [True, True, False]
        np.testing.assert_allclose(point.row_prices, [-0.5, 0.375, 0.0], atol=1e-9)

    def test_a_distance_that_binds_is_told_and_priced(self) -> None:
        # From (0.6, 0.4) one may move by 0.1 each: stationarity asks 0.5 + y - p = 0 and 0.125 + y + p = 0.
        region = plane(distances=(Distance("d", np.array([0.6, 0.4]), 0.2),))
        point = interior_point(self.S, np.zeros(2), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.5, 0.5], atol=1e-9)
        np.testing.assert_allclose(point.distance_prices, [(0.5 - 0.125) / 2], atol=1e-8)
        assert point.leaning.distances.tolist() == [True]

    def test_a_distance_with_room_is_not(self) -> None:
        region = plane(distances=(Distance("d", np.array([0.6, 0.4]), 2.0),))
        point = interior_point(self.S, np.zeros(2), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.2, 0.8], atol=1e-8)
        assert point.leaning.distances.tolist() == [False]
        assert np.isnan(point.leaning.parked).all()

    def test_a_name_that_stays_at_the_center_of_a_distance_is_parked_there(self) -> None:
        # Three names; the slope of the second lies between those of the others, so moving it does not pay.
        S, center = np.diag([1.0, 0.5, 0.1]), np.array([0.3, 0.3, 0.4])
        region = Polyhedron(
            np.ones((1, 3)), np.ones(1), np.array([True]), np.zeros(3), np.ones(3), (Distance("d", center, 0.1),)
        )
        point = interior_point(S, np.zeros(3), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.25, 0.3, 0.45], atol=1e-9)
        assert point.leaning.parked[1] == 0.3
        assert np.isnan(point.leaning.parked[[0, 2]]).all()

    @pytest.mark.parametrize(("center", "limit", "x"), [(0.0, 1.0, 0.5), (1.0, 1.0, 0.5)])
    def test_a_distance_whose_side_is_known_is_a_row(self, center: float, limit: float, x: float) -> None:
        # Within [0, 1] every name is above a center of 0 and below one of 1.
        region = plane(upper=1.0, distances=(Distance("d", np.full(2, center), limit),))
        point = interior_point(np.eye(2), np.zeros(2), region, 1e-12)
        np.testing.assert_allclose(point.x, [x, x], atol=1e-8)

    def test_without_equalities(self) -> None:
        region = replace(plane(rows=((1.0, 1.0),), limits=(1.0,)), equality=np.array([False]))
        point = interior_point(np.eye(2), -np.ones(2), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.5, 0.5], atol=1e-9)
        np.testing.assert_allclose(point.row_prices, [0.5], atol=1e-8)

    def test_without_any_row(self) -> None:
        region = Polyhedron(NONE, np.zeros(0), np.zeros(0, dtype=bool), np.full(2, 0.1), np.ones(2), ())
        point = interior_point(np.eye(2), np.array([1.0, -0.4]), region, 1e-12)
        np.testing.assert_allclose(point.x, [0.1, 0.4], atol=1e-9)
        assert point.leaning.parked[0] == 0.1


@pytest.mark.parametrize(
    "region",
    [
        plane(lower=0.6),
        plane(upper=0.4),
        plane(rows=((1.0, 1.0), (1.0, 1.0)), limits=(1.0, 0.5)),
        plane(distances=(Distance("d", np.array([3.0, 3.0]), 0.1),)),
    ],
)
def test_where_nothing_is_feasible_it_does_not_say_solved(region: Polyhedron) -> None:
    point = interior_point(np.eye(2), np.zeros(2), region, 1e-10)
    assert not point.solved
    assert point.attempt.status in {"infeasible", "iteration_limit"}


def test_without_end_it_does_not_say_solved() -> None:
    region = plane(lower=-INF)
    program = Program(np.zeros((2, 2)), np.array([1.0, -1.0]), region, np.array([0.5, 0.5]))
    point = interior_point(program.S, program.linear, program.region, 1e-10)
    assert not point.solved
    assert point.attempt.status != "solved"
