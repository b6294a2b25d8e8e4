"""Tax lots: units that were bought together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.numbers import LARGEST


@dataclass(frozen=True, slots=True)
class TaxLot:
    """Units bought together.

    Attributes:
        id: unique among the lots of a portfolio.
        quantity: units left, above 0.
        cost: per unit, at least 0.
        bought: the day.

    Raises:
        InvalidInput: a quantity or a cost out of its range.
    """

    id: str
    instrument_id: str
    quantity: float
    cost: float
    bought: date

    def __post_init__(self) -> None:
        if not 0.0 < self.quantity <= LARGEST:
            detail = f"is {self.quantity}; a lot has a number of units above 0."
            raise InvalidInput.at(("lots", self.id, "quantity"), detail, "range")
        if not 0.0 <= self.cost <= LARGEST:
            detail = f"is {self.cost}; the cost of a unit is at least 0."
            raise InvalidInput.at(("lots", self.id, "cost"), detail, "range")


def refuse_repeated(lots: Sequence[TaxLot]) -> None:
    """Every lot has an id of its own.

    Raises:
        InvalidInput: two have the same one.
    """
    ids = [lot.id for lot in lots]
    faults = [
        Fault(("lots", place, "lot_id"), f"{each!r} is the id of two lots; give each its own.", "duplicate")
        for place, each in enumerate(ids)
        if each in ids[:place]
    ]
    if faults:
        raise InvalidInput(faults)
