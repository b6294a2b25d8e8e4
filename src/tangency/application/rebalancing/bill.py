"""What trades cost, and the tax they owe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tangency.application.rebalancing.taxation import TaxTerms, taxed
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.taxes import Disposal
from tangency.domain.rebalancing.trades import Allocation, CostModel, Trade, traded


@dataclass(frozen=True, eq=False, slots=True)
class Bill:
    """Trades, and what is paid for them; ``tax`` is None where nobody asked."""

    trades: tuple[Trade, ...]
    after: Allocation
    costs: float
    tax: float | None
    disposals: Sequence[Disposal]

    @property
    def owed(self) -> float:
        """Tax to be paid out of cash; what a loss saves is no cash yet."""
        return max(self.tax or 0.0, 0.0)


def billed(
    changes: Mapping[str, float],
    now: Allocation,
    portfolio: Portfolio,
    prices: PriceHistory,
    cost: CostModel,
    terms: TaxTerms | None,
    day: date,
) -> Bill:
    """What it costs to change the values of the names by so much; the tax by the lots, where it is asked for."""
    latest = prices.latest()
    held = {holding.name: holding.quantity for holding in portfolio.holdings}
    costs = cost.cost(float(np.sum(np.abs(list(changes.values())))))
    trades, after = traded(now, changes, latest, costs, held)
    if terms is None:
        return Bill(trades, after, costs, None, ())
    tax, disposals = taxed(trades, terms, cost, day)
    trades, after = traded(now, changes, latest, costs + max(tax, 0.0), held)
    return Bill(trades, after, costs, tax, disposals)


def told(disposal: Disposal) -> dict[str, object]:
    """A disposal as plain values."""
    return {
        "instrument_id": disposal.lot.instrument_id,
        "lot": disposal.lot.id,
        "quantity": disposal.quantity,
        "gain": disposal.gain,
        "disallowed": disposal.disallowed,
        "long_term": disposal.long_term,
    }
