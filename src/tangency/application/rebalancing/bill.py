"""What trades cost, and the tax they owe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np

from tangency.application.rebalancing.taxation import TaxBill, taxed
from tangency.application.taxes import TaxTerms
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.harvesting import Harvest
from tangency.domain.rebalancing.trades import Allocation, CostModel, Trade, traded
from tangency.domain.rebalancing.wash_sales import Disposal


@dataclass(frozen=True, eq=False, slots=True)
class Bill:
    """Trades, and what is paid for them; ``tax`` is None where nobody asked."""

    trades: tuple[Trade, ...]
    after: Allocation
    costs: float
    tax: TaxBill | None = None

    @property
    def owed(self) -> float:
        """Tax to be paid out of cash; what a loss saves is no cash yet."""
        return 0.0 if self.tax is None else max(self.tax.amount, 0.0)


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
        return Bill(trades, after, costs)
    tax = taxed(trades, terms, cost, day, latest)
    trades, after = traded(now, changes, latest, costs + max(tax.amount, 0.0), held)
    return Bill(trades, after, costs, tax)


def tax_evidence(tax: TaxBill | None, terms: TaxTerms | None) -> dict[str, object]:
    """The lots that are sold, those that could be at a loss, and by what rates, as plain values."""
    found = TaxBill(0.0) if tax is None else tax
    return {
        **({} if terms is None else {"tax_terms": terms.told}),
        "disposals": [_told(each) for each in found.disposals],
        "carried_basis": [{**asdict(each), "day": each.day.isoformat()} for each in found.carried],
        "loss_harvesting": [_opportunity(each) for each in found.harvests],
    }


def _opportunity(harvest: Harvest) -> dict[str, object]:
    return {
        "instrument_id": harvest.lot.instrument_id,
        "lot": harvest.lot.id,
        "quantity": harvest.quantity,
        "loss": harvest.loss,
        "long_term": harvest.long_term,
        "disallowed": harvest.disallowed,
        "wash_safe": harvest.wash_safe,
        "safe_from": harvest.safe_from.isoformat(),
        "replace_from": harvest.replace_from.isoformat(),
        "saving": harvest.saving,
    }


def _told(disposal: Disposal) -> dict[str, object]:
    return {
        "instrument_id": disposal.lot.instrument_id,
        "lot": disposal.lot.id,
        "quantity": disposal.quantity,
        "gain": disposal.gain,
        "disallowed": disposal.disallowed,
        "long_term": disposal.long_term,
    }
