"""Where to look: at large n most names rest on a bound, and the program over the few that do not is all there is.

A first guess from projected gradients parks names at their bounds. The program over the rest is solved, the slope at
every parked name is priced, and those that would rather move join. The certificate over all names is the judge.
"""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.interior_point import InteriorPoint, Leaning, Polyhedron, interior_point

SMALLEST_SIZE = 128
"""Below, the whole program is solved in under 0.6 ms, and guessing costs more than it saves."""
GUESS_STEPS = 25
NEWTON_STEPS = 30
PROJECTED = 1e-9
MOST_ROUNDS = 25
SLOPE = 1e-9
"""Relative to the gradient: slopes below it are rounding."""


def solve(S: Matrix, linear: Vector, region: Polyhedron, tolerance: float, parked: Vector | None) -> InteriorPoint:
    """Minimise 1/2 x'Sx + linear'x over a polyhedron.

    Args:
        S: shape (n, n).
        linear: shape (n,).
        region: the feasible set.
        tolerance: of the interior-point method.
        parked: a guess of where names rest, NaN where they do not; shape (n,).
    """
    if parked is None and len(linear) >= SMALLEST_SIZE:
        parked = _guess(S, linear, region)
    for _ in range(MOST_ROUNDS):
        if parked is None or np.isnan(parked).mean() > 0.8:  # noqa: PLR2004 - past this the whole program is as quick
            break
        point = _restricted(S, linear, region, tolerance, parked)
        if not point.solved:
            break
        moving = _would_move(S, linear, region, point, parked)
        if not moving.size:
            return point
        parked = np.where(np.isin(np.arange(len(linear)), moving), np.nan, parked)
    return interior_point(S, linear, region, tolerance)


def _restricted(S: Matrix, linear: Vector, region: Polyhedron, tolerance: float, parked: Vector) -> InteriorPoint:
    """The program over the names that are not parked, as a point over all names."""
    names, held = np.flatnonzero(np.isnan(parked)), np.flatnonzero(~np.isnan(parked))
    values = parked[held]
    inner = Polyhedron(
        region.rows[:, names],
        region.limits - region.rows[:, held] @ values,
        region.equality,
        region.lower[names],
        region.upper[names],
        (),
    )
    moved = held[values != 0.0]
    pull = S[np.ix_(names, moved)] @ parked[moved]
    point = interior_point(S[np.ix_(names, names)], linear[names] + pull, inner, tolerance)
    x, rest = parked.copy(), parked.copy()
    x[names], rest[names] = point.x, point.leaning.parked
    leaning = Leaning(rest, point.leaning.rows, point.leaning.distances)
    return InteriorPoint(point.solved, x, point.row_prices, point.distance_prices, leaning, point.attempt)


def _would_move(S: Matrix, linear: Vector, region: Polyhedron, point: InteriorPoint, parked: Vector) -> np.ndarray:
    """The parked names whose slope says that moving off their bound pays, worst first, at most as many as are free."""
    held = np.flatnonzero(point.x)
    gradient = S[:, held] @ point.x[held] + linear if len(held) * 2 < len(linear) else S @ point.x + linear
    slope = gradient + region.rows.T @ point.row_prices
    gain = np.where(parked <= region.lower, -slope, slope)
    gain = np.where(np.isnan(parked), -np.inf, gain)
    worst = np.argsort(-gain)[: max(40, int(np.isnan(parked).sum()) // 2)]
    least = SLOPE * float(np.abs(gradient).max())
    return worst[gain[worst] > least]


def _guess(S: Matrix, linear: Vector, region: Polyhedron) -> Vector | None:
    """Names parked at bounds by accelerated projected gradients on the budget and the box; None where they rule it out.

    FISTA (Beck and Teboulle 2009), with the projection onto a box cut by a plane found by bisection on its multiplier.
    """
    budget = _budget(region)
    bounded = np.isfinite(region.lower).all() and np.isfinite(region.upper).all()
    if region.distances or budget is None or not bounded:
        return None
    if not region.lower.sum() <= budget <= region.upper.sum():
        return None
    x, shift = _onto(np.full(len(linear), budget / len(linear)), budget, region, 0.0)
    step, y, momentum = 1.0 / _largest_eigenvalue(S), x, 1.0
    for _ in range(GUESS_STEPS):
        ahead, shift = _onto(y - step * (S @ y + linear), budget, region, shift)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        y, x, momentum = ahead + (momentum - 1.0) / following * (ahead - x), ahead, following
    return np.where(x <= region.lower, region.lower, np.where(x >= region.upper, region.upper, np.nan))


def _budget(region: Polyhedron) -> float | None:
    for row, limit, equality in zip(region.rows, region.limits, region.equality, strict=True):
        if equality and (row == row[0]).all() and row[0] != 0:
            return float(limit / row[0])
    return None


def _onto(point: Vector, budget: float, region: Polyhedron, shift: float) -> tuple[Vector, float]:
    """The nearest point with the budget inside the bounds: shift all names alike, and clip.

    The sum is piecewise linear in the shift, so Newton's method ends on the right piece after a few steps; bisection
    keeps it inside the bracket.

    Args:
        point: shape (n,).
        budget: what the projection sums to.
        region: for its bounds.
        shift: where to begin; that of the last projection is close.
    """
    low, high = float((region.lower - point).min()), float((region.upper - point).max())
    shift = min(max(shift, low), high)
    for _ in range(NEWTON_STEPS):
        moved = point + shift
        clipped = np.minimum(np.maximum(moved, region.lower), region.upper)
        missing = budget - float(clipped.sum())
        if abs(missing) <= PROJECTED:
            return clipped, shift
        low, high = (shift, high) if missing > 0 else (low, shift)
        inside = int((clipped == moved).sum())
        shift += missing / inside if inside else np.inf
        if not low < shift < high:
            shift = 0.5 * (low + high)
    return np.minimum(np.maximum(point + high, region.lower), region.upper), high


def _largest_eigenvalue(S: Matrix) -> float:
    direction = np.sqrt(np.diagonal(S)) + np.finfo(float).tiny
    estimate = 0.0
    for _ in range(8):
        direction = direction / np.linalg.norm(direction)
        image = S @ direction
        estimate, direction = float(direction @ image), image
    return 1.05 * estimate + np.finfo(float).tiny
