"""Positions that are large enough where they have a smallest size, and what solvers miss of that."""

from __future__ import annotations

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.region import Region

FITS = 1e-9
"""A weight as near to 0, or to the smallest position, is there."""


def misses(region: Region, weights: Vector) -> Vector:
    """By how much each name misses the nearest weight that it may have; shape (n,)."""
    size = np.abs(weights)
    missing: Vector = np.minimum(size, region.least - size)
    return np.where(missing > FITS, missing, 0.0)


def exact(region: Region, weights: Vector) -> Vector:
    """The same without what rounding leaves of a name that is left out, or misses of the smallest position."""
    part = region.on(region.sides_of(weights))
    nearest: Vector = np.clip(weights, part.lower, part.upper)
    roomiest = int(np.argmax(np.minimum(part.upper - nearest, nearest - part.lower)))
    nearest[roomiest] += float(np.sum(weights - nearest))  # so that the sum stays what it was
    return nearest
