"""Expected logarithmic growth, exact over scenarios: what Kelly's portfolio has most of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.term import Minorant, Term


@dataclass(frozen=True)
class LogGrowth(Term):
    """Minus ``weight`` times the annual E ln(1 + r'w); infinite where some scenario leaves nothing. weight > 0.

    Its dual vectors are positive, one figure v per scenario: -ln y >= 1 + ln v - v y for each of them, with equality
    at v = 1 / y. Others are made positive.
    """

    kind: ClassVar[str] = "log_growth"
    weight: float = 1.0

    def value(self, w: Vector, estimates: Estimates) -> float:
        """-weight x periods_per_year x E ln(1 + r'w)."""
        sample = estimates.required_scenarios("growth")
        wealth, possible = 1.0 + sample.returns @ w, sample.weights > 0
        if float(wealth[possible].min()) <= 0.0:
            return np.inf
        growth = float(sample.weights[possible] @ np.log1p((sample.returns @ w)[possible]))
        return -self.weight * sample.periods_per_year * growth

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """E[1 + ln v - v] - E[v r]'x, times weight x periods_per_year."""
        sample = estimates.required_scenarios("growth")
        given = dual is not None and dual.shape == (len(sample),) and bool((dual > 0).all())
        v = dual if given and dual is not None else 1.0 / np.maximum(1.0 + sample.returns @ w, np.finfo(float).tiny)
        size = self.weight * sample.periods_per_year
        # ln v - (v - 1) loses no digits where v is near 1
        constant = float(sample.weights @ (np.log1p(v - 1.0) - (v - 1.0)))
        return Minorant(size * constant, -size * ((sample.weights * v) @ sample.returns), 0.0)
