"""``tangency optimizations``: order, come back, call off; in the database and at a service that runs on it."""

import json
from collections.abc import Iterator

import pytest

from tests.support.command import Command, Ran, Served
from tests.support.held import hold

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
BAD = {**WISH, "constraints": {"max_position_size": 0.001}}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Command:
    command = Command(tmp_path_factory.mktemp("desk"))
    hold(command.data, "desk")
    return command


@pytest.fixture(scope="module")
def served(desk: Command) -> Iterator[Served]:
    with desk.serving() as served:
        yield served


def asked(desk: Command, *arguments: object, stdin: str | None = None) -> Ran:
    return desk("optimizations", *arguments, stdin=stdin)


def test_what_is_ordered_waits_in_the_database_until_it_is_called_off(desk: Command) -> None:
    made = asked(desk, "order", desk.write("wish.json", WISH), "--max-position-size", 0.2, "--json")
    assert made.code == 0, made.out
    assert made.json["status"] == "processing"
    mine = made.json["optimization_id"]
    shown = asked(desk, "show", mine, "--json").json
    assert (shown["queue_state"], shown["constraints"]) == ("queued", {"max_position_size": 0.2})
    listed = asked(desk, "list", "--status", "processing", "--json").json["optimizations"]
    assert [each["optimization_id"] for each in listed] == [mine]
    cancelled = asked(desk, "cancel", mine)
    assert cancelled.code == 0
    assert "is cancelled" in cancelled.out
    again = asked(desk, "cancel", mine, "--json")
    assert (again.code, again.problem) == (3, "already-final")
    assert asked(desk, "follow", mine).code == 5


def test_pages_say_where_the_next_begins(desk: Command) -> None:
    options = ("--portfolio-id", "desk", "--optimization-type", "mean_variance", "--objective", "minimize_risk")
    mine = [asked(desk, "order", *options, "--json").json["optimization_id"] for _ in range(2)]
    first = asked(desk, "list", "--limit", 1)
    assert mine[1] in first.out
    cursor = first.out.split("--cursor ")[1].strip()
    assert mine[0] in asked(desk, "list", "--limit", 1, "--cursor", cursor).out


def test_a_service_carries_out_what_is_ordered_there_or_in_its_database(desk: Command, served: Served) -> None:
    here = asked(desk, "order", "--follow", "-", "--json", stdin=json.dumps(WISH))
    assert here.code == 0, here.out
    there = asked(desk, "follow", here.json["optimization_id"], "--url", served.address, "--json")
    assert there.json == here.json
    told = asked(desk, "order", desk.write("wish.json", WISH), "--follow", "--url", served.address)
    assert told.code == 0, told.err
    assert "is completed" in told.out
    assert "TECH0" in told.out
    listed = asked(desk, "list", "--url", served.address, "--status", "completed", "--json")
    assert here.json["optimization_id"] in [each["optimization_id"] for each in listed.json["optimizations"]]


@pytest.mark.parametrize("remote", [False, True], ids=["database", "service"])
def test_mistakes_read_the_same_in_both_places(remote: bool, desk: Command, served: Served) -> None:
    at = ("--url", served.address) if remote else ()
    file = desk.write("bad.json", {**WISH, "objective": "sharp"})
    refused, unknown = asked(desk, "order", file, *at, "--json"), asked(desk, "show", "opt-nobody", *at, "--json")
    assert (refused.code, refused.json["errors"][0]["pointer"]) == (3, "/objective")
    assert (unknown.code, unknown.problem) == (3, "not-found")
    contradicting = asked(desk, "order", desk.write("bad.json", BAD), *at, "--follow")
    assert contradicting.code == 4
    assert "These limits contradict each other" in contradicting.out
    estimator = {"name": "statistical_factor", "options": {"count": 500}}
    unbearable = desk.write("unbearable.json", {**WISH, "risk_parameters": {"covariance_estimator": estimator}})
    assert asked(desk, "order", unbearable, *at, "--follow").code == 3
    assert asked(desk, "order", desk.write("list.json", [WISH]), *at).code == 2


def test_a_service_that_is_not_there_and_one_that_is_another(desk: Command, served: Served) -> None:
    assert asked(desk, "list", "--url", "http://127.0.0.1:1").code == 9
    assert asked(desk, "list", "--url", "nonsense").code == 9
    other = asked(desk, "list", "--url", f"{served.address}/elsewhere", "--json")
    assert (other.code, other.problem) == (3, "no-such-address")
