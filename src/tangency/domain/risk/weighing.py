"""What a limit can be set on beside risk, in the shape of one: the sum of squared weights, and a priced distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class SquaredWeights(Risk):
    """x'x, the Herfindahl index of a fully invested portfolio. Its dual vectors are portfolios."""

    def value(self, x: Vector) -> float:
        """x'x."""
        return float(x @ x)

    def worst_case(self, x: Vector) -> Vector:
        """The portfolio itself."""
        return x

    def below(self, dual: Vector) -> Affine | None:
        """2 z'x - z'z."""
        return Affine(-float(dual @ dual), 2.0 * dual) if np.isfinite(dual).all() else None


@dataclass(frozen=True, eq=False, slots=True)
class PricedDistance(Risk):
    """prices'|x - center|, a cost of trading. Its dual vectors say where between -1 and 1 each kink is held.

    Attributes:
        prices: at least 0; shape (n,).
        center: shape (n,).
    """

    prices: Vector
    center: Vector

    def value(self, x: Vector) -> float:
        """prices'|x - center|."""
        return float(self.prices @ np.abs(x - self.center))

    def worst_case(self, x: Vector) -> Vector:
        """The sign of each trade."""
        return np.sign(x - self.center)

    def below(self, dual: Vector) -> Affine | None:
        """sum of price x u (x - center), u the dual clipped."""
        if dual.shape != self.prices.shape or not np.isfinite(dual).all():
            return None
        slope = self.prices * np.clip(dual, -1.0, 1.0)
        return Affine(-float(slope @ self.center), slope)
