"""What is installed, who brought it, and whether it keeps the contract."""

from pathlib import Path

import pytest

from tests.support.command import Command

BUILT_IN = {"equal_weight", "inverse_volatility", "mean_variance"}


def test_every_method_is_listed_with_its_distribution_and_citation(command: Command) -> None:
    rows = {row["name"]: row for row in command("methods", "--json").json}
    assert rows.keys() >= BUILT_IN
    assert {rows[name]["distribution"] for name in BUILT_IN} == {"tangency"}
    assert all(rows[name]["citation"] for name in BUILT_IN)
    assert "MAX_SHARPE" in rows["mean_variance"]["capabilities"]["objectives"]
    told = command("methods")
    assert told.code == 0
    for word in (*BUILT_IN, "ledoit_wolf", "Markowitz", "half_life"):
        assert word in told.out


def test_a_plugin_that_cannot_be_loaded_is_listed_with_the_reason(
    command: Command, strange_plugins: tuple[Path, ...]
) -> None:
    beside = Command(command.folder, strange_plugins)
    rows = {row["name"]: row for row in beside("methods", "--json").json}
    assert rows["absent"]["distribution"] == "absent-methods"
    assert "absent-methods" in rows["absent"]["error"]
    assert "cannot be used" in beside("methods").out
    assert beside("methods", "check", "absent", "--json").problem == "plugin-unusable"


def test_a_method_that_keeps_the_contract_passes(command: Command) -> None:
    ran = command("methods", "check", "equal_weight", "--examples", 3, "--json")
    assert ran.code == 0
    assert ran.json["passed"] is True
    assert {law["law"] for law in ran.json["laws"]} >= {"permutation", "scale", "limits", "proof", "determinism"}
    assert list(command.folder.iterdir()) == []


def test_a_method_that_breaks_it_ends_with_7(command: Command, strange_plugins: tuple[Path, ...]) -> None:
    ran = Command(command.folder, strange_plugins)("methods", "check", "funny", "--examples", 3)
    assert ran.code == 7
    assert "broken  declaration" in ran.out
    assert "MOST_FUN" in ran.out


@pytest.mark.parametrize(
    ("name", "words"),
    [("exits_well", "ended the process that checked it with exit code 0"), ("segfault", "with SIGSEGV")],
)
def test_a_method_that_ends_the_process_that_checks_it_is_told(
    name: str, words: str, command: Command, strange_plugins: tuple[Path, ...]
) -> None:
    ran = Command(command.folder, strange_plugins)("methods", "check", name, "--examples", 1)
    assert ran.code == 7
    assert f"method {name!r}" in ran.err
    assert words in ran.err


def test_a_method_that_ends_the_process_leaves_nothing_behind(
    command: Command, strange_plugins: tuple[Path, ...]
) -> None:
    temporary = command.folder / "temporary"
    temporary.mkdir()
    ran = Command(command.folder, strange_plugins, cold=True).apart("methods", "check", "exits", TMPDIR=str(temporary))
    assert ran.code == 7
    assert "with exit code 3" in ran.err
    assert list(temporary.iterdir()) == []


def test_a_method_that_is_not_there_is_refused_with_those_that_are(command: Command) -> None:
    ran = command("methods", "check", "mean_variants")
    assert ran.code == 3
    assert "did you mean mean_variance" in ran.err


def test_a_blocked_method_cannot_be_checked(command: Command) -> None:
    ran = command("methods", "check", "equal_weight", "--json", TANGENCY_BLOCKED_PLUGINS="equal_weight")
    assert (ran.code, ran.problem) == (3, "unsupported")
