"""Holdings from a file: a row per name, and one of cash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tangency.adapters.files.headers import ASSET_CLASS, NAME, QUANTITY, SECTOR, find, require
from tangency.adapters.files.table import Table, read_table
from tangency.domain.errors import InvalidInput
from tangency.domain.market.universe import CASH
from tangency.domain.numbers import Vector
from tangency.domain.portfolio.portfolio import Holding, Portfolio


@dataclass(frozen=True, slots=True)
class HoldingsFile:
    """What a file of holdings says.

    Attributes:
        ignored: headers of columns that say nothing about a holding.
    """

    portfolio: Portfolio
    ignored: tuple[str, ...] = ()


def read_holdings(path: Path, portfolio_id: str) -> HoldingsFile:
    """Read what is held under a portfolio id.

    Columns ``name`` and ``quantity``, and where known ``sector`` and ``asset_class``. The quantity of the row named
    ``CASH`` is an amount in the currency of the prices; without the row there is no cash.

    Raises:
        InvalidInput: the file cannot be read, a header is missing or given twice, a row has no name or no quantity, or
            a name occurs twice; with file, row, column, value and what to do.
    """
    table = read_table(path)
    name, quantity = require(table, NAME), require(table, QUANTITY)
    sector, asset_class = find(table, SECTOR), find(table, ASSET_CLASS)
    names, quantities = _names(table, name), _quantities(table, quantity)
    labels = zip(names, quantities.tolist(), _labels(table, sector), _labels(table, asset_class), strict=True)
    holdings = [Holding(*row) for row in labels]
    cash = sum(holding.quantity for holding in holdings if holding.name == CASH)
    held = tuple(holding for holding in holdings if holding.name != CASH)
    if not held:
        raise InvalidInput.at((), f"{path} has no row of a name beside cash; add one per name.", "empty")
    used = {name, quantity, sector, asset_class}
    ignored = tuple(header for column, header in enumerate(table.headers) if column not in used)
    return HoldingsFile(Portfolio(portfolio_id, held, cash), ignored)


def _names(table: Table, column: int) -> Sequence[str]:
    names = table.texts(column)
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        if not name:
            table.refuse(row, column, "there is no name; write one in every row.")
        if name in seen:
            before = f"{table.row_word} {table.rows[seen[name]]}"
            table.refuse(row, column, f"{name!r} is already held in {before}; add the two rows up.")
        seen[name] = row
    return names


def _quantities(table: Table, column: int) -> Vector:
    quantities = table.numbers(column)
    missing = np.flatnonzero(np.isnan(quantities))
    if missing.size:
        table.refuse(int(missing[0]), column, "there is no quantity; write 0 for a name that is not held.")
    return quantities


def _labels(table: Table, column: int | None) -> Sequence[str | None]:
    if column is None:
        return [None] * len(table.rows)
    return [text or None for text in table.texts(column)]
