"""The worst of several ratios of a gain to a risk, each gain concave and each risk convex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Sum, WorstOf
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.term import NO_CUTS, Minorant, Term


@dataclass(frozen=True)
class WorstRatio(Objective):
    """Greatest value of the smallest of some ratios: a Sharpe ratio in its worst case.

    With theta the smallest ratio at w, the largest of theta risk(x) + loss(x) is convex, 0 at w, and negative exactly
    where every ratio is above theta.

    Attributes:
        losses: minus each gain.
        risks: one per loss.
        word: the name of the objective.
        used: the risk parameters that went into the terms.
    """

    losses: tuple[Term, ...]
    risks: tuple[Term, ...]
    word: str = "MAX_SHARPE"
    used: tuple[str, ...] = ("risk_free_rate",)

    @property
    def name(self) -> str:
        """The word given."""
        return self.word

    @property
    def parameters(self) -> tuple[str, ...]:
        """What went into the terms."""
        return self.used

    @property
    def needs_mean(self) -> bool:
        """Whether some term does."""
        return any(term.needs_mean for term in (*self.losses, *self.risks))

    def at(self, theta: float) -> WorstOf:
        """What is below 0 where every ratio is above theta."""
        pairs = zip(self.risks, self.losses, strict=True)
        return WorstOf(tuple(Sum((risk, loss), (theta, 1.0)) for risk, loss in pairs), "ratio")

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The smallest ratio; without a risk, infinite with the sign of the gain."""
        return min(
            _ratio(-loss.value(w, estimates), risk.value(w, estimates))
            for loss, risk in zip(self.losses, self.risks, strict=True)
        )

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """0 at w by the choice of theta; infinite where some gain is not above 0."""
        return 0.0 if 0 < self.value(w, estimates) < np.inf else np.inf

    def loss_seen_from(self, z: Vector, w: Vector, estimates: Estimates) -> float:
        """The largest theta risk(w) + loss(w), theta being the ratio of z; 0 where that is below the ratio of w."""
        theta = self.value(z, estimates)
        return max(0.0, self.at(theta).value(w, estimates)) if 0 < theta < np.inf else 0.0

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """Of the largest theta risk + loss."""
        theta = self.value(w, estimates)
        worst = self.at(theta if 0 < theta < np.inf else 0.0)
        return worst.minorant(w, estimates, cuts.get(worst.id))

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """theta risk + |gain|, equal where the ratio is smallest."""
        return 2 * abs(self.losses[self._worst(w, estimates)].value(w, estimates))

    def price(self, w: Vector, estimates: Estimates) -> float:
        """The ratio gains 1 / risk for each unit of the loss."""
        risk = self.risks[self._worst(w, estimates)].value(w, estimates)
        return 1.0 / risk if risk > 0 else 0.0

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """Infinite: nothing is known that curves against a residual."""
        return np.inf

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """At the margin: gap / risk(w)."""
        risk = self.risks[self._worst(w, estimates)].value(w, estimates)
        return gap / risk if risk > 0 else None

    def _worst(self, w: Vector, estimates: Estimates) -> int:
        pairs = zip(self.losses, self.risks, strict=True)
        return int(np.argmin([_ratio(-loss.value(w, estimates), risk.value(w, estimates)) for loss, risk in pairs]))


def _ratio(gain: float, risk: float) -> float:
    return gain / risk if risk > 0 else float(np.sign(gain)) * np.inf
