"""What a portfolio loses in the worst case over a set of means, or of covariances, in the shape of a risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Sum
from tangency.domain.optimization.robust_terms import Deviation, Norm
from tangency.domain.optimization.term import Linear, Term
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class WorstLoss(Risk):
    """slope'x plus a penalty. Its dual vectors are those of the penalty.

    Attributes:
        slope: shape (n,).
        penalty: a norm, or a sum of priced absolute weights; None for none.
    """

    slope: Vector
    penalty: Norm | Deviation | None

    @staticmethod
    def of(term: Term, size: int) -> WorstLoss:
        """A term in this shape.

        Raises:
            TypeError: it has another.
        """
        parts = term.parts if isinstance(term, Sum) else (term,)
        slopes = [np.array(part.coefficients) for part in parts if isinstance(part, Linear)]
        penalties = [part for part in parts if isinstance(part, Norm | Deviation)]
        if len(slopes) + len(penalties) != len(parts) or len(penalties) > 1:
            raise TypeError(f"{term.kind!r} is not a worst loss")
        return WorstLoss(sum(slopes, np.zeros(size)), next(iter(penalties), None))

    def value(self, x: Vector) -> float:
        """The loss at its worst."""
        return float(self._affine(self.worst_case(x)).slope @ x)

    def worst_case(self, x: Vector) -> Vector:
        """Which member of the set is the worst for x."""
        if isinstance(self.penalty, Norm):
            image = x @ self.penalty.matrix
            return np.asarray(image / (float(np.linalg.norm(image)) or 1.0))
        return np.sign(x)

    def below(self, dual: Vector) -> Affine | None:
        """The loss under one member of the set."""
        return self._affine(dual) if np.isfinite(dual).all() else None

    def _affine(self, dual: Vector) -> Affine:
        if self.penalty is None:
            return Affine(0.0, self.slope)
        return Affine(0.0, self.slope + self.penalty.slope(np.zeros_like(self.slope), dual))
