"""Prices as people have them: wide and long, CSV and Parquet; and every mistake named with its place and a remedy."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tangency.adapters.files.prices import read_prices
from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.prices import PriceHistory
from tangency.sample import prices_path

WIDE = "Date,AAA,BBB\n2024-01-02,10,20.5\n2024-01-03,11,\n2024-01-04,12,21\n"
LONG = (
    "date,name,price\n2024-01-02,AAA,10\n2024-01-02,BBB,20.5\n2024-01-03,AAA,11\n2024-01-04,BBB,21\n2024-01-04,AAA,12\n"
)


@pytest.fixture
def written(tmp_path: Path) -> "Writer":
    return Writer(tmp_path)


class Writer:
    """Writes a file of prices and reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def csv(self, text: str | bytes) -> Path:
        path = self.folder / "prices.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def parquet(self, **columns: object) -> Path:
        path = self.folder / "prices.parquet"
        pl.DataFrame(columns).write_parquet(path)
        return path


def complaint(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_prices(path)
    assert str(path) in caught.value.faults[0].detail
    return caught.value.faults[0].detail


def is_the_example(history: PriceHistory) -> bool:
    days = (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4))
    expected = [[10.0, 20.5], [11.0, np.nan], [12.0, 21.0]]
    return (
        history.names == ("AAA", "BBB")
        and history.dates == days
        and np.array_equal(history.values, expected, equal_nan=True)
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WIDE, id="wide"),
        pytest.param(
            "\ufeff" + WIDE.replace("\n", "\r\n") + "\r\n", id="wide with a mark, other line ends, a blank line"
        ),
        pytest.param(WIDE.replace("Date", ""), id="wide, saved with an index that has no header"),
        pytest.param(
            WIDE.replace("Date", "Timestamp").replace("-0", "-0").replace(",10,", " 00:00:00, 10 ,"), id="times"
        ),
        pytest.param("\n".join([WIDE.splitlines()[0], *reversed(WIDE.splitlines()[1:])]), id="newest first"),
        pytest.param(WIDE.replace("11,", "11,NaN"), id="a gap in words"),
        pytest.param(LONG, id="long"),
        pytest.param(LONG.replace("date,name,price", "DATE,Symbol,Adj Close"), id="long with a vendor's headers"),
        pytest.param(LONG.replace("date,name,price", "date,ticker,close"), id="long with other headers"),
        pytest.param(LONG.replace("2024-01-0", "2024010"), id="compact dates"),
    ],
)
def test_a_history_reads_the_same_however_it_is_written(text: str, written: Writer) -> None:
    assert is_the_example(read_prices(written.csv(text)).history)


@pytest.mark.parametrize(
    "days",
    [
        [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)],
        [*map(datetime, [2024] * 3, [1] * 3, [2, 3, 4])],
        ["2024-01-02", "2024-01-03", "2024-01-04"],
    ],
    ids=["dates", "times", "texts"],
)
def test_parquet_reads_like_csv(days: list[object], written: Writer) -> None:
    assert is_the_example(read_prices(written.parquet(Date=days, AAA=[10, 11, 12], BBB=[20.5, None, 21.0])).history)


def test_the_index_of_a_frame_is_the_date_in_parquet_too(written: Writer) -> None:
    days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
    path = written.parquet(AAA=[10, 11, 12], BBB=[20.5, float("nan"), 21.0], __index_level_0__=days)
    assert is_the_example(read_prices(path).history)


def test_an_adjusted_close_wins_over_the_plain_one_and_what_is_not_read_is_said(written: Writer) -> None:
    text = "date,ticker,open,close,adj_close\n2024-01-02,AAA,9,10,5\n2024-01-03,AAA,9,11,6\n"
    read = read_prices(written.csv(text))
    assert read.history.values.tolist() == [[5.0], [6.0]]
    assert read.ignored == ("open", "close")


def test_the_sample_is_read_whole() -> None:
    history = read_prices(prices_path()).history
    assert len(history.names) == 20
    assert len(history.dates) == 8313
    assert not np.isnan(history.values).any()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["empty"]),
        ("Date,AAA\n", ["no row below its header"]),
        ("Date,AAA\n2024-01-02,10\n", ["1 date"]),
        ("Date;AAA\n2024-01-02;10\n", ["one column", "separate columns by commas"]),
        ("Date,AAA\n2024-01-02,10,3\n", ["a line has more fields than the header"]),
        (WIDE.encode().replace(b"AAA", b"\xc4"), ["utf-8"]),
        ("AAA,BBB\n1,2\n", ["has no column 'date'", "'AAA', 'BBB'"]),
        (WIDE.replace("2024-01-03", "03/01/2024"), ["line 3", "'Date'", "'03/01/2024'", "YYYY-MM-DD"]),
        (WIDE.replace("2024-01-03", ""), ["line 3", "nothing is not a date"]),
        (WIDE.replace("2024-01-03", "2024-01-02"), ["line 3", "2024-01-02 is already the date of line 2"]),
        (WIDE.replace("20.5", "abc"), ["line 2", "'BBB'", "'abc' is not a number", "nothing where there is a gap"]),
        (WIDE.replace("20.5", '"20,5"'), ["line 2", "'BBB'", "'20,5'", "a point for decimals"]),
        (WIDE.replace("20.5", "inf"), ["line 2", "'inf' is not a number"]),
        (WIDE.replace("20.5", "1e400"), ["line 2", "'1e400' is not a number"]),
        (WIDE.replace("20.5", "-20.5"), ["line 2", "-20.5 is not a price", "above 0"]),
        (WIDE.replace("20.5", "0"), ["line 2", "0 is not a price"]),
        (WIDE.replace("BBB", "AAA"), ["columns 2 and 3 are both 'AAA'"]),
        (WIDE.replace("Date,AAA", "Date,date"), ["columns 1 ('Date') and 2 ('date') mean the same"]),
        ("Date,AAA,BBB\n2024-01-02,1,\n2024-01-03,2,\n", ["'BBB' has no price at all"]),
        (
            "Date,Open,Close,Volume\n2024-01-02,1,2,3\n2024-01-03,1,2,3\n",
            ["history of one name", "add a column `name`"],
        ),
        (LONG.replace("2024-01-04,BBB", "2024-01-02,BBB"), ["line 5", "'BBB' already has a price", "in line 3"]),
        (LONG.replace("2024-01-04,BBB", "2024-01-04,"), ["line 5", "there is no name"]),
        (LONG.replace("20.5", "-1"), ["line 3", "'price'", "-1 is not a price"]),
        (LONG.replace("date,", "when,"), ["has no column 'date'"]),
        (WIDE.replace(",21", ",abc").replace("2024-01-03", "\n2024-01-03"), ["'BBB'", "line 5"]),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_remedy(text: str | bytes, parts: list[str], written: Writer) -> None:
    said = complaint(written.csv(text))
    assert [part for part in parts if part not in said] == [], said


def test_a_mistake_in_parquet_is_told_with_its_row(written: Writer) -> None:
    said = complaint(written.parquet(Date=["2024-01-02", "2024-01-03"], AAA=[1.0, -2.0]))
    assert "row 2, column 'AAA': -2 is not a price" in said
    assert "is not a date" in complaint(written.parquet(Date=[1, 2], AAA=[1.0, 2.0]))
    assert "is not a number" in complaint(written.parquet(Date=["2024-01-02", "2024-01-03"], AAA=[True, False]))


def test_a_file_that_is_not_there_or_is_broken_is_told(tmp_path: Path) -> None:
    assert "No such file" in complaint(tmp_path / "missing.csv")
    assert "Is a directory" in complaint(tmp_path)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and then nothing")
    assert "cannot be read" in complaint(broken)
