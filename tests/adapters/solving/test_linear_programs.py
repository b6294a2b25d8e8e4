"""HiGHS behind its port: against another solver, its multipliers against finite differences, and every ending."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.infeasibility import explain_infeasibility
from tangency.domain.optimization.linear_programs import LinearProgram
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem


def program(cost: Vector, matrix: Matrix, row_lower: Vector, row_upper: Vector, box: float = 1.0) -> LinearProgram:
    """Over [-box, box] in every coordinate; triplets column by column, so that they have to be sorted."""
    row, column = np.nonzero(matrix)
    order = np.argsort(column, kind="stable")
    triplets = (row[order].astype(np.int32), column[order].astype(np.int32), matrix[row, column][order])
    bound = np.full(len(cost), box)
    return LinearProgram(cost, -bound, bound, row_lower, row_upper, triplets)


def drawn(seed: int, rows: int = 4, columns: int = 6) -> tuple[Vector, Matrix, Vector]:
    """A program that x = 0 satisfies."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.7)
    return rng.normal(size=columns), matrix, rng.uniform(0.05, 0.5, size=rows)


@given(st.integers(0, 2**16))
def test_the_least_cost_is_that_of_another_solver(seed: int) -> None:
    cost, matrix, limit = drawn(seed)
    ours = HighsLinearPrograms().minimise(program(cost, matrix, np.full(4, -np.inf), limit))
    theirs = linprog(cost, matrix, limit, bounds=(-1, 1), method="highs-ipm")
    assert ours.status == "optimal"
    assert cost @ ours.x == pytest.approx(theirs.fun, abs=1e-9)
    assert (matrix @ ours.x <= limit + 1e-9).all()


@given(st.integers(0, 2**16))
def test_a_multiplier_is_the_change_of_the_least_cost_per_unit_of_the_active_limit(seed: int) -> None:
    cost, matrix, limit = drawn(seed)
    solver, endless, step = HighsLinearPrograms(), np.full(4, -np.inf), 1e-6
    solved = solver.minimise(program(cost, matrix, endless, limit))
    for row in range(4):
        moved = [limit + sign * step * np.eye(4)[row] for sign in (1, -1)]
        above, below = (cost @ solver.minimise(program(cost, matrix, endless, at)).x for at in moved)
        slopes = sorted([(above - cost @ solved.x) / step, (cost @ solved.x - below) / step])
        assert slopes[0] - 1e-6 <= solved.multipliers[row] <= slopes[1] + 1e-6


def test_a_lower_row_limit_has_a_multiplier_of_the_other_sign() -> None:
    solved = HighsLinearPrograms().minimise(program(np.ones(1), np.ones((1, 1)), np.array([0.5]), np.array([np.inf])))
    assert solved.x == pytest.approx([0.5])
    assert solved.multipliers == pytest.approx([1.0])


def test_every_ending_has_its_word() -> None:
    solver, one = HighsLinearPrograms(), np.ones((1, 1))
    apart = program(np.ones(1), one, np.array([3.0]), np.array([np.inf]))
    assert solver.minimise(apart).status == "infeasible"
    endless = program(np.ones(1), one, np.array([-np.inf]), np.array([1.0]), box=np.inf)
    assert solver.minimise(endless).status == "unbounded"


def test_a_program_without_rows_is_its_box() -> None:
    solved = HighsLinearPrograms().minimise(
        program(np.array([1.0, -1.0]), np.zeros((0, 2)), np.array([]), np.array([]))
    )
    assert solved.status == "optimal"
    assert solved.x.tolist() == [-1.0, 1.0]


def test_time_is_limited() -> None:
    rng = np.random.default_rng(1)
    rows, columns = 400, 400
    hard = program(rng.normal(size=columns), rng.normal(size=(rows, columns)), np.full(rows, -np.inf), np.ones(rows))
    assert HighsLinearPrograms(time_limit_s=1e-9).minimise(hard).status == "failed"


def test_nothing_is_printed_and_another_user_of_the_same_solver_is_not_disturbed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    cost, matrix, limit = drawn(3)
    HighsLinearPrograms().minimise(program(cost, matrix, np.full(4, -np.inf), limit))
    assert linprog(cost, matrix, limit, bounds=(-1, 1), method="highs").status == 0
    assert capfd.readouterr() == ("", "")


def test_the_same_program_gives_the_same_bits() -> None:
    cost, matrix, limit = drawn(5)
    first, second = (
        HighsLinearPrograms().minimise(program(cost, matrix, np.full(4, -np.inf), limit)) for _ in range(2)
    )
    assert first.x.tobytes() == second.x.tobytes()
    assert first.multipliers.tobytes() == second.multipliers.tobytes()


def test_what_was_solved_before_changes_nothing() -> None:
    programs = [program(cost, matrix, np.full(4, -np.inf), limit) for cost, matrix, limit in map(drawn, range(5))]
    one = HighsLinearPrograms()
    for each in [*programs, programs[0]]:
        after_others, alone = one.minimise(each), HighsLinearPrograms().minimise(each)
        assert after_others.x.tobytes() == alone.x.tobytes()
        assert after_others.multipliers.tobytes() == alone.multipliers.tobytes()


def test_the_time_of_what_was_solved_before_is_not_counted() -> None:
    cost, matrix, limit = drawn(3)
    easy = program(cost, matrix, np.full(4, -np.inf), limit)
    one = HighsLinearPrograms()
    while one._solver.getRunTime() < 0.02:
        assert one.minimise(easy).status == "optimal"
    one.time_limit_s = 0.01
    assert one.minimise(easy).status == "optimal"


def test_no_thread_of_ours_stays_behind() -> None:
    before = set(Path("/proc/self/task").iterdir())
    HighsLinearPrograms().minimise(program(np.ones(1), np.ones((1, 1)), np.array([0.5]), np.array([1.0])))
    assert len(set(Path("/proc/self/task").iterdir()) - before) <= (os.cpu_count() or 1) // 2


def test_it_serves_the_explanation_of_infeasibility() -> None:
    universe, covariance = Universe.of(["A", "B"]), np.eye(2)
    problem = Problem(
        Market(universe, covariance=covariance), MinimumVolatility(), (Budget(), LongOnly(), MaximumWeight(0.4))
    )
    estimates = Estimates(universe, None, DenseCovariance.of(covariance), Sources("absent", "given"))
    found = explain_infeasibility(problem, estimates, HighsLinearPrograms())
    assert found is not None
    assert {member.constraint for member in found.conflict} == {"budget", "constraints.max_weight"}
    assert [(r.constraint, r.needed) for r in found.relaxation] == [("constraints.max_weight", 0.5)]
