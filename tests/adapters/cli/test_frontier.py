"""``tangency frontier``: what REST answers, as a table or as JSON."""

import pytest

from tangency.sample import holdings_path, prices_path
from tests.support.command import Command


@pytest.fixture
def imported(command: Command) -> Command:
    for what, path in (("prices", prices_path()), ("holdings", holdings_path())):
        assert command("import", what, path, "--portfolio-id", "sample").code == 0
    return command


def test_a_frontier_is_a_table_and_the_kept_document(imported: Command) -> None:
    ran = imported("frontier", "--portfolio-id", "sample", "--points", 5)
    assert ran.code == 0, ran.err
    for part in ("Volatility", "Sharpe", "Proven gap", "Optimal", "Current", "Kept as frt-"):
        assert part in ran.out
    document = imported("frontier", "--portfolio-id", "sample", "--points", 5, "--json").json
    assert f"Kept as {document['frontier_id']}." in ran.out
    assert len(document["efficient_frontier"]) == 5


def test_an_end_out_of_reach_is_a_problem_with_its_place(imported: Command) -> None:
    ran = imported("frontier", "--portfolio-id", "sample", "--min-return", 9, "--json")
    assert ran.code != 0
    assert (ran.problem, ran.json["errors"][0]["pointer"]) == ("invalid", "/min_return")
