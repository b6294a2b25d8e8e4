"""What is imported is what a request without strategies is about."""

import asyncio
from pathlib import Path

import pytest

from tangency.adapters import container
from tangency.adapters.settings import Settings
from tangency.adapters.solving import ProcessSolverPool
from tangency.application.portfolio import ImportHoldings
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.sample import holdings_path, prices_path
from tests.support.command import Command

LEFT_OUT = {"portfolio_id": "mine", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}


def test_imported_prices_and_holdings_stand_for_the_strategies(command: Command) -> None:
    prices = command("import", "prices", prices_path(), "--portfolio-id", "mine", "--json")
    assert prices.code == 0
    expected = {"names": 20, "dates": 8313, "first_date": "1990-01-02", "last_date": "2022-12-28", "gaps": 0}
    assert prices.json == {"portfolio_id": "mine", **expected, "ignored_columns": []}
    holdings = command("import", "holdings", holdings_path(), "--portfolio-id", "mine")
    assert holdings.code == 0
    assert "cash: 25,000.0" in holdings.out
    ran = command("optimize", command.write("request.json", LEFT_OUT))
    assert ran.code == 0
    for part in ("AAPL", "20.08%", "technology", "CASH", "2.50%"):
        assert part in ran.out


def test_lots_a_benchmark_and_labels_are_used_where_a_request_leaves_them_out(command: Command) -> None:
    files = {
        "prices": "date,A,B,C\n2024-01-02,10,20,30\n2024-01-03,11,19,31\n2024-01-04,10,20,33\n2024-01-05,12,21,30\n",
        "holdings": "name,quantity\nA,100\nB,50\nCASH,100\n",
        "lots": "name,quantity,cost,date,lot_id\nA,100,7,2010-01-04,old\nB,30,30,2010-01-04,x\nB,20,5,2010-01-04,y\n",
        "benchmark": "name,weight\nB,0.5\nC,0.5\n",
        "labels": "name,sector\nA,energy\nC,energy\nB,retail\n",
    }
    for what, text in files.items():
        ran = command("import", what, command.write(f"{what}.csv", text), "--portfolio-id", "mine", "--json")
        assert ran.json["ignored_columns"] == []
        assert ran.json["portfolio_id"] == "mine"
    rates = ("--tax-rates", "0.35", "0.15")
    plan = command("rebalance", "--portfolio-id", "mine", "--target-type", "benchmark", *rates, "--json").json
    assert {name: round(weight, 6) for name, weight in plan["model_target"].items()} == {
        "B": 0.5,
        "C": 0.5,
        "CASH": 0.0,
    }
    assert plan["metrics"]["tax_implications"] == pytest.approx(0.15 * 100 * 5.0)
    assert [each["lot"] for each in plan["evidence"]["disposals"]] == ["old"]
    limited = {**LEFT_OUT, "constraints": {"sector_limits": {"energy": 0.3}}}
    answer = command("optimize", command.write("request.json", limited), "--json").json
    assert answer["optimal_weights"]["A"] + answer["optimal_weights"]["C"] <= 0.3 + 1e-8
    model = command.write("m.csv", "name,B,C,A\nA,0.01,0.02,0.09\nB,0.04,0,0.01\nC,0,0.16,0.02\n")
    assert command("import", "risk-model", model, "--portfolio-id", "mine").code == 0
    answer = command("optimize", command.write("request.json", LEFT_OUT), "--json").json
    assert answer["expected_volatility"] == pytest.approx(0.167025, abs=5e-7)
    indefinite = command.write("m.csv", "name,A,B\nA,1,2\nB,2,1\n")
    refused = command("import", "risk-model", indefinite, "--portfolio-id", "mine")
    assert (refused.code, "positive" in refused.err) == (3, True), refused.err
    refused = command("import", "benchmark", command.write("b.csv", "name,weight\nB,0.5\n"), "--portfolio-id", "mine")
    assert (refused.code, "sums to 0.5" in refused.err) == (3, True)


def test_an_import_replaces_the_one_before_and_says_what_it_did_not_read(command: Command) -> None:
    columns = "date,ticker,open,close\n"
    rows = "2024-01-02,{0},9,10\n2024-01-03,{0},9,11\n2024-01-04,{0},9,10.5\n"
    for name in ("OLD", "NEW"):
        path = command.write("prices.csv", columns + rows.format(name))
        ran = command("import", "prices", path, "--portfolio-id", "mine")
        assert ran.code == 0
        assert "Columns that were not read: open" in ran.err
    answer = command("optimize", command.write("request.json", LEFT_OUT), "--json")
    assert answer.json["optimal_weights"] == pytest.approx({"NEW": 1.0})


@pytest.mark.parametrize(
    ("what", "text", "parts"),
    [
        ("prices", "date,AAA\n2024-01-02,1\n2024-01-03,-1\n", ["prices.csv, line 3, column 'AAA'", "-1", "above 0"]),
        ("holdings", "name,quantity\nAAA,1\nAAA,2\n", ["holdings.csv, line 3", "already held in line 2", "add"]),
    ],
)
def test_a_mistake_in_a_file_ends_with_3_and_its_place(
    what: str, text: str, parts: list[str], command: Command
) -> None:
    path: Path = command.write(f"{what}.csv", text)
    ran = command("import", what, path, "--portfolio-id", "mine")
    assert ran.code == 3
    assert ran.out == ""
    assert [part for part in parts if part not in ran.err] == [], ran.err


def test_an_id_that_no_request_could_name_is_refused(command: Command) -> None:
    path = command.write("holdings.csv", "name,quantity\nAAA,1\n")
    ran = command("import", "holdings", path, "--portfolio-id", " ", "--json")
    assert ran.code == 3
    assert ran.json["errors"][0]["pointer"] == "/portfolio_id"


def test_what_is_only_kept_starts_no_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(_pool: ProcessSolverPool) -> None:
        raise AssertionError

    async def imported() -> Portfolio | None:
        async with container.keeping(Settings(data_dir=str(tmp_path))) as service:
            await service.handle(ImportHoldings(Portfolio("mine", (Holding("AAPL", 1.0),))))
            return await service.context.portfolios.portfolio("mine")

    monkeypatch.setattr(ProcessSolverPool, "start", refused)
    kept = asyncio.run(imported())
    assert kept is not None
    assert kept.holdings == (Holding("AAPL", 1.0),)
