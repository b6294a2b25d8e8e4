"""Convex quadratic programs: PIQP's dense solver first, Clarabel where it gives up.

HiGHS solves them too, and was tried: on the programs that explain an infeasible volatility target it ran into its time
limit of seconds where these two take milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import clarabel
import numpy as np
import piqp
from scipy import sparse

from tangency.domain.numbers import Matrix
from tangency.domain.optimization.linear_programs import LinearProgram, LinearSolution, LinearStatus

MOST_ITERATIONS = 200


def minimise_quadratic(
    program: LinearProgram, quadratic: Matrix, tolerance: float, time_limit_s: float
) -> LinearSolution:
    """Minimise cost'v + 1/2 u'Qu over the rows and bounds of a program, u being the first variables.

    Args:
        program: everything but the quadratic.
        quadratic: Q; shape (k, k).
        tolerance: of the residuals and the gap.
        time_limit_s: seconds, for the second solver; the first has no clock and takes milliseconds.

    Returns:
        The minimiser. Its multipliers are left at zero: nobody asks for them.
    """
    whole = np.zeros((len(program.cost), len(program.cost)))
    whole[: len(quadratic), : len(quadratic)] = quadratic
    rows, columns, values = program.triplets
    matrix = np.zeros((len(program.row_lower), len(program.cost)))
    matrix[rows, columns] = values
    solution = _by_piqp(program, whole, matrix, tolerance)
    return solution if solution.status != "failed" else _by_clarabel(program, whole, matrix, tolerance, time_limit_s)


def _by_piqp(program: LinearProgram, quadratic: Matrix, matrix: Matrix, tolerance: float) -> LinearSolution:
    equal = program.row_lower == program.row_upper
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.max_iter = MOST_ITERATIONS
    solver.setup(
        quadratic,
        program.cost,
        matrix[equal],
        program.row_lower[equal],
        matrix[~equal],
        program.row_lower[~equal],
        program.row_upper[~equal],
        program.lower,
        program.upper,
    )
    status = _PIQP.get(solver.solve(), "failed")
    return LinearSolution(status, np.array(solver.result.x), np.zeros(len(matrix)))


def _by_clarabel(
    program: LinearProgram, quadratic: Matrix, matrix: Matrix, tolerance: float, time_limit_s: float
) -> LinearSolution:
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.time_limit = False, time_limit_s
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    every, one = np.vstack([matrix, np.eye(len(program.cost))]), np.concatenate
    above, below = one([program.row_upper, program.upper]), one([program.row_lower, program.lower])
    capped, floored = np.isfinite(above), np.isfinite(below)
    limits = one([above[capped], -below[floored]])
    stacked = sparse.csc_matrix(np.vstack([every[capped], -every[floored]]))
    cones = [clarabel.NonnegativeConeT(len(limits))]
    upper_triangle = sparse.csc_matrix(np.triu(quadratic))
    found = clarabel.DefaultSolver(upper_triangle, program.cost, stacked, limits, cones, settings).solve()
    return LinearSolution(_CLARABEL.get(str(found.status), "failed"), np.array(found.x), np.zeros(len(matrix)))


_PIQP: Mapping[object, LinearStatus] = {piqp.PIQP_SOLVED: "optimal", piqp.PIQP_PRIMAL_INFEASIBLE: "infeasible"}
_CLARABEL: Mapping[str, LinearStatus] = {"Solved": "optimal", "PrimalInfeasible": "infeasible"}
