"""Statements of a method's options that cannot hold together, such as two certain views about one name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector

CANCELLED = 1e-6
"""Of the largest part of a combination: what is left of it is rounding, or next to nothing."""


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """coefficients'u == value, for certain, about unknowns u.

    Attributes:
        id: where the request makes it, e.g. ``method_options.views.0``.
        sentence: what it says, for a person to read.
        coefficients: shape (m,), in any unit in which they are small where they are negligible.
    """

    id: str
    sentence: str
    coefficients: Vector
    value: float


@dataclass(frozen=True, eq=False, slots=True)
class Contradiction:
    """Statements that are not independent: together they say one thing twice, or two things about one.

    Attributes:
        combination: what to multiply each by so that their left sides cancel; shape (k,).
    """

    statements: tuple[Statement, ...]
    combination: Vector

    @property
    def proven(self) -> bool:
        """Whether the left sides do cancel."""
        parts = np.array([s.coefficients for s in self.statements]).T * self.combination
        if not np.isfinite(parts).all() or not self.combination.all():
            return False
        return bool(np.abs(parts.sum(axis=1)).max(initial=0.0) <= CANCELLED * np.abs(parts).max(initial=0.0))
