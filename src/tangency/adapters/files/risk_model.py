"""A risk model from a file: annual covariances, a row and a column per name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tangency.adapters.files.columns import filled, unique_names
from tangency.adapters.files.headers import NAME, NO_HEADER, find, require
from tangency.adapters.files.table import Table, read_table
from tangency.domain.errors import InvalidInput, hint
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.risk_model import RiskModel


@dataclass(frozen=True, eq=False, slots=True)
class RiskModelFile:
    """What a file of covariances says.

    Attributes:
        ignored: always empty: every column is one of a name.
    """

    model: RiskModel
    ignored: tuple[str, ...] = ()


def read_risk_model(path: Path) -> RiskModelFile:
    """Read annual covariances.

    A column ``name``, or one without a header, and a column for every name; rows and columns in any order.

    Raises:
        InvalidInput: the file cannot be read, a row has no column or the other way round, a name occurs twice, or a
            cell is no number; with file, row, column, value and what to do.
    """
    table = read_table(path)
    name = _name_column(table)
    names = unique_names(table, name, "already in {}; keep one row.")
    columns = {header: column for column, header in enumerate(table.headers) if column != name}
    for header in columns:
        if header not in names:
            detail = f"{path} has a column {header!r} and no row of that name; {hint(header, names)}"
            raise InvalidInput.at((), detail, "missing")
    for row, each in enumerate(names):
        if each not in columns:
            table.refuse(row, name, f"{each!r} has no column of its own; add it, or leave the row out.")
    values = [filled(table, columns[each], "there is no covariance; write one for every pair.") for each in names]
    model = RiskModel(tuple(names), np.column_stack(values))
    _refuse_unsound(table, model, [columns[each] for each in names])
    return RiskModelFile(model)


def _refuse_unsound(table: Table, model: RiskModel, columns: Sequence[int]) -> None:
    """Refuse what is no covariance, at its cell where it is one."""
    try:
        DenseCovariance.of(model.covariance, ())
    except InvalidInput as error:
        fault = error.faults[0]
        if len(fault.path) == 2:  # noqa: PLR2004 - a row and a column
            row, column = map(int, fault.path)
            table.refuse(row, columns[column], fault.detail)
        raise InvalidInput.at((), f"{table.file} {fault.detail}", fault.code) from None


def _name_column(table: Table) -> int:
    found = find(table, NAME)
    unnamed = [column for column, header in enumerate(table.headers) if header in NO_HEADER]
    return unnamed[0] if found is None and len(unnamed) == 1 else require(table, NAME)
