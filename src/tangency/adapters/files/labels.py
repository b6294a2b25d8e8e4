"""Sectors and asset classes from a file: a row per name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tangency.adapters.files.columns import unique_names, unread, words
from tangency.adapters.files.headers import ASSET_CLASS, NAME, SECTOR, find, require
from tangency.adapters.files.table import read_table
from tangency.domain.portfolio.labels import Label


@dataclass(frozen=True, slots=True)
class LabelsFile:
    """What a file of labels says.

    Attributes:
        ignored: headers of columns that are no label.
    """

    labels: dict[str, Label]
    ignored: tuple[str, ...] = ()


def read_labels(path: Path) -> LabelsFile:
    """Read sectors and asset classes.

    Columns ``name``, and ``sector`` or ``asset_class`` or both.

    Raises:
        InvalidInput: the file cannot be read, a header is missing or given twice, a row has no name, or a name occurs
            twice; with file, row, column, value and what to do.
    """
    table = read_table(path)
    name, sector, asset_class = require(table, NAME), find(table, SECTOR), find(table, ASSET_CLASS)
    if asset_class is None:
        sector = require(table, SECTOR)
    names = unique_names(table, name, "already in {}; keep one row.")
    labels = map(Label, words(table, sector), words(table, asset_class))
    return LabelsFile(dict(zip(names, labels, strict=True)), unread(table, {name, sector, asset_class}))
