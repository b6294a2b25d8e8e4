"""Drawdowns: how far the cumulative sum of simple returns, starting at 0 and never compounded, is below its peak.

Not compounded they are convex in the weights (Chekhlov, Uryasev, Zabarankin 2005, Drawdown measure in portfolio
optimization).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.risk.envelope import Envelope
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class DrawdownRisk(Risk):
    """A measure of the drawdowns at the ends of the periods.

    Its dual vectors are (peaks, troughs), one after the other: how much the cumulative return at each end of a period
    weighs as a peak and as a trough. Troughs are a member of the envelope; the peak of a trough is not after it, and
    what the troughs weigh more than the peaks has its peak at the start.

    Attributes:
        envelope: what is taken of the drawdowns, growing in each of them.
        cumulative: sums of returns up to the end of each period; shape (T, n).
    """

    envelope: Envelope
    cumulative: Matrix

    def drawdowns(self, x: Vector) -> Vector:
        """Peak so far less where the sum stands, at the end of each period; shape (T,)."""
        path = self.cumulative @ x
        return np.maximum.accumulate(np.maximum(path, 0.0)) - path

    def value(self, x: Vector) -> float:
        """The measure of the drawdowns, a fraction of the capital at the start."""
        return self.envelope.value(self.drawdowns(x))

    def worst_case(self, x: Vector) -> Vector:
        """Where the troughs that count are, and their peaks; shape (2 T,)."""
        path = self.cumulative @ x
        troughs = self.envelope.worst(self.drawdowns(x))
        peak = np.maximum.accumulate(np.maximum(path, 0.0))
        places = np.maximum.accumulate(np.where(path >= peak, np.arange(len(path)), -1))
        later = places >= 0
        peaks = np.bincount(places[later], troughs[later], minlength=len(path))
        return np.concatenate([peaks, troughs])

    def below(self, dual: Vector) -> Affine | None:
        """(cumulative' (peaks - troughs))'x, both made valid.

        From any period on, peaks weigh no more than troughs: else some trough would be before its peak. Where troughs
        are moved into the envelope, what they still have of their old weight keeps its peaks, and the rest is its own.
        """
        size = len(self.cumulative)
        if dual.shape != (2 * size,) or not np.isfinite(dual).all():
            return None
        wanted = np.maximum(dual[size:], 0.0)
        peaks = -np.diff(np.minimum(_from_each_on(np.maximum(dual[:size], 0.0)), _from_each_on(wanted)), append=0.0)
        troughs = self.envelope.member(wanted)
        kept = float(np.divide(troughs, wanted, out=np.ones(size), where=wanted > 0).min(initial=1.0))
        return Affine(0.0, (kept * (peaks - wanted)) @ self.cumulative)


def _from_each_on(weights: Vector) -> Vector:
    """Sums from each period to the last."""
    return np.cumsum(weights[::-1])[::-1]
