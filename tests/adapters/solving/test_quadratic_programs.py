"""Convex quadratic programs: two solvers that must agree, their optimality conditions, and how they end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.solving.linear_programs import TOLERANCE, HighsLinearPrograms
from tangency.adapters.solving.quadratic_programs import _by_clarabel, minimise_quadratic
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.linear_programs import LinearProgram


def program(seed: int, budget: float = 1.0) -> tuple[LinearProgram, Matrix]:
    """Least variance of five weights in [0, 0.6] that sum to a budget, and a sixth variable that costs 1 a unit.

    The sixth is the slack of a floor on the first two weights.
    """
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(5, 5))
    cost = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    rows, columns = np.array([0, 0, 0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 3, 4, 0, 1, 5])
    triplets = (rows.astype(np.int32), columns.astype(np.int32), np.ones(8))
    lower, upper = np.zeros(6), np.array([0.6] * 5 + [np.inf])
    row_lower, row_upper = np.array([budget, 0.5]), np.array([budget, np.inf])
    return LinearProgram(cost, lower, upper, row_lower, row_upper, triplets), root @ root.T / 5


def value(linear: LinearProgram, quadratic: Matrix, x: Vector) -> float:
    return float(linear.cost @ x + 0.5 * x[:5] @ quadratic @ x[:5])


@given(st.integers(0, 2**16))
def test_two_solvers_find_one_value_and_feasible_points(seed: int) -> None:
    linear, quadratic = program(seed)
    first = minimise_quadratic(linear, quadratic, TOLERANCE, 10.0)
    whole, matrix = np.zeros((6, 6)), np.array([[1.0, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 1]])
    whole[:5, :5] = quadratic
    second = _by_clarabel(linear, whole, matrix, TOLERANCE, 10.0)
    assert first.status == second.status == "optimal"
    assert value(linear, quadratic, first.x) == pytest.approx(value(linear, quadratic, second.x), abs=1e-7)
    assert first.x[:5].sum() == pytest.approx(1.0, abs=1e-9)
    assert first.x[0] + first.x[1] + first.x[5] >= 0.5 - 1e-9
    assert first.x.min() >= -1e-9


def test_a_budget_beyond_the_bounds_is_infeasible() -> None:
    linear, quadratic = program(1, budget=4.0)
    assert minimise_quadratic(linear, quadratic, TOLERANCE, 10.0).status in ("infeasible", "failed")


def test_the_port_sends_quadratic_programs_there() -> None:
    linear, quadratic = program(2)
    with_quadratic = LinearProgram(
        linear.cost, linear.lower, linear.upper, linear.row_lower, linear.row_upper, linear.triplets, quadratic
    )
    solved = HighsLinearPrograms().minimise(with_quadratic)
    assert solved.x.tolist() == minimise_quadratic(linear, quadratic, TOLERANCE, 10.0).x.tolist()
    assert HighsLinearPrograms().minimise(linear).status == "optimal"
