"""The worst covariance of a box as a semidefinite program.

The largest x'Cx over positive semidefinite C within the half-widths D of the center S is, by duality, the least
<Q, S> + <|Q|, D> over Q with [[Q, x], [x', 1]] positive semidefinite. With t in place of the 1, and t added, half of it
is the root instead, since v / t + t >= 2 sqrt(v). The multiplier of that matrix holds the worst covariance.
"""

from __future__ import annotations

import clarabel
import numpy as np

from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.robust_terms import WorstCovariance
from tangency.plugins.kernels.conic_program import Builder, Compiled, Expression, Places, Solved, added

MOST_NAMES = 40
"""The program has n^2 / 2 variables and its steps cost their cube: 0.05 s at n = 20, 1 s at n = 40."""
SQRT_2 = float(np.sqrt(2.0))


def worst_covariance(term: WorstCovariance, build: Builder) -> Compiled:
    """Variables: the upper triangle of Q, column by column, its absolute values where they cost, and t.

    The dual is the worst covariance, the portfolio at which its risk is supported, and t Q, which less the square of
    the weights is a ceiling.
    """
    (center, wide), n = term.box, build.n
    unit = power_of_two_near(float(np.diagonal(center).max(initial=0.0)))
    rows, columns = _triangle(n)
    q, t = build.variables(len(rows)), build.variables(1)
    twice = np.where(rows == columns, 1.0, 2.0)
    uncertain = wide[rows, columns] > 0
    p = build.variables(int(uncertain.sum()))
    for sign in (1.0, -1.0):
        pick = np.arange(len(p))
        entries = [(pick, q[uncertain], np.full(len(p), sign)), (pick, p, -np.ones(len(p)))]
        if len(p):
            build.add(clarabel.NonnegativeConeT(len(p)), entries, np.zeros(len(p)))
    cone = _bordered(build, q, t)
    worth = added(
        [
            Expression(q, twice * center[rows, columns] / unit, 0.0),
            Expression(p, (twice * wide[rows, columns])[uncertain] / unit, 0.0),
        ]
    )
    if term.root:
        scale = term.weight * float(np.sqrt(unit))
        expression = added([worth, Expression(t, np.ones(1), 0.0)]).times(0.5 * scale)
    else:
        scale = term.weight * unit
        build.at_most(Expression(t, np.ones(1), 0.0), 1.0, equality=True)
        expression = worth.times(0.5 * scale)

    def dual(solved: Solved, price: float) -> Vector | None:
        if price * scale <= 0:
            return None
        block = _matrix(solved.prices[cone], n + 1)
        worst = 2.0 * unit / (price * scale) * block[:n, :n]
        portfolio = np.linalg.lstsq(block[:n, :n], -block[:n, n], rcond=None)[0]
        square = np.zeros((n, n))
        square[rows, columns] = square[columns, rows] = solved.x[q]
        return np.concatenate([worst.ravel(), portfolio, (square * float(solved.x[t[0]])).ravel()])

    return Compiled(expression, dual)


def _triangle(n: int) -> tuple[Places, Places]:
    """Rows and columns of the upper triangle, column by column, as Clarabel has it."""
    columns, rows = np.tril_indices(n)
    return rows, columns


def _bordered(build: Builder, q: Places, t: Places) -> Places:
    """[[Q, x], [x', t]] positive semidefinite; gives the rows."""
    n = build.n
    rows, columns = _triangle(n)
    root = np.where(rows == columns, 1.0, SQRT_2)
    inner, edge = np.arange(len(q)), len(q) + np.arange(n)
    size = len(q) + n + 1
    entries = [
        (inner, q, -root),
        (edge, build.weights, np.full(n, -SQRT_2)),
        (np.array([size - 1]), t, -np.ones(1)),
    ]
    return build.add(clarabel.PSDTriangleConeT(n + 1), entries, np.zeros(size))


def _matrix(triangle: Vector, n: int) -> Matrix:
    """A symmetric matrix from its upper triangle, off-diagonal entries over sqrt(2)."""
    rows, columns = _triangle(n)
    values = np.where(rows == columns, triangle, triangle / SQRT_2)
    matrix = np.zeros((n, n))
    matrix[rows, columns] = matrix[columns, rows] = values
    return matrix
