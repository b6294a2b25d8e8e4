"""Taxes of a plan: what the sales among its trades owe, by the lots that were stated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.ports import PortfolioRecords
from tangency.domain.portfolio.tax_lots import TaxLot, refuse_repeated
from tangency.domain.rebalancing.disposals import LotRule, Sale, disposed, due
from tangency.domain.rebalancing.gains import Gains, TaxRates, is_long_term
from tangency.domain.rebalancing.harvesting import Harvest, harvests
from tangency.domain.rebalancing.trades import CostModel, Trade
from tangency.domain.rebalancing.wash_sales import CarriedBasis, Disposal, Purchase, carried, replacements

SHORTFALL = 1e-9
"""Of a quantity: by so much the lots of a name may miss what is held of it."""


@dataclass(frozen=True, eq=False, slots=True)
class TaxTerms:
    """What taxes are counted from.

    Attributes:
        lots: of every name that is held; None for those that were imported.
        purchases: announced, or made outside of these lots; they take over losses too.
        realized: gains of the year so far.
        chosen: for the rule ``specific``: by name, quantities by id of the lot.
        horizon_years: over which a tax is worth paying for an annual gain.
    """

    rates: TaxRates
    lots: Sequence[TaxLot] | None = None
    rule: LotRule = LotRule.MIN_TAX
    purchases: Sequence[Purchase] = ()
    realized: Gains = field(default_factory=Gains)
    chosen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    horizon_years: float = 1.0

    def in_weights(self, prices: Mapping[str, float], total: float, cost: CostModel, day: date) -> dict[str, object]:
        """Rates and lots as the method takes them, over the portfolio's value."""
        history = [Purchase(lot.instrument_id, lot.quantity, lot.bought) for lot in self.lots or ()]
        purchases = [*history, *self.purchases]
        return {
            "short_term": self.rates.short_term,
            "long_term": self.rates.long_term,
            "realized_short_term": self.realized.short_term / total,
            "realized_long_term": self.realized.long_term / total,
            "horizon_years": self.horizon_years,
            "lots": [
                _in_weights(lot, prices[lot.instrument_id], total, cost, day, purchases)
                for lot in self.lots or ()
                if lot.instrument_id in prices
            ],
        }


def _in_weights(
    lot: TaxLot, price: float, total: float, cost: CostModel, day: date, purchases: Sequence[Purchase]
) -> dict[str, object]:
    """A lot; no loss is counted on where units bought around the day may take it over, and all of it for the bound."""
    gain = 1.0 - cost.rate - lot.cost / price
    told = {
        "name": lot.instrument_id,
        "weight": lot.quantity * price / total,
        "gain": gain,
        "long_term": is_long_term(lot.bought, day),
    }
    doubtful = gain < 0 and replacements(lot.instrument_id, (), day, purchases) > 0
    return {**told, "gain": 0.0, "best_gain": gain} if doubtful else told


async def complete_terms(portfolio: Portfolio, terms: TaxTerms | None, records: PortfolioRecords) -> TaxTerms:
    """The terms with lots for all of a portfolio: those that are stated, or those that were imported.

    Raises:
        InvalidInput: a name that is held without lots for all of it, a lot's id given twice, or no rates.
    """
    stated = None if terms is None else terms.lots
    lots = await records.tax_lots(portfolio.id) if stated is None else stated
    refuse_repeated(lots)
    missing = [holding.name for holding in portfolio.holdings if _short(holding.quantity, holding.name, lots)]
    if missing:
        detail = (
            "needs the tax lots of every name that is held, stated as `tax.lots` or imported with `tangency import "
            f"lots`; missing: {', '.join(missing)}."
        )
        raise InvalidInput.at(("constraints", "consider_tax_implications"), detail, "missing")
    if terms is None:
        detail = "is left out; consider_tax_implications needs its `rates`, short_term and long_term."
        raise InvalidInput.at(("tax",), detail, "missing")
    return replace(terms, lots=lots)


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
    held = terms.lots or ()
    bought = [Purchase(trade.instrument_id, trade.quantity, day) for trade in trades if trade.action == "buy"]
    history = [Purchase(lot.instrument_id, lot.quantity, lot.bought) for lot in held]
    purchases = [*history, *bought, *terms.purchases]
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


def _short(quantity: float, name: str, lots: Sequence[TaxLot]) -> bool:
    known = math.fsum(lot.quantity for lot in lots if lot.instrument_id == name)
    return quantity > 0 and known < quantity * (1.0 - SHORTFALL)
