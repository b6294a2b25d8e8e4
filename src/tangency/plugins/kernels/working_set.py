"""Where to look: at large n most names rest somewhere, and the program over the few that do not is all there is.

A name rests on a bound, or at the center of a distance (its current weight, or nothing). A first guess parks names
there; the program over the others is solved, the slopes at every parked name are priced, and those that would rather
move join. The certificate over all names is the judge.
"""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels.interior_point import InteriorPoint, Leaning, Polyhedron, interior_point

SMALLEST_SIZE = 128
"""Below, the whole program is solved in under 0.6 ms, and guessing costs more than it saves."""
SMALLEST_SPLIT_SIZE = 32
"""The same with a distance, whose names count twice and bring a row each."""
LARGEST_SHARE = 0.8
"""Once so many names are free, the whole program is as quick."""
NEAR = 8
"""Names that start free on either side of the turning point in the ranking by slope, where there are many."""
NEAR_SHARE = 5
"""Of a few names, one in so many: with 20 names a sixth of the pieces less than with eight on either side. Up to 16
names all start free, since a portfolio without risk, where returns are few as well, may need one that is left out."""
FIRST_MOVERS = 12
"""Names that start free at either end of the ranking by slope; doubled while the program over them has no solution."""
MOST_ROUNDS = 40
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
    n = len(linear)
    if parked is None and n >= (SMALLEST_SPLIT_SIZE if region.distances else SMALLEST_SIZE):
        parked = _resting(S, linear, region, FIRST_MOVERS) if region.distances else ranked(S, linear, region)
    movers = FIRST_MOVERS
    for _ in range(MOST_ROUNDS):
        if parked is None or np.isnan(parked).mean() > LARGEST_SHARE:
            break
        point = _restricted(S, linear, region, tolerance, parked)
        if point.solved:
            moving = _would_move(S, linear, region, point, parked)
            if not moving.size:
                return point
            parked = parked.copy()
            parked[moving] = np.nan
        else:
            movers *= 2
            parked = _resting(S, linear, region, movers) if region.distances else None
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
        tuple(_among(distance, names, held, values) for distance in region.distances),
    )
    moved = held[values != 0.0]
    pull = S[np.ix_(names, moved)] @ parked[moved]
    point = interior_point(S[np.ix_(names, names)], linear[names] + pull, inner, tolerance)
    x, rest = parked.copy(), parked.copy()
    x[names], rest[names] = point.x, point.leaning.parked
    leaning = Leaning(rest, point.leaning.rows, point.leaning.distances)
    return InteriorPoint(point.solved, x, point.row_prices, point.distance_prices, leaning, point.attempt)


def _among(distance: Distance, names: np.ndarray, held: np.ndarray, values: Vector) -> Distance:
    """What a distance leaves for the names that are not held."""
    spent = float(np.abs(values - distance.center[held]).sum())
    return Distance(distance.id, distance.center[names], distance.limit - spent)


def _would_move(S: Matrix, linear: Vector, region: Polyhedron, point: InteriorPoint, parked: Vector) -> np.ndarray:
    """The parked names for which moving pays, most gainful first, and at most half as many as are free already."""
    held = np.flatnonzero(point.x)
    gradient = S[:, held] @ point.x[held] + linear if len(held) * 2 < len(linear) else S @ point.x + linear
    slope = gradient + region.rows.T @ point.row_prices
    down, up = slope, slope
    for price, distance in zip(point.distance_prices, region.distances, strict=True):
        down = down + price * np.where(parked > distance.center, 1.0, -1.0)
        up = up + price * np.where(parked < distance.center, -1.0, 1.0)
    gain = np.maximum(np.where(parked > region.lower, down, -np.inf), np.where(parked < region.upper, -up, -np.inf))
    gain = np.where(np.isnan(parked), -np.inf, gain)
    worst = np.argsort(-gain)[: max(40, int(np.isnan(parked).sum()) // 2)]
    least = SLOPE * float(np.abs(gradient).max())
    return worst[gain[worst] > least]


def _resting(S: Matrix, linear: Vector, region: Polyhedron, movers: int) -> Vector | None:
    """Every name at its current weight (or at none), but those out of bounds there and the best to buy or sell."""
    center = max(region.distances, key=lambda distance: float(np.abs(distance.center).sum())).center
    if 2 * movers >= len(center):
        return None
    around = center if center.any() else np.full(len(center), 1.0 / len(center))
    ranking = np.argsort(S @ around + linear)
    parked = np.where((center >= region.lower) & (center <= region.upper), center, np.nan)
    parked[ranking[:movers]] = parked[ranking[-movers:]] = np.nan
    return parked


def ranked(S: Matrix, linear: Vector, region: Polyhedron) -> Vector:
    """Names parked at bounds by their slopes at the even portfolio, with those free that are near the turning point.

    From the most wanted name on they are filled to their upper bounds until the budget is spent; the others rest at
    their lower ones. Where there is no budget, or a name has no lower bound, every name is free.
    """
    n, budget = len(linear), _budget(region)
    if budget is None or not np.isfinite(region.lower).all():
        return np.full(n, np.nan)
    even = np.minimum(np.maximum(budget / n, region.lower), region.upper)
    order = np.argsort(S @ even + linear)
    spent = np.cumsum((region.upper - region.lower)[order]) + float(region.lower.sum())
    turn = int(np.searchsorted(spent, budget))
    parked = region.lower.copy()
    parked[order[:turn]] = region.upper[order[:turn]]
    near = NEAR if n <= 2 * NEAR else min(NEAR, n // NEAR_SHARE)
    parked[order[max(0, turn - near) : turn + near]] = np.nan
    return parked


def _budget(region: Polyhedron) -> float | None:
    for row, limit, equality in zip(region.rows, region.limits, region.equality, strict=True):
        if equality and (row == row[0]).all() and row[0] != 0:
            return float(limit / row[0])
    return None
