"""An aim that only its method can compute: a function that a plugin brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.term import NO_CUTS, Minorant


@dataclass(frozen=True)
class StatedObjective(Objective):
    """A convex function to minimise, or a concave one to maximise, of which the method states what a proof needs.

    Nobody here can recompute it. Its value at the weights proposed, and that constant + slope'x is nowhere above its
    loss, are the method's word; what follows from them over every portfolio within the limits is proven here, and so
    is that the limits hold.

    Attributes:
        word: the name of the objective.
        stated: its value at the weights that the method proposes.
        constant: of the linear function below the loss, which is the value, or minus the value where maximised.
        slope: of the same; shape (n,).
        maximised: whether more of it is better.
        used: the risk parameters that went into it.
    """

    word: str
    stated: float
    constant: float
    slope: tuple[float, ...]
    maximised: bool = False
    used: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The word given."""
        return self.word

    @property
    def parameters(self) -> tuple[str, ...]:
        """What went into it."""
        return self.used

    @property
    def needs_mean(self) -> bool:
        """Not to be read: whatever went into it has been there."""
        return False

    def value(self, w: Vector, estimates: Estimates) -> float:
        """As stated, at the weights that it was stated for."""
        return self.stated

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """The value, or minus it."""
        return -self.stated if self.maximised else self.stated

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """As stated."""
        return Minorant(self.constant, np.array(self.slope), 0.0)

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """The larger of the value and of what varies in it around the weights."""
        return max(abs(self.stated), abs(float(np.array(self.slope) @ w)))

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """Infinite: nothing is known that curves against a residual."""
        return np.inf
