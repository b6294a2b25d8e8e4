"""Clarabel on any mean-variance problem, risk caps as second-order cones: the second solver of the default policy.

Variables are (y, k, p_1, p_2, ...) with the portfolio y / k. Every limit b stands as b k, so that fixing k = 1 gives
the problem itself, and fixing the excess mean of y at 1 with k free gives maximum Sharpe (Charnes and Cooper 1962)
with every limit intact: a limit that is not scaled along with y would be a different limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import clarabel
import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular

from tangency.domain.market.covariance import Covariance
from tangency.domain.numbers import Vector, power_of_two_near
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Region
from tangency.domain.risk.volatility import covariance_of
from tangency.plugins.kernels.endings import CLARABEL

VANISHING = 1e-8
"""A scale k below this, next to a y of order 1, is a portfolio that runs away: the best ratio is not reached."""

Sparse: TypeAlias = Any
"""SciPy's sparse matrices and Clarabel's cones and results have no types."""


@dataclass(frozen=True, eq=False, slots=True)
class ConicPoint:
    """Where Clarabel ended, in the units of the problem.

    Attributes:
        status: our word for the solver's.
        weights: shape (n,); None without a point.
        multipliers: by constraint id, for the loss risk_weight / 2 x'Sx - m'x; or, for a ratio, theta sigma - m'x.
        cuts: by id of a risk cap, where it touches.
    """

    status: str
    weights: Vector | None
    multipliers: dict[str, float]
    cuts: dict[str, Vector]
    attempt: SolverAttempt


def conic(
    covariance: Covariance,
    mean: Vector,
    risk_weight: float,
    region: Region,
    ratio: bool,
    tolerance: float,
    time_limit_s: float,
) -> ConicPoint:
    """Minimise risk_weight / 2 x'Sx - mean'x, or maximise mean'x / sqrt(x'Sx) where ``ratio``.

    Args:
        covariance: over n names.
        mean: shape (n,); excess means for a ratio.
        risk_weight: ignored for a ratio.
        region: with its risk caps.
        ratio: which of the two.
        tolerance: absolute and relative, on residuals and gap.
        time_limit_s: asked of the solver, which keeps it loosely.
    """
    program = _Program(covariance, mean, risk_weight, region, ratio)
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.time_limit, settings.max_threads = False, time_limit_s, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    started = perf_counter()
    solver = clarabel.DefaultSolver(program.P, program.q, program.A, program.b, program.cones, settings)
    result = solver.solve()
    spent = 1e3 * (perf_counter() - started)
    status = CLARABEL.get(str(result.status), "numerical_error")
    return program.read(result, status, SolverAttempt("clarabel", status, int(result.iterations), spent))


class _Program:
    def __init__(self, covariance: Covariance, mean: Vector, risk_weight: float, region: Region, ratio: bool) -> None:
        self.n, self.region, self.ratio, self.covariance = region.size, region, ratio, covariance
        n = self.n
        self.variance_unit = power_of_two_near(float(covariance.variances.max()))
        self.mean_unit = power_of_two_near(float(np.abs(mean).max()))
        risk = self.variance_unit if ratio else risk_weight * self.variance_unit
        self.loss_unit = 1.0 if ratio else max(risk, self.mean_unit if mean.any() else 0.0) or 1.0
        self.size = n + 1 + n * len(region.distances)
        scaled = covariance.dense() * ((1.0 / self.variance_unit) if ratio else risk_weight / self.loss_unit)
        upper = sparse.triu(sparse.csc_matrix(scaled), format="csc")
        self.P = sparse.block_diag([upper, sparse.csc_matrix((self.size - n, self.size - n))], format="csc")
        self.q = np.zeros(self.size)
        if not ratio:
            self.q[:n] = -mean / self.loss_unit
        self.blocks: list[tuple[Sparse, Vector]] = []
        self.cones: list[Sparse] = []
        self.places: dict[str, tuple[int, float]] = {}
        self.rows = 0
        self._normalise(mean)
        self._add_rows()
        self._add_bounds()
        self._add_distances()
        self._add_caps()
        self.A = sparse.vstack([block for block, _ in self.blocks], format="csc")
        self.b = np.concatenate([limit for _, limit in self.blocks])

    def _add(self, block: Sparse, limit: Vector, cone: Sparse) -> int:
        first = self.rows
        self.blocks.append((block, limit))
        self.cones.append(cone)
        self.rows += len(limit)
        return first

    def _normalise(self, mean: Vector) -> None:
        """k = 1, or mean'y = 1 with k >= 0."""
        row = sparse.lil_matrix((1, self.size))
        if self.ratio:
            row[0, : self.n] = mean / self.mean_unit
        else:
            row[0, self.n] = 1.0
        self._add(row.tocsc(), np.ones(1), clarabel.ZeroConeT(1))
        if self.ratio:
            sign = sparse.lil_matrix((1, self.size))
            sign[0, self.n] = -1.0
            self._add(sign.tocsc(), np.zeros(1), clarabel.NonnegativeConeT(1))

    def _linear(self, coefficients: Sparse, limits: Vector) -> Sparse:
        """Coefficients over y, and -limits over k; shape (rows, size)."""
        rest = sparse.csc_matrix((len(limits), self.size - self.n - 1))
        return sparse.hstack([sparse.csc_matrix(coefficients), sparse.csc_matrix(-limits[:, None]), rest], format="csc")

    def _add_rows(self) -> None:
        for row in self.region.rows:
            unit = power_of_two_near(float(np.abs(row.coefficients).max()))
            block = self._linear(row.coefficients[None, :] / unit, np.array([row.limit / unit]))
            cone = clarabel.ZeroConeT(1) if row.equality else clarabel.NonnegativeConeT(1)
            self.places[row.id] = self._add(block, np.zeros(1), cone), unit

    def _add_bounds(self) -> None:
        for sign, bound in ((-1.0, self.region.lower), (1.0, self.region.upper)):
            names = np.flatnonzero(np.isfinite(bound))
            if len(names):
                entries = np.full(len(names), sign), (np.arange(len(names)), names)
                pick = sparse.csc_matrix(entries, (len(names), self.n))
                block = self._linear(pick, sign * bound[names])
                self._add(block, np.zeros(len(names)), clarabel.NonnegativeConeT(len(names)))

    def _add_distances(self) -> None:
        """p >= |y - c k| name by name, and sum p <= T k."""
        n, eye = self.n, sparse.eye(self.n, format="csc")
        for position, distance in enumerate(self.region.distances):
            first = n + 1 + position * n
            for sign in (1.0, -1.0):
                block = self._linear(sign * eye, sign * distance.center).tolil()
                block[np.arange(n), first + np.arange(n)] = -1.0
                self._add(block.tocsc(), np.zeros(n), clarabel.NonnegativeConeT(n))
            total = sparse.lil_matrix((1, self.size))
            total[0, first : first + n] = 1.0
            total[0, n] = -distance.limit
            self.places[distance.id] = self._add(total.tocsc(), np.zeros(1), clarabel.NonnegativeConeT(1)), 1.0

    def _add_caps(self) -> None:
        """(limit k, L'y) in the second-order cone."""
        for cap in self.region.caps:
            unit = power_of_two_near(float(np.sqrt(covariance_of(cap.risk).variances.max())))
            top = self._linear(np.zeros((1, self.n)), np.array([cap.limit / unit]))
            rest = self._linear(-covariance_of(cap.risk).factor().T / unit, np.zeros(self.n))
            block = sparse.vstack([top, rest], format="csc")
            self.places[cap.id] = self._add(block, np.zeros(self.n + 1), clarabel.SecondOrderConeT(self.n + 1)), unit

    def read(self, result: Sparse, status: str, attempt: SolverAttempt) -> ConicPoint:
        y, prices = np.array(result.x), np.array(result.z)
        scale = float(y[self.n])
        if status not in ("solved", "almost_solved"):
            return ConicPoint(status, None, {}, {}, attempt)
        if scale <= VANISHING * max(1.0, float(np.abs(y[: self.n]).max())):
            return ConicPoint("unbounded", None, {}, {}, attempt)
        weights = y[: self.n] / scale
        unit = self._price_unit(y)
        multipliers, cuts = {}, {}
        for key, (place, row_unit) in self.places.items():
            multipliers[key] = float(prices[place]) * unit / row_unit
        for cap in self.region.caps:
            place, row_unit = self.places[cap.id]
            q = -prices[place + 1 : place + 1 + self.n]
            multipliers[cap.id] = float(np.linalg.norm(q)) * unit / row_unit
            cuts[cap.id] = solve_triangular(
                covariance_of(cap.risk).factor(), q, lower=True, trans=1, check_finite=False
            )
        weights = np.clip(weights, self.region.lower, self.region.upper)
        return ConicPoint(status, weights, multipliers, cuts, attempt)

    def _price_unit(self, y: Vector) -> float:
        """From multipliers of the scaled program to those of the loss."""
        if not self.ratio:
            return self.loss_unit
        # S y / v = lambda m / u - A'z with lambda = y'Sy / v; dividing by lambda / u leaves theta / sigma S x - m.
        position = y[: self.n]
        variance = float(position @ self.covariance.times(position)) / self.variance_unit
        return self.mean_unit / variance if variance > 0 else 0.0
