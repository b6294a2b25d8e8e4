"""The configuration of a portfolio: what it gives to requests that leave something out, and how that is told."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.adapters.rest.test_optimization import problem_of
from tests.adapters.rest.test_orders import ADDRESS, ended, ordered
from tests.support.held import NAMES, SECTORS, hold, lots
from tests.support.server import client, served

PORTFOLIO, BARE = "port-configured", "port-bare"
HERE = f"/api/v1/portfolios/{PORTFOLIO}"
SECTOR_LIMITS = dict.fromkeys(SECTORS, 0.3)
CONFIGURATION: dict[str, Any] = {
    "objective": "MAX_UTILITY",
    "method": "MEAN_VARIANCE",
    "constraints": {"max_weight": 0.07, "sector_limits": SECTOR_LIMITS, "turnover_limit": 0.4},
    "risk_parameters": {"risk_aversion": 6.0, "covariance_estimator": "ledoit_wolf", "target_volatility": 0.3},
    "preferences": {"include_transaction_costs": True, "transaction_cost_model": 0.002},
}
ALL = {
    "objective": "MAX_UTILITY",
    "method": "MEAN_VARIANCE",
    "constraints.max_weight": 0.07,
    "constraints.sector_limits": SECTOR_LIMITS,
    "constraints.turnover_limit": 0.4,
    "risk_parameters.risk_aversion": 6.0,
    "risk_parameters.covariance_estimator": "ledoit_wolf",
    "risk_parameters.target_volatility": 0.3,
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("configuration")
    for portfolio in (PORTFOLIO, BARE):
        hold(folder, portfolio)
    with served(folder) as address, client(address) as http:
        yield http


@pytest.fixture
def configured(desk: httpx.Client) -> httpx.Client:
    """A desk whose portfolio has the configuration above, whatever a test before left."""
    stored = desk.put(f"{HERE}/configuration", json=CONFIGURATION)
    assert stored.status_code == 200, stored.text
    return desk


def optimized(http: httpx.Client, **request: Any) -> dict[str, Any]:
    response = http.post("/api/v1/optimize", json={"portfolio_id": PORTFOLIO, **request})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_it_is_read_as_it_was_written_and_replaced_as_a_whole(configured: httpx.Client) -> None:
    first = configured.get(f"{HERE}/configuration").json()
    assert {word: first[word] for word in CONFIGURATION} == CONFIGURATION
    assert (first["portfolio_id"], first["enabled"]) == (PORTFOLIO, True)
    other = {"objective": "maximize_sharpe", "method": "mean_variance"}
    second = configured.put(f"{HERE}/configuration", json=other).json()
    assert (second["id"], second["created_at"]) == (first["id"], first["created_at"])
    assert (second["constraints"], second["preferences"]) == ({}, {})
    assert configured.get(f"{HERE}/configuration").json() == second


def test_a_request_with_nothing_but_the_portfolio_is_answered_as_one_that_states_it_all(
    configured: httpx.Client,
) -> None:
    short = optimized(configured)
    assert short["supplied_by_configuration"] == ALL
    stated = {word: CONFIGURATION[word] for word in ("objective", "method", "constraints", "risk_parameters")}
    whole = optimized(configured, **stated)
    assert whole["supplied_by_configuration"] == {}
    assert whole["provenance"]["problem_hash"] == short["provenance"]["problem_hash"]
    assert whole["optimal_weights"] == short["optimal_weights"]
    assert optimized(configured)["supplied_by_configuration"] == ALL
    assert configured.get(f"/api/v1/optimization/{PORTFOLIO}/latest").json()["supplied_by_configuration"] == ALL


def test_what_a_request_states_wins_field_by_field(configured: httpx.Client) -> None:
    answer = optimized(configured, objective="MIN_VOLATILITY", constraints={"max_weight": 0.05})
    expected = {path: value for path, value in ALL.items() if path not in ("objective", "constraints.max_weight")}
    assert answer["supplied_by_configuration"] == expected
    assert max(answer["optimal_weights"].values()) == pytest.approx(0.05, abs=1e-8)
    assert answer["unused_inputs"] == []  # the aversion to risk was not stated


def test_one_that_is_disabled_supplies_nothing(configured: httpx.Client) -> None:
    configured.put(f"{HERE}/configuration", json={**CONFIGURATION, "enabled": False})
    refused = configured.post("/api/v1/optimize", json={"portfolio_id": PORTFOLIO})
    problem = problem_of(refused, 422, "invalid")
    assert {error["pointer"] for error in problem["errors"]} == {"/objective", "/method"}
    asked = {"objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    assert optimized(configured, **asked)["supplied_by_configuration"] == {}


def test_an_order_is_given_what_it_leaves_out_in_its_own_words(configured: httpx.Client) -> None:
    asked = {"portfolio_id": PORTFOLIO, "constraints": {"max_position_size": 0.06}}
    document = ended(configured, ordered(configured, asked)["optimization_id"])
    assert document["status"] == "completed", document["failure"]
    assert (document["optimization_type"], document["objective"]) == ("MEAN_VARIANCE", "MAX_UTILITY")
    assert document["constraints"] == {"max_position_size": 0.06, "max_turnover": 0.4}
    assert document["preferences"] == CONFIGURATION["preferences"]
    told = {path: value for path, value in ALL.items() if path != "constraints.max_weight"}
    told |= {f"preferences.{word}": value for word, value in CONFIGURATION["preferences"].items()}
    assert document["supplied_by_configuration"] == told
    assert max(document["target_allocation"].values()) == pytest.approx(0.06, abs=1e-8)
    names = {name: NAMES[5 * place : 5 * place + 5] for place, name in enumerate(SECTORS)}
    for sector, limit in SECTOR_LIMITS.items():
        assert sum(document["target_allocation"][name] for name in names[sector]) <= limit + 1e-8


def test_an_order_counts_taxes_where_the_configuration_says_so_and_how(configured: httpx.Client) -> None:
    policy = {"rates": {"short_term": 0.3, "long_term": 0.2}, "horizon_years": 5.0}
    taxed = {**CONFIGURATION, "preferences": {"consider_tax_implications": True}, "tax": policy}
    configured.put(f"{HERE}/configuration", json=taxed)
    asked = {"portfolio_id": PORTFOLIO, "tax": {"lots": lots((0.4, 0.1)), "horizon_years": 2.0}}
    document = ended(configured, ordered(configured, asked)["optimization_id"])
    assert document["status"] == "completed", document["failure"]
    assert document["tax"]["due"] > 0
    assert {word: document["tax"][word] for word in ("rates", "rates_from", "horizon_years")} == {
        "rates": policy["rates"],
        "rates_from": "configuration",
        "horizon_years": 2.0,
    }
    supplied = document["supplied_by_configuration"]
    assert supplied["tax.rates"] == policy["rates"]
    assert "tax.horizon_years" not in supplied
    assert document["preferences"] == {"consider_tax_implications": True}


def test_a_frontier_is_traced_within_its_limits(configured: httpx.Client) -> None:
    document = configured.get(f"{HERE}/efficient-frontier", params={"points": 3}).json()
    assert set(document["supplied_by_configuration"]) == {path for path in ALL if "." in path}
    assert max(max(point["weights"].values()) for point in document["efficient_frontier"]) <= 0.07 + 1e-8
    again = configured.get(f"{HERE}/efficient-frontier", params={"points": 3}).json()
    assert again == document == configured.get(f"/api/v1/efficient-frontiers/{document['frontier_id']}").json()


def test_a_plan_trades_within_its_limits_and_at_its_costs(configured: httpx.Client) -> None:
    response = configured.post(f"{HERE}/rebalance", json={"target_type": "optimal"})
    assert response.status_code == 200, response.text
    plan = response.json()
    supplied = plan["supplied_by_configuration"]
    assert supplied["constraints.turnover_limit"] == 0.4
    assert supplied["preferences.transaction_cost_model"] == 0.002
    assert plan["metrics"]["turnover"] <= 0.4 + 1e-8
    traded = sum(trade["estimated_value"] for trade in plan["trades"])
    assert plan["metrics"]["transaction_costs"] == pytest.approx(0.002 * traded, rel=1e-9)
    free = {"target_type": "optimal", "transaction_cost_model": 0.0}
    assert configured.post(f"{HERE}/rebalance", json=free).json()["metrics"]["transaction_costs"] == 0.0


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"objective": "MAX_SHARPEN"}, "/objective"),
        ({"method": "MEAN_VARIENCE"}, "/method"),
        ({"constraints": {"max_wieght": 0.1}}, "/constraints/max_wieght"),
        ({"preferences": {"transaction_cost_model": 10}}, "/preferences/transaction_cost_model"),
        ({"tax": {"rates": {"short_term": 0.3, "long_term": -0.1}}}, "/tax/rates/long_term"),
        ({"preferences": {"include_transaction_costs": True}}, "/preferences/include_transaction_costs"),
        (
            {"risk_parameters": {"covariance": {"names": ["A"], "values": [[0.04]]}}},
            "/risk_parameters/covariance",
        ),
    ],
)
def test_what_could_supply_nothing_useful_is_refused_when_it_is_stored(
    configured: httpx.Client, changes: dict[str, Any], pointer: str
) -> None:
    response = configured.put(f"{HERE}/configuration", json={**CONFIGURATION, **changes})
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_where_none_is_stored_there_is_none_to_read(desk: httpx.Client) -> None:
    problem_of(desk.get(f"/api/v1/portfolios/{BARE}/configuration"), 404, "not-found")
    refused = desk.post(ADDRESS, json={"portfolio_id": BARE})
    problem = problem_of(refused, 422, "invalid")
    assert {error["pointer"] for error in problem["errors"]} == {"/objective", "/optimization_type"}
