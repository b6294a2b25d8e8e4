"""Corners at which more limits meet than it takes to hold a portfolio: their multipliers are many, and few will do.

A sector whose names all stand at their bounds, and whose limit is just what these add up to, is held twice. The
equations of a piece share its cost between the limits as they like, and what they like may have the wrong sign.
"""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.active_set import SIGN, Piece, inside
from tangency.plugins.kernels.interior_point import Leaning, Polyhedron

DEPENDENT = 1e-10
"""Relative: rows that differ by no more than this on the free names are held to say the same of them."""


def settled(region: Polyhedron, line: Piece, tau: float) -> Leaning | None:
    """The limits to lean on at a corner: as few as tell the multipliers, and each pulling as a limit does.

    Of all multipliers that prove the point the least are taken, at a vertex of theirs: a name on a bound that costs
    nothing there is let go, a row that costs nothing does not bind. The point stays where it is.

    Returns:
        None with distances that bind, where the multipliers have no choice, and where none of them prove the point.
    """
    if line.leaning.distances.any():
        return None
    parked, binding = line.leaning.parked, line.leaning.rows.nonzero()[0]
    choices = _choices(region.rows.take(binding, axis=0)[:, np.isnan(parked)])
    if not len(choices):
        return None
    x, prices, _ = line.at(tau)
    if not inside(region, x):
        return None
    rows = region.rows[binding]
    slope = line.gradient(tau) + prices @ region.rows
    # Nothing to gain on a bound, nor from a limit: a parked name's slope and an unequal row's price are not negative.
    held = (~np.isnan(parked) & (region.lower < region.upper)).nonzero()[0]
    side = np.where(parked[held] <= region.lower[held], 1.0, -1.0)
    unequal = (~region.equality[binding]).nonzero()[0]
    costs = np.concatenate([side * slope[held], prices[binding][unequal]])
    changes = np.concatenate([side * (choices @ rows)[:, held], choices[:, unequal]], axis=1)
    chosen = _least(costs, changes, len(held))
    if chosen is None:
        return None
    scale = SIGN * max(float(np.abs(line.gradient(tau)).max()), tau * float(np.abs(line.mean).max()))
    free = (np.abs(changes).max(axis=0) > DEPENDENT) & (costs + chosen @ changes <= scale)
    names, tight = parked.copy(), line.leaning.rows.copy()
    names[held[free[: len(held)]]] = np.nan
    tight[binding[unequal[free[len(held) :]]]] = False
    return Leaning(names, tight, line.leaning.distances)


def _choices(rows: Matrix) -> Matrix:
    """Sums of the rows that come to nothing on the free names; shape (d, r) for rows of shape (r, f)."""
    if len(rows) == 1 and rows.any():
        return np.zeros((0, 1))  # most often, as of the budget
    _, sizes, vectors = np.linalg.svd(rows.T, full_matrices=rows.shape[0] > rows.shape[1])
    rank = int(np.count_nonzero(sizes > DEPENDENT * sizes.max(initial=0.0)))
    return np.asarray(vectors[rank:], dtype=float)


def _least(costs: Vector, changes: Matrix, names: int) -> Vector | None:
    """How much of each choice to take, shape (d,), that no cost be negative and those of the rows be least."""
    from scipy.optimize import linprog

    found = linprog(changes[:, names:].sum(axis=1), A_ub=-changes.T, b_ub=costs, bounds=(None, None), method="highs-ds")
    return np.asarray(found.x, dtype=float) if found.status == 0 else None
