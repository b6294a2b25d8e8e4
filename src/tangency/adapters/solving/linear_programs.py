"""Linear programs by HiGHS, tight enough that their multipliers prove infeasibility."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import highspy
import numpy as np

from tangency.adapters.solving.quadratic_programs import minimise_quadratic
from tangency.domain.numbers import Indices, Vector
from tangency.domain.optimization.linear_programs import LinearProgram, LinearSolution, LinearStatus

TOLERANCE = 1e-10
"""The smallest that HiGHS accepts, and what the port promises."""

_OPTIONS: Mapping[str, bool | float | str] = {
    "output_flag": False,
    "simplex_strategy": 1,  # a vertex: sparse multipliers, and the same ones every time
    "parallel": "off",
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
}
SMALL = 5_000
"""Entries of the matrix up to which presolving takes longer than it saves."""
# The number of threads is left alone: HiGHS refuses to run once two users in one process ask for different ones.

_STATUSES: Mapping[highspy.HighsModelStatus, LinearStatus] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
}


class HighsLinearPrograms:
    """The port ``LinearPrograms`` over HiGHS, for one thread: programs that follow each other share a solver.

    Attributes:
        time_limit_s: seconds for each program; one that runs into it has status ``failed``.
    """

    def __init__(self, time_limit_s: float = 10.0) -> None:
        self.time_limit_s = time_limit_s

    def minimise(self, program: LinearProgram) -> LinearSolution:
        """Solve one program; see the port."""
        if program.quadratic is not None:
            return minimise_quadratic(program, program.quadratic, TOLERANCE, self.time_limit_s)
        solver = self._solver
        solver.setOptionValue("presolve", "off" if len(program.triplets[2]) <= SMALL else "choose")
        solver.setOptionValue("time_limit", solver.getRunTime() + self.time_limit_s)  # it counts all its programs
        solver.passModel(_model(program))
        solver.run()
        status = _STATUSES.get(solver.getModelStatus(), "failed")
        if status != "optimal":
            nowhere, free = np.full(len(program.cost), np.nan), np.zeros(len(program.row_lower))
            return LinearSolution(status, nowhere, free)
        solution = solver.getSolution()
        return LinearSolution(status, np.array(solution.col_value), np.array(solution.row_dual))

    @cached_property
    def _solver(self) -> highspy.Highs:
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in _OPTIONS.items():
            solver.setOptionValue(name, value)
        return solver


def _model(program: LinearProgram) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(program.cost), len(program.row_lower)
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    start, columns, values = _by_rows(program.triplets, model.num_row_)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = start, columns, values
    return model


def _by_rows(triplets: tuple[Indices, Indices, Vector], rows: int) -> tuple[Indices, Indices, Vector]:
    """Compressed rows: where each row begins, and the columns and values of one row after the other."""
    row, column, value = triplets
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int32)
    return start, column[order], value[order]
