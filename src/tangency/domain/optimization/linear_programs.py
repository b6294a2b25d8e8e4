"""The port behind which linear programs are solved, and convex quadratic ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from tangency.domain.numbers import Indices, Matrix, Vector

LinearStatus: TypeAlias = Literal["optimal", "infeasible", "unbounded", "failed"]


@dataclass(frozen=True, eq=False, slots=True)
class LinearProgram:
    """Minimise cost'v over row_lower <= A v <= row_upper, lower <= v <= upper; A as (row, column, value) triplets.

    Attributes:
        quadratic: Q where 1/2 u'Qu is minimised too, u being the first variables; shape (k, k).
    """

    cost: Vector
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector
    triplets: tuple[Indices, Indices, Vector]
    quadratic: Matrix | None = None


@dataclass(frozen=True, eq=False, slots=True)
class LinearSolution:
    """Where a linear program ended.

    Attributes:
        multipliers: of the rows: change of the least cost per unit of the row's active limit; shape (rows,).
    """

    status: LinearStatus
    x: Vector
    multipliers: Vector


class LinearPrograms(Protocol):
    """The port behind which a solver of linear programs, and of convex quadratic ones, stands."""

    def minimise(self, program: LinearProgram) -> LinearSolution:
        """Solve to feasibility and optimality tolerances of 1e-10; quadratic programs as well as the solver can."""
