"""Columns of a table that must be filled, or may be empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tangency.adapters.files.table import Table
from tangency.domain.numbers import Vector


def some_names(table: Table, column: int) -> Sequence[str]:
    """A name in every row.

    Raises:
        InvalidInput: a row without one.
    """
    names = table.texts(column)
    if "" in names:
        table.refuse(names.index(""), column, "there is no name; write one in every row.")
    return names


def unique_names(table: Table, column: int, again: str) -> Sequence[str]:
    """A name in every row, each once; ``again`` says of another one what it is, ``{}`` being the row before.

    Raises:
        InvalidInput: a row without a name, or with one that was there before.
    """
    names = some_names(table, column)
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        if name in seen:
            before = f"{table.row_word} {table.rows[seen[name]]}"
            table.refuse(row, column, f"{name!r} is {again.format(before)}")
        seen[name] = row
    return names


def filled(table: Table, column: int, otherwise: str) -> Vector:
    """A number in every row; shape (rows,).

    Raises:
        InvalidInput: a row without one, in the words of ``otherwise``.
    """
    values = table.numbers(column, gaps=False)
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        table.refuse(int(missing[0]), column, otherwise)
    return values


def words(table: Table, column: int | None) -> Sequence[str | None]:
    """A text in each row, None where there is none or no column."""
    if column is None:
        return [None] * len(table.rows)
    return [text or None for text in table.texts(column)]


def unread(table: Table, used: set[int | None]) -> tuple[str, ...]:
    """The headers of the columns that were not read."""
    return tuple(header for column, header in enumerate(table.headers) if column not in used)
