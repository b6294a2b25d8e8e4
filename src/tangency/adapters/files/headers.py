"""Which column is which: headers as data vendors and spreadsheets spell them."""

from __future__ import annotations

import re
from collections.abc import Collection

from tangency.adapters.files.table import Table
from tangency.domain.errors import InvalidInput

DATE = ("date", "day", "datetime", "timestamp", "time")
NAME = ("name", "symbol", "ticker", "asset", "instrument", "instrument_id", "strategy")
PRICE = ("adj_close", "adjusted_close", "adjclose", "price", "close", "last", "value")
"""The best first: an adjusted close is preferred to the plain one beside it."""
QUANTITY = ("quantity", "shares", "units", "qty", "position")
WEIGHT = ("weight", "share")
COST = ("cost", "unit_cost", "cost_per_unit", "cost_per_share", "cost_basis", "price")
BOUGHT = ("bought", "purchase_date", "acquired", "date_acquired", "date", "day")
LOT = ("lot_id", "lot", "id")
SECTOR = ("sector",)
ASSET_CLASS = ("asset_class", "assetclass", "class")
NO_HEADER = ("", "__index_level_0__")
"""Over the index of a frame that was saved without naming it, as CSV and as Parquet."""
QUOTES = frozenset({"open", "high", "close", "adj_close", "volume"})
"""Headers of the history of one name."""


def plain(header: str) -> str:
    """A header in lower case, with underscores between its words: ``Adj. Close`` is ``adj_close``."""
    return re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_")


def find(table: Table, spellings: Collection[str]) -> int | None:
    """The column whose header is the first of the spellings that is there; None where there is none.

    Raises:
        InvalidInput: two columns have that header.
    """
    headers = [plain(header) for header in table.headers]
    for spelling in spellings:
        found = [column for column, header in enumerate(headers) if header == spelling]
        if len(found) > 1:
            twice = " and ".join(f"{column + 1} ({table.headers[column]!r})" for column in found)
            raise InvalidInput.at((), f"{table.file}: columns {twice} mean the same; keep one.", "duplicate")
        if found:
            return found[0]
    return None


def require(table: Table, spellings: Collection[str]) -> int:
    """The same, for a column that must be there.

    Raises:
        InvalidInput: it is not.
    """
    column = find(table, spellings)
    if column is None:
        wanted = next(iter(spellings))
        there = ", ".join(map(repr, table.headers[:12]))
        raise InvalidInput.at((), f"{table.file} has no column {wanted!r}; it has {there}.", "missing")
    return column
