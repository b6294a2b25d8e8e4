"""Random quadratic programs with a point inside, and the conditions that their solutions meet."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels.interior_point import InteriorPoint, Polyhedron


@dataclass(frozen=True, eq=False)
class Program:
    """Minimise 1/2 x'Sx + linear'x over a polyhedron that holds ``inside``."""

    S: Matrix
    linear: Vector
    region: Polyhedron
    inside: Vector

    def value(self, x: Vector) -> float:
        return float(0.5 * x @ self.S @ x + self.linear @ x)


def random_program(seed: int, n: int | None = None, distances: int | None = None, bounded: bool = True) -> Program:
    """With a budget, some rows, bounds on all or some names, and up to two distances."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9)) if n is None else n
    loadings = rng.normal(0.3, 0.2, (n, 3))
    S = loadings @ loadings.T + np.diag(rng.uniform(0.05, 0.6, n))
    S /= 2.0 ** np.ceil(np.log2(np.diagonal(S).max()))
    inside = rng.dirichlet(np.ones(n))
    rows = rng.normal(size=(int(rng.integers(0, 3)), n))
    limits = rows @ inside + rng.exponential(0.05, len(rows))
    lower, upper = np.zeros(n), np.minimum(1.0, inside + rng.exponential(0.2, n))
    if not bounded:
        lower, upper = np.where(rng.random(n) < 0.5, -np.inf, 0.0), np.where(rng.random(n) < 0.5, np.inf, upper)
    count = int(rng.integers(0, 3)) if distances is None else distances
    centers = [rng.dirichlet(np.ones(n)), np.zeros(n)]
    region = Polyhedron(
        np.vstack([np.ones((1, n)), rows]),
        np.concatenate([[1.0], limits]),
        np.arange(len(rows) + 1) == 0,
        lower,
        upper,
        tuple(
            Distance(f"d{i}", center, float(np.abs(inside - center).sum() + rng.exponential(0.05)))
            for i, center in enumerate(centers[:count])
        ),
    )
    return Program(S, rng.normal(0.0, 0.1, n), region, inside)


def misfit(program: Program, x: Vector, row_prices: Vector, distance_prices: Vector) -> float:
    """By how much the worst of the conditions of optimality is broken: feasibility, signs, stationarity, slackness."""
    region = program.region
    room = region.limits - region.rows @ x
    reach = np.array([distance.limit - np.abs(x - distance.center).sum() for distance in region.distances])
    slope = program.S @ x + program.linear + region.rows.T @ row_prices
    left, right = slope.copy(), slope.copy()
    for price, distance in zip(distance_prices, region.distances, strict=True):
        left += price * np.where(x - distance.center > 1e-7, 1.0, -1.0)
        right += price * np.where(x - distance.center < -1e-7, -1.0, 1.0)
    prices = np.concatenate([row_prices[~region.equality], distance_prices])
    slack = np.concatenate([room[~region.equality], reach])
    broken = [
        np.abs(room[region.equality]),
        -slack,
        -prices,
        np.minimum(np.abs(prices), np.abs(slack)),
        region.lower - x,
        x - region.upper,
        np.where(x > region.lower + 1e-7, left, 0.0),
        np.where(x < region.upper - 1e-7, -right, 0.0),
    ]
    return float(np.concatenate(broken).max())


def misfit_of(program: Program, point: InteriorPoint) -> float:
    return misfit(program, point.x, point.row_prices, point.distance_prices)


def least_by_cvxpy(program: Program) -> float:
    """The least value by another modelling language and another solver."""
    import cvxpy as cp

    region = program.region
    x: Any = cp.Variable(len(program.linear))
    rules = [row @ x == limit if equal else row @ x <= limit for row, limit, equal in zip(*_rows(region), strict=True)]
    rules += [x[i] >= low for i, low in enumerate(region.lower) if np.isfinite(low)]
    rules += [x[i] <= high for i, high in enumerate(region.upper) if np.isfinite(high)]
    rules += [cp.norm1(x - distance.center) <= distance.limit for distance in region.distances]
    loss = 0.5 * cp.quad_form(x, cp.psd_wrap(program.S)) + program.linear @ x
    model = cp.Problem(cp.Minimize(loss), rules)
    model.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    return float(model.value)


def _rows(region: Polyhedron) -> tuple[Matrix, Vector, np.ndarray]:
    return region.rows, region.limits, region.equality
