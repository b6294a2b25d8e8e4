"""The optimum as a function of tau on one active set: x(tau) = a + tau d, exactly.

Minimise 1/2 x'Sx - tau m'x over a polyhedron. While the same limits bind, the solution moves on a line, and the
multipliers with it. Solving for the line polishes what an interior-point method left approximate, and lets a search
over tau (a Sharpe ratio, a volatility target) land on its answer instead of approaching it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dtrtrs

from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.interior_point import Leaning, Polyhedron

FEASIBLE = 1e-10
"""How far a polished point may be outside of a limit it does not lean on; then it is clipped to it."""
STANDING = 1e-12
"""Matrix and mean are scaled to 1, and so is a direction; one as short as this is rounding at a corner."""
SIGN = 1e-9
"""How far a multiplier may have the wrong sign, relative to the gradient: rounding at n = 1000 leaves 1e-12."""
ROUNDING = 1e-14
"""A gradient as small as this, matrix and mean being scaled to 1, is that of a portfolio without risk."""


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """x(tau) = start + tau direction, with the multipliers of the rows and distances that bind.

    Attributes:
        start: shape (n,).
        direction: shape (n,).
        row_start: multipliers at tau = 0; shape (m,).
        row_direction: shape (m,).
        distance_start: one per distance.
        distance_direction: one per distance.
    """

    start: Vector
    direction: Vector
    row_start: Vector
    row_direction: Vector
    distance_start: Vector
    distance_direction: Vector
    leaning: Leaning

    def at(self, tau: float) -> tuple[Vector, Vector, Vector]:
        """Weights, row multipliers and distance multipliers."""
        return (
            self.start + tau * self.direction,
            self.row_start + tau * self.row_direction,
            self.distance_start + tau * self.distance_direction,
        )


def piece(S: Matrix, m: Vector, region: Polyhedron, leaning: Leaning, x: Vector) -> Piece | None:
    """Solve for the line on which the given limits bind.

    Args:
        S: shape (n, n).
        m: shape (n,).
        region: the polyhedron.
        leaning: which limits bind.
        x: a point near the solution, for the side of each free name on the distances that bind; shape (n,).

    Returns:
        None where the equations have no solution.
    """
    free = np.flatnonzero(np.isnan(leaning.parked))
    held = np.flatnonzero(~np.isnan(leaning.parked))
    fixed = leaning.parked[held]
    rows = [region.rows[leaning.rows]]
    limits = [region.limits[leaning.rows] - region.rows[leaning.rows][:, held] @ fixed]
    for distance, active in zip(region.distances, leaning.distances, strict=True):
        if active:
            sign = np.where(x >= distance.center, 1.0, -1.0)
            rows.append(sign[None, :])
            spent = float(np.abs(fixed - distance.center[held]).sum())
            limits.append(np.array([distance.limit - spent + float(sign[free] @ distance.center[free])]))
    A, b = np.vstack(rows)[:, free], np.concatenate(limits)
    pull = S[np.ix_(free, held)] @ fixed if len(held) else np.zeros(len(free))
    solved = _equality_constrained(S[np.ix_(free, free)], A, np.column_stack([-pull, m[free]]), b)
    if solved is None:
        return None
    lines, prices = solved
    start, direction = leaning.parked.copy(), np.zeros(len(x))
    start[free], direction[free] = lines[:, 0], lines[:, 1]
    if float(np.abs(direction).max(initial=0.0)) <= STANDING:
        direction[:] = 0.0
    bound = int(leaning.rows.sum())
    row_prices, distance_prices = np.zeros((len(region.limits), 2)), np.zeros((len(region.distances), 2))
    row_prices[leaning.rows] = prices[:bound]
    distance_prices[leaning.distances] = prices[bound:]
    return Piece(
        start,
        direction,
        row_prices[:, 0],
        row_prices[:, 1],
        distance_prices[:, 0],
        distance_prices[:, 1],
        leaning,
    )


def _equality_constrained(S: Matrix, A: Matrix, linear: Matrix, b: Vector) -> tuple[Matrix, Matrix] | None:
    """Minimise 1/2 x'Sx - linear'x over A x = b, with b for the first column of ``linear`` and 0 for the second.

    Returns:
        Solutions, shape (f, 2), and multipliers of A, shape (r, 2); None where S or the rows fail.
    """
    targets = np.column_stack([b, np.zeros_like(b)])
    if not len(S):
        return np.zeros((0, 2)), np.zeros((len(A), 2))
    try:
        factor = np.asarray(np.linalg.cholesky(S), dtype=float)
        whitened = _forward(factor, np.hstack([linear, A.T]))
        u, V = whitened[:, :2], whitened[:, 2:]
        if len(A):
            prices = np.asarray(np.linalg.lstsq(V.T @ V, V.T @ u - targets, rcond=None)[0], dtype=float)
            u = u - V @ prices
        else:
            prices = np.zeros((0, 2))
        lines = _backward(factor, u)
    except np.linalg.LinAlgError:
        return None
    if len(A) and float(np.abs(A @ lines - targets).max()) > FEASIBLE:
        return None
    return lines, prices


def _forward(factor: Matrix, right: Matrix) -> Matrix:
    """Solve L x = right. The transpose of a row-major L is the column-major matrix that LAPACK wants, uncopied."""
    solution: Matrix = dtrtrs(factor.T, right, lower=0, trans=1)[0]
    return solution


def _backward(factor: Matrix, right: Matrix) -> Matrix:
    """Solve L'x = right."""
    solution: Matrix = dtrtrs(factor.T, right, lower=0, trans=0)[0]
    return solution


def holds(S: Matrix, m: Vector, region: Polyhedron, line: Piece, tau: float) -> bool:
    """Whether the same limits bind at tau: the point is inside the others, and no multiplier has the wrong sign."""
    x, row_prices, distance_prices = line.at(tau)
    if not _inside(region, x):
        return False
    gradient = S @ x - tau * m
    scale = max(SIGN * max(float(np.abs(gradient).max()), float(np.abs(tau * m).max())), ROUNDING)
    slope = gradient + region.rows.T @ row_prices
    down, up = slope.copy(), slope.copy()
    for price, distance in zip(distance_prices, region.distances, strict=True):
        away = x - distance.center
        down += price * np.where(away > FEASIBLE, 1.0, -1.0)
        up += price * np.where(away < -FEASIBLE, -1.0, 1.0)
    parked = ~np.isnan(line.leaning.parked)
    # Going down from a parked place must not pay, but where a bound forbids it; and the same going up.
    improves_down = parked & (down > scale) & (x > region.lower + FEASIBLE)
    improves_up = parked & (up < -scale) & (x < region.upper - FEASIBLE)
    prices = np.concatenate([row_prices[~region.equality], distance_prices])
    return not improves_down.any() and not improves_up.any() and float(prices.min(initial=0.0)) >= -scale


def pivoted(S: Matrix, m: Vector, region: Polyhedron, line: Piece, tau: float) -> Leaning | None:
    """Which limits bind at a tau where those of the piece do not: what is broken binds, what pulls away does not.

    All that is wrong is set right at once (Judice and Pires 1994); from a tau close by a few rounds end on the piece
    that holds. None with distances, whose names have more places to rest.
    """
    if region.distances:
        return None
    x, row_prices, _ = line.at(tau)
    gradient = S @ x - tau * m
    slope = gradient + region.rows.T @ row_prices
    scale = SIGN * float(np.abs(gradient).max())
    parked, tight = line.leaning.parked, line.leaning.rows
    pulls_away = np.where(parked <= region.lower, slope < -scale, slope > scale)
    free = np.isnan(parked)
    parked = np.where(~free & pulls_away & (region.lower < region.upper), np.nan, parked)
    parked = np.where(free & (x < region.lower), region.lower, parked)
    parked = np.where(free & (x > region.upper), region.upper, parked)
    broken = region.rows @ x - region.limits > FEASIBLE
    rows = region.equality | np.where(tight, row_prices >= -scale, broken)
    return Leaning(parked, rows, line.leaning.distances)


def _inside(region: Polyhedron, x: Vector) -> bool:
    size = max(1.0, float(np.abs(x).max()))
    outside = max(float((region.lower - x).max()), float((x - region.upper).max()))
    over = region.rows @ x - region.limits
    outside = max(outside, float(np.where(region.equality, np.abs(over), over).max(initial=0.0)))
    for distance in region.distances:
        outside = max(outside, distance.excess(x))
    return outside <= FEASIBLE * size
