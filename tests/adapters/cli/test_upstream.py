"""`tangency upstream check` says of each neighbour what an operator needs before depending on it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.command import Command
from tests.support.held import NAMES, history, portfolio
from tests.support.neighbour import AS_OF, Neighbour, document, neighbour


@pytest.fixture(scope="module")
def stub() -> Iterator[Neighbour]:
    with neighbour() as told:
        told.hold(portfolio("known"), history())
        model = {"portfolio_id": "known", "as_of": AS_OF, "names": ["A"], "covariance": [[0.04]]}
        told.answer("/portfolios/known/risk-model", document(model))
        yield told


def connected(command: Command, stub: Neighbour, **changes: str) -> Command:
    """The command with settings that name the stub three times."""
    words = ("PORTFOLIOS", "MARKET_DATA", "RISK_MODELS")
    settings = {f"TANGENCY_UPSTREAM_{word}_URL": stub.address for word in words}
    settings |= {"TANGENCY_UPSTREAM_PRIVATE_HOSTS": "127.0.0.1, localhost", "TANGENCY_UPSTREAM_ATTEMPTS": "1"}
    return replace(command, settings={**command.settings, **settings, **changes})


def test_neighbours_that_keep_their_contracts_are_fine(command: Command, stub: Neighbour) -> None:
    ran = connected(command, stub)("upstream", "check", "--portfolio-id", "known", "--json")
    assert ran.code == 0, ran.out
    services = ["portfolio service", "market data service", "risk model service"]
    assert [each["service"] for each in ran.json] == services
    assert all(each["reachable"] and each["fine"] and each["contract"] == "valid" for each in ran.json)
    assert all(each["latency_ms"] > 0 for each in ran.json)
    assert stub.asked_for("/prices")[-1].query["name"] == list(NAMES)


def test_each_neighbour_is_judged_by_itself(command: Command, stub: Neighbour) -> None:
    stub.answer("/portfolios/odd", document({"status": "ok"}))
    gone = {"TANGENCY_UPSTREAM_MARKET_DATA_URL": "http://127.0.0.1:1"}
    ran = connected(command, stub, **gone)("upstream", "check", "--portfolio-id", "odd", "--json")
    assert ran.code == 9
    portfolios, prices, models = ran.json
    assert portfolios["reachable"]
    assert "against the contract" in portfolios["contract"]
    assert not prices["reachable"]
    assert "cannot be reached" in prices["contract"]
    assert models["fine"]
    assert models["contract"] == "not seen: there is no such risk model"


def test_people_read_a_table(command: Command, stub: Neighbour) -> None:
    ran = connected(command, stub)("upstream", "check", "--portfolio-id", "nobody")
    assert ran.code == 0
    assert "portfolio service" in ran.out
    assert " ms" in ran.out
    assert "not seen: there is no such" in ran.out


def test_without_neighbours_it_says_where_data_comes_from(command: Command) -> None:
    ran = command("upstream", "check", "--portfolio-id", "known")
    assert (ran.code, ran.out.startswith("Data comes from imports")) == (0, True)


def test_an_address_that_must_not_be_asked_is_a_setting_that_cannot_be_used(command: Command, stub: Neighbour) -> None:
    settings = {"TANGENCY_UPSTREAM_PORTFOLIOS_URL": "http://169.254.169.254/latest"}
    ran = connected(command, stub, **settings)("upstream", "check", "--portfolio-id", "known", "--json")
    assert ran.code == 2
    assert "TANGENCY_UPSTREAM_PORTFOLIOS_URL" in json.loads(ran.out)["detail"]


def test_commands_work_on_a_portfolio_that_only_a_neighbour_knows(command: Command, stub: Neighbour) -> None:
    days = {"TANGENCY_UPSTREAM_HISTORY_DAYS": "100000", "TANGENCY_UPSTREAM_RISK_MODELS_URL": ""}
    asked = connected(command, stub, **days)
    found = asked("frontier", "--portfolio-id", "known", "--points", 3, "--json")
    assert found.code == 0, found.out
    assert found.json["provenance"]["references"][0].startswith("portfolio service: portfolio known as of")
    assert asked("frontier", "--portfolio-id", "nobody", "--json").code == 3
    gone = connected(command, stub, **days, TANGENCY_UPSTREAM_PORTFOLIOS_URL="http://127.0.0.1:1")
    ran = gone("frontier", "--portfolio-id", "known", "--json")
    assert (ran.code, ran.problem) == (9, "neighbour-unavailable")
