"""Points on a curve, spread evenly once both axes are scaled to 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tangency.domain.numbers import Vector

Curve = Callable[[Vector], Vector]
"""The least risk for each return; shape (k,) to shape (k,)."""

EVEN = 1.05
"""The longest step over the shortest, at most."""
FINE = 400
ROUNDS = 60
SETTLED = 1.0005


def steps(returns: Vector, risks: Vector) -> Vector:
    """The distances between neighbours, both axes scaled to 1; shape (k - 1,)."""
    distances: Vector = np.hypot(np.diff(_scaled(returns)), np.diff(_scaled(risks)))
    return distances


def unevenness(returns: Vector, risks: Vector) -> float:
    """The longest step over the shortest; 1 for two points."""
    lengths = steps(returns, risks)
    return float(lengths.max() / lengths.min()) if lengths.min() > 0 else np.inf


def evenly(curve: Curve, low: float, high: float, count: int) -> Vector:
    """Returns from ``low`` to ``high`` whose points on a curve are equally far from each other; shape (count,)."""
    fine = np.linspace(low, high, FINE)
    returns = _spread(fine, curve(fine), count)
    for _ in range(ROUNDS):
        risks = curve(returns)
        if unevenness(returns, risks) <= SETTLED:
            break
        returns = _spread(returns, risks, count)
    returns[0], returns[-1] = low, high
    return returns


def _spread(returns: Vector, risks: Vector, count: int) -> Vector:
    """Returns at equal lengths along the polygon through points."""
    along = np.concatenate([[0.0], np.cumsum(steps(returns, risks))])
    return np.interp(np.linspace(0.0, along[-1], count), along, returns)


def _scaled(values: Vector) -> Vector:
    span = float(np.ptp(values))
    scaled: Vector = (values - values.min()) / (span if span > 0 else 1.0)
    return scaled
