"""Which lots are sold, and what is due for it. ``min_tax`` owes least over all the sales of a day together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from tangency.domain.errors import InvalidInput, Path, hint
from tangency.domain.numbers import Vector
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.gains import NOTHING, Gains, TaxRates, is_long_term
from tangency.domain.rebalancing.least_tax import LotsOfSales
from tangency.domain.rebalancing.wash_sales import Disposal, Purchase, washed

ROUNDING = 1e-9
"""Of a quantity."""


class LotRule(StrEnum):
    """In which order lots are sold."""

    MIN_TAX = "min_tax"
    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"


_ORDERS: Mapping[LotRule, Callable[[TaxLot], float]] = {
    LotRule.FIFO: lambda lot: float(lot.bought.toordinal()),
    LotRule.LIFO: lambda lot: -float(lot.bought.toordinal()),
    LotRule.HIFO: lambda lot: -lot.cost,
}


@dataclass(frozen=True, slots=True)
class Sale:
    """Units of one instrument to be sold.

    Attributes:
        proceeds: per unit, costs taken off.
        chosen: for the rule ``specific``: quantities by id of the lot.
    """

    instrument_id: str
    quantity: float
    proceeds: float
    day: date
    chosen: Mapping[str, float] | None = None


def disposed(
    sales: Sequence[Sale],
    lots: Sequence[TaxLot],
    rule: LotRule,
    rates: TaxRates,
    purchases: Sequence[Purchase] = (),
    realized: Gains = NOTHING,
) -> tuple[Disposal, ...]:
    """The lots that the sales of a day take, with wash sales taken into account.

    Args:
        sales: of one day, one for each instrument.
        lots: of those instruments, as they are held before; others do not matter.
        rule: how they are chosen; ``min_tax`` owes no more than any other rule.
        rates: of tax.
        purchases: around the day, those of the lots among them.
        realized: gains of the year so far, which losses may save tax on.

    Raises:
        InvalidInput: fewer units in the lots than are sold, or a choice that does not add up.
    """
    if not sales:
        return ()
    counter = _Counter.of(sales, lots)
    day = sales[0].day
    if rule is LotRule.SPECIFIC:
        return washed(counter.disposals(_chosen(counter)), day, purchases)
    if rule is not LotRule.MIN_TAX:
        return washed(counter.disposals(counter.by_rule(rule)), day, purchases)
    choices = [*(counter.by_rule(other) for other in _ORDERS), *counter.figures.cheapest(rates, realized)]
    found = [washed(counter.disposals(taken), day, purchases) for taken in choices]
    return min(found, key=lambda disposals: due(disposals, rates, realized))


def due(disposals: Sequence[Disposal], rates: TaxRates, realized: Gains = NOTHING) -> float:
    """Tax that the disposals add to that on the gains realized already; negative where losses save some of it."""
    total = realized
    for disposal in disposals:
        total = total.plus(disposal.counted)
    return total.tax(rates) - realized.tax(rates)


@dataclass(frozen=True, eq=False, slots=True)
class _Counter:
    """The lots that sales may take, in order of their days."""

    sales: Sequence[Sale]
    lots: Sequence[TaxLot]
    figures: LotsOfSales

    @classmethod
    def of(cls, sales: Sequence[Sale], lots: Sequence[TaxLot]) -> _Counter:
        places = {sale.instrument_id: place for place, sale in enumerate(sales)}
        mine = sorted((lot for lot in lots if lot.instrument_id in places), key=lambda lot: (lot.bought, lot.id))
        of = [sales[places[lot.instrument_id]] for lot in mine]
        for sale in sales:
            _refuse_short(sale, math.fsum(lot.quantity for lot in mine if lot.instrument_id == sale.instrument_id))
        figures = LotsOfSales(
            np.array([places[lot.instrument_id] for lot in mine]),
            np.array([lot.quantity for lot in mine], dtype=float),
            np.array([sale.quantity for sale in of], dtype=float),
            np.array([sale.proceeds - lot.cost for sale, lot in zip(of, mine, strict=True)], dtype=float),
            np.array([is_long_term(lot.bought, sale.day) for sale, lot in zip(of, mine, strict=True)]),
        )
        return cls(sales, mine, figures)

    def by_rule(self, rule: LotRule) -> Vector:
        """Units of each lot, in the order of the rule."""
        return self.figures.in_order(np.array([_ORDERS[rule](lot) for lot in self.lots]))

    def disposals(self, taken: Vector) -> list[Disposal]:
        """A choice as disposals."""
        return [
            Disposal(lot, quantity, quantity * gain, bool(long))
            for lot, quantity, gain, long in zip(
                self.lots, taken.tolist(), self.figures.gains.tolist(), self.figures.long.tolist(), strict=True
            )
            if quantity > 0
        ]


def _refuse_short(sale: Sale, have: float) -> None:
    if sale.quantity - have > ROUNDING * max(sale.quantity, 1.0):
        detail = f"{sale.instrument_id} has lots of {have:g} units, and {sale.quantity:g} are sold; import the others."
        raise InvalidInput.at(("lots", sale.instrument_id), detail, "missing")


def _chosen(counter: _Counter) -> Vector:
    """The units that the sales themselves choose."""
    for place, sale in enumerate(counter.sales):
        of = {
            lot.id: lot for lot, mine in zip(counter.lots, counter.figures.sale.tolist(), strict=True) if mine == place
        }
        _refuse_choice(sale, of)
    choices = [counter.sales[place].chosen or {} for place in counter.figures.sale.tolist()]
    return np.array([chosen.get(lot.id, 0.0) for lot, chosen in zip(counter.lots, choices, strict=True)])


def _misfit(lot_id: str, quantity: float, lots: Mapping[str, TaxLot]) -> str:
    if lot_id not in lots:
        return f"{lot_id!r} is not one of its lots; {hint(lot_id, lots)}"
    return f"is {quantity:g}, and the lot has {lots[lot_id].quantity:g} units; choose some of them."


def _refuse_choice(sale: Sale, lots: Mapping[str, TaxLot]) -> None:
    path: Path = ("tax", "chosen_lots", sale.instrument_id)
    chosen = sale.chosen or {}
    for lot_id, quantity in chosen.items():
        if lot_id not in lots or not 0 < quantity <= lots[lot_id].quantity * (1 + ROUNDING):
            raise InvalidInput.at((*path, lot_id), _misfit(lot_id, quantity, lots), "range")
    if not math.isclose(math.fsum(chosen.values()), sale.quantity, rel_tol=ROUNDING):
        detail = f"adds up to {math.fsum(chosen.values()):g} units; {sale.quantity:g} are sold; choose as many."
        raise InvalidInput.at(path, detail, "range")
