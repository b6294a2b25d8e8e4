"""Accelerated projected gradients for 1/2 w'Sw over bounds and a budget. Nothing here knows of Tangency."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

TOLERANCE = 1e-9
"""Of the gap, relative to the variance: a thousandth of what Tangency asks of a proof."""


class Descent(NamedTuple):
    """Where the descent ended.

    Attributes:
        price: multiplier of the budget; minus the gradient of the name that is bought last.
        converged: whether the gap fell below the tolerance.
    """

    weights: Vector
    price: float
    steps: int
    converged: bool


def descend(
    times: Callable[[Vector], Vector], steepest: float, lower: Vector, upper: Vector, budget: float, most_steps: int
) -> Descent:
    """Minimise 1/2 w'Sw over lower <= w <= upper, sum w = budget.

    Args:
        times: w -> S w; shape (n,) to (n,).
        steepest: an upper bound of the largest eigenvalue of S.
        lower: shape (n,).
        upper: shape (n,).
        budget: between the sums of the two.
        most_steps: when to give up.
    """
    weights = ahead = project(np.full(len(lower), budget / len(lower)), lower, upper, budget)
    momentum, step, gap = 1.0, 0, np.inf
    while step < most_steps:
        step += 1
        moved = project(ahead - times(ahead) / steepest if steepest > 0 else ahead, lower, upper, budget)
        if float((ahead - moved) @ (moved - weights)) > 0:
            momentum = 1.0  # it overshot: start the acceleration again
        faster = 0.5 + np.sqrt(0.25 + momentum**2)
        ahead, weights, momentum = moved + (momentum - 1.0) / faster * (moved - weights), moved, faster
        if step % 10 == 0 or step == 1:
            gap = _gap(times(weights), weights, lower, upper, budget)
            if gap <= TOLERANCE * float(weights @ times(weights)):
                break
    gradient = times(weights)
    price = -float(gradient[_last_bought(gradient, lower, upper, budget)])
    return Descent(weights, price, step, bool(gap <= TOLERANCE * float(weights @ gradient)))


def project(point: Vector, lower: Vector, upper: Vector, budget: float) -> Vector:
    """The nearest point within the bounds that meets the budget: every name moves by one amount, then is clipped."""
    ends = np.concatenate([point - upper, point - lower])  # of the amounts in between, each name moves freely
    order = np.argsort(ends, kind="stable")
    ends, free = ends[order], np.cumsum(np.repeat([1.0, -1.0], len(point))[order])
    taken = np.append(0.0, np.cumsum(free[:-1] * np.diff(ends)))
    amount = float(np.interp(float(upper.sum()) - budget, taken, ends))
    return np.clip(point - amount, lower, upper)


def _gap(gradient: Vector, weights: Vector, lower: Vector, upper: Vector, budget: float) -> float:
    """How much the tangent at the weights still falls within the bounds and the budget: no portfolio gains more."""
    cheapest = lower.copy()
    left = budget - float(lower.sum())
    for name in np.argsort(gradient, kind="stable").tolist():
        bought = min(left, float(upper[name] - lower[name]))
        cheapest[name] += bought
        left -= bought
    return float(gradient @ (weights - cheapest))


def _last_bought(gradient: Vector, lower: Vector, upper: Vector, budget: float) -> int:
    """The name with which the budget runs out when names are bought from the smallest gradient up."""
    order = np.argsort(gradient, kind="stable")
    spent = float(lower.sum()) + np.cumsum((upper - lower)[order])
    return int(order[min(int(np.searchsorted(spent, budget)), len(order) - 1)])
