"""What a portfolio is worth at the latest prices, and the trades that lead from one allocation to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from tangency.domain.market.universe import CASH
from tangency.domain.portfolio.portfolio import Portfolio

NEGLIGIBLE = 1e-9
"""A change of weight that is rounding, and no trade."""
NO_CASH = 1e-7
"""A weight of cash that is what rounding leaves of many."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A purchase or a sale.

    Attributes:
        action: ``buy`` or ``sell``.
        quantity: units, above 0; fractions are allowed.
        estimated_value: at the latest price, above 0.
        weight_change: of the portfolio's value; negative where sold.
    """

    instrument_id: str
    action: str
    quantity: float
    estimated_value: float
    weight_change: float


@dataclass(frozen=True, slots=True)
class Valuation:
    """A portfolio at one moment's prices.

    Attributes:
        total: value of everything held, cash included.
        prices: the latest of every name.
        weights: current, of every name with a price; cash is what they leave of 1.
        benchmark: weights of what the portfolio is measured against; None where nobody said.
    """

    total: float
    prices: Mapping[str, float]
    weights: Mapping[str, float]
    benchmark: Mapping[str, float] | None = None

    @classmethod
    def of(cls, portfolio: Portfolio, prices: Mapping[str, float]) -> Self:
        """At these prices.

        Raises:
            InvalidInput: a holding without a price, or a total that is not above zero.
        """
        held = portfolio.weights(prices)
        worth = (holding.quantity * prices.get(holding.name, 0.0) for holding in portfolio.holdings)
        total = float(np.sum([*worth, portfolio.cash]))
        return cls(total, dict(prices), {name: held.get(name, 0.0) for name in prices})

    @property
    def allocation(self) -> dict[str, float]:
        """The current weights, and that of cash where there is any."""
        return with_cash(self.weights)

    def reached(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """Weights that trades lead to: those wanted, but where the change is negligible."""
        held = self.weights
        return {n: held[n] if abs(weight - held[n]) <= NEGLIGIBLE else weight for n, weight in wanted.items()}

    def trades(self, target: Mapping[str, float]) -> list[Trade]:
        """From the current weights to others, the largest first."""
        changes = {name: target[name] - self.weights[name] for name in target}
        moved = sorted((name for name in changes if changes[name]), key=lambda name: -abs(changes[name]))
        return [self._trade(name, changes[name]) for name in moved]

    def _trade(self, name: str, change: float) -> Trade:
        value = abs(change) * self.total
        return Trade(name, "buy" if change > 0 else "sell", value / self.prices[name], value, change)


def with_cash(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights, and what they leave of 1 as cash where that is not nothing."""
    cash = 1.0 - float(np.sum(list(weights.values())))
    return {**weights, CASH: cash} if abs(cash) > NO_CASH else dict(weights)
