"""A table as it stands in a CSV or Parquet file, with the place of every cell, so that a mistake can be pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tangency.domain.composed import FORM, composed_text
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import LARGEST, Vector

GAPS = ("", "nan", "null", "none", "na", "n/a", "#n/a")
"""What programs write where they have no figure, in lower case."""

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d")
"""The two that mean one day everywhere; 03/04/2020 does not."""

_ISO_DATE_LENGTH = 10
_PARQUET_MAGIC = b"PAR1"
_PARQUET_NAMES = (".parquet", ".pq")
_LOOKED_AT = 1024
"""Bytes in which a zero says that a file is no text."""


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """Cells under headers.

    Attributes:
        file: as the user named it.
        headers: without surrounding blanks, as many as the frame has columns.
        frame: text in every cell for CSV, typed for Parquet.
        rows: the number of each row as the user counts them; the header of a CSV file is line 1.
        row_word: ``line`` or ``row``.
    """

    file: str
    headers: tuple[str, ...]
    frame: pl.DataFrame
    rows: tuple[int, ...]
    row_word: str

    def place(self, row: int, column: int) -> str:
        """Where a cell stands, for messages."""
        return f"{self.file}, {self.row_word} {self.rows[row]}, column {self.headers[column]!r}"

    def texts(self, column: int) -> list[str]:
        """A column as text without surrounding blanks; empty where there is nothing."""
        return _text(self.frame.to_series(column)).str.normalize(FORM).fill_null("").to_list()

    def dates(self, column: int) -> pl.Series:
        """A column of days.

        Raises:
            InvalidInput: a cell that is empty, or no date that means one day everywhere.
        """
        cells = self.frame.to_series(column)
        read = _dates(cells)
        if read.null_count():
            row = int(read.is_null().arg_max() or 0)
            self.refuse(row, column, f"{_shown(cells[row])} is not a date; write dates as YYYY-MM-DD.")
        return read

    def numbers(self, column: int, gaps: bool = True) -> Vector:
        """A column of finite numbers, NaN where there is none; shape (rows,).

        ``gaps`` says whether a mistake may be mended by leaving the cell empty.

        Raises:
            InvalidInput: a cell that is neither empty nor a finite number.
        """
        cells = self.frame.to_series(column)
        read = _numbers(cells)
        wrong = np.flatnonzero((read.is_null() & ~_gaps(cells)).to_numpy())
        values: Vector = read.to_numpy().astype(float)
        wrong = np.concatenate([wrong, np.flatnonzero(np.abs(values) > LARGEST)])
        if wrong.size:
            row = int(wrong.min())
            self.refuse(row, column, f"{_shown(cells[row])} is not a number; {_remedy(str(cells[row]), gaps)}")
        return values

    def refuse(self, row: int, column: int, detail: str) -> None:
        """Say what is wrong with a cell.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput.at((), f"{self.place(row, column)}: {detail}")


def read_table(path: Path) -> Table:
    """Read a CSV or Parquet file; which of the two is seen from its content.

    Raises:
        InvalidInput: it is not there, is neither, or has no row.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput.at((), f"{path} cannot be read: {error.strerror}.", "unreadable") from None
    try:
        table = _parquet(path, content) if _is_parquet(path, content) else _csv(path, content)
    except pl.exceptions.PolarsError as error:
        raise InvalidInput.at((), f"{path} cannot be read: {_first_sentence(error)}", "unreadable") from None
    if not table.rows:
        raise InvalidInput.at((), f"{path} has no row below its header.", "empty")
    return table


def _is_parquet(path: Path, content: bytes) -> bool:
    """As the content says, whatever the file is called; but what is called Parquet and is none was meant to be."""
    if content.startswith(_PARQUET_MAGIC):
        return True
    if path.suffix.lower() in _PARQUET_NAMES or b"\0" in content[:_LOOKED_AT]:
        begins = f"it begins with {content[:8]!r}" if content else "it is empty"
        detail = (
            f"{path} is not a Parquet file, which begins with {_PARQUET_MAGIC!r}, and not text: {begins}. Save it "
            "again as Parquet, or as CSV under a name that ends in .csv."
        )
        raise InvalidInput.at((), detail, "unreadable")
    return False


def _csv(path: Path, content: bytes) -> Table:
    frame = pl.read_csv(content, has_header=False, infer_schema=False)
    headers = tuple(composed_text((header or "").strip()) for header in frame.row(0))
    if len(headers) == 1 and any(mark in headers[0] for mark in ";\t|"):
        detail = f"{path} has one column, {headers[0]!r}; separate columns by commas, decimals by points."
        raise InvalidInput.at((), detail, "unreadable")
    numbered = frame.with_row_index("line", offset=1).slice(1)
    filled = numbered.filter(~pl.all_horizontal(pl.exclude("line").is_null()))
    return Table(str(path), headers, filled.drop("line"), tuple(filled["line"].to_list()), "line")


def _parquet(path: Path, content: bytes) -> Table:
    frame = pl.read_parquet(content)
    headers = tuple(composed_text(header.strip()) for header in frame.columns)
    return Table(str(path), headers, frame, tuple(range(1, frame.height + 1)), "row")


def _first_sentence(error: Exception) -> str:
    """What polars found, without its advice about its own arguments."""
    said = str(error).splitlines()[0].rstrip(".")
    words = {"found more fields than defined in 'Schema'": "a line has more fields than the header"}
    return f"{words.get(said, said)}. Save it as CSV (UTF-8, commas between columns) or as Parquet."


def _text(cells: pl.Series) -> pl.Series:
    return cells.cast(pl.String).str.strip_chars()


def _gaps(cells: pl.Series) -> pl.Series:
    if cells.dtype != pl.String:
        return cells.is_null()
    return cells.is_null() | _text(cells).str.to_lowercase().is_in(GAPS)


def _numbers(cells: pl.Series) -> pl.Series:
    """As floats; null where a cell is no number, NaN where it is one that means a gap."""
    if cells.dtype.is_numeric():
        return cells.cast(pl.Float64)
    if cells.dtype != pl.String:
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Float64)
    return _text(cells).cast(pl.Float64, strict=False)


def _dates(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.Date:
        return cells
    if cells.dtype == pl.Datetime:
        return cells.dt.date()
    if cells.dtype != pl.String:
        return pl.Series(cells.name, [None] * len(cells), dtype=pl.Date)
    text = _text(cells)
    iso, compact = DATE_FORMATS
    day = text.str.slice(0, _ISO_DATE_LENGTH).str.to_date(iso, strict=False)  # a time of day may follow
    return day.fill_null(text.str.to_date(compact, strict=False))


def _shown(cell: object) -> str:
    return "nothing" if cell is None or cell == "" else repr(str(cell)[:60])


def _remedy(cell: str, gaps: bool) -> str:
    if "," in cell:
        return "write a point for decimals, and nothing between thousands."
    return f"write a finite number{', or nothing where there is a gap' if gaps else ''}."
