"""A program for Clarabel under construction: variables, of which the first n are the weights, cones, and a loss.

A term that has kinks or a root adds variables of its own and stands for a linear expression that is nowhere below it,
and equal to it at the optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Region
from tangency.domain.risk.risk import Risk
from tangency.plugins.kernels.endings import CLARABEL
from tangency.plugins.kernels.simplex import Vertex, best_vertex

Sparse: TypeAlias = Any
"""SciPy's sparse matrices and Clarabel's cones and results have no types."""

Places: TypeAlias = NDArray[Any]
"""Rows or columns."""
Entry: TypeAlias = tuple[Places, Places, Vector]
"""Rows, columns and coefficients, each of one shape."""

SHORTER_STEPS = (0.95, 0.8)
"""Of the way to the boundary of the cones, after the solver's own 0.99: with it exponential cones beside a limit end in
"insufficient progress" now and then, far from the solution."""

_STATUS = {**CLARABEL, "InsufficientProgress": "almost_solved"}
"""The certificate says how near it came."""

_SURE = {"Solved", "PrimalInfeasible", "DualInfeasible", "MaxTime"}
"""Clarabel's words for what takes no second solver: proofs, and that no time is left for one."""
_FLAT = (clarabel.ZeroConeT, clarabel.NonnegativeConeT)
"""Cones of a linear program."""


class Expression(NamedTuple):
    """constant + coefficients'v over some of the variables; a column may occur twice."""

    columns: Places
    coefficients: Vector
    constant: float

    def times(self, factor: float) -> Expression:
        """Factor times it."""
        return Expression(self.columns, factor * self.coefficients, factor * self.constant)


def added(parts: Sequence[Expression]) -> Expression:
    """The sum of expressions."""
    columns = np.concatenate([part.columns for part in parts])
    return Expression(columns, np.concatenate([part.coefficients for part in parts]), sum(p.constant for p in parts))


class Solved(NamedTuple):
    """What Clarabel left: variables, and the multiplier of each row, in units of the loss."""

    x: Vector
    prices: Vector


Dual: TypeAlias = Callable[[Solved, float], Vector | None]
"""A term's dual vector, from the multipliers and from what a unit of the term is worth in the loss."""


def smooth(_solved: Solved, _price: float) -> None:
    """For a term that needs no dual vector: its tangent will do."""
    return


@dataclass(frozen=True, eq=False, slots=True)
class Compiled:
    """A term in the program.

    Attributes:
        expression: equal to the term at an optimum that would have it small.
        dual: reads its dual vector.
    """

    expression: Expression
    dual: Dual = smooth


@dataclass(eq=False)
class Builder:
    """A conic program under construction: minimise q'v + 1/2 x'Px, with b - A v in cones.

    Attributes:
        n: how many weights there are.
        estimates: what terms are measured over.
        region: the feasible set; terms that are simpler on one side of a kink look at its bounds.
        cuts: dual vectors that stand for a measure of risk whose envelope has too many corners for a cone.
    """

    n: int
    estimates: Estimates
    region: Region
    columns: int = field(init=False)
    quadratic: Matrix | None = None
    rows: int = 0
    _entries: list[Entry] = field(default_factory=list)
    _limits: list[Vector] = field(default_factory=list)
    cones: list[Sparse] = field(default_factory=list)
    cuts: dict[Risk, list[Vector]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = self.n

    @property
    def weights(self) -> Places:
        """Columns of the weights; shape (n,)."""
        return np.arange(self.n)

    def variables(self, count: int) -> Places:
        """Columns of new variables; shape (count,)."""
        first, self.columns = self.columns, self.columns + count
        return np.arange(first, first + count)

    def add(self, cone: Sparse, entries: Sequence[Entry], limits: Vector) -> Places:
        """Demand that limits - A v lie in a cone; gives the new rows.

        Args:
            cone: of dimension ``len(limits)``.
            entries: rows (from 0), columns and coefficients of A, each of one shape.
            limits: shape (rows,).
        """
        first, self.rows = self.rows, self.rows + len(limits)
        self._entries += [(rows + first, columns, values) for rows, columns, values in entries]
        self._limits.append(limits)
        self.cones.append(cone)
        return np.arange(first, self.rows)

    def at_most(self, expression: Expression, limit: float, equality: bool = False) -> tuple[int, float]:
        """expression <= limit, or == limit; gives the row and the unit that it was divided by."""
        unit = power_of_two_near(float(np.abs(expression.coefficients).max(initial=0.0)))
        cone = clarabel.ZeroConeT(1) if equality else clarabel.NonnegativeConeT(1)
        entries = [(np.zeros(len(expression.columns), int), expression.columns, expression.coefficients / unit)]
        row = self.add(cone, entries, np.array([(limit - expression.constant) / unit]))
        return int(row[0]), unit

    def curve(self, matrix: Matrix) -> None:
        """Add 1/2 x'(matrix)x to the loss; shape (n, n)."""
        self.quadratic = matrix if self.quadratic is None else self.quadratic + matrix

    def solve(self, loss: Expression, tolerance: float, time_limit_s: float) -> tuple[str, Solved, SolverAttempt]:
        """Minimise the loss, scaled to a largest coefficient near 1."""
        q = np.bincount(loss.columns, loss.coefficients, self.columns)
        curved = 0.0 if self.quadratic is None else float(np.abs(self.quadratic).max())
        unit = power_of_two_near(max(float(np.abs(q).max()), curved))
        rows, columns, values = (np.concatenate([entry[i] for entry in self._entries]) for i in range(3))
        A = sparse.csc_matrix((values, (rows, columns)), (self.rows, self.columns))
        A.eliminate_zeros()  # of triangular factors, half
        started = perf_counter()
        result = self._inside(q / unit, A, self._curvature(unit), tolerance, time_limit_s)
        status, x, prices = _STATUS.get(str(result.status), "numerical_error"), result.x, result.z
        solver, iterations = "clarabel", int(result.iterations)
        vertex = None if str(result.status) in _SURE else self._at_vertex(q / unit, A, time_limit_s)
        if vertex is not None:
            status, x, prices = "solved", vertex.x, vertex.prices
            solver, iterations = "highs", iterations + vertex.iterations
        spent = 1e3 * (perf_counter() - started)
        with np.errstate(over="ignore"):  # without a solution prices may grow beyond all measure, and prove nothing
            solved = Solved(np.array(x), unit * np.array(prices))
        return status, solved, SolverAttempt(solver, status, iterations, spent)

    def _inside(self, q: Vector, A: Sparse, P: Sparse, tolerance: float, time_limit_s: float) -> Sparse:
        """Where Clarabel ends, with shorter steps where its own get stuck."""
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.time_limit, settings.max_threads = False, time_limit_s, 1
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
        program = (P, q, A, np.concatenate(self._limits), self.cones, settings)
        result = clarabel.DefaultSolver(*program).solve()
        for step in SHORTER_STEPS:
            if str(result.status) != "InsufficientProgress":
                break
            settings.max_step_fraction = step
            result = clarabel.DefaultSolver(*program).solve()
        return result

    def _at_vertex(self, q: Vector, A: Sparse, time_limit_s: float) -> Vertex | None:
        """By the simplex method, which ends in a corner of even the thinnest set; None unless all is linear."""
        if self.quadratic is not None or not all(isinstance(cone, _FLAT) for cone in self.cones):
            return None
        sizes = [len(limits) for limits in self._limits]
        equality = np.repeat([isinstance(cone, clarabel.ZeroConeT) for cone in self.cones], sizes)
        return best_vertex(q, A, np.concatenate(self._limits), equality, time_limit_s)

    def _curvature(self, unit: float) -> Sparse:
        """The upper triangle, column by column, of what curves the loss along the weights and along nothing else."""
        own = np.zeros((self.n, self.n)) if self.quadratic is None else np.triu(self.quadratic / unit)
        columns, rows = np.nonzero(own.T)
        starts = np.zeros(self.columns + 1, dtype=np.int64)
        np.cumsum(np.bincount(columns, minlength=self.columns), out=starts[1:])
        return sparse.csc_matrix((own[rows, columns], rows, starts), (self.columns, self.columns))
