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
from tangency.domain.rebalancing.taxes import (
    Disposal,
    Gains,
    LotRule,
    Purchase,
    Sale,
    TaxRates,
    disposed,
    due,
)
from tangency.domain.rebalancing.trades import CostModel, Trade

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
    """

    rates: TaxRates
    lots: Sequence[TaxLot] | None = None
    rule: LotRule = LotRule.MIN_TAX
    purchases: Sequence[Purchase] = ()
    realized: Gains = field(default_factory=Gains)
    chosen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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


def taxed(trades: Sequence[Trade], terms: TaxTerms, cost: CostModel, day: date) -> tuple[float, list[Disposal]]:
    """What the sales owe together, and the lots they take; sales count in the order of their priority."""
    held = terms.lots or ()
    history = [Purchase(lot.instrument_id, lot.quantity, lot.bought) for lot in held]
    realized, disposals = terms.realized, list[Disposal]()
    for trade in trades:
        if trade.action == "sell":
            name = trade.instrument_id
            proceeds = trade.estimated_value * (1.0 - cost.rate) / trade.quantity
            sale = Sale(name, trade.quantity, proceeds, day, terms.chosen.get(name))
            lots = [lot for lot in held if lot.instrument_id == name]
            found = disposed(sale, lots, terms.rule, terms.rates, [*history, *terms.purchases], realized)
            disposals += found
            for disposal in found:
                realized = realized.plus(disposal.counted)
    return due(disposals, terms.rates, terms.realized), disposals


def _short(quantity: float, name: str, lots: Sequence[TaxLot]) -> bool:
    known = math.fsum(lot.quantity for lot in lots if lot.instrument_id == name)
    return quantity > 0 and known < quantity * (1.0 - SHORTFALL)
