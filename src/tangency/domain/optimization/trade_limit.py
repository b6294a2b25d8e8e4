"""Limits on what is traded to get from the current weights to others: bought, sold, paid out of cash."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tangency.domain.errors import Fault, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, Constraint
from tangency.domain.optimization.region import RiskCap, Row
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class Traded(Risk):
    """The sum of ``buying`` (x - current)+ + ``selling`` (current - x)+ over the names; convex, as the two add up >= 0.

    Its dual vectors are slopes, one per name, between -selling and buying.
    """

    current: Vector
    buying: float
    selling: float

    def value(self, x: Vector) -> float:
        """What the trades to x amount to."""
        change = x - self.current
        return float(np.where(change > 0, self.buying * change, -self.selling * change).sum())

    def worst_case(self, x: Vector) -> Vector:
        """The slope on the side where each name is."""
        return np.where(x > self.current, self.buying, -self.selling)

    def below(self, dual: Vector) -> Affine | None:
        """slope'(x - current), the slope brought between its ends."""
        if dual.shape != self.current.shape or not np.isfinite(dual).all():
            return None
        slope = np.clip(dual, -self.selling, self.buying)
        return Affine(-float(slope @ self.current), slope)


@dataclass(frozen=True)
class LeastInvested(Budget):
    """The weights sum to the limit at least: trades that cost less leave more to invest."""

    kind: ClassVar[str] = "least_invested"

    def invested(self, weights: Vector) -> float:
        """Their sum; weights of shape (n,)."""
        return float(weights.sum())

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """1'x >= limit."""
        return Row(self.id, -np.ones(len(universe)), -self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The weights sum to {self.limit:.6g} at least."


@dataclass(frozen=True)
class TradeLimit(Constraint):
    """Purchases times one factor and sales times another may not be above the limit.

    With factors 1 and 0 it limits purchases, with 0 and 1 sales, and with 1 + c and -(1 - c) the cash that trades at a
    cost rate c take. A factor and its negative make it a plain row.
    """

    kind: ClassVar[str] = "trade_limit"
    relaxable: ClassVar[bool] = False
    stated: str = ""
    """The limit of the request that it comes from."""
    subject: str = ""
    buying: float = 1.0
    selling: float = 0.0
    current: tuple[float, ...] = field(default=(), repr=False)
    """Weights in the universe's order."""

    @property
    def id(self) -> str:
        """For instance ``constraints.max_turnover.purchases``."""
        return f"constraints.{self.stated}.{self.subject}"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("constraints", self.stated)

    def faults(self, universe: Universe) -> list[Fault]:
        """It has a current weight for every name, and factors that make it convex."""
        if len(self.current) != len(universe) or self.buying + self.selling < 0:
            return [Fault(self.path, "needs a current weight of every name, and factors that add up to 0 or more.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> RiskCap | Row:
        """The sum over the names, at most the limit."""
        current = np.array(self.current)
        if self.buying + self.selling == 0:
            return Row(self.id, np.full(len(current), self.buying), self.limit + self.buying * float(current.sum()))
        return RiskCap(self.id, Traded(current, self.buying, self.selling), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The {self.subject} of the rebalancing may not be above {self.limit:.6g} of its value."
