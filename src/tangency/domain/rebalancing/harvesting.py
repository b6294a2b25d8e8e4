"""Loss harvesting: which lots could be sold at a loss that saves tax, and from when that is safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.gains import Gains, TaxRates, is_long_term
from tangency.domain.rebalancing.wash_sales import WASH_DAYS, Disposal, Purchase, washed


@dataclass(frozen=True, slots=True)
class Harvest:
    """A lot that could be sold at a loss.

    Attributes:
        quantity: units left in the lot.
        loss: in money, above 0, before wash sales.
        disallowed: of the loss, for units that are bought within 30 days either side.
        saving: tax that the rest saves after the lots before it in the list; above 0.
        safe_from: the first day on which no purchase that is known takes the loss over; that of the sale where it is
            safe now.
        replace_from: the first day on which the same name may be bought again after a sale on the day.
    """

    lot: TaxLot
    quantity: float
    loss: float
    long_term: bool
    disallowed: float
    saving: float
    safe_from: date
    replace_from: date

    @property
    def wash_safe(self) -> bool:
        """Whether the whole loss counts if it is sold on the day."""
        return self.disallowed == 0.0


def harvests(
    lots: Sequence[TaxLot],
    proceeds: Mapping[str, float],
    day: date,
    rates: TaxRates,
    gains: Gains,
    purchases: Sequence[Purchase] = (),
) -> Iterator[Harvest]:
    """The lots whose loss saves tax, those that lose most of their cost first.

    Args:
        lots: as they are held.
        proceeds: of a unit of each name, costs taken off.
        day: of the sale.
        rates: of tax.
        gains: of the year, sales of the day among them: losses save tax against nothing else.
        purchases: around the day, those of the lots among them.
    """
    losers = [lot for lot in lots if proceeds.get(lot.instrument_id, lot.cost) < lot.cost]
    losers.sort(key=lambda lot: (proceeds[lot.instrument_id] / lot.cost, lot.bought, lot.id))
    sold: list[Disposal] = []
    for lot in losers:
        gain = lot.quantity * (proceeds[lot.instrument_id] - lot.cost)
        candidate = [*sold, Disposal(lot, lot.quantity, gain, is_long_term(lot.bought, day))]
        before, after = (_counted(gains, washed(each, day, purchases)) for each in (sold, candidate))
        saving = before.tax(rates) - after.tax(rates)
        if saving > 0:
            (own,) = (each for each in washed(candidate, day, purchases) if each.lot is lot)
            yield _harvest(own, saving, day, purchases)
            sold = candidate


def _counted(gains: Gains, disposals: Sequence[Disposal]) -> Gains:
    for disposal in disposals:
        gains = gains.plus(disposal.counted)
    return gains


def _harvest(disposal: Disposal, saving: float, day: date, purchases: Sequence[Purchase]) -> Harvest:
    lot, later = disposal.lot, timedelta(days=WASH_DAYS + 1)
    others = [each.day for each in purchases if each.instrument_id == lot.instrument_id and each.washes(day)]
    safe_from = max(others) + later if disposal.disallowed > 0 else day
    return Harvest(
        lot, disposal.quantity, -disposal.gain, disposal.long_term, disposal.disallowed, saving, safe_from, day + later
    )
