"""Factor returns with their dates, as a document that is kept and referred to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeGuard

import numpy as np

from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.factors.history import FactorHistory, Frequency
from tangency.domain.numbers import LARGEST, Vector

RETURNS = "returns"
FREQUENCIES: tuple[Frequency, ...] = ("daily", "monthly")


def is_dated(content: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a document states dates beside its returns."""
    return isinstance(content, Mapping) and isinstance(content.get(RETURNS), Mapping)


def content_of(history: FactorHistory) -> dict[str, object]:
    """The document for a history; null for a gap."""
    columns = {name: read.as_lists(history.values[:, place]) for place, name in enumerate(history.names)}
    free = {} if history.risk_free is None else {"risk_free": read.as_lists(history.risk_free)}
    dates = [day.isoformat() for day in history.dates]
    return {"frequency": history.frequency, "dates": dates, RETURNS: columns, **free}


def history_of(content: object, path: Path) -> FactorHistory:
    """The inverse of :func:`content_of`.

    Raises:
        InvalidInput: the document is no history.
    """
    given = read.fields(content, path, {"frequency", "dates", RETURNS}, {"risk_free"})
    frequency = read.one_of(given["frequency"], (*path, "frequency"), FREQUENCIES)
    dates = dates_of(given["dates"], (*path, "dates"))
    if not dates:
        raise InvalidInput.at((*path, "dates"), "is empty; give at least one.", "empty")
    columns = read.mapping(given[RETURNS], (*path, RETURNS))
    if not columns:
        raise InvalidInput.at((*path, RETURNS), "is empty; give at least one factor.", "empty")
    values = [_column(column, (*path, RETURNS, name), len(dates)) for name, column in columns.items()]
    rates = None
    if "risk_free" in given:
        rates = _column(given["risk_free"], (*path, "risk_free"), len(dates))
    chosen: Frequency = "monthly" if frequency == "monthly" else "daily"
    return FactorHistory(tuple(columns), dates, np.column_stack(values), chosen, rates)


def dates_of(value: object, path: Path) -> tuple[date, ...]:
    """Dates from their ISO texts.

    Raises:
        InvalidInput: one is no date.
    """
    return tuple(_day(text, (*path, place)) for place, text in enumerate(read.listed(value, path)))


def _day(value: object, path: Path) -> date:
    try:
        return date.fromisoformat(read.text(value, path))
    except ValueError:
        raise InvalidInput.at(path, f"{read.shown(value)} is not a date; write 2018-11-30.", "type") from None


def _column(value: object, path: Path, length: int) -> Vector:
    column = read.array(read.listed(value, path), path, (length,))
    if (np.abs(column[~np.isnan(column)]) > LARGEST).any():
        raise InvalidInput.at(path, "holds a number out of range; give numbers between -1e150 and 1e150.", "range")
    return column
