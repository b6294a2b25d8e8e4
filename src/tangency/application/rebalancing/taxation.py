"""Taxes of a plan: what the sales among its trades owe, by the lots that were stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tangency.application.taxes import SHORTFALL, TaxTerms
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import Sale, disposed, due
from tangency.domain.rebalancing.harvesting import Harvest, harvests
from tangency.domain.rebalancing.trades import CostModel, Trade
from tangency.domain.rebalancing.wash_sales import CarriedBasis, Disposal, Purchase, carried


@dataclass(frozen=True, slots=True)
class TaxBill:
    """What the sales of a plan owe.

    Attributes:
        amount: in money, positive where due, negative where losses save tax on gains of the year.
        harvests: lots that are left, whose loss would save tax.
        carried: disallowed losses, and the units whose cost they raise.
    """

    amount: float
    disposals: Sequence[Disposal] = ()
    harvests: Sequence[Harvest] = ()
    carried: Sequence[CarriedBasis] = ()


def taxed(trades: Sequence[Trade], terms: TaxTerms, cost: CostModel, day: date, prices: Mapping[str, float]) -> TaxBill:
    """What the sales owe together, the lots they take, and what could be sold at a loss besides."""
    held = terms.lots
    bought = [Purchase(trade.instrument_id, trade.quantity, day) for trade in trades if trade.action == "buy"]
    purchases = [*terms.history, *bought, *terms.purchases]
    sales = [_sale(trade, terms, cost, day) for trade in trades if trade.action == "sell"]
    disposals = disposed(sales, held, terms.rule, terms.rates, purchases, terms.realized)
    gains = terms.realized
    for disposal in disposals:
        gains = gains.plus(disposal.counted)
    proceeds = {name: price * (1.0 - cost.rate) for name, price in prices.items()}
    left = list(harvests(_left(held, disposals), proceeds, day, terms.rates, gains, purchases))
    return TaxBill(due(disposals, terms.rates, terms.realized), disposals, left, carried(disposals, day, purchases))


def _sale(trade: Trade, terms: TaxTerms, cost: CostModel, day: date) -> Sale:
    proceeds = trade.estimated_value * (1.0 - cost.rate) / trade.quantity
    return Sale(trade.instrument_id, trade.quantity, proceeds, day, terms.chosen.get(trade.instrument_id))


def _left(lots: Sequence[TaxLot], disposals: Sequence[Disposal]) -> list[TaxLot]:
    """What is left of the lots; what rounding leaves of one is nothing."""
    sold = {(each.lot.instrument_id, each.lot.id): each.quantity for each in disposals}
    left = [(lot, lot.quantity - sold.get((lot.instrument_id, lot.id), 0.0)) for lot in lots]
    return [replace(lot, quantity=units) for lot, units in left if units > SHORTFALL * lot.quantity]
