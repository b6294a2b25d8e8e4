"""The arrays that the domain passes around, and the checks that keep them finite and unchanging."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tangency.domain.errors import InvalidInput, Path

Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int32]

LARGEST = 1e150
"""Magnitudes above this overflow when squared, so they are refused at the door like infinity."""


def frozen(values: ArrayLike, path: Path = (), ndim: int | None = None) -> NDArray[np.float64]:
    """A read-only float array; not copied when it is one already.

    Raises:
        InvalidInput: a value is no number, NaN, infinite or above 1e150 in magnitude, rows have different lengths, or
            the number of axes is not ``ndim``.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput.at(path, "is not an array of numbers; give rows of one length.", "shape") from None
    if ndim is not None and array.ndim != ndim:
        raise InvalidInput.at(path, f"has {array.ndim} axes; give {ndim}.", "shape")
    largest = float(np.abs(array).max()) if array.size else 0.0
    if not largest <= LARGEST:  # false for NaN too
        where = np.argwhere(~(np.abs(array) <= LARGEST))[0].tolist()
        raise InvalidInput.at((*path, *where), f"is {array[tuple(where)]}; give a finite number.", "not_finite")
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def power_of_two_near(magnitude: float) -> float:
    """The power of two nearest below a positive magnitude; 1.0 for zero. Scaling by it loses no digit."""
    return math.ldexp(0.5, math.frexp(magnitude)[1]) if magnitude > 0 else 1.0
