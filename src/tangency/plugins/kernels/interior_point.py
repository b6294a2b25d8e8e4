"""PIQP on a polyhedral region, with or without absolute values: a point, and which limits it leans on.

Minimise 1/2 x'Sx - tau m'x over rows, bounds and distances |x - c|_1 <= T. A distance enters through p >= (x - c)+ for
the names that can be on either side of c, since |x - c| = 2 (x - c)+ - (x - c); the others keep their sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import piqp

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Distance

MOST_ITERATIONS = 100
"""PIQP needs 8 to 30 on problems that have a solution; on one that has none it uses all it is given."""

_STATUS = {
    piqp.PIQP_SOLVED: "solved",
    piqp.PIQP_MAX_ITER_REACHED: "iteration_limit",
    piqp.PIQP_PRIMAL_INFEASIBLE: "infeasible",
    piqp.PIQP_DUAL_INFEASIBLE: "unbounded",
    piqp.PIQP_NUMERICS: "numerical_error",
    piqp.PIQP_UNSOLVED: "unsolved",
    piqp.PIQP_INVALID_SETTINGS: "invalid_settings",
}


@dataclass(frozen=True, eq=False, slots=True)
class Polyhedron:
    """Rows, bounds and distances over n names, as arrays.

    Attributes:
        rows: shape (m, n).
        limits: shape (m,); the rows' upper limits.
        equality: shape (m,); which rows hold with equality.
        lower: shape (n,).
        upper: shape (n,).
        distances: centers of shape (n,), and limits.
    """

    rows: Matrix
    limits: Vector
    equality: np.ndarray
    lower: Vector
    upper: Vector
    distances: tuple[Distance, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Leaning:
    """Which limits a point leans on: the guess that an active-set solve starts from.

    Attributes:
        parked: where each name is held (a bound, or the center of an active distance); NaN where it is free; (n,).
        rows: which rows hold with equality; shape (m,).
        distances: which distances do; one per distance.
    """

    parked: Vector
    rows: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class InteriorPoint:
    """Where PIQP ended.

    Attributes:
        x: shape (n,).
        row_prices: multipliers of the rows; shape (m,).
        distance_prices: multipliers of the distances.
    """

    solved: bool
    x: Vector
    row_prices: Vector
    distance_prices: Vector
    leaning: Leaning
    attempt: SolverAttempt


def interior_point(S: Matrix, linear: Vector, region: Polyhedron, tolerance: float) -> InteriorPoint:
    """Minimise 1/2 x'Sx + linear'x over a polyhedron.

    Args:
        S: shape (n, n), scaled to entries near 1 or below.
        linear: shape (n,).
        region: the feasible set.
        tolerance: absolute and relative, on residuals and gap.
    """
    started = perf_counter()
    program = _Program(len(linear), region)
    solver = piqp.DenseSolver()
    for setting in ("eps_abs", "eps_rel", "eps_duality_gap_abs", "eps_duality_gap_rel"):
        setattr(solver.settings, setting, tolerance)
    solver.settings.max_iter = MOST_ITERATIONS
    solver.setup(*program.arguments(S, linear))
    status = solver.solve()
    spent = 1e3 * (perf_counter() - started)
    attempt = SolverAttempt("piqp", _STATUS.get(status, str(status)), solver.result.info.iter, spent)
    return program.read(solver.result, status == piqp.PIQP_SOLVED, attempt)


class _Program:
    """The variables (x, p_1, p_2, ...) and rows of one call."""

    def __init__(self, n: int, region: Polyhedron) -> None:
        self.n, self.region = n, region
        self.straddling = [
            np.flatnonzero((region.lower < d.center) & (region.upper > d.center)) for d in region.distances
        ]
        self.offsets = np.cumsum([n, *(len(names) for names in self.straddling)]).tolist()
        self.inequality = ~region.equality

    def arguments(self, S: Matrix, linear: Vector) -> tuple[Matrix | Vector | None, ...]:
        n, size, region = self.n, self.offsets[-1], self.region
        P = S
        if size > n:
            P = np.zeros((size, size))
            P[:n, :n] = S
        q = np.concatenate([linear, np.zeros(size - n)])
        equalities = _padded(region.rows[region.equality], size)
        rows, limits = [_padded(region.rows[self.inequality], size)], [region.limits[self.inequality]]
        for distance, names, first in zip(region.distances, self.straddling, self.offsets, strict=False):
            block, limit = self._distance_rows(distance, names, first, size)
            rows.append(block)
            limits.append(limit)
        G, h = np.vstack(rows), np.concatenate(limits)
        lower = np.concatenate([region.lower, np.zeros(size - n)])
        upper = np.concatenate([region.upper, np.full(size - n, np.inf)])
        A, b = (equalities, region.limits[region.equality]) if len(equalities) else (None, None)
        if not len(G):
            return P, q, A, b, None, None, None, lower, upper
        return P, q, A, b, G, np.full(len(h), -np.inf), h, lower, upper

    def _distance_rows(self, distance: Distance, names: np.ndarray, first: int, size: int) -> tuple[Matrix, Vector]:
        signs = _known_signs(distance, self.region)
        signs[names] = -1.0
        total = np.zeros((1, size))
        total[0, : self.n] = signs
        total[0, first : first + len(names)] = 2.0
        above = np.zeros((len(names), size))
        above[np.arange(len(names)), names] = 1.0
        above[np.arange(len(names)), first + np.arange(len(names))] = -1.0
        limit = np.array([distance.limit + signs @ distance.center])
        return np.vstack([total, above]), np.concatenate([limit, distance.center[names]])

    def read(self, result: piqp.Result, solved: bool, attempt: SolverAttempt) -> InteriorPoint:
        n, region = self.n, self.region
        x, y, z, slack = np.array(result.x[:n]), np.array(result.y), np.array(result.z_u), np.array(result.s_u)
        low, high = result.z_bl[:n] > result.s_bl[:n], result.z_bu[:n] > result.s_bu[:n]
        parked = np.where(low, region.lower, np.where(high, region.upper, np.nan))
        row_prices, tight = np.zeros(len(region.limits)), region.equality.copy()
        count = int(self.inequality.sum())
        row_prices[region.equality] = y
        row_prices[self.inequality] = z[:count]
        tight[self.inequality] = z[:count] > slack[:count]
        prices, active, row = [], [], count
        for distance, names, first in zip(region.distances, self.straddling, self.offsets, strict=False):
            prices.append(float(z[row]))
            active.append(bool(z[row] > slack[row]))
            if active[-1]:
                inside = slice(row + 1, row + 1 + len(names))
                own = slice(first, first + len(names))
                held = (z[inside] > slack[inside]) & (result.z_bl[own] > result.s_bl[own])
                at = names[held]
                parked[at] = np.where(np.isnan(parked[at]), distance.center[at], parked[at])
            row += 1 + len(names)
        leaning = Leaning(parked, tight, np.array(active, dtype=bool))
        return InteriorPoint(solved, x, row_prices, np.array(prices), leaning, attempt)


def _known_signs(distance: Distance, region: Polyhedron) -> Vector:
    """+1 where x can only be above the center, -1 where only below; shape (n,)."""
    return np.where(region.lower >= distance.center, 1.0, -1.0)


def _padded(rows: Matrix, size: int) -> Matrix:
    return np.hstack([rows, np.zeros((len(rows), size - rows.shape[1]))]) if size > rows.shape[1] else rows
