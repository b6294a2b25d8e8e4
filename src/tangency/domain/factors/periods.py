"""Prices as returns over the periods that factors have."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from tangency.domain.factors.history import Frequency
from tangency.domain.numbers import Matrix
from tangency.domain.portfolio.prices import PriceHistory

DAYS_LEFT = 3
"""A month with more days than these after its last price is not over: a weekend and a holiday are no reason."""
LONGEST_DAILY_GAP = 10
"""Days between two dates of daily figures: markets close for a week, never for a month."""
PERIODS_PER_YEAR: dict[Frequency, float] = {"daily": 252.0, "monthly": 12.0}


@dataclass(frozen=True, eq=False, slots=True)
class PeriodReturns:
    """Simple returns per period; NaN where a price is missing.

    Attributes:
        dates: of the periods' ends; of a month, its last day.
        values: shape (T, n).
    """

    dates: tuple[date, ...]
    values: Matrix


def frequency_of(dates: Sequence[date]) -> Frequency:
    """Whether dates stand for days or for months."""
    gaps = [(after - before).days for before, after in pairwise(dates)]
    return "monthly" if gaps and min(gaps) > LONGEST_DAILY_GAP else "daily"


def period_returns(prices: PriceHistory, columns: Sequence[int], frequency: Frequency) -> PeriodReturns:
    """The returns of some names, compounded within each period.

    A month's return leads from the last price of the month before to its own last price; a month whose neighbour is
    missing, and a last month that is not over, have none.
    """
    values = prices.values[:, list(columns)]
    if frequency == "daily":
        return PeriodReturns(prices.dates[1:], values[1:] / values[:-1] - 1.0)
    months = np.array([12 * day.year + day.month - 1 for day in prices.dates])
    kept, first = np.unique(months, return_index=True)
    ends = np.stack([_last_known(rows) for rows in np.split(values, first[1:])])
    if frequency_of(prices.dates) == "daily" and _days_left(prices.dates[-1]) > DAYS_LEFT:
        kept, ends = kept[:-1], ends[:-1]
    adjacent = np.diff(kept) == 1
    changes = (ends[1:] / ends[:-1] - 1.0)[adjacent]
    return PeriodReturns(tuple(map(_month_end, kept[1:][adjacent].tolist())), changes)


def _last_known(rows: Matrix) -> Matrix:
    known = ~np.isnan(rows)
    last = len(rows) - 1 - np.argmax(known[::-1], axis=0)
    found: Matrix = rows[last, np.arange(rows.shape[1])]
    return found


def _days_left(day: date) -> int:
    return monthrange(day.year, day.month)[1] - day.day


def _month_end(month: int) -> date:
    year, place = divmod(month, 12)
    return date(year, place + 1, monthrange(year, place + 1)[1])
