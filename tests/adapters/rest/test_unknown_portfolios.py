"""Whoever misspells the id of a portfolio is told which one is likely meant."""

from collections.abc import Iterator

import httpx
import pytest

from tangency.adapters.rest.openapi_parts import EXAMPLE
from tests.support.server import client, served

LEFT_OUT = {"objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
MEANT = " Did you mean growth-fund?"


def remember(http: httpx.Client, portfolio_id: str) -> None:
    assert http.post("/api/v1/optimize", json={**EXAMPLE, "portfolio_id": portfolio_id}).status_code == 200


def latest(http: httpx.Client, portfolio_id: str) -> str:
    response = http.get(f"/api/v1/optimization/{portfolio_id}/latest")
    assert response.status_code == 404
    return str(response.json()["detail"])


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("unknown")
    with served(folder, tenant="neighbour") as address, client(address) as neighbour:
        remember(neighbour, "growth-funds-of-the-neighbour")
    with served(folder) as address, client(address) as http:
        remember(http, "growth-fund")
        yield http


@pytest.mark.parametrize(
    ("verb", "address", "document", "status"),
    [
        ("GET", "optimization/growht-fund/latest", None, 404),
        ("GET", "portfolios/Growth-Fund/history", None, 404),
        ("GET", "portfolios/growht-fund/efficient-frontier", None, 404),
        ("POST", "portfolios/growht-fund/rebalance", {"target_type": "optimal"}, 404),
        ("POST", "optimize", {**LEFT_OUT, "portfolio_id": "growht-fund"}, 422),
    ],
)
def test_a_misspelt_portfolio_is_answered_with_the_one_that_is_meant(
    http: httpx.Client, verb: str, address: str, document: object, status: int
) -> None:
    response = http.request(verb, f"/api/v1/{address}", json=document)
    assert response.status_code == status, response.text
    assert response.json()["detail"].endswith(MEANT)


def test_the_portfolios_of_neighbours_are_not_told(http: httpx.Client) -> None:
    assert "of-the-neighbour" not in latest(http, "growth-funds-of-the-n")


def test_where_none_is_similar_none_is_named(http: httpx.Client) -> None:
    assert latest(http, "zzz").endswith("post it first.")


def test_among_very_many_none_is_looked_for(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tangency.application.portfolio_data.MOST_COMPARED", 0)
    assert latest(http, "growht-fund").endswith("post it first.")


def test_a_portfolio_that_is_known_is_meant(http: httpx.Client) -> None:
    failed = {**EXAMPLE, "portfolio_id": "growth-fund-2", "constraints": {"max_weight": 0.01}}
    assert http.post("/api/v1/optimize", json=failed).status_code == 422
    assert latest(http, "growth-fund-2").endswith("post it first.")
