"""Tax lots: which are sold, what is gained on them, and what is due.

Money is positive where it is due. Lots are sold by a rule; ``min_tax`` finds the choice that owes least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate, pairwise

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.portfolio.tax_lots import TaxLot

WASH_DAYS = 30
"""Before and after a sale at a loss: what is bought within these days takes the loss over (26 U.S.C. section 1091)."""
ROUNDING = 1e-9
"""Of a quantity."""


class LotRule(StrEnum):
    """In which order lots are sold."""

    MIN_TAX = "min_tax"
    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"


@dataclass(frozen=True, slots=True)
class TaxRates:
    """Of gains; each from 0 to 1, and neither has a default."""

    short_term: float
    long_term: float

    def __post_init__(self) -> None:
        for name in ("short_term", "long_term"):
            rate = getattr(self, name)
            if not 0 <= rate <= 1:
                raise InvalidInput.at(("tax", "rates", name), f"is {rate}; give a rate from 0 to 1.", "range")


@dataclass(frozen=True, slots=True)
class Gains:
    """Of a year, in money; a loss is negative."""

    short_term: float = 0.0
    long_term: float = 0.0

    def plus(self, other: Gains) -> Gains:
        """Both together."""
        return Gains(self.short_term + other.short_term, self.long_term + other.long_term)

    def tax(self, rates: TaxRates) -> float:
        """What is due on them when losses net gains of their term first and then those of the other.

        A net loss owes nothing: it is carried forward, and no money comes back for it.
        """
        short, long = self.short_term, self.long_term
        if short < 0 < long:
            short, long = 0.0, max(0.0, long + short)
        elif long < 0 < short:
            short, long = max(0.0, short + long), 0.0
        return rates.short_term * max(short, 0.0) + rates.long_term * max(long, 0.0)


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units bought, or to be bought, on a day: in the history, in this plan, or in an announced trade."""

    instrument_id: str
    quantity: float
    day: date


@dataclass(frozen=True, slots=True)
class Disposal:
    """Units of a lot that are sold.

    Attributes:
        gain: in money; a loss is negative, and includes what is disallowed of it.
        disallowed: of a loss, for units that are bought again; above 0. It raises the cost of those units.
        long_term: held for more than a year.
    """

    lot: TaxLot
    quantity: float
    gain: float
    long_term: bool
    disallowed: float = 0.0

    @property
    def counted(self) -> Gains:
        """What counts of the gain."""
        counted = self.gain + self.disallowed
        return Gains(0.0, counted) if self.long_term else Gains(counted, 0.0)


def is_long_term(bought: date, sold: date) -> bool:
    """Held for more than a year: from the day after the same day of the next year. February 29 counts as March 1."""
    if bought >= sold:
        return False
    try:
        anniversary = bought.replace(year=bought.year + 1)
    except ValueError:
        anniversary = date(bought.year + 1, 3, 1)
    return sold > anniversary


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
    sale: Sale,
    lots: Sequence[TaxLot],
    rule: LotRule,
    rates: TaxRates,
    purchases: Sequence[Purchase] = (),
    realized: Gains = Gains(),
) -> tuple[Disposal, ...]:
    """The lots that a sale takes, with wash sales taken into account.

    Args:
        sale: of one instrument.
        lots: of that instrument, as they are held before it.
        rule: how they are chosen; ``min_tax`` owes no more than any other rule.
        rates: of tax.
        purchases: around the sale, those of the lots among them.
        realized: gains of the year so far, which losses may save tax on.

    Raises:
        InvalidInput: fewer units in the lots than are sold, or a choice that does not add up.
    """
    if rule is LotRule.SPECIFIC:
        return washed(_disposals(sale, _chosen(sale, lots)), sale.day, purchases)
    if rule is not LotRule.MIN_TAX:
        return washed(_disposals(sale, _in_order(sale, _ordered(lots, rule))), sale.day, purchases)
    others = [_in_order(sale, _ordered(lots, other)) for other in _ORDERS]
    choices = [*others, *_splits(sale, lots, realized)]
    found = [washed(_disposals(sale, taken), sale.day, purchases) for taken in choices]
    return min(found, key=lambda disposals: due(disposals, rates, realized))


def washed(disposals: Sequence[Disposal], day: date, purchases: Sequence[Purchase]) -> tuple[Disposal, ...]:
    """The disposals with losses disallowed for as many units as are bought within 30 days either side.

    Units bought again are matched to losses in the order of the disposals; a unit takes over one loss only. The units
    that are sold themselves are no replacement for each other.
    """
    window = timedelta(days=WASH_DAYS)
    of = {d.lot.instrument_id for d in disposals}
    left = math.fsum(p.quantity for p in purchases if p.instrument_id in of and abs(p.day - day) <= window)
    left -= math.fsum(d.quantity for d in disposals if abs(d.lot.bought - day) <= window)
    left, found = max(left, 0.0), []
    for disposal in disposals:
        if disposal.gain >= 0 or left <= 0:
            found.append(disposal)
            continue
        matched = min(left, disposal.quantity)
        left -= matched
        found.append(replace(disposal, disallowed=-disposal.gain * matched / disposal.quantity))
    return tuple(found)


def due(disposals: Sequence[Disposal], rates: TaxRates, realized: Gains = Gains()) -> float:
    """Tax that the disposals add to that on the gains realized already; negative where losses save some of it."""
    total = realized
    for disposal in disposals:
        total = total.plus(disposal.counted)
    return total.tax(rates) - realized.tax(rates)


def _ordered(lots: Sequence[TaxLot], rule: LotRule) -> list[TaxLot]:
    return sorted(lots, key=lambda lot: (_ORDERS[rule](lot), lot.bought, lot.id))


_ORDERS: Mapping[LotRule, Callable[[TaxLot], float]] = {
    LotRule.FIFO: lambda lot: float(lot.bought.toordinal()),
    LotRule.LIFO: lambda lot: -float(lot.bought.toordinal()),
    LotRule.HIFO: lambda lot: -lot.cost,
}


def _splits(sale: Sale, lots: Sequence[TaxLot], realized: Gains) -> Iterator[list[tuple[TaxLot, float]]]:
    """The ways to split a sale between short and long term one of which owes least, without wash sales.

    Within a term the dearest lots go first, because less gain of a term never owes more. What is due is then linear in
    the units of short term between the ends of lots and the points where a gain, or the sum of both, changes its sign.
    """
    dearest = _ordered(lots, LotRule.HIFO)
    long = [lot for lot in dearest if is_long_term(lot.bought, sale.day)]
    short = [lot for lot in dearest if lot not in long]
    most_long = math.fsum(lot.quantity for lot in long)
    most_short = math.fsum(lot.quantity for lot in short)
    first, last = max(0.0, sale.quantity - most_long), min(sale.quantity, most_short)
    ends = {first, last, *(end for end in _ends(short)), *(sale.quantity - end for end in _ends(long))}
    places = sorted(end for end in ends if first <= end <= last)
    kinks = [_kinks(sale, short, long, realized, pair) for pair in pairwise(places)]
    for units in [*places, *(kink for inside in kinks for kink in inside)]:
        of_short = replace(sale, quantity=units)
        of_long = replace(sale, quantity=sale.quantity - units)
        yield [*_in_order(of_short, short), *_in_order(of_long, long)]


def _ends(lots: Sequence[TaxLot]) -> Iterator[float]:
    return accumulate(lot.quantity for lot in lots)


def _kinks(
    sale: Sale, short: Sequence[TaxLot], long: Sequence[TaxLot], realized: Gains, pair: tuple[float, float]
) -> list[float]:
    """Where between two numbers of units of short term a gain, or the sum of both, is 0."""
    found = []
    ends = []
    for units in pair:
        gains = realized
        for part, lots in ((units, short), (sale.quantity - units, long)):
            for disposal in _disposals(sale, _in_order(replace(sale, quantity=part), lots)):
                gains = gains.plus(disposal.counted)
        ends.append((gains.short_term, gains.long_term, gains.short_term + gains.long_term))
    for before, after in zip(*ends, strict=True):
        if before * after < 0:
            found.append(pair[0] + (pair[1] - pair[0]) * before / (before - after))
    return found


def _in_order(sale: Sale, lots: Sequence[TaxLot]) -> list[tuple[TaxLot, float]]:
    taken, left = [], sale.quantity
    for lot in lots:
        quantity = min(left, lot.quantity)
        if quantity > 0:
            taken.append((lot, quantity))
            left -= quantity
    if left > ROUNDING * max(sale.quantity, 1.0):
        have = sale.quantity - left
        detail = f"{sale.instrument_id} has lots of {have:g} units, and {sale.quantity:g} are sold; import the others."
        raise InvalidInput.at(("lots", sale.instrument_id), detail, "missing")
    return taken


def _chosen(sale: Sale, lots: Sequence[TaxLot]) -> list[tuple[TaxLot, float]]:
    path: Path = ("tax", "lots", sale.instrument_id)
    chosen, by_id = sale.chosen or {}, {lot.id: lot for lot in lots}
    for lot_id, quantity in chosen.items():
        if lot_id not in by_id or not 0 < quantity <= by_id[lot_id].quantity * (1 + ROUNDING):
            raise InvalidInput.at((*path, lot_id), f"{quantity:g} units are not in that lot.", "range")
    if not math.isclose(math.fsum(chosen.values()), sale.quantity, rel_tol=ROUNDING):
        detail = f"adds up to {math.fsum(chosen.values()):g} units; {sale.quantity:g} are sold."
        raise InvalidInput.at(path, detail, "range")
    return [(by_id[lot_id], quantity) for lot_id, quantity in chosen.items()]


def _disposals(sale: Sale, taken: Sequence[tuple[TaxLot, float]]) -> list[Disposal]:
    return [_sold(lot, quantity, sale) for lot, quantity in taken]


def _sold(lot: TaxLot, quantity: float, sale: Sale) -> Disposal:
    gain = quantity * (sale.proceeds - lot.cost)
    return Disposal(lot, quantity, gain, is_long_term(lot.bought, sale.day))
