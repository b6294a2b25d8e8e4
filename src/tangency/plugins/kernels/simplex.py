"""HiGHS on a linear program that Clarabel leaves short of its tolerance: a set that is thin ends it, and no vertex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import highspy
import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Vector

TOLERANCE = 1e-10
"""The smallest that HiGHS takes."""
_OPTIONS: Mapping[str, bool | float | str] = {
    "output_flag": False,
    "presolve": "off",  # on programs so small and dense it costs more than it saves, and drops the basis
    "parallel": "off",
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
}

Highs: TypeAlias = Any
Sparse: TypeAlias = Any
"""HiGHS and SciPy's sparse matrices have no types."""


class Vertex(NamedTuple):
    """A solution at a corner.

    Attributes:
        x: of the variables.
        prices: of the rows, as multipliers of A v <= b.
        iterations: of the simplex method.
    """

    x: Vector
    prices: Vector
    iterations: int


def best_vertex(q: Vector, A: Sparse, b: Vector, equality: NDArray[np.bool_], time_limit_s: float) -> Vertex | None:
    """Minimise q'v over A v <= b, v free; None without a solution.

    Args:
        q: shape (columns,).
        A: SciPy's compressed columns, shape (rows, columns).
        b: shape (rows,).
        equality: which rows hold with equality; shape (rows,).
        time_limit_s: asked of the solver.
    """
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = A.shape
    free = np.full(len(q), np.inf)
    program.col_cost_, program.col_lower_, program.col_upper_ = q, -free, free
    program.row_lower_, program.row_upper_ = np.where(equality, b, -np.inf), b
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_, program.a_matrix_.value_ = A.indptr, A.indices, A.data
    solver = given(program, time_limit_s)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    iterations = int(solver.getInfo().simplex_iteration_count)
    return Vertex(np.array(solution.col_value), -np.array(solution.row_dual), iterations)


def given(program: Highs, time_limit_s: float) -> Highs:
    """A solver that is quiet, exact and has a program to solve."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {**_OPTIONS, "time_limit": time_limit_s}.items():
        solver.setOptionValue(name, value)
    solver.passModel(program)
    return solver
