"""The contracts in ``docs/upstream`` and the client agree: on what is asked, on what is taken, on what is refused."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from tangency.adapters.upstream.documents import (
    DOCUMENTS,
    Foreign,
    read_benchmark,
    read_portfolio,
    read_prices,
    read_risk_model,
    read_tax_lots,
)
from tests.support import plain_http
from tests.support.asking import asking, settings_for
from tests.support.held import NAMES, history, portfolio
from tests.support.neighbour import Asked, Neighbour, document, portfolio_document

FOLDER = Path(__file__).parents[3] / "docs" / "upstream"
CONTRACTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}
REFERENCE = "#/components/schemas/{name}"


def operation_of(contract: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    [(path, item)] = contract["paths"].items()
    return path, item["get"]


def answer_of(contract: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The schema of its answer, with what that refers to, and the example."""
    content = operation_of(contract)[1]["responses"]["200"]["content"]["application/json"]
    return {**content["schema"], "components": contract["components"]}, content["example"]


def taken(name: str, value: object) -> object:
    """What the client makes of a document."""
    body = msgspec.json.encode(value)
    if name == "portfolios":
        return read_portfolio(body, "port-123456", "service")
    if name == "market_data":
        return read_prices([(body, ("AAPL", "BND", "GLD"))], "service")
    if name == "tax_lots":
        return read_tax_lots(body, "port-123456")
    if name == "benchmarks":
        return read_benchmark(body, "port-123456")
    return read_risk_model(body, "port-123456", "service")


def agrees(schema: dict[str, Any], value: object) -> bool:
    checker = jsonschema.FormatChecker()
    return bool(jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value))


def spoiled(value: Any) -> Iterator[tuple[str, Any]]:
    """Documents that differ in one place: a field left out, or of another type."""
    for field in value:
        yield f"without {field}", {name: part for name, part in value.items() if name != field}
        wrongs: tuple[Any, ...] = (None, "text", 1.5, [], [{}], {})
        for wrong in wrongs:
            if type(wrong) is not type(value[field]) or wrong in ([], [{}]):
                yield f"{field} {wrong!r}", {**copy.deepcopy(value), field: wrong}


def test_there_is_a_contract_for_each_neighbour() -> None:
    assert list(CONTRACTS) == ["benchmarks", "market_data", "portfolios", "risk_models", "tax_lots"]


def test_the_schemas_are_what_the_client_reads() -> None:
    _, ours = msgspec.json.schema_components(DOCUMENTS, ref_template=REFERENCE)
    theirs = {name: schema for each in CONTRACTS.values() for name, schema in each["components"]["schemas"].items()}
    assert theirs == ours


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_example_agrees_with_its_schema_and_is_taken(name: str) -> None:
    schema, example = answer_of(CONTRACTS[name])
    assert agrees(schema, example)
    assert taken(name, example) is not None
    assert taken(name, {**example, "added_by_the_neighbour": 1}) is not None


@pytest.mark.parametrize("name", CONTRACTS)
def test_what_the_schema_refuses_the_client_refuses(name: str) -> None:
    schema, example = answer_of(CONTRACTS[name])
    refused = [(how, value) for how, value in spoiled(example) if not agrees(schema, value)]
    assert len(refused) > 10
    for how, value in refused:
        try:
            found = taken(name, value)
        except Foreign:
            continue
        pytest.fail(f"{how} was taken: {found}")


def conforms(asked: Asked, contract: dict[str, Any]) -> bool:
    """Whether a request is one of the contract's: its path, every parameter that it needs, and no other."""
    path, operation = operation_of(contract)
    if not re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), asked.path):
        return False
    parameters = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
    needed = {name for name, each in parameters.items() if each["required"]}
    if not needed <= asked.query.keys() <= parameters.keys():
        return False
    values = {name: given if parameters[name].get("explode") else given[0] for name, given in asked.query.items()}
    return all(agrees(parameters[name]["schema"], value) for name, value in values.items())


def test_what_is_asked_and_answered_in_all_these_tests_is_by_the_contract(stub: Neighbour, portfolio_id: str) -> None:
    stub.hold(portfolio(portfolio_id), history())
    model = {"portfolio_id": portfolio_id, "as_of": "2026-11-20T21:00:00Z", "names": ["A"], "covariance": [[0.04]]}
    stub.answer(f"/portfolios/{portfolio_id}/risk-model", document(model))

    async def ask(neighbours: Any) -> None:
        await neighbours.portfolios.portfolio(portfolio_id)
        await neighbours.market_data.prices(portfolio_id, NAMES)
        await neighbours.risk_models.risk_model(portfolio_id)
        await neighbours.records.tax_lots(portfolio_id)
        await neighbours.records.benchmark(portfolio_id)

    before = len(stub.asked)
    asking(settings_for(stub), ask)
    asked = stub.asked[before:]
    contracts = [CONTRACTS[name] for name in ("portfolios", "market_data", "risk_models", "tax_lots", "benchmarks")]
    assert [conforms(each, contract) for each, contract in zip(asked, contracts, strict=True)] == [True] * 5
    assert {each.headers["Accept"] for each in asked} == {"application/json"}
    assert agrees(answer_of(CONTRACTS["portfolios"])[0], portfolio_document(portfolio(portfolio_id)))
    assert agrees(answer_of(CONTRACTS["risk_models"])[0], model)
    answered = plain_http.get(f"{stub.address}/prices", params={"name": list(NAMES), "from": "2024-01-01"}).json()
    assert len(answered["series"]) == len(NAMES)
    assert agrees(answer_of(CONTRACTS["market_data"])[0], answered)


def test_names_are_composed_as_everywhere() -> None:
    example = copy.deepcopy(answer_of(CONTRACTS["portfolios"])[1])
    first = example["holdings"][0]
    first["name"] = "Cafe\u0301"
    read = read_portfolio(msgspec.json.encode(example), "port-123456", "service")
    assert read.holdings[0].name == "Caf\u00e9"
    both = {**example, "holdings": [first, {**first, "name": "Caf\u00e9"}]}
    with pytest.raises(Foreign, match="twice"):
        read_portfolio(msgspec.json.encode(both), "port-123456", "service")
