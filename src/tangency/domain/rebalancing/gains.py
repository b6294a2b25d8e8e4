"""Gains of a year, and the tax that is due on them. Money is positive where it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tangency.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class TaxRates:
    """Of gains; each from 0 to 1."""

    short_term: float
    long_term: float

    def __post_init__(self) -> None:
        for name in ("short_term", "long_term"):
            rate = getattr(self, name)
            if not 0 <= rate <= 1:
                raise InvalidInput.at(("tax", "rates", name), f"is {rate}; give a rate from 0 to 1.", "range")


HIGHEST_BRACKET = TaxRates(0.408, 0.238)
"""Of the United States: 37% (26 U.S.C. 1(j)) and 20% (1(h)), and 3.8% of net investment income (1411)."""


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


NOTHING = Gains()
"""No gain and no loss."""


def is_long_term(bought: date, sold: date) -> bool:
    """Held for more than a year: from the day after the same day of the next year. February 29 counts as March 1."""
    if bought >= sold:
        return False
    try:
        anniversary = bought.replace(year=bought.year + 1)
    except ValueError:
        anniversary = date(bought.year + 1, 3, 1)
    return sold > anniversary
