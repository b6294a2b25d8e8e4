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
