"""Wash sales: a loss does not count for units that are bought again within 30 days either side (26 U.S.C. 1091)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.gains import Gains

WASH_DAYS = 30
"""Before and after a sale at a loss: what is bought within these days takes the loss over."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units bought, or to be bought, on a day: in the history, in this plan, or in an announced trade."""

    instrument_id: str
    quantity: float
    day: date

    def washes(self, day: date) -> bool:
        """Whether it takes over losses of that day."""
        return abs(self.day - day) <= timedelta(days=WASH_DAYS)


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


def washed(disposals: Sequence[Disposal], day: date, purchases: Sequence[Purchase]) -> tuple[Disposal, ...]:
    """The disposals of a day with losses disallowed for as many units as are bought around it.

    A unit bought again takes over one loss only. Losses of one day are matched in the order in which their lots were
    acquired (26 CFR 1.1091-1(b)). The units that are sold themselves are no replacement for each other.
    """
    ordered = sorted(disposals, key=lambda disposal: (disposal.lot.bought, disposal.lot.id))
    left = {name: replacements(name, ordered, day, purchases) for name in {d.lot.instrument_id for d in ordered}}
    found = []
    for disposal in ordered:
        name = disposal.lot.instrument_id
        matched = min(left[name], disposal.quantity) if disposal.gain < 0 else 0.0
        left[name] -= matched
        disallowed = -disposal.gain * matched / disposal.quantity
        found.append(replace(disposal, disallowed=disallowed) if matched > 0 else disposal)
    return tuple(found)


def replacements(name: str, disposals: Sequence[Disposal], day: date, purchases: Sequence[Purchase]) -> float:
    """Units of a name that are bought around a day and kept: they take losses of that day over."""
    bought = math.fsum(each.quantity for each in purchases if each.instrument_id == name and each.washes(day))
    sold = [each for each in disposals if each.lot.instrument_id == name]
    own = (each.quantity for each in sold if Purchase(name, each.quantity, each.lot.bought).washes(day))
    return max(bought - math.fsum(own), 0.0)


@dataclass(frozen=True, slots=True)
class CarriedBasis:
    """A disallowed loss that raises the cost of units bought around the day.

    Attributes:
        day: on which those units were, or are to be, bought.
        quantity: of them.
        amount: in money, above 0, for all of them together.
    """

    instrument_id: str
    day: date
    quantity: float
    amount: float


def carried(disposals: Sequence[Disposal], day: date, purchases: Sequence[Purchase]) -> tuple[CarriedBasis, ...]:
    """Where the disallowed losses of a day go: to the units that replace, in the order in which those are bought.

    Args:
        disposals: of the day, washed.
        day: of the sales.
        purchases: around it, those of the lots among them.
    """
    found: list[CarriedBasis] = []
    free = _kept(disposals, day, purchases)
    for disposal in disposals:
        left = disposal.quantity * disposal.disallowed / -disposal.gain if disposal.disallowed > 0 else 0.0
        per_unit = -disposal.gain / disposal.quantity
        for place, (purchase, units) in enumerate(free):
            taken = min(left, units) if purchase.instrument_id == disposal.lot.instrument_id else 0.0
            if taken > 0:
                free[place] = (purchase, units - taken)
                left -= taken
                found.append(CarriedBasis(purchase.instrument_id, purchase.day, taken, per_unit * taken))
    return tuple(found)


def _kept(disposals: Sequence[Disposal], day: date, purchases: Sequence[Purchase]) -> list[tuple[Purchase, float]]:
    """Purchases that wash losses of the day, with the units of each that are not sold on it."""
    sold: dict[tuple[str, date], float] = {}
    for disposal in disposals:
        key = (disposal.lot.instrument_id, disposal.lot.bought)
        sold[key] = sold.get(key, 0.0) + disposal.quantity
    kept = []
    for purchase in sorted((each for each in purchases if each.washes(day)), key=lambda each: each.day):
        key = (purchase.instrument_id, purchase.day)
        own = min(sold.get(key, 0.0), purchase.quantity)
        sold[key] = sold.get(key, 0.0) - own
        kept.append((purchase, purchase.quantity - own))
    return kept
