"""Tax lots, benchmarks and labels as people have them, and every mistake named with its place and a remedy."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tangency.adapters.files.benchmark import read_benchmark
from tangency.adapters.files.labels import read_labels
from tangency.adapters.files.risk_model import read_risk_model
from tangency.adapters.files.tax_lots import read_tax_lots
from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.labels import Label
from tangency.domain.portfolio.tax_lots import TaxLot

LOTS = "name,quantity,cost,date\nAAA,10,1.5,2020-02-29\nAAA,2.5,0,2024-01-02\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "file.csv"
    path.write_text(text)
    return path


def test_lots_without_ids_are_called_by_their_lines(tmp_path: Path) -> None:
    read = read_tax_lots(write(tmp_path, LOTS))
    assert read.lots == (
        TaxLot("2", "AAA", 10.0, 1.5, date(2020, 2, 29)),
        TaxLot("3", "AAA", 2.5, 0.0, date(2024, 1, 2)),
    )


def test_lots_are_read_from_parquet_under_other_headers(tmp_path: Path) -> None:
    path = tmp_path / "lots.parquet"
    columns = {
        "Ticker": ["AAA"],
        "Shares": [3],
        "Unit cost": [2.0],
        "Purchase date": [date(2021, 3, 4)],
        "Lot": ["x-1"],
        "Broker": ["b"],
    }
    pl.DataFrame(columns).write_parquet(path)
    read = read_tax_lots(path)
    assert read.lots == (TaxLot("x-1", "AAA", 3.0, 2.0, date(2021, 3, 4)),)
    assert read.ignored == ("Broker",)


def test_weights_and_labels_are_read(tmp_path: Path) -> None:
    weights = read_benchmark(write(tmp_path, "name,weight,isin\nAAA,0.6,x\nCASH,0.4,\n"))
    assert (weights.weights, weights.ignored) == ({"AAA": 0.6, "CASH": 0.4}, ("isin",))
    labels = read_labels(write(tmp_path, "symbol,sector,asset_class\nAAA,energy,\nBBB,,bond\n"))
    assert labels.labels == {"AAA": Label("energy"), "BBB": Label(None, "bond")}
    assert read_labels(write(tmp_path, "name,asset_class\nAAA,bond\n")).labels == {"AAA": Label(None, "bond")}


def test_rows_and_columns_of_a_risk_model_are_joined_by_name(tmp_path: Path) -> None:
    model = read_risk_model(write(tmp_path, ",B,A\nA,0.1,0.4\nB,0.9,0.1\n")).model
    assert (model.names, model.covariance.tolist()) == (("A", "B"), [[0.4, 0.1], [0.1, 0.9]])


@pytest.mark.parametrize(
    ("read", "text", "parts"),
    [
        (read_tax_lots, LOTS.replace("10", "0"), ["line 2, column 'quantity'", "'0'", "above 0"]),
        (read_tax_lots, LOTS.replace("1.5", "-1"), ["line 2, column 'cost'", "'-1'", "at least 0"]),
        (read_tax_lots, LOTS.replace("2.5", ""), ["line 3, column 'quantity'", "no quantity"]),
        (read_tax_lots, LOTS.replace("2024-01-02", "2/1/24"), ["line 3, column 'date'", "YYYY-MM-DD"]),
        (read_tax_lots, LOTS.replace("AAA,10", "CASH,10"), ["line 2, column 'name'", "no cash"]),
        (read_tax_lots, LOTS.replace("AAA,10", ",10"), ["line 2", "no name"]),
        (read_tax_lots, "name,quantity,date\nAAA,1,2020-01-01\n", ["no column 'cost'"]),
        (
            read_tax_lots,
            "name,quantity,cost,date,lot\nA,1,1,2020-01-01,x\nB,1,1,2020-01-01,x\n",
            ["line 3", "'x'", "line 2 already"],
        ),
        (read_risk_model, "name,A,B\nA,1,0\nC,0,1\n", ["a column 'B'", "no row"]),
        (read_risk_model, "name,A\nA,1\nB,0\n", ["line 3", "no column of its own"]),
        (read_risk_model, "name,A,B\nA,1,\nB,0,1\n", ["line 2, column 'B'", "every pair"]),
        (read_benchmark, "name,weight\nAAA,\n", ["line 2", "no weight"]),
        (read_benchmark, "name,weight\nAAA,0.5\nAAA,0.5\n", ["line 3", "already in line 2"]),
        (read_labels, "name,colour\nAAA,red\n", ["no column 'sector'"]),
        (read_labels, "name,sector\nAAA,red\nAAA,red\n", ["line 3", "keep one row"]),
    ],
)
def test_a_mistake_is_told_with_its_place(
    read: Callable[[Path], object], text: str, parts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as told:
        read(write(tmp_path, text))
    assert [part for part in parts if part not in str(told.value)] == [], str(told.value)
