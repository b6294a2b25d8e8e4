"""HiGHS on the least conditional value at risk, with the scenarios near the tail alone until others turn out to matter.

The program of Rockafellar and Uryasev (2000) has a row for every scenario, and nine of ten are slack at the solution.
Without their rows the least risk can only be smaller, so once no scenario left out exceeds the tail's level, the
solution is that of all; the dual vector, 0 for those left out, proves it like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.proposal import SolverAttempt, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.tail import Tail
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.newton_cuts import CLOSED, proven_gap
from tangency.plugins.kernels.simplex import Highs, given

NEAR = 2.0
"""Of the tail's probability: what the scenarios have that the first program knows. Of 1,250 scenarios 80 were missed at
1.4, one or two at 2; more only makes every step longer."""
MISSED = 1e-11
"""Of the largest return: a loss that exceeds the tail's level by no more is in rounding's reach."""
MOST_ROUNDS = 50


def at_vertex(
    terms: Sequence[Term], region: Region, estimates: Estimates, time_limit_s: float
) -> CompositePoint | None:
    """The least of one conditional value at risk plus linear terms over bounds and rows, by the simplex method.

    Args:
        terms: what is summed and minimised.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        time_limit_s: for all programs together.

    Returns:
        The point with its witness; None where the problem is another, or has no solution proven to 1e-9 here.
    """
    tails = [term for term in terms if isinstance(term, RiskOf) and _is_tail(term, estimates)]
    flat = [term for term in terms if isinstance(term, Return | Linear)]
    if len(tails) != 1 or len(flat) + 1 != len(terms) or region.caps or region.distances:
        return None
    started = perf_counter()
    slope = np.sum([term.minorant(np.zeros(region.size), estimates).slope for term in flat], axis=0, initial=0.0)
    point = _TailProgram.of(tails[0], slope + np.zeros(region.size), region, estimates).solved(time_limit_s)
    if point is None or point.weights is None:
        return None
    loss = sum(term.value(point.weights, estimates) for term in terms)
    if not proven_gap(terms, region, estimates, point, loss) <= CLOSED:
        return None
    return replace(point, attempt=replace(point.attempt, time_ms=1e3 * (perf_counter() - started)))


def _is_tail(term: RiskOf, estimates: Estimates) -> bool:
    risk = term.measure.of(estimates)
    return isinstance(risk, LossRisk) and isinstance(risk.envelope, Tail) and risk.envelope.level > 0


@dataclass(frozen=True, eq=False, slots=True)
class _TailProgram:
    """Minimise slope'x + z + caps'v with v >= losses x + offset - z and v >= 0, all in units of the tail.

    Columns are the weights x, the level z, and v for each scenario known; rows are the region's, then a scenario each.

    Attributes:
        name: of the tail in a witness.
        losses: of a portfolio of one name; shape (T, n).
        caps: the most that a scenario weighs in the tail; shape (T,).
        unit: what a 1 stands for in the loss.
    """

    name: str
    slope: Vector
    losses: Matrix
    offset: float
    caps: Vector
    unit: float
    region: Region

    @classmethod
    def of(cls, tail: RiskOf, slope: Vector, region: Region, estimates: Estimates) -> _TailProgram:
        risk = tail.measure.of(estimates)
        assert isinstance(risk, LossRisk)  # noqa: S101 - asked before
        assert isinstance(risk.envelope, Tail)  # noqa: S101 - asked before
        size = power_of_two_near(float(np.abs(risk.returns).max()))
        unit = tail.weight * size
        losses, offset = -risk.returns / size, risk.offset / size
        return cls(tail.id, slope / unit, losses, offset, risk.envelope.caps, unit, region)

    def solved(self, time_limit_s: float) -> CompositePoint | None:
        """Solve, let the scenarios join that were missed, and solve from there on; None without a solution."""
        known = self._near_the_tail()
        solver = self._started(known, time_limit_s)
        iterations = 0
        for _ in range(MOST_ROUNDS):
            solver.run()
            iterations += solver.getInfo().simplex_iteration_count
            if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            values = np.array(solver.getSolution().col_value)
            missed = self._missed(values, known)
            if not missed.size:
                return self._read(values, np.array(solver.getSolution().row_dual), known, iterations)
            self._join(solver, missed, len(known))
            known = np.concatenate([known, missed])
        return None

    def _near_the_tail(self) -> NDArray[np.intp]:
        """The worst scenarios of a portfolio that holds every name, the less the more it varies."""
        sizes = np.sqrt((self.losses**2).mean(axis=0))
        held = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0)
        order = np.argsort(-(self.losses @ held), kind="stable")
        return order[: int(np.searchsorted(np.cumsum(self.caps[order]), NEAR)) + 1]

    def _started(self, known: NDArray[np.intp], time_limit_s: float) -> Highs:
        n, rows, count = self.region.size, len(self.region.rows), len(known)
        matrix = np.zeros((rows + count, n + 1 + count))
        matrix[:rows, :n] = self.region.coefficients
        matrix[rows:, :n], matrix[rows:, n] = -self.losses[known], 1.0
        matrix[rows:, n + 1 :] = np.eye(count)
        limits = np.array([row.limit for row in self.region.rows])
        least = np.where([row.equality for row in self.region.rows], limits, -np.inf)
        program, entries = highspy.HighsLp(), sparse.csr_matrix(matrix)
        program.num_row_, program.num_col_ = matrix.shape
        program.col_cost_ = np.concatenate([self.slope, [1.0], self.caps[known]])
        program.col_lower_ = np.concatenate([self.region.lower, [-np.inf], np.zeros(count)])
        program.col_upper_ = np.concatenate([self.region.upper, np.full(count + 1, np.inf)])
        program.row_lower_ = np.concatenate([least, np.full(count, self.offset)])
        program.row_upper_ = np.concatenate([limits, np.full(count, np.inf)])
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = entries.indptr, entries.indices
        program.a_matrix_.value_ = entries.data
        return given(program, time_limit_s)

    def _missed(self, values: Vector, known: NDArray[np.intp]) -> NDArray[np.intp]:
        n = self.region.size
        beyond = self.losses @ values[:n] + self.offset - values[n]
        beyond[known] = 0.0
        return np.flatnonzero((beyond > MISSED) & (self.caps > 0))

    def _join(self, solver: Highs, missed: NDArray[np.intp], count: int) -> None:
        n = self.region.size
        nowhere, names = np.zeros(0, np.int32), np.arange(n + 1, dtype=np.int32)
        for number, scenario in enumerate(missed.tolist(), n + 1 + count):
            solver.addCol(self.caps[scenario], 0.0, np.inf, 0, nowhere, np.zeros(0))
            columns = np.append(names, np.int32(number))
            solver.addRow(self.offset, np.inf, n + 2, columns, np.append(-self.losses[scenario], [1.0, 1.0]))

    def _read(self, values: Vector, prices: Vector, known: NDArray[np.intp], iterations: int) -> CompositePoint:
        region, rows = self.region, len(self.region.rows)
        weights = np.clip(values[: region.size], region.lower, region.upper)
        dual = np.zeros(len(self.losses))
        dual[known] = prices[rows:]
        multipliers = {row.id: -self.unit * price for row, price in zip(region.rows, prices.tolist(), strict=False)}
        attempt = SolverAttempt("highs", "solved", iterations, 0.0)
        return CompositePoint("solved", weights, Witness(multipliers, {self.name: dual}), attempt)
