"""``tangency rebalance``, from imported files to a plan."""

from tangency.sample import holdings_path, prices_path
from tests.support.command import Command


def imported(command: Command) -> None:
    for kind, path in (("prices", prices_path()), ("holdings", holdings_path())):
        ran = command("import", kind, path, "--portfolio-id", "desk")
        assert ran.code == 0, ran.err


def test_plans_are_printed_and_mistakes_told(command: Command) -> None:
    """One test for all of it: importing takes a process for each file."""
    imported(command)
    limits = ("--max-turnover", "0.1", "--max-trades", "4", "--min-trade-size", "1000", "--cost", "0.001")
    told = command("rebalance", "--portfolio-id", "desk", *limits)
    assert told.code == 0, told.err
    assert "Plan reb-" in told.out
    assert "Turnover" in told.out
    plan = command("rebalance", "--portfolio-id", "desk", "--target-type", "equal_weight", *limits, "--json").json
    assert 1 <= len(plan["trades"]) <= 4
    assert plan["metrics"]["turnover"] <= 0.1 + 1e-9
    assert all(trade["estimated_value"] >= 1000 for trade in plan["trades"])
    weights = ("--weight", "JNJ", "0.6", "--weight", "CASH", "0.4")
    plan = command("rebalance", "--portfolio-id", "desk", "--target-type", "custom", *weights, "--json").json
    assert {name: round(weight, 6) for name, weight in plan["target_allocation"].items() if weight > 1e-6} == {
        "JNJ": 0.6,
        "CASH": 0.4,
    }
    refused = command("rebalance", "--portfolio-id", "desk", "--cost", "10", "--json")
    assert refused.problem == "invalid"
    assert "give 0.001" in refused.out
    assert command("rebalance", "--portfolio-id", "nobody", "--json").problem == "not-found"
