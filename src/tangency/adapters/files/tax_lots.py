"""Tax lots from a file: a row per lot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tangency.adapters.files.columns import filled, some_names, unique_names, unread
from tangency.adapters.files.headers import BOUGHT, COST, LOT, NAME, QUANTITY, find, require
from tangency.adapters.files.table import Table, read_table
from tangency.domain.market.universe import CASH, MAX_NAME_LENGTH
from tangency.domain.portfolio.tax_lots import TaxLot


@dataclass(frozen=True, slots=True)
class TaxLotsFile:
    """What a file of lots says.

    Attributes:
        ignored: headers of columns that say nothing about a lot.
    """

    lots: tuple[TaxLot, ...]
    ignored: tuple[str, ...] = ()


def read_tax_lots(path: Path) -> TaxLotsFile:
    """Read the lots of what is held.

    Columns ``name``, ``quantity``, ``cost`` per unit and ``date`` of the purchase; ``lot_id`` where the lots have ids,
    else each has the number of its row.

    Raises:
        InvalidInput: the file cannot be read, a header is missing or given twice, a cell is empty or out of its range,
            or an id is given twice; with file, row, column, value and what to do.
    """
    table = read_table(path)
    lot = find(table, LOT)
    name, quantity, cost, bought = (require(table, header) for header in (NAME, QUANTITY, COST, BOUGHT))
    names, quantities = some_names(table, name), filled(table, quantity, "there is no quantity; write the units left.")
    costs, days = filled(table, cost, "there is no cost; write what a unit cost."), table.dates(bought).to_list()
    _refuse(table, quantity, quantities <= 0, "is not the quantity of a lot, which is above 0.")
    _refuse(table, cost, costs < 0, "is not a cost per unit, which is at least 0.")
    unnamed = np.array([each == CASH or len(each) > MAX_NAME_LENGTH for each in names])
    _refuse(table, name, unnamed, f"is not a name of a lot; give 1 to {MAX_NAME_LENGTH} characters, and no cash.")
    again = "the lot of {} already; give each its own id."
    ids = [str(row) for row in table.rows] if lot is None else unique_names(table, lot, again)
    rows = zip(ids, names, quantities.tolist(), costs.tolist(), days, strict=True)
    return TaxLotsFile(tuple(TaxLot(*row) for row in rows), unread(table, {lot, name, quantity, cost, bought}))


def _refuse(table: Table, column: int, wrong: np.ndarray, why: str) -> None:
    rows = np.flatnonzero(wrong)
    if rows.size:
        row = int(rows[0])
        table.refuse(row, column, f"{table.texts(column)[row][:60]!r} {why}")
