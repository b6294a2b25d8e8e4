"""Gini's mean difference: the mean of |r_s - r_t| over pairs of scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.risk.envelope import Envelope


@dataclass(frozen=True, eq=False)
class Differences(Envelope):
    """Sum over pairs s != t of p_s p_t |z_s - z_t|, over 1 - sum p^2.

    It weighs each loss by how many are below it less how many are above (Yitzhaki 1982, Stochastic dominance, mean
    variance and Gini's mean difference). Members: convex combinations of these order weights over all orders, that is
    sum u = 0 and u(S) <= 2 p(S) (1 - p(S)) / divisor for every set S of scenarios.

    Attributes:
        divisor: 1 - sum p^2; above 0, so that there is a pair.
    """

    divisor: float

    def value(self, losses: Vector) -> float:
        """The mean difference."""
        return float(self.worst(losses) @ losses)

    def worst(self, losses: Vector) -> Vector:
        """The weights of their order."""
        order = np.argsort(losses, kind="stable")
        p = self.probabilities[order]
        below = np.cumsum(p) - p
        weights = np.empty_like(losses)
        weights[order] = 2.0 * p * (2.0 * below + p - 1.0) / self.divisor
        return weights

    def member(self, dual: Vector) -> Vector:
        """Centred, and scaled down until no set weighs too much; the heaviest sets take the largest u / p first."""
        possible = self.probabilities > 0
        weights = np.where(possible, dual, 0.0)
        weights = weights - self.probabilities * float(weights.sum())
        density = np.divide(weights, self.probabilities, out=np.full_like(weights, -np.inf), where=possible)
        order = np.argsort(-density, kind="stable")
        mass, taken = np.cumsum(self.probabilities[order])[:-1], np.cumsum(weights[order])[:-1]
        allowed = 2.0 * mass * np.maximum(0.0, 1.0 - mass) / self.divisor
        excess = np.divide(taken, allowed, out=np.zeros_like(taken), where=allowed > 0)
        return weights / max(1.0, float(excess.max(initial=0.0)))
