"""Holdings as people have them, and every mistake named with its place and a remedy."""

from pathlib import Path

import polars as pl
import pytest

from tangency.adapters.files.holdings import read_holdings
from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.portfolio import Holding
from tangency.sample import holdings_path

ROWS = "name,quantity,sector,asset_class\nAAA,10,energy,equity\nBBB,-2.5,,\nCASH,1000,,cash\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "holdings.csv"
    path.write_text(text)
    return path


def test_quantities_labels_and_cash_are_read(tmp_path: Path) -> None:
    portfolio = read_holdings(write(tmp_path, ROWS), "port-1").portfolio
    assert portfolio.id == "port-1"
    assert portfolio.holdings == (Holding("AAA", 10.0, "energy", "equity"), Holding("BBB", -2.5))
    assert portfolio.cash == 1000.0


def test_labels_and_cash_may_be_left_out_and_headers_spelled_otherwise(tmp_path: Path) -> None:
    read = read_holdings(write(tmp_path, "Ticker,Shares,ISIN\nAAA,10,X1\n"), "port-1")
    assert read.portfolio.holdings == (Holding("AAA", 10.0),)
    assert read.portfolio.cash == 0.0
    assert read.ignored == ("ISIN",)


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    path = tmp_path / "holdings.parquet"
    columns = {"name": ["AAA", "CASH"], "quantity": [10, 1000], "asset_class": ["equity", None]}
    pl.DataFrame(columns).write_parquet(path)
    portfolio = read_holdings(path, "port-1").portfolio
    assert portfolio.holdings == (Holding("AAA", 10.0, None, "equity"),)
    assert portfolio.cash == 1000.0


def test_the_sample_is_read_whole() -> None:
    portfolio = read_holdings(holdings_path(), "sample").portfolio
    assert len(portfolio.holdings) == 20
    assert portfolio.cash == 25_000.0
    assert all(holding.sector for holding in portfolio.holdings)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (ROWS.replace("quantity", "amount"), ["has no column 'quantity'"]),
        (ROWS.replace("asset_class", "Sector"), ["columns 3 ('sector') and 4 ('Sector') mean the same"]),
        (ROWS.replace("-2.5", ""), ["line 3", "there is no quantity", "write 0"]),
        (ROWS.replace("-2.5", "two"), ["line 3", "'quantity'", "'two' is no number"]),
        (ROWS.replace("BBB", "AAA"), ["line 3", "'AAA' is already held in line 2", "add the two rows up"]),
        (ROWS.replace("BBB", "CASH"), ["line 4", "'CASH' is already held in line 3"]),
        (ROWS.replace("BBB", ""), ["line 3", "there is no name"]),
        ("name,quantity\nCASH,10\n", ["no row of a name beside cash"]),
    ],
)
def test_a_mistake_is_told_with_its_place_and_a_remedy(text: str, parts: list[str], tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        read_holdings(path, "port-1")
    said = caught.value.faults[0].detail
    assert str(path) in said
    assert [part for part in parts if part not in said] == [], said
