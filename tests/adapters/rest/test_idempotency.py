"""The header Idempotency-Key, on every call that makes something."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.adapters.rest.test_optimization import problem_of
from tests.support.held import hold
from tests.support.server import client, served

PORTFOLIO = "port-keys"
HERE = f"/api/v1/portfolios/{PORTFOLIO}"
LEAST_RISK: dict[str, Any] = {"portfolio_id": PORTFOLIO, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}


@dataclass(frozen=True)
class Call:
    """A call that makes something: its body, another body, and what tells one thing made from another."""

    address: str
    body: Any
    other: Any
    identity: str
    method: str = "POST"

    def send(self, http: httpx.Client, key: str, body: Any = None) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return http.request(self.method, self.address, json=self.body if body is None else body, headers=headers)


CALLS = {
    "optimize": Call("/api/v1/optimize", LEAST_RISK, {**LEAST_RISK, "objective": "MAX_SHARPE"}, "provenance"),
    "order": Call(
        "/api/v1/optimizations",
        {"portfolio_id": PORTFOLIO, "optimization_type": "mean_variance", "objective": "minimize_risk"},
        {"portfolio_id": PORTFOLIO, "optimization_type": "mean_variance", "objective": "maximize_sharpe"},
        "optimization_id",
    ),
    "frontier": Call(f"{HERE}/efficient-frontier", {"points": 3}, {"points": 4}, "frontier_id"),
    "rebalance": Call(
        f"{HERE}/rebalance",
        {"target_type": "equal_weight"},
        {"target_type": "equal_weight", "constraints": {"max_trades": 3}},
        "rebalance_id",
    ),
    "factors": Call(
        f"{HERE}/factor-analysis",
        {"factors": "statistical", "count": 2},
        {"factors": "statistical", "count": 3},
        "analysis_id",
    ),
    "library": Call("/api/v1/models/keyed", {"TECH0": 1.0}, {"TECH1": 1.0}, "address", "PUT"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("keys")
    hold(folder, PORTFOLIO)
    with served(folder) as address, client(address) as http:
        yield http


@pytest.fixture(params=list(CALLS))
def call(request: pytest.FixtureRequest) -> Call:
    return CALLS[request.param]


def test_the_same_call_with_the_same_key_is_answered_by_what_the_first_one_made(desk: httpx.Client, call: Call) -> None:
    first = call.send(desk, f"{call.address}-1")
    assert first.is_success, first.text
    again = call.send(desk, f"{call.address}-1", dict(reversed(call.body.items())))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    problem_of(call.send(desk, f"{call.address}-1", call.other), 422, "key-reused")
    problem_of(call.send(desk, "x" * 300), 422, "invalid")


def test_the_same_call_with_another_key_makes_another(desk: httpx.Client, call: Call) -> None:
    if call.identity in ("frontier_id", "address"):  # equal content is kept once, whatever the key
        assert call.send(desk, f"{call.address}-2").json() == call.send(desk, f"{call.address}-3").json()
    else:
        made = [call.send(desk, f"{call.address}-{place}").json()[call.identity] for place in (2, 3)]
        assert made[0] != made[1]


def test_calls_with_one_key_at_once_make_one_thing(desk: httpx.Client, call: Call) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: call.send(desk, f"{call.address}-at-once"), range(8)))
    assert {answer.is_success for answer in answers} == {True}
    assert all(answer.json() == answers[0].json() for answer in answers)


def test_a_key_of_one_address_is_refused_at_another(desk: httpx.Client) -> None:
    assert CALLS["frontier"].send(desk, "everywhere").is_success
    problem_of(CALLS["rebalance"].send(desk, "everywhere"), 422, "key-reused")


def test_a_call_that_made_nothing_leaves_its_key_free(desk: httpx.Client) -> None:
    impossible = {**LEAST_RISK, "constraints": {"max_weight": 0.01}}
    problem_of(CALLS["optimize"].send(desk, "again", impossible), 422, "infeasible")
    assert CALLS["optimize"].send(desk, "again").is_success


def test_a_plan_is_told_again_as_it_was_when_it_was_made(desk: httpx.Client) -> None:
    plan = CALLS["rebalance"].send(desk, "plan").json()
    assert desk.post(f"/api/v1/rebalances/{plan['rebalance_id']}/approve").json()["status"] == "approved"
    assert CALLS["rebalance"].send(desk, "plan").json() == plan


def test_each_item_of_a_batch_is_done_once(desk: httpx.Client) -> None:
    impossible = {**LEAST_RISK, "constraints": {"max_weight": 0.01}}
    batch = Call("/api/v1/optimize/batch", [LEAST_RISK, {"no": "request"}, impossible, LEAST_RISK], [LEAST_RISK], "")
    first = batch.send(desk, "batch").json()
    assert [item["status"] for item in first] == [200, 422, 422, 200]
    assert first[0]["result"]["provenance"]["optimization_id"] != first[3]["result"]["provenance"]["optimization_id"]
    assert batch.send(desk, "batch").json() == first
    problem_of(batch.send(desk, "batch", batch.other), 422, "key-reused")
