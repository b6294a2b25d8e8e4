"""Deviations and shortfalls: mean absolute deviation, lower partial moments, and roots of mean squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.risk.envelope import Envelope


@dataclass(frozen=True, eq=False)
class Absolute(Envelope):
    """E|z|: of centred losses, the mean absolute deviation. Members: |u| <= p."""

    def value(self, losses: Vector) -> float:
        """The mean of the absolute losses."""
        return float(self.probabilities @ np.abs(losses))

    def worst(self, losses: Vector) -> Vector:
        """Each probability with the sign of its loss."""
        return np.copysign(self.probabilities, losses)

    def member(self, dual: Vector) -> Vector:
        """Clipped."""
        return np.clip(dual, -self.probabilities, self.probabilities)


@dataclass(frozen=True, eq=False)
class Shortfall(Envelope):
    """E max(z, 0): of losses below a threshold, the first lower partial moment. Members: 0 <= u <= p."""

    def value(self, losses: Vector) -> float:
        """The mean of the positive parts."""
        return float(self.probabilities @ np.maximum(losses, 0.0))

    def worst(self, losses: Vector) -> Vector:
        """The probabilities of what falls short."""
        return np.where(losses > 0, self.probabilities, 0.0)

    def member(self, dual: Vector) -> Vector:
        """Clipped."""
        return np.clip(dual, 0.0, self.probabilities)


@dataclass(frozen=True, eq=False)
class RootMeanSquare(Envelope):
    """sqrt(E max(z, 0)^2 / divisor). Members: u >= 0 in the unit ball, sum u^2 / p <= 1 / divisor.

    Attributes:
        divisor: 1 for the plain mean; 1 - 1/T, with probabilities 1 - sum p^2, for the divisor T - 1.
    """

    divisor: float = 1.0

    def value(self, losses: Vector) -> float:
        """The root."""
        largest = float(np.maximum(losses, 0.0).max(initial=0.0))
        if largest == 0.0:
            return 0.0
        squares = np.square(np.maximum(losses, 0.0) / largest)
        return largest * float(np.sqrt(self.probabilities @ squares / self.divisor))

    def worst(self, losses: Vector) -> Vector:
        """The positive parts, by their probabilities, on the ball."""
        root = self.value(losses)
        if root == 0.0:
            return np.zeros_like(losses)
        return self.probabilities * (np.maximum(losses, 0.0) / root) / self.divisor

    def member(self, dual: Vector) -> Vector:
        """Clipped, and scaled down to the ball."""
        possible = self.probabilities > 0
        weights = np.where(possible, np.maximum(dual, 0.0), 0.0)
        largest = float(weights.max(initial=0.0))
        if largest == 0.0:
            return weights
        shares = (weights[possible] / largest) ** 2 / self.probabilities[possible]
        norm = largest * float(np.sqrt(self.divisor * float(shares.sum())))
        return weights / max(1.0, norm)
