"""The aim that risk is shared as budgeted: equal or given contributions, as near as the limits allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.term import NO_CUTS, Minorant, RiskOf
from tangency.domain.risk.measure import VOLATILITY, Measure


@dataclass(frozen=True)
class RiskBudgeting(Objective):
    """Least F(x) = ln risk(x) - sum of budget_i ln |x_i|, for a risk that is convex and homogeneous.

    Without limits that bind, its best portfolio has the risk contributions budgeted (Maillard, Roncalli, Teiletche
    2010, equation 7; Roncalli 2013, Introduction to Risk Parity and Budgeting, section 2.2). The value is exp F: the
    risk per unit of the geometric mean weight.

    F is not convex, and its proof needs no convexity. With rho = risk(w) and c_i = budget_i / w_i, the inequality of
    weighted arithmetic and geometric means gives F(x) - F(w) >= ln risk(x) / rho - ln c'x for every x. So no portfolio
    is better where the convex function risk(x) / rho - c'x, which is 0 at w, is nowhere negative: the loss.

    Attributes:
        budgets: shares of the risk, at least 0, in the universe's order, summing to 1.
        measure: of the risk.
        signs: 1.0 for a name to be held, -1.0 for one to be sold short; all are held where left out.
    """

    name: ClassVar[str] = "RISK_PARITY"
    needs_mean: ClassVar[bool] = False
    budgets: tuple[float, ...]
    measure: Measure = VOLATILITY
    signs: tuple[float, ...] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the measure."""
        return self.measure.parameters

    @property
    def risk_measure(self) -> Measure:
        """The one that is shared."""
        return self.measure

    def value(self, w: Vector, estimates: Estimates) -> float:
        """Risk over the geometric mean of the weights; infinite where a name with a budget is not held."""
        if not self._held(w):
            return np.inf
        shares = np.array(self.budgets)
        some = shares > 0
        return self.measure.of(estimates).value(w) * float(np.exp(-(shares[some] @ np.log(np.abs(w[some])))))

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """0 at w, by the choice of rho and c; infinite without a risk above 0, or with a budgeted name not held."""
        return 0.0 if self._held(w) and self.measure.of(estimates).value(w) > 0 else np.inf

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """An affine function below the risk over rho, less c'x; 0 where w has no loss."""
        if not np.isfinite(self.loss(w, estimates)):
            return Minorant(0.0, np.zeros_like(w), 0.0)
        risk = self.measure.of(estimates)
        rho, below = risk.value(w), risk.tangent(w, cuts.get(RiskOf(1.0, self.measure).id))
        return Minorant(below.constant / rho, below.slope / rho - self._demand(w), 0.0)

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """risk / rho + c'x, each 1 at w."""
        return 2.0

    def scale(self, w: Vector, estimates: Estimates) -> float:
        """The magnitude: the loss has no unit."""
        return self.magnitude(w, estimates)

    def price(self, w: Vector, estimates: Estimates) -> float:
        """F falls as the loss does, and the value by as large a part of itself."""
        value = self.value(w, estimates)
        return value if np.isfinite(value) else 0.0

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """|r| rho / steepness: r'x >= -|r| risk(x) / steepness, which adds as much to risk(x) / rho."""
        risk = self.measure.of(estimates)
        return float(np.abs(residual).sum()) * risk.value(w) / risk.steepness if risk.steepness > 0 else np.inf

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """At the margin, where c'x is near 1: gap x value."""
        return gap * self.price(w, estimates)

    def _held(self, w: Vector) -> bool:
        signed = w if self.signs is None else w * np.array(self.signs)
        return bool((signed[np.array(self.budgets) > 0] > 0).all())

    def _demand(self, w: Vector) -> Vector:
        shares = np.array(self.budgets)
        return np.asarray(np.divide(shares, w, out=np.zeros_like(w), where=shares > 0))
