"""Holdings from a file: a row per name, and one of cash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tangency.adapters.files.columns import filled, unique_names, unread, words
from tangency.adapters.files.headers import ASSET_CLASS, NAME, QUANTITY, SECTOR, find, require
from tangency.adapters.files.table import read_table
from tangency.domain.errors import InvalidInput
from tangency.domain.market.universe import CASH
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
    names = unique_names(table, name, "already held in {}; add the two rows up.")
    quantities = filled(table, quantity, "there is no quantity; write 0 for a name that is not held.")
    labels = zip(names, quantities.tolist(), words(table, sector), words(table, asset_class), strict=True)
    holdings = [Holding(*row) for row in labels]
    cash = sum(holding.quantity for holding in holdings if holding.name == CASH)
    held = tuple(holding for holding in holdings if holding.name != CASH)
    if not held:
        raise InvalidInput.at((), f"{path} has no row of a name beside cash; add one per name.", "empty")
    return HoldingsFile(Portfolio(portfolio_id, held, cash), unread(table, {name, quantity, sector, asset_class}))
