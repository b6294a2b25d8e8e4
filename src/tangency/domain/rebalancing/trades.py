"""Trades in units and money, in the order in which cash allows them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.portfolio.portfolio import Portfolio

LARGEST_RATE = 0.1
"""Of what is traded; a larger cost is one in basis points."""
ROUNDING = 1e-12
"""Of a quantity: what dividing a value by a price leaves."""


@dataclass(frozen=True, slots=True)
class CostModel:
    """What trading costs.

    Attributes:
        rate: one-off, per traded value, for purchases and sales alike; from 0 to 0.1.
    """

    rate: float = 0.0

    @classmethod
    def of(cls, rate: float, path: Path) -> CostModel:
        """A rate as it was asked for.

        Raises:
            InvalidInput: it is none; where it looks like basis points, with the rate that they are.
        """
        if 0 <= rate <= LARGEST_RATE:
            return cls(rate)
        hint = f" If basis points are meant, give {rate / 1e4:g}." if rate > LARGEST_RATE else ""
        raise InvalidInput.at(
            path, f"is {rate:g}; give a cost per traded value from 0 to {LARGEST_RATE}.{hint}", "range"
        )

    def cost(self, value: float) -> float:
        """Of trades of so much value."""
        return self.rate * abs(value)


@dataclass(frozen=True, slots=True)
class Trade:
    """A purchase or a sale.

    Attributes:
        quantity: in units, above 0; fractions of a unit are allowed.
        estimated_value: at the prices of the valuation, above 0.
        weight_change: the name's share of the portfolio after all trades less its share before.
        priority: 1 is executed first.
    """

    instrument_id: str
    action: Literal["buy", "sell"]
    quantity: float
    estimated_value: float
    weight_change: float
    priority: int

    @property
    def signed_value(self) -> float:
        """Positive where bought."""
        return self.estimated_value if self.action == "buy" else -self.estimated_value


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a portfolio is worth, name by name.

    Attributes:
        values: by name; of every name that is held or traded.
        cash: in the same currency.
    """

    values: Mapping[str, float]
    cash: float

    @classmethod
    def of(cls, portfolio: Portfolio, prices: Mapping[str, float]) -> Allocation:
        """At these prices.

        Raises:
            InvalidInput: a holding without a price, or a total that is not above zero.
        """
        portfolio.weights(prices)
        values = {h.name: h.quantity * prices.get(h.name, 0.0) for h in portfolio.holdings}
        return cls(values, portfolio.cash)

    @property
    def total(self) -> float:
        """With cash."""
        return math.fsum([*self.values.values(), self.cash])

    @property
    def weights(self) -> dict[str, float]:
        """Of each name; what they leave of 1 is cash."""
        total = self.total
        return {name: value / total for name, value in self.values.items()}

    def after(self, changes: Mapping[str, float], paid: float) -> Allocation:
        """When each name's value has changed by so much, and cash paid for that and for ``paid`` besides."""
        names = [*self.values, *(name for name in changes if name not in self.values)]
        values = {name: self.values.get(name, 0.0) + changes.get(name, 0.0) for name in names}
        return Allocation(values, math.fsum([self.cash, -paid, *(-change for change in changes.values())]))


def traded(
    before: Allocation,
    changes: Mapping[str, float],
    prices: Mapping[str, float],
    paid: float,
    held: Mapping[str, float],
) -> tuple[tuple[Trade, ...], Allocation]:
    """The trades that change the names' values by so much, and where they lead.

    Sales come first, the largest first, then purchases: cash only grows and then only falls, so that no part of the
    list takes it lower than the whole does.

    Args:
        before: what is held.
        changes: of the value of each name that is traded, in money.
        prices: of each of those names.
        paid: costs and taxes.
        held: units of each name, so that what is sold out is sold to the last unit and no further.
    """
    after = before.after(changes, paid)
    old, new = before.weights, after.weights
    order = sorted(changes, key=lambda name: (changes[name] > 0, -abs(changes[name]), name))
    trades = tuple(
        Trade(
            name,
            "buy" if changes[name] > 0 else "sell",
            _units(abs(changes[name]) / prices[name], abs(held.get(name, 0.0))),
            abs(changes[name]),
            new[name] - old.get(name, 0.0),
            place,
        )
        for place, name in enumerate(order, 1)
    )
    return trades, after


def _units(wanted: float, held: float) -> float:
    return held if math.isclose(wanted, held, rel_tol=ROUNDING) else wanted


def turnover(trades: Sequence[Trade], total: float) -> float:
    """One-way: half of all that is traded and of what cash changes by for it, over the portfolio's value."""
    signed = [trade.signed_value for trade in trades]
    return 0.5 * (math.fsum(map(abs, signed)) + abs(math.fsum(signed))) / total
