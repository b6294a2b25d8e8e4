"""Risk budgets on a covariance without limits: the weights y with y_i (Sy)_i = b_i, by damped Newton steps."""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Matrix, Vector

MOST_STEPS = 100
"""Seven to fifteen do, more only towards a portfolio without risk: then each step at best doubles the weights."""
SETTLED = 1e-26
"""Squared Newton decrement: the step after it changes no digit."""
QUADRATIC = 1e-4
"""Squared decrement, over the least budget, below which full steps square the error: no need to measure them."""
SUFFICIENT = 0.25
"""Of the predicted decrease a shortened step must bring."""


def budgeted(S: Matrix, budgets: Vector) -> tuple[Vector, int]:
    """The minimum of 1/2 y'Sy - sum b_i ln y_i over y > 0, and the number of steps.

    There y_i (Sy)_i = b_i: the risk contributions are the budgets, whatever y is scaled by afterwards (Spinu 2013, An
    algorithm for computing risk parity weights). Where some portfolio y >= 0 has no risk, y grows along it without
    end, and what is returned has next to none.

    Args:
        S: positive definite, diagonal above 0; shape (n, n).
        budgets: above 0, summing to 1; shape (n,).

    Returns:
        y, shape (n,), and how many steps it took.
    """
    deviations = np.sqrt(np.diagonal(S))
    C = S / np.outer(deviations, deviations)
    z = np.sqrt(budgets)
    z /= np.sqrt(z @ C @ z)
    steps = 0
    while steps < MOST_STEPS:
        steps += 1
        gradient = C @ z - budgets / z
        step = _solved(C + np.diag(budgets / z**2), gradient)
        if step is None:  # what holds z back is rounding next to C: it ran off
            break
        direction = -step
        decrement = -float(gradient @ direction)
        if decrement <= QUADRATIC * float(budgets.min()):
            z = z + direction
            if decrement <= SETTLED:
                break
        else:
            z = z + _length(C, budgets, z, direction, decrement) * direction
    return z / deviations, steps


def _solved(H: Matrix, right: Vector) -> Vector | None:
    """H^-1 right by Cholesky's factor, twice as fast as by pivots, which do where rounding leaves H indefinite.

    None where it leaves H singular.
    """
    from scipy.linalg.lapack import dposv

    _, solution, failed = dposv(H, right)
    try:
        return np.asarray(np.linalg.solve(H, right) if failed else solution, dtype=float)
    except np.linalg.LinAlgError:
        return None


def _length(C: Matrix, budgets: Vector, z: Vector, direction: Vector, decrement: float) -> float:
    """The largest of 1, 1/2, 1/4, ... that stays above 0 and lowers the function enough."""
    slope, curvature, length = float(z @ C @ direction), float(direction @ C @ direction), 1.0
    while length > np.finfo(float).eps:
        growth = 1.0 + length * direction / z
        if growth.min() > 0:
            change = length * slope + 0.5 * length**2 * curvature - float(budgets @ np.log(growth))
            if change <= -SUFFICIENT * length * decrement:
                break
        length *= 0.5
    return length
