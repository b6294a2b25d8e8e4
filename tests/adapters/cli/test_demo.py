"""The first thing that a newcomer sees."""

from dataclasses import replace

import pytest

from tests.support.command import Command


def test_the_demo_shows_the_answer_its_proof_and_where_the_report_is(command: Command) -> None:
    ran = replace(command, cold=True).apart("demo")
    assert ran.code == 0
    assert ran.err == ""
    for part in (
        *("Current", "Target", "Delta", "Sector", "Risk share", "AAPL", "technology", "CASH", "Total"),
        *("Expected return", "Volatility", "Sharpe ratio", "One-way turnover", "30.00%"),
        *("Proven optimal", "Proven gap", "Largest violation", "What binds", "Shadow price", "Reduced cost"),
        *("The best 6 trades toward it", "Plan reb-", "sell", "BBY", "Turnover", "Improvement"),
        *("Factors of portfolio 'sample'", "1990-02-28 to 2018-11-30, 346 monthly returns", "Mkt-RF", "specific"),
    ):
        assert part in ran.out
    report = command.folder / "tangency-report.html"
    assert str(report) in ran.out
    assert report.stat().st_size > 10**6
    assert not command.data.exists(), "the demo has touched the user's own data"


def test_with_json_it_is_the_answer_document_and_nothing_else(command: Command) -> None:
    ran = command("demo", "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.json["optimization_metadata"]["convergence_status"] == "optimal"
    assert {each["constraint"] for each in ran.json["why"]["binding"]} == {
        "constraints.turnover_limit",
        "constraints.sector_limits.technology",
    }
    assert ran.json["certificate"]["relative_gap"] < 1e-9
    assert sum(ran.json["optimal_weights"].values()) == pytest.approx(1.0, abs=1e-8)
    assert [path.name for path in command.folder.iterdir()] == []


def test_the_wish_can_be_changed(command: Command) -> None:
    options = ["--objective", "MIN_VOLATILITY", "--sector-limit", "technology=0.1", "--sector-limit", "energy=0.05"]
    ran = command("demo", *options, "--turnover-limit", 0.5, "--no-report")
    assert ran.code == 0
    assert "Sector energy weighs at most 0.05" in ran.out
    assert list(command.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--turnover-limit", "0.01"], 4),
        (["--risk-free-rate", "0.9"], 5),
        (["--objective", "MOST_FUN"], 3),
        (["--sector-limit", "technology"], 2),
    ],
)
def test_a_wish_that_cannot_be_met_says_so(options: list[str], code: int, command: Command) -> None:
    ran = command("demo", "--no-report", *options)
    assert ran.code == code
    assert "Error:" in ran.err
    assert ran.out == ""
