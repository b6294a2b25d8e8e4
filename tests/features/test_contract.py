"""The documents of the contract against a running service: every name, type and nesting."""

import json
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tangency.application.portfolio import ImportTaxLots
from tangency.domain.portfolio.tax_lots import TaxLot
from tests.support.held import CLASS_OF, NAMES, SECTOR_OF, history, hold, keep, portfolio
from tests.support.server import client, served

PORTFOLIO = "port-123456"
PATIENCE_S = 60.0
CERTIFIED, PROVEN = 1e-8, 1e-6
BOUGHT = date(2020, 1, 2)

scenarios("contract")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[httpx.Client]:
    hold(folder, PORTFOLIO)
    with served(folder) as address, client(address) as http:
        yield http


@pytest.fixture
def said() -> dict[str, Any]:
    """What was sent, and what was answered."""
    return {}


def has_shape(found: Any, example: Any, place: str) -> None:
    """Whether a document has every name of an example, with values of its types, all the way down.

    A member ``*`` of an example stands for any names; a list for any number of members above none.
    """
    if isinstance(example, dict) and "*" in example:
        assert found, place
        for name, value in found.items():
            has_shape(value, example["*"], f"{place}/{name}")
    elif isinstance(example, dict):
        assert example.keys() <= found.keys(), (place, example.keys() - found.keys())
        for name, value in example.items():
            has_shape(found[name], value, f"{place}/{name}")
    elif isinstance(example, list):
        assert found, place
        for position, value in enumerate(found):
            has_shape(value, example[0], f"{place}/{position}")
    else:
        assert type(found) is type(example), (place, found)
        if isinstance(example, str) and example.endswith("Z"):
            assert found.endswith("Z"), (place, found)
            datetime.fromisoformat(found)


@given(parsers.parse("the portfolio {portfolio} with costs of {rate:g} stored in its configuration"))
def _(service: httpx.Client, portfolio: str, rate: float) -> None:
    body = {
        "objective": "maximize_sharpe",
        "method": "mean_variance",
        "preferences": {"transaction_cost_model": rate},
    }
    assert service.put(f"/api/v1/portfolios/{portfolio}/configuration", json=body).status_code == 200


@given(parsers.parse("tax lots for all that it holds, bought at {percent:d}% of the latest price"))
def _(folder: Path, percent: int) -> None:
    latest, held = history().latest(), portfolio(PORTFOLIO).holdings
    lots = [TaxLot(each.name, each.name, each.quantity, percent / 100 * latest[each.name], BOUGHT) for each in held]
    keep(folder, ImportTaxLots(PORTFOLIO, tuple(lots)))


@when("an optimization is created with")
def _(service: httpx.Client, said: dict[str, Any], docstring: str) -> None:
    said["sent"] = json.loads(docstring)
    said["answer"] = service.post("/api/v1/optimizations", json=said["sent"])


@when("its efficient frontier is read")
def _(service: httpx.Client, said: dict[str, Any]) -> None:
    said["answer"] = service.get(f"/api/v1/portfolios/{PORTFOLIO}/efficient-frontier")


@when("a rebalance plan is asked for with")
def _(service: httpx.Client, said: dict[str, Any], docstring: str) -> None:
    address = f"/api/v1/portfolios/{PORTFOLIO}/rebalance"
    said["answer"] = service.post(address, json=json.loads(docstring))


@then("it is accepted with the names and types of")
def _(said: dict[str, Any], docstring: str) -> None:
    assert said["answer"].status_code == 202, said["answer"].text
    accepted, example = said["answer"].json(), json.loads(docstring)
    assert list(accepted) == list(example)
    has_shape(accepted, example, "")
    assert accepted["status"] == "processing"


@then("once it has ended it has the names and types of")
def _(service: httpx.Client, said: dict[str, Any], docstring: str) -> None:
    address, until = said["answer"].headers["location"], time.monotonic() + PATIENCE_S
    while (document := service.get(address).json())["status"] == "processing" and time.monotonic() < until:
        time.sleep(0.05)
    assert document["status"] == "completed", document["failure"]
    has_shape(document, json.loads(docstring), "")
    assert document["constraints"] == said["sent"]["constraints"]
    said["document"] = document


@then(parsers.parse("every limit holds, and the turnover of {percent:d}% is used up"))
def _(said: dict[str, Any], percent: int) -> None:
    weights, limits, metrics = (said["document"][word] for word in ("target_allocation", "constraints", "metrics"))
    assert metrics["turnover"] == pytest.approx(percent / 100, abs=1e-6)
    assert metrics["expected_volatility"] <= limits["target_volatility"] + CERTIFIED
    assert max(weights.values()) <= limits["max_position_size"] + CERTIFIED
    assert all(weights[name] == 0 or weights[name] >= limits["min_position_size"] for name in NAMES)
    for labels, word in ((SECTOR_OF, "max_sector_exposure"), (CLASS_OF, "max_asset_class_exposure")):
        for label in set(labels.values()):
            assert sum(weights[name] for name in NAMES if labels[name] == label) <= limits[word] + CERTIFIED


@then(parsers.parse("it is proven to be the best after the tax of {percent:g}% on what the sales gained"))
def _(said: dict[str, Any], percent: float) -> None:
    document = said["document"]
    worth = sum(each["estimated_value"] for each in document["trades"]) / sum(
        abs(each["weight_change"]) for each in document["trades"]
    )
    tax, gained = document["tax"], sum(lot["gain"] for lot in document["tax"]["lots"])
    assert document["certificate"]["relative_gap"] <= PROVEN
    assert document["metrics"]["tax_implications"] == pytest.approx(percent / 100 * gained * worth, rel=1e-6)
    assert 0 < tax["due"] == pytest.approx(percent / 100 * gained, rel=1e-6)
    assert (tax["rates"], tax["rates_from"]) == ({"short_term": 0.408, "long_term": 0.238}, "settings")
    assert "tax rates 0.408 and 0.238, of the settings" in document["provenance"]["references"]


@then("the answer has the names and types of")
def _(said: dict[str, Any], docstring: str) -> None:
    assert said["answer"].status_code == 200, said["answer"].text
    has_shape(said["answer"].json(), json.loads(docstring), "")


@then(parsers.parse("the frontier has {count:d} points"))
def _(said: dict[str, Any], count: int) -> None:
    assert len(said["answer"].json()["efficient_frontier"]) == count


@then(parsers.parse("there are at most {most:d} trades, none worth less than {least:d}"))
def _(said: dict[str, Any], most: int, least: int) -> None:
    trades = said["answer"].json()["trades"]
    assert 0 < len(trades) <= most
    assert min(trade["estimated_value"] for trade in trades) >= least


@then(parsers.parse("the tax is {percent:g}% of what the sales gained, as the settings of the service say"))
def _(said: dict[str, Any], percent: float) -> None:
    document = said["answer"].json()
    gained = sum(each["gain"] for each in document["evidence"]["disposals"])
    assert gained > 0
    assert document["metrics"]["tax_implications"] == pytest.approx(percent / 100 * gained, abs=0.01)
    assert document["evidence"]["tax_terms"]["rates_from"] == "settings"
