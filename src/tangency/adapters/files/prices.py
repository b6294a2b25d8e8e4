"""Prices from a file: wide (a date, then a column per name) or long (a row per date and name)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from tangency.adapters.files.headers import DATE, NAME, NO_HEADER, PRICE, QUOTES, find, plain, require
from tangency.adapters.files.table import Table, read_table
from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.portfolio.prices import PriceHistory


@dataclass(frozen=True, eq=False, slots=True)
class PricesFile:
    """What a file of prices says.

    Attributes:
        ignored: headers of columns that hold nothing of a price history.
    """

    history: PriceHistory
    ignored: tuple[str, ...] = ()


def read_prices(path: Path) -> PricesFile:
    """Read a price history.

    The dates may stand in any order, each once (for each name). An empty cell is a gap.

    Raises:
        InvalidInput: the file cannot be read, a header is missing or given twice, a date or a price cannot be read, a
            price is not above zero, or a date occurs twice; with file, row, column, value and what to do.
    """
    table = read_table(path)
    name, price = find(table, NAME), find(table, PRICE)
    try:
        return _wide(table) if name is None or price is None else _long(table, name, price)
    except InvalidInput as error:  # what the history itself refuses does not know its file
        raise InvalidInput([_in_file(fault, table.file) for fault in error.faults]) from None


def _in_file(fault: Fault, file: str) -> Fault:
    return Fault((), f"{file}: {fault}", fault.code) if fault.path else fault


def _wide(table: Table) -> PricesFile:
    day = _date_column(table)
    index = [c for c, header in enumerate(table.headers) if header in NO_HEADER and c != day]
    columns = [c for c in range(len(table.headers)) if c != day and c not in index]
    _refuse_quotes(table, columns)
    _refuse_repeated_names(table, columns)
    days = table.dates(day).to_list()
    order = _ascending(table, day, days)
    values = np.empty((len(days), len(columns)))
    for position, column in enumerate(columns):
        values[:, position] = _prices(table, column)
    names = tuple(table.headers[column] for column in columns)
    return PricesFile(_history(names, [days[row] for row in order], values[order]), _headers(table, index))


def _date_column(table: Table) -> int:
    """The column of dates; its header may be missing, as where a frame was saved with its index."""
    column = find(table, DATE)
    unnamed = [c for c, header in enumerate(table.headers) if header in NO_HEADER]
    return unnamed[0] if column is None and len(unnamed) == 1 else require(table, DATE)


def _refuse_quotes(table: Table, columns: Iterable[int]) -> None:
    quotes = [table.headers[c] for c in columns if plain(table.headers[c]) in QUOTES]
    if len(quotes) > 1:
        there = ", ".join(quotes)
        detail = (
            f"{table.file} looks like the history of one name ({there}); add a column `name`, or keep one per name."
        )
        raise InvalidInput.at((), detail)


def _refuse_repeated_names(table: Table, columns: Iterable[int]) -> None:
    seen: dict[str, int] = {}
    for column in columns:
        header = table.headers[column]
        if header in seen:
            detail = f"columns {seen[header] + 1} and {column + 1} are both {header!r}; keep one."
            raise InvalidInput.at((), f"{table.file}: {detail}", "duplicate")
        seen[header] = column


def _ascending(table: Table, column: int, days: Sequence[date]) -> list[int]:
    """The rows in order of their dates."""
    order = sorted(range(len(days)), key=days.__getitem__)
    for before, after in pairwise(order):
        if days[before] == days[after]:
            detail = f"{days[after]} is already the date of {table.row_word} {table.rows[before]}; keep one."
            table.refuse(after, column, detail)
    return order


def _prices(table: Table, column: int) -> Vector:
    values = table.numbers(column)
    wrong = np.flatnonzero(values <= 0)
    if wrong.size:
        row = int(wrong[0])
        table.refuse(
            row, column, f"{values[row]:g} is not a price; a price is above 0. Leave the cell empty for a gap."
        )
    return values


def _long(table: Table, name: int, price: int) -> PricesFile:
    day = require(table, DATE)
    days, names, prices = table.dates(day).to_list(), table.texts(name), _prices(table, price)
    _refuse_nameless(table, name, names)
    _refuse_repeated_pairs(table, name, days, names)
    rows = {each: row for row, each in enumerate(sorted(set(days)))}
    columns = {each: column for column, each in enumerate(dict.fromkeys(names))}
    values = np.full((len(rows), len(columns)), np.nan)
    values[[rows[each] for each in days], [columns[each] for each in names]] = prices
    others = [c for c in range(len(table.headers)) if c not in (day, name, price)]
    return PricesFile(_history(tuple(columns), list(rows), values), _headers(table, others))


def _refuse_nameless(table: Table, column: int, names: Sequence[str]) -> None:
    if "" in names:
        table.refuse(names.index(""), column, "there is no name; write one in every row.")


def _refuse_repeated_pairs(table: Table, column: int, days: Sequence[date], names: Sequence[str]) -> None:
    seen: dict[tuple[date, str], int] = {}
    for row, pair in enumerate(zip(days, names, strict=True)):
        if pair in seen:
            before = f"{table.row_word} {table.rows[seen[pair]]}"
            table.refuse(row, column, f"{pair[1]!r} already has a price on {pair[0]}, in {before}; keep one.")
        seen[pair] = row


def _history(names: tuple[str, ...], days: list[date], values: Matrix) -> PriceHistory:
    values.flags.writeable = False
    return PriceHistory(names, tuple(days), values)


def _headers(table: Table, columns: Iterable[int]) -> tuple[str, ...]:
    return tuple(table.headers[column] or f"number {column + 1}" for column in columns)
