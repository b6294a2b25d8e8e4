"""The optimum as a function of tau on one active set: x(tau) = a + tau d, exactly.

Minimise 1/2 x'Sx - tau m'x over a polyhedron. While the same limits bind, the solution moves on a line, and the
multipliers with it. Solving for the line polishes what an interior-point method left approximate, and lets a search
over tau (a Sharpe ratio, a volatility target) land on its answer instead of approaching it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtrs

from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.interior_point import Leaning, Polyhedron

FEASIBLE = 1e-10
"""How far a polished point may be outside of a limit it does not lean on; then it is clipped to it."""
STANDING = 1e-12
"""Matrix and mean are scaled to 1, and so is a direction; one as short as this is rounding at a corner. So is one whose
product with the matrix is: where that is singular, rounding goes far."""
SIGN = 1e-11
"""How far a multiplier may have the wrong sign, relative to the gradient: rounding at n = 1000 leaves 1e-12. What tells
portfolios apart that a singular covariance does not (see ``ties``) is above it."""
ROUNDING = 1e-14
"""A gradient as small as this, matrix and mean being scaled to 1, is that of a portfolio without risk."""
NEARLY_SINGULAR = 1e-2
"""A smallest pivot of a matrix that is scaled to 1: of sixteen digits it takes four, as many as go with little risk."""
CANCELLED = 1e-8
"""Of how far a direction would go were no limit in its way: where limits leave less than this, what rounding put in its
place may be all there is, and would be followed to another corner that earns as much."""
REFINEMENTS = 2
"""Each puts back what rounding took, but for the same part of that."""
FEWEST_LET_GO = 40
"""Names that may be let go at once however few are free; else half as many as are free."""
SPARSE = 3
"""A product with a matrix reads less from copies of the rows that count where these are under a third."""


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
        image_start: S start; shape (n,).
        image_direction: S direction; shape (n,).
        mean: m; shape (n,).
    """

    start: Vector
    direction: Vector
    row_start: Vector
    row_direction: Vector
    distance_start: Vector
    distance_direction: Vector
    image_start: Vector
    image_direction: Vector
    mean: Vector
    leaning: Leaning

    def at(self, tau: float) -> tuple[Vector, Vector, Vector]:
        """Weights, row multipliers and distance multipliers."""
        return (
            self.start + tau * self.direction,
            self.row_start + tau * self.row_direction,
            self.distance_start + tau * self.distance_direction,
        )

    def gradient(self, tau: float) -> Vector:
        """S x - tau m; shape (n,)."""
        return self.image_start + tau * (self.image_direction - self.mean)


def piece(
    S: Matrix, m: Vector, region: Polyhedron, leaning: Leaning, x: Vector, apart: Matrix | None = None
) -> Piece | None:
    """Solve for the line on which the given limits bind.

    Args:
        S: shape (n, n).
        m: shape (n,).
        region: the polyhedron.
        leaning: which limits bind.
        x: a point near the solution, for the side of each free name on the distances that bind; shape (n,).
        apart: a matrix near S to factor in its place, where S is singular; refinements lead from its solution to one
            for S, and choose none among several.

    Returns:
        None where the equations have no solution.
    """
    moves = np.isnan(leaning.parked)
    free, binding = moves.nonzero()[0], leaning.rows.nonzero()[0]
    lines = np.zeros((2, len(x)))
    np.copyto(lines[0], leaning.parked, where=~moves)
    A = region.rows.take(binding, axis=0)
    b = region.limits.take(binding) - A @ lines[0]
    if region.distances:
        signs, rooms = _binding_distances(region, leaning, x, ~moves)
        A, b = np.concatenate([A, signs]), np.concatenate([b, rooms])
    A = A.take(free, axis=1)
    pull, columns = _image(S, lines[0]), S.take(free, axis=0)
    linear = np.array([-pull.take(free), m.take(free)])
    factored = columns if apart is None else apart.take(free, axis=0)
    solved = _equality_constrained(columns, factored, free, A, linear, b)
    if solved is None:
        return None
    moving, prices = solved
    images = moving @ columns
    if not (np.abs(moving[1]) > STANDING).any() or not (np.abs(images[1].take(free)) > STANDING).any():
        moving[1] = images[1] = 0.0
    lines[:, free] = moving
    row_prices, distance_prices = np.zeros((2, len(region.limits))), np.zeros((2, len(region.distances)))
    row_prices[:, binding] = prices[: len(binding)].T
    distance_prices[:, leaning.distances] = prices[len(binding) :].T
    return Piece(
        lines[0],
        lines[1],
        row_prices[0],
        row_prices[1],
        distance_prices[0],
        distance_prices[1],
        pull + images[0],
        images[1],
        m,
        leaning,
    )


def _binding_distances(
    region: Polyhedron, leaning: Leaning, x: Vector, resting: NDArray[np.bool_]
) -> tuple[Matrix, Vector]:
    """The distances that bind as rows of signs, and what the resting names leave of their limits."""
    signs, rooms = [], []
    for distance, active in zip(region.distances, leaning.distances, strict=True):
        if active:
            sign = np.where(x >= distance.center, 1.0, -1.0)
            spent = float(np.abs(leaning.parked - distance.center)[resting].sum())
            signs.append(sign)
            rooms.append(distance.limit - spent + float(sign[~resting] @ distance.center[~resting]))
    return np.array(signs).reshape(-1, len(x)), np.array(rooms)


def _image(S: Matrix, x: Vector) -> Vector:
    """S x, from the rows of the names that x holds where these are few; shape (n,)."""
    held = x.nonzero()[0]
    if not len(held):
        return np.zeros(len(x))
    product: Vector = x[held] @ S[held] if len(held) * SPARSE < len(x) else S @ x
    return product


def _equality_constrained(
    columns: Matrix, factored: Matrix, free: NDArray[np.intp], A: Matrix, linear: Matrix, b: Vector
) -> tuple[Matrix, Matrix] | None:
    """Minimise 1/2 x'Sx - linear'x over A x = b, with b for the first row of ``linear`` and 0 for the second.

    Args:
        columns: of S, those of the free names, as rows; shape (f, n).
        factored: the same of the matrix to factor, S itself or one near it; shape (f, n).
        free: the names that x is over; shape (f,).
        A: shape (r, f).
        linear: shape (2, f).
        b: shape (r,).

    Returns:
        Solutions, shape (2, f), and multipliers of A, shape (r, 2); None where S or the rows fail.
    """
    if not len(free):
        return np.zeros((2, 0)), np.zeros((len(A), 2))
    # S is symmetric, and its transpose the column-major matrix that LAPACK takes without a copy.
    factor, failed = dpotrf(factored.take(free, axis=1).T, lower=1, clean=0, overwrite_a=1)
    if failed:
        return None
    whitened = dtrtrs(factor, np.concatenate([linear, A]).T, lower=1, overwrite_b=1)[0]
    u, V = whitened[:, :2], whitened[:, 2:]
    right = np.zeros((len(A), 2))
    right[:, 0] = b
    lines, prices = _on_factor(factor, u, V, right)
    smallest = float(np.diagonal(factor).min())
    left, whole = lines[:, 1], u[:, 1]
    cancelled = smallest**2 * float(left @ left) < CANCELLED**2 * float(whole @ whole)
    if factored is not columns or smallest < NEARLY_SINGULAR or cancelled:
        S = columns.take(free, axis=1)
        for _ in range(REFINEMENTS):
            residual = dtrtrs(factor, linear.T - S @ lines - A.T @ prices, lower=1)[0]
            step, change = _on_factor(factor, residual, V, right - A @ lines)
            lines, prices = lines + step, prices + change
    missed = A @ lines - right
    reach = np.maximum(1.0, np.abs(lines).max(axis=0))
    # Also where rounding has left no number at all.
    return (lines.T, prices) if (np.abs(missed) <= FEASIBLE * reach).all() else None


def _on_factor(factor: Matrix, u: Matrix, V: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """x and p with S x + A'p = L u and A x = right, for the factor L of S and V with L V = A'."""
    prices = _least_squares(V.T @ V, V.T @ u - right)
    return dtrtrs(factor, u - V @ prices, lower=1, trans=1)[0], prices


def _least_squares(gram: Matrix, right: Matrix) -> Matrix:
    """The shortest solution of gram x = right: rows that repeat each other share their multiplier."""
    if len(gram) == 1:
        return right / gram if gram[0, 0] > 0 else np.zeros_like(right)
    try:
        return np.asarray(np.linalg.lstsq(gram, right, rcond=None)[0], dtype=float)
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)


def inside(region: Polyhedron, x: Vector) -> bool:
    """Whether a point is within every limit, but for rounding."""
    size = max(1.0, float(np.abs(x).max()))
    outside = float(np.maximum(region.lower - x, x - region.upper).max())
    over = region.rows @ x - region.limits
    outside = max(outside, float(np.where(region.equality, np.abs(over), over).max(initial=0.0)))
    for distance in region.distances:
        outside = max(outside, distance.excess(x))
    return outside <= FEASIBLE * size


def holds(region: Polyhedron, line: Piece, tau: float) -> bool:
    """Whether the same limits bind at tau: the point is inside the others, and no multiplier has the wrong sign."""
    x, row_prices, distance_prices = line.at(tau)
    if not inside(region, x):
        return False
    gradient = line.gradient(tau)
    scale = max(SIGN * max(float(np.abs(gradient).max()), tau * float(np.abs(line.mean).max())), ROUNDING)
    slope = gradient + row_prices @ region.rows
    down = up = slope
    for price, distance in zip(distance_prices, region.distances, strict=True):
        away = x - distance.center
        down = down + price * np.where(away > FEASIBLE, 1.0, -1.0)
        up = up + price * np.where(away < -FEASIBLE, -1.0, 1.0)
    # Going down from a parked place must not pay, but where a bound forbids it; and the same going up.
    improves_down = (down > scale) & (x > region.lower + FEASIBLE)
    improves_up = (up < -scale) & (x < region.upper - FEASIBLE)
    parked = ~np.isnan(line.leaning.parked)
    wrong_sign = (row_prices < -scale) & ~region.equality
    return (
        not ((improves_down | improves_up) & parked).any()
        and not wrong_sign.any()
        and not any(price < -scale for price in distance_prices.tolist())
    )


def pivoted(region: Polyhedron, line: Piece, tau: float) -> Leaning | None:
    """Which limits bind at a tau where those of the piece do not: what is broken binds, what pulls away does not.

    Most of what is wrong is set right at once (Judice and Pires 1994): the worse half of the free names that are
    outside of their bounds, those that pull away as long as they are not many more than the free ones, and the row
    that is broken most. All of it at once overshoots where many limits are near.

    Returns:
        None with distances, whose names have more places to rest, and where nothing is wrong.
    """
    if region.distances:
        return None
    x, row_prices, _ = line.at(tau)
    gradient = line.gradient(tau)
    slope = gradient + row_prices @ region.rows
    scale = SIGN * float(np.abs(gradient).max())
    before, tight = line.leaning.parked, line.leaning.rows
    free = np.isnan(before)
    most = int(np.count_nonzero(free))
    pull = np.where(before <= region.lower, -slope, slope)
    held = ~free & (region.lower < region.upper)
    leaving = _foremost(pull, held & (pull > scale), max(FEWEST_LET_GO, most // 2))
    over = np.maximum(region.lower - x, x - region.upper)
    resting = _foremost(over, free & (over > FEASIBLE), max(1, most // 2))
    rows = region.equality | (tight & (row_prices >= -scale))
    beyond = region.rows @ x - region.limits
    rows[_foremost(beyond, ~tight & (beyond > FEASIBLE), 1)] = True
    if not len(leaving) and not len(resting) and bool((rows == tight).all()):
        return None
    parked = before.copy()
    parked[leaving] = np.nan
    parked[resting] = np.where(x[resting] < region.lower[resting], region.lower[resting], region.upper[resting])
    return Leaning(parked, rows, line.leaning.distances)


def _foremost(figures: Vector, counts: NDArray[np.bool_], most: int) -> np.ndarray:
    """Where the largest figures that count stand, at most so many."""
    found = counts.nonzero()[0]
    return found if len(found) <= most else found[np.argsort(-figures[found], kind="stable")[:most]]
