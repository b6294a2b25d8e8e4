"""A history of prices, one column per name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.universe import MAX_NAME_LENGTH
from tangency.domain.numbers import LARGEST, Matrix

FEWEST_DATES = 2
"""One return takes two prices."""


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Prices adjusted for splits and dividends, oldest first; NaN marks a gap.

    Attributes:
        names: unique, in column order.
        dates: strictly increasing, one per row.
        values: shape (T, n), in one currency.
        source: where it was read and as of when, for the record; None for what was imported.

    Raises:
        InvalidInput: fewer than two dates, dates out of order or twice, names twice, a price that is not above zero,
            or a name without a single price.
    """

    names: tuple[str, ...]
    dates: tuple[date, ...]
    values: Matrix
    source: str | None = None

    def __post_init__(self) -> None:
        expected = (len(self.dates), len(self.names))
        if self.values.shape != expected:
            detail = f"have shape {self.values.shape}; {expected[0]} dates and {expected[1]} names need {expected}."
            raise InvalidInput.at(("prices",), detail, "shape")
        faults = [*self._axis_faults(), *self._value_faults()]
        if faults:
            raise InvalidInput(faults)

    def _axis_faults(self) -> list[Fault]:
        faults = [] if self.names else [Fault(("prices",), "have no column of a name.", "empty")]
        if len(self.dates) < FEWEST_DATES:
            faults.append(Fault(("prices",), f"have {len(self.dates)} dates; give at least {FEWEST_DATES}.", "empty"))
        for row in range(1, len(self.dates)):
            before, after = self.dates[row - 1], self.dates[row]
            if before >= after:
                detail = f"{after} follows {before}; dates ascend, each once."
                faults.append(Fault(("prices", "date", row), detail, "order"))
                break
        for column, name in enumerate(self.names):
            path: Path = ("prices", "name", column)
            if not name.strip() or len(name) > MAX_NAME_LENGTH:
                faults.append(Fault(path, f"{name[:120]!r} must have 1 to {MAX_NAME_LENGTH} characters."))
            elif name in self.names[:column]:
                faults.append(Fault(path, f"{name!r} is given twice; keep one.", "duplicate"))
        return faults

    def _value_faults(self) -> list[Fault]:
        gaps = np.isnan(self.values)
        faults = [
            Fault(("prices", name), f"{name!r} has no price at all; leave the column out.", "missing")
            for column, name in enumerate(self.names)
            if gaps[:, column].all()
        ]
        wrong = np.argwhere(~gaps & ~((self.values > 0) & (self.values <= LARGEST)))
        if len(wrong):
            row, column = wrong[0].tolist()
            detail = f"{self.names[column]!r} is {self.values[row, column]} on {self.dates[row]}; a price is above 0."
            faults.append(Fault(("prices", self.names[column]), detail))
        return faults

    def returns(self) -> Matrix:
        """Simple returns per period, NaN next to a gap; shape (T - 1, n)."""
        before = self.values[:-1]
        changes: Matrix = (self.values[1:] - before) / before
        return changes

    def latest(self) -> dict[str, float]:
        """The last price known of each name."""
        known = ~np.isnan(self.values)
        last = len(self.dates) - 1 - np.argmax(known[::-1], axis=0)
        return dict(zip(self.names, self.values[last, np.arange(len(self.names))].tolist(), strict=True))
