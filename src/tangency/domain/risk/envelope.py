"""Risk envelopes: measures of a list of losses, each the largest of many weighted sums of them.

A measure phi of T losses z is phi(z) = max u'z over a set of dual vectors u, its envelope (Artzner et al. 1999,
Coherent measures of risk; Rockafellar, Uryasev, Zabarankin 2006, Generalized deviations in risk analysis). Any member
of the set gives a lower bound of phi everywhere, so what a solver hands over is first brought into it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False)
class Envelope(ABC):
    """The dual vectors of a convex, positively homogeneous measure of T losses.

    Attributes:
        probabilities: of the losses; shape (T,), sum 1.
    """

    probabilities: Vector

    @abstractmethod
    def value(self, losses: Vector) -> float:
        """The measure of losses of shape (T,)."""

    @abstractmethod
    def worst(self, losses: Vector) -> Vector:
        """A member u with u'losses = value(losses); shape (T,)."""

    @abstractmethod
    def member(self, dual: Vector) -> Vector:
        """A member of the set near a finite vector of shape (T,), and the vector itself where it is one."""


@dataclass(frozen=True, eq=False, slots=True)
class LossRisk(Risk):
    """A measure of the losses offset - returns x, scenario by scenario. Its dual vectors are those of its envelope.

    Attributes:
        envelope: the measure.
        returns: per period, centred or not; shape (T, n).
        offset: added to every loss; per period.
    """

    envelope: Envelope
    returns: Matrix
    offset: float = 0.0

    def losses(self, x: Vector) -> Vector:
        """offset - returns x; shape (T,)."""
        return self.offset - self.returns @ x

    def value(self, x: Vector) -> float:
        """The measure of the losses of x, per period."""
        return self.envelope.value(self.losses(x))

    def worst_case(self, x: Vector) -> Vector:
        """Weights of the scenarios; shape (T,)."""
        return self.envelope.worst(self.losses(x))

    def below(self, dual: Vector) -> Affine | None:
        """offset sum(u) - (returns' u)'x, u the dual vector brought into the envelope."""
        if dual.shape != (len(self.returns),) or not np.isfinite(dual).all():
            return None
        weights = self.envelope.member(dual)
        return Affine(self.offset * float(weights.sum()), -(weights @ self.returns))
