"""Holdings as people have them, and every mistake named with its place and a remedy."""

from pathlib import Path

import polars as pl
import pytest

from tangency.adapters.files.holdings import read_holdings
from tangency.adapters.files.prices import read_prices
from tangency.adapters.files.risk_model import read_risk_model
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


def test_a_file_that_is_no_parquet_is_not_read_as_csv(tmp_path: Path) -> None:
    for name, content in (("a.parquet", ROWS.encode()), ("b.PQ", b""), ("c.csv", b"\x7fELF\x02\x00\x00name,quantity")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(
            InvalidInput, match=rf"{name} is not a Parquet file, which begins with b'PAR1'.*Save it again"
        ):
            read_holdings(path, "port-1")


def test_a_name_is_the_same_however_its_accents_are_written(tmp_path: Path) -> None:
    apart, joined = "Cafe\u0301", "Caf\u00e9"
    assert read_holdings(write(tmp_path, f"name,quantity\n{apart},10\n"), "p").portfolio.by_name.keys() == {joined}
    with pytest.raises(InvalidInput, match="line 3, column 'name'"):
        read_holdings(write(tmp_path, f"name,quantity\n{apart},10\n{joined},1\n"), "p")
    prices = tmp_path / "prices.csv"
    prices.write_text(f"date,{apart}\n2020-01-01,10\n2020-01-02,11\n")
    assert read_prices(prices).history.names == (joined,)


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ("A,1,2\nB,2.5,1", r"line 2, column 'B': is 2.0 and its mirror is 2.5"),
        ("A,1,2\nB,2,1", r"model.csv is not positive semidefinite: its smallest eigenvalue is -1"),
    ],
)
def test_a_risk_model_that_is_no_covariance_is_refused_where_it_stands(tmp_path: Path, rows: str, where: str) -> None:
    path = tmp_path / "model.csv"
    path.write_text(f"name,A,B\n{rows}\n")
    with pytest.raises(InvalidInput, match=where):
        read_risk_model(path)


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
        (ROWS.replace("-2.5", "two"), ["line 3", "'quantity'", "'two' is not a number; write a finite number."]),
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
