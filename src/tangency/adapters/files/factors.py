"""Returns of factors from a file: French's own CSV files as they are downloaded, or a table of one's own."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from tangency.adapters.files.headers import DATE, plain, require
from tangency.adapters.files.table import read_table
from tangency.domain.errors import InvalidInput
from tangency.domain.factors.history import FactorHistory, Frequency
from tangency.domain.numbers import Matrix, Vector

PERCENT = 0.01
"""French's figures are percentages; everything inside is in fractions."""
MISSING = (-99.99, -999.0)
"""What French writes where there is no figure."""
RISK_FREE = ("rf", "risk_free", "risk_free_rate")
LONGEST_DAILY_GAP = 10
"""Days between two dates of daily returns: markets close for a week, never for a month."""

_ROW = re.compile(r"\s*(\d{6}|\d{8})\s*,")
_MONTH_DIGITS = 6


def read_factors(path: Path) -> FactorHistory:
    """Read the returns of factors.

    French's files hold a few sentences, then the returns in percent by day or month, then (for months) those of whole
    years, which are left out. Any other file is a table with a date column and a column of fractions per factor; a
    column ``RF`` is the risk-free rate.

    Raises:
        InvalidInput: the file cannot be read, or a figure in it; with file, row, column and what to do.
    """
    try:
        lines = path.read_text("latin-1").splitlines()
    except OSError as error:
        raise InvalidInput.at((), f"{path} cannot be read: {error.strerror}.", "unreadable") from None
    header = _french_header(lines)
    try:
        return _table(path) if header is None else _french(path, lines, header)
    except InvalidInput as error:
        faults = [fault for fault in error.faults if fault.path]
        if not faults:
            raise
        raise InvalidInput.at((), f"{path}: {faults[0]}", faults[0].code) from None


def _french_header(lines: Sequence[str]) -> int | None:
    """The line that names French's factors: it begins with a comma, and a line of figures follows."""
    for number, (line, following) in enumerate(pairwise(lines)):
        if line.lstrip().startswith(",") and _ROW.match(following):
            return number
    return None


def _french(path: Path, lines: Sequence[str], header: int) -> FactorHistory:
    names = [name.strip() for name in lines[header].split(",")[1:]]
    rows = []
    for number, line in enumerate(lines[header + 1 :], header + 2):
        if not _ROW.match(line):  # the end of the first table; whole years or a copyright follow
            break
        rows.append(_cells(path, number, line, len(names)))
    stamps = [stamp for stamp, _ in rows]
    frequency: Frequency = "monthly" if len(stamps[0]) == _MONTH_DIGITS else "daily"
    values = np.array([figures for _, figures in rows])
    values = np.where(np.isin(values, MISSING), np.nan, values) * PERCENT
    return _history(names, [_end(path, stamp) for stamp in stamps], values, frequency)


def _cells(path: Path, number: int, line: str, count: int) -> tuple[str, list[float]]:
    stamp, *cells = (cell.strip() for cell in line.split(","))
    if len(cells) != count:
        detail = f"{path}, line {number}: {len(cells)} figures for {count} factors; give one for each."
        raise InvalidInput.at((), detail, "unreadable")
    try:
        return stamp, [float(cell) for cell in cells]
    except ValueError:
        detail = f"{path}, line {number}: {line.strip()[:60]!r} is not a row of figures; give a date and numbers."
        raise InvalidInput.at((), detail) from None


def _end(path: Path, stamp: str) -> date:
    try:
        year, month = int(stamp[:4]), int(stamp[4:6])
        return date(year, month, int(stamp[6:]) if stamp[6:] else monthrange(year, month)[1])
    except ValueError:  # a month 13 too: calendar's own error is one
        raise InvalidInput.at((), f"{path}: {stamp} is not a date; French writes YYYYMM or YYYYMMDD.") from None


def _table(path: Path) -> FactorHistory:
    table = read_table(path)
    day = require(table, DATE)
    columns = [column for column in range(len(table.headers)) if column != day]
    dates = table.dates(day).to_list()
    values = np.column_stack([table.numbers(column) for column in columns]) if columns else np.empty((len(dates), 0))
    order = np.argsort(np.array(dates, dtype="datetime64[D]"), kind="stable")
    days = [dates[row] for row in order]
    return _history([table.headers[column] for column in columns], days, values[order], _frequency(days))


def _frequency(dates: Sequence[date]) -> Frequency:
    gaps = [(after - before).days for before, after in pairwise(dates)]
    return "monthly" if gaps and min(gaps) > LONGEST_DAILY_GAP else "daily"


def _history(names: Sequence[str], dates: Sequence[date], values: Matrix, frequency: Frequency) -> FactorHistory:
    free = [column for column, name in enumerate(names) if plain(name) in RISK_FREE]
    kept = [column for column in range(len(names)) if column not in free]
    risk_free: Vector | None = values[:, free[0]] if free else None
    return FactorHistory(tuple(names[column] for column in kept), tuple(dates), values[:, kept], frequency, risk_free)
