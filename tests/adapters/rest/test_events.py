"""What others are told: every kind of event, as its schema says, once and in the transaction of what it tells."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tangency.application.portfolio import ImportHoldings
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.trace import TraceContext
from tests.adapters.rest.test_optimization import problem_of
from tests.adapters.rest.test_orders import SCHEMAS, ended, events_of, ordered, wish
from tests.domain.test_trace import PARENT, STATE
from tests.support.held import events_in, hold, keep, portfolio
from tests.support.server import PATIENCE_S, client, served

PORTFOLIO = "port-events"
HERE = f"/api/v1/portfolios/{PORTFOLIO}"
EQUAL = {"target_type": "equal_weight"}
LEAST_RISK = {"portfolio_id": PORTFOLIO, "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("events")
    hold(made, PORTFOLIO)
    return made


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[httpx.Client]:
    with served(folder, stream_s=0.5, lease_s=1.0) as address, client(address) as http:
        yield http


def told(http: httpx.Client, event: str, after: str = "0") -> dict[str, Any]:
    """The first event of a kind after a position, checked against its schema."""
    until = time.monotonic() + PATIENCE_S
    while True:
        found = events_of(http, "/api/v1/events", 1, **{"Last-Event-ID": after})
        assert found or time.monotonic() < until, f"nobody was told of {event}"
        if not found:
            continue
        ((after, kind, data),) = found
        jsonschema.validate(data, json.loads((SCHEMAS / f"{kind}.json").read_text()))
        if kind == event:
            return {**data[kind], "position": after}


def now(http: httpx.Client) -> str:
    """A position that nothing has yet: that of the last event."""
    http.post("/api/v1/optimize", json=LEAST_RISK)
    after = "0"
    while found := events_of(http, "/api/v1/events", 50, **{"Last-Event-ID": after}):
        after = found[-1][0]
    return after


def test_an_answer_at_once_is_told_as_one_that_was_ordered(desk: httpx.Client) -> None:
    after = now(desk)
    answer = desk.post("/api/v1/optimize", json=LEAST_RISK).json()
    at_once = told(desk, "portfolio_optimized", after)
    assert at_once["optimal_weights"] == answer["optimal_weights"]
    assert at_once["optimization_metadata"]["convergence_status"] == "optimal"
    assert set(at_once["optimization_metadata"]) == {"convergence_status", "iterations", "optimization_time_ms"}
    refused = desk.post("/api/v1/optimize", json={**LEAST_RISK, "constraints": {"max_weight": 0.01}})
    problem_of(refused, 422, "infeasible")
    assert events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": at_once["position"]}) == []


def test_an_order_is_told_with_what_was_asked_and_what_came_of_it(desk: httpx.Client) -> None:
    after = now(desk)
    asked = wish(portfolio_id=PORTFOLIO, constraints={"max_turnover": 0.2}, preferences={"risk_aversion": 3.0})
    document = ended(desk, ordered(desk, asked)["optimization_id"])
    completed = told(desk, "optimization_completed", after)
    for word in ("optimization_id", "objective", "constraints", "preferences", "metrics", "target_allocation"):
        assert completed[word] == document[word]
    impossible = ordered(desk, wish(portfolio_id=PORTFOLIO, constraints={"max_position_size": 0.01}))
    failed = told(desk, "optimization_failed", after)
    assert (failed["optimization_id"], failed["outcome"]) == (impossible["optimization_id"], "infeasible")


def test_the_trace_of_a_request_goes_with_whatever_is_told_of_it(desk: httpx.Client, folder: Path) -> None:
    headers = {"traceparent": PARENT, "tracestate": STATE}
    desk.post("/api/v1/optimize", json=LEAST_RISK, headers=headers)
    number = desk.post("/api/v1/optimizations", json=wish(portfolio_id=PORTFOLIO), headers=headers).json()
    ended(desk, number["optimization_id"])
    desk.post("/api/v1/optimize", json=LEAST_RISK, headers={"traceparent": "nonsense"})
    last = [(event.type, event.trace) for event in events_in(folder)[-4:]]
    assert last == [
        ("portfolio_optimized", TraceContext(PARENT, STATE)),
        ("portfolio_optimized", TraceContext(PARENT, STATE)),
        ("optimization_completed", TraceContext(PARENT, STATE)),
        ("portfolio_optimized", None),
    ]


def test_a_frontier_is_told_when_it_is_traced_and_not_when_it_is_read_again(desk: httpx.Client) -> None:
    after = now(desk)
    document = desk.post(f"{HERE}/efficient-frontier", json={"points": 4}).json()
    event = told(desk, "efficient_frontier_generated", after)
    assert event["frontier_id"] == document["frontier_id"]
    figures = ("return", "risk", "sharpe")
    assert event["efficient_frontier"] == [
        {figure: point[figure] for figure in figures} for point in document["efficient_frontier"]
    ]
    assert desk.post(f"{HERE}/efficient-frontier", json={"points": 4}).json() == document
    assert events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": event["position"]}) == []


@pytest.mark.parametrize(("step", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_plan_and_the_decision_about_it_are_told(desk: httpx.Client, step: str, status: str) -> None:
    after = now(desk)
    plan = desk.post(f"{HERE}/rebalance", json=EQUAL).json()
    created = told(desk, "rebalance_plan_created", after)
    assert (created["rebalance_id"], created["trades"]) == (plan["rebalance_id"], plan["trades"])
    assert desk.post(f"/api/v1/rebalances/{plan['rebalance_id']}/{step}").status_code == 200
    decided = told(desk, f"rebalance_plan_{status}", created["position"])
    assert decided["rebalance_id"] == plan["rebalance_id"]
    assert decided.get("trades", plan["trades"]) == plan["trades"]
    problem_of(desk.post(f"/api/v1/rebalances/{plan['rebalance_id']}/{step}"), 409, "plan-decided")
    assert events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": decided["position"]}) == []


def test_a_plan_that_nobody_decides_on_in_time_expires_and_that_is_told(desk: httpx.Client) -> None:
    after = now(desk)
    plan = desk.post(f"{HERE}/rebalance", json={**EQUAL, "valid_for_s": 0.01}).json()
    expired = told(desk, "rebalance_plan_expired", after)
    assert expired["rebalance_id"] == plan["rebalance_id"]
    assert desk.get(f"/api/v1/rebalances/{plan['rebalance_id']}").json()["status"] == "expired"


def test_an_approval_is_told_with_the_end_of_every_plan_that_waited_beside_it(desk: httpx.Client, folder: Path) -> None:
    hold(folder, "port-siblings")
    address = "/api/v1/portfolios/port-siblings/rebalance"
    taken, *others = (desk.post(address, json=EQUAL).json()["rebalance_id"] for _ in range(3))
    after = now(desk)
    desk.post(f"/api/v1/rebalances/{taken}/approve")
    first = told(desk, "rebalance_plan_expired", after)
    second = told(desk, "rebalance_plan_expired", first["position"])
    assert told(desk, "rebalance_plan_approved", after)["rebalance_id"] == taken
    assert {first["rebalance_id"], second["rebalance_id"]} == set(others)


def test_a_factor_analysis_is_told(desk: httpx.Client) -> None:
    after = now(desk)
    body = {"factors": "statistical", "count": 2}
    analysis = desk.post(f"{HERE}/factor-analysis", json=body).json()
    assert told(desk, "factor_analysis_completed", after)["analysis_id"] == analysis["analysis_id"]


def test_what_is_imported_ends_the_plans_that_were_for_something_else(desk: httpx.Client, folder: Path) -> None:
    hold(folder, "port-outdated")
    address = "/api/v1/portfolios/port-outdated/rebalance"
    taken = desk.post(address, json=EQUAL).json()["rebalance_id"]
    desk.post(f"/api/v1/rebalances/{taken}/approve")
    open_plan = desk.post(address, json=EQUAL).json()["rebalance_id"]
    hold(folder, "port-outdated")  # the same once more: nothing is outdated
    assert desk.get(f"/api/v1/rebalances/{open_plan}").json()["status"] == "proposed"
    after, held = now(desk), portfolio("port-outdated")
    keep(folder, ImportHoldings(Portfolio(held.id, held.holdings, held.cash + 1.0)))
    expired = told(desk, "rebalance_plan_expired", after)
    assert expired["rebalance_id"] == open_plan
    assert events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": expired["position"]}) == []
