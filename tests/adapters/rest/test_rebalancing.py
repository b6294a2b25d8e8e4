"""Rebalancing over HTTP: the seed's documents, the laws that a plan obeys, and what becomes of it."""

import asyncio
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tangency.adapters import container
from tangency.adapters.settings import Settings
from tangency.application.message import Message
from tangency.application.portfolio import ImportHoldings, ImportPrices
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.rebalancing.plan import PlanStatus
from tangency.sample import holdings_path, prices_path
from tests.adapters.rest.test_optimization import problem_of
from tests.support.server import client, served

SEED_FIELDS = {
    "portfolio_id": str,
    "rebalance_id": str,
    "created_at": str,
    "current_allocation": dict,
    "target_allocation": dict,
    "trades": list,
    "metrics": dict,
}
SEED_TRADE = {"instrument_id", "action", "quantity", "estimated_value", "weight_change", "priority"}
SEED_METRICS = {"turnover", "expected_improvement", "transaction_costs", "tax_implications"}
HISTORY = container.read_prices(prices_path()).history
HELD = container.read_holdings(holdings_path(), "sample").portfolio
PRICES = HISTORY.latest()
TOTAL = math.fsum([*(h.quantity * PRICES[h.name] for h in HELD.holdings), HELD.cash])
MODEL = {"AAPL": 0.3, "XOM": 0.3, "JNJ": 0.35, "CASH": 0.05}


def imported(folder: Path, *messages: Message[None]) -> None:
    async def keep() -> None:
        async with container.keeping(Settings(data_dir=str(folder))) as service:
            for message in messages:
                await service.handle(message)

    asyncio.run(keep())


def kept(folder: Path, plan_id: str, **changes: Any) -> None:
    """Put a plan that is there back with something changed."""

    async def keep() -> None:
        async with container.keeping(Settings(data_dir=str(folder))) as service:
            context = service.context
            found = await context.rebalance_plans.plan(plan_id)
            assert found is not None
            changed = replace(found, **changes)
            await context.units.keep(lambda unit: unit.rebalance_plans.put(changed))

    asyncio.run(keep())


def held_as(portfolio_id: str, portfolio: Portfolio = HELD) -> list[Message[None]]:
    return [
        ImportPrices(portfolio_id, HISTORY),
        ImportHoldings(Portfolio(portfolio_id, portfolio.holdings, portfolio.cash)),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rebalancing")


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[httpx.Client]:
    imported(folder, *held_as("sample"))
    with served(folder) as address, client(address) as http:
        http.put("/api/v1/models/house", json=MODEL)
        yield http


def plan(http: httpx.Client, portfolio_id: str = "sample", **asked: Any) -> dict[str, Any]:
    response = http.post(f"/api/v1/portfolios/{portfolio_id}/rebalance", json=asked)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_the_request_of_the_seed_is_answered_with_its_fields(http: httpx.Client) -> None:
    limits = {"max_turnover": 0.15, "min_trade_size": 1000.0, "max_trades": 10, "consider_tax_implications": False}
    answer = plan(http, target_type="optimal", constraints=limits)
    assert {name: type(answer[name]) for name in SEED_FIELDS} == SEED_FIELDS
    assert re.fullmatch(r"reb-[0-9A-HJKMNP-TV-Z]{26}", answer["rebalance_id"])
    assert all(set(trade) == SEED_TRADE for trade in answer["trades"])
    assert set(answer["metrics"]) >= SEED_METRICS
    assert set(answer["metrics"]["expected_improvement"]) == {"return", "risk", "sharpe"}
    assert answer["metrics"]["expected_improvement"]["sharpe"] > 0
    assert answer["metrics"]["turnover"] == pytest.approx(0.15, abs=1e-6)
    assert http.get(f"/api/v1/rebalances/{answer['rebalance_id']}").json() == answer
    assert answer in http.get("/api/v1/portfolios/sample/rebalances").json()["rebalances"]


TARGETS: list[dict[str, Any]] = [
    {"target_type": "optimal"},
    {"target_type": "optimal", "objective": "MIN_VOLATILITY", "constraints": {"cash_weight": 0.2}},
    {"target_type": "equal_weight"},
    {"target_type": "model", "model_id": "house"},
    {"target_type": "benchmark", "model_id": "house", "constraints": {"max_turnover": 0.1}},
    {"target_type": "custom", "target_allocation": {"AAPL": 0.5, "CASH": 0.5}},
    {"target_type": "custom", "target_allocation": {"JNJ": 1.0}},
    {"target_type": "equal_weight", "constraints": {"max_trades": 4, "min_trade_size": 2000.0, "max_turnover": 0.2}},
]


@pytest.mark.parametrize("rate", [0.0, 0.002])
@pytest.mark.parametrize("asked", TARGETS, ids=lambda asked: f"{asked['target_type']}{len(asked)}")
def test_a_plan_obeys_the_laws_of_trading(http: httpx.Client, asked: dict[str, Any], rate: float) -> None:
    obeys(plan(http, **asked, transaction_cost_model=rate), asked, rate)


def test_small_trades_are_left_out_or_made_as_large_as_the_least(http: httpx.Client) -> None:
    asked: dict[str, Any] = {"target_type": "equal_weight"}
    sizes = sorted(trade["estimated_value"] for trade in plan(http, **asked)["trades"])
    least = 0.5 * (sizes[4] + sizes[5])
    answer = plan(http, **asked, constraints={"min_trade_size": least})
    obeys(answer, {"constraints": {"min_trade_size": least}}, 0.0)
    assert min(trade["estimated_value"] for trade in answer["trades"]) < 1.01 * least


def obeys(answer: dict[str, Any], asked: dict[str, Any], rate: float) -> None:
    """The laws of trading, whatever was asked."""
    limits, quantities, cash = asked.get("constraints", {}), {h.name: h.quantity for h in HELD.holdings}, HELD.cash
    assert [trade["priority"] for trade in answer["trades"]] == list(range(1, len(answer["trades"]) + 1))
    for trade in answer["trades"]:
        sign, name = (1 if trade["action"] == "buy" else -1), trade["instrument_id"]
        quantities[name] = quantities.get(name, 0.0) + sign * trade["quantity"]
        cash -= sign * trade["estimated_value"] + rate * trade["estimated_value"]
        assert cash >= -0.005  # any part of the list keeps cash at its floor
        assert trade["estimated_value"] == pytest.approx(trade["quantity"] * PRICES[name], rel=1e-12)
        assert trade["estimated_value"] >= limits.get("min_trade_size", 0.0)
    tax = answer["metrics"]["tax_implications"] or 0.0
    cash -= tax
    assert cash == pytest.approx(answer["valuation"]["cash_after"], abs=0.005)
    values = {name: quantity * PRICES[name] for name, quantity in quantities.items()}
    total = math.fsum([*values.values(), cash])
    reached = {name: value / total for name, value in values.items()} | {"CASH": cash / total}
    assert answer["target_allocation"] == pytest.approx(
        {name: reached[name] for name in answer["target_allocation"]}, abs=1e-10
    )
    assert sum(answer["target_allocation"].values()) == pytest.approx(1.0, abs=1e-12)
    assert len(answer["trades"]) <= limits.get("max_trades", len(PRICES))
    assert answer["metrics"]["turnover"] <= limits.get("max_turnover", 1.0) + 1e-9
    assert total + answer["metrics"]["transaction_costs"] + tax == pytest.approx(TOTAL, abs=0.005)


@pytest.mark.parametrize("asked", TARGETS[2:6], ids=lambda asked: str(asked["target_type"]))
def test_without_costs_and_limits_the_wish_is_reached(http: httpx.Client, asked: dict[str, Any]) -> None:
    answer = plan(http, **{key: part for key, part in asked.items() if key != "constraints"})
    names = {*answer["model_target"], *answer["target_allocation"]}
    wish = {name: answer["model_target"].get(name, 0.0) for name in names}
    assert {name: answer["target_allocation"].get(name, 0.0) for name in names} == pytest.approx(wish, abs=1e-7)
    assert answer["metrics"]["tracking_error"] == pytest.approx(0.0, abs=1e-7)


def test_at_the_target_there_is_nothing_to_trade(http: httpx.Client, folder: Path) -> None:
    shares = tuple(Holding(name, 500.0 / price) for name, price in PRICES.items())
    imported(folder, *held_as("level", Portfolio("level", shares)))
    answer = plan(http, "level", target_type="equal_weight", transaction_cost_model=0.001)
    assert answer["trades"] == []
    assert answer["current_allocation"] == answer["target_allocation"]
    assert answer["metrics"]["transaction_costs"] == 0.0


def test_what_is_sold_out_is_sold_to_the_last_unit(http: httpx.Client) -> None:
    answer = plan(http, target_type="custom", target_allocation={"JNJ": 1.0})
    sold = {trade["instrument_id"]: trade["quantity"] for trade in answer["trades"] if trade["action"] == "sell"}
    assert sold == {h.name: h.quantity for h in HELD.holdings if h.quantity and h.name != "JNJ"}
    assert [name for name, weight in answer["target_allocation"].items() if weight > 1e-7] == ["JNJ"]


def test_the_estimates_may_be_chosen_and_the_gain_is_gross_with_net_beside_it(http: httpx.Client) -> None:
    risk = {"risk_free_rate": 0.02, "covariance_estimator": "ledoit_wolf"}
    answer = plan(http, target_type="optimal", risk_parameters=risk, transaction_cost_model=0.01)
    metrics = answer["metrics"]
    drag = metrics["transaction_costs"] / TOTAL
    assert metrics["net_improvement"]["return"] == pytest.approx(metrics["expected_improvement"]["return"] - drag)
    assert metrics["net_improvement"]["risk"] == metrics["expected_improvement"]["risk"]
    assert answer["evidence"]["convergence_status"] == "optimal"


def test_a_plan_is_decided_once(http: httpx.Client) -> None:
    first = plan(http, target_type="equal_weight")["rebalance_id"]
    approved = http.post(f"/api/v1/rebalances/{first}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert approved.json()["decided_at"] is not None
    assert http.get(f"/api/v1/rebalances/{first}").json() == approved.json()
    problem_of(http.post(f"/api/v1/rebalances/{first}/reject"), 409, "plan-decided")
    second = plan(http, target_type="equal_weight")["rebalance_id"]
    assert http.post(f"/api/v1/rebalances/{second}/reject").json()["status"] == "rejected"
    problem_of(http.post(f"/api/v1/rebalances/{second}/approve"), 409, "plan-decided")


def test_an_approval_expires_the_plans_that_wait_beside_it(http: httpx.Client, folder: Path) -> None:
    for portfolio_id in ("siblings", "neighbour"):
        imported(folder, *held_as(portfolio_id))
    rejected, taken, open_plan = (plan(http, "siblings", target_type="equal_weight")["rebalance_id"] for _ in range(3))
    elsewhere = plan(http, "neighbour", target_type="equal_weight")["rebalance_id"]
    assert http.post(f"/api/v1/rebalances/{rejected}/reject").status_code == 200
    assert http.get(f"/api/v1/rebalances/{taken}").json()["status"] == "proposed"
    assert http.post(f"/api/v1/rebalances/{taken}/approve").status_code == 200
    problem = problem_of(http.post(f"/api/v1/rebalances/{open_plan}/approve"), 409, "plan-decided")
    assert "another plan that was approved" in problem["detail"]
    read = (http.get(f"/api/v1/rebalances/{each}").json()["status"] for each in (rejected, open_plan, elsewhere))
    assert list(read) == ["rejected", "expired", "proposed"]


def test_a_plan_that_was_begun_before_an_approval_and_kept_after_it_has_expired(
    http: httpx.Client, folder: Path
) -> None:
    imported(folder, *held_as("slow"))
    slow, quick = (plan(http, "slow", target_type="equal_weight")["rebalance_id"] for _ in range(2))
    assert http.post(f"/api/v1/rebalances/{quick}/approve").status_code == 200
    kept(folder, slow, status=PlanStatus.PROPOSED)  # as one is that was being solved meanwhile
    assert http.get(f"/api/v1/rebalances/{slow}").json()["status"] == "expired"
    listed = http.get("/api/v1/portfolios/slow/rebalances").json()["rebalances"]
    assert {each["rebalance_id"]: each["status"] for each in listed} == {slow: "expired", quick: "approved"}
    problem = problem_of(http.post(f"/api/v1/rebalances/{slow}/approve"), 409, "plan-decided")
    assert "another plan that was approved at 20" in problem["detail"]
    assert http.get(f"/api/v1/rebalances/{slow}").json()["status"] == "expired"
    later = plan(http, "slow", target_type="equal_weight")["rebalance_id"]
    assert http.post(f"/api/v1/rebalances/{later}/approve").status_code == 200


@pytest.mark.parametrize("what", ["holdings", "prices"])
def test_an_import_expires_what_nobody_decided(http: httpx.Client, folder: Path, what: str) -> None:
    imported(folder, *held_as(what))
    taken = plan(http, what, target_type="equal_weight")["rebalance_id"]
    http.post(f"/api/v1/rebalances/{taken}/approve")
    open_plan = plan(http, what, target_type="equal_weight")["rebalance_id"]
    imported(folder, *held_as(what))
    assert http.get(f"/api/v1/rebalances/{open_plan}").json()["status"] == "proposed"
    values = HISTORY.values.copy()
    values[-1, 0] *= 1.01
    changed = {
        "holdings": ImportHoldings(Portfolio(what, HELD.holdings, HELD.cash + 0.01)),
        "prices": ImportPrices(what, type(HISTORY)(HISTORY.names, HISTORY.dates, values)),
    }
    imported(folder, changed[what])
    assert http.get(f"/api/v1/rebalances/{open_plan}").json()["status"] == "expired"
    assert http.get(f"/api/v1/rebalances/{taken}").json()["status"] == "approved"
    problem = problem_of(http.post(f"/api/v1/rebalances/{open_plan}/approve"), 409, "plan-decided")
    assert "holdings, cash or prices of the portfolio have changed" in problem["detail"]
    assert "make another" in problem["detail"]
    listed = http.get(f"/api/v1/portfolios/{what}/rebalances").json()["rebalances"]
    assert sorted(each["status"] for each in listed) == ["approved", "expired"]


def test_time_expires_a_plan(http: httpx.Client) -> None:
    short = plan(http, target_type="equal_weight", valid_for_s=1e-6)
    problem = problem_of(http.post(f"/api/v1/rebalances/{short['rebalance_id']}/approve"), 409, "plan-decided")
    assert "it was valid until" in problem["detail"]


@pytest.mark.parametrize(
    ("asked", "pointer", "detail"),
    [
        ({"target_type": "custom"}, "/target_allocation", "is left out"),
        ({"target_type": "custom", "target_allocation": {"AAPLE": 1.0}}, "/target_allocation/AAPLE", "did you mean"),
        ({"target_type": "custom", "target_allocation": {"AAPL": 0.9}}, "/target_allocation", "sums to 0.9"),
        ({"target_type": "custom", "target_allocation": {"AAPL": 2.0, "XOM": -1.0}}, "/target_allocation/XOM", "least"),
        ({"target_type": "model"}, "/model_id", "is left out"),
        ({"target_type": "equal_weight", "target_allocation": {"AAPL": 1.0}}, "/target_allocation", "custom"),
        ({"target_type": "optimal", "model_id": "house"}, "/model_id", "model or benchmark, and optimal is stated"),
        ({"target_type": "benchmark", "model_id": "nobody"}, "/model_id", "not stored"),
        ({"target_type": "best"}, "/target_type", "best"),
        ({"target_type": "optimal", "transaction_cost_model": 10}, "/transaction_cost_model", "give 0.001"),
        (
            {"target_type": "optimal", "constraints": {"consider_tax_implications": True}},
            "/constraints/consider_tax_implications",
            "AAPL",
        ),
        ({"target_type": "optimal", "constraints": {"max_turnover": -1}}, "/constraints/max_turnover", "-1"),
        ({"target_type": "optimal", "objective": "MAX_FUN"}, "/objective", "MAX_FUN"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_its_place(
    http: httpx.Client, asked: dict[str, Any], pointer: str, detail: str
) -> None:
    response = http.post("/api/v1/portfolios/sample/rebalance", json=asked)
    assert response.status_code == 422, response.text
    error = response.json()["errors"][0]
    assert (error["pointer"], detail in error["detail"]) == (pointer, True), error


def test_what_is_not_there_is_not_found(http: httpx.Client) -> None:
    missing = http.post("/api/v1/portfolios/nobody/rebalance", json={"target_type": "optimal"})
    problem_of(missing, 404, "not-found")
    problem_of(http.get("/api/v1/rebalances/reb-none"), 404, "not-found")
    problem_of(http.post("/api/v1/rebalances/reb-none/approve"), 404, "not-found")
    problem_of(http.get("/api/v1/portfolios/nobody/rebalances"), 404, "not-found")


def test_triggers_say_why_now_or_why_not(http: httpx.Client, folder: Path) -> None:
    imported(folder, *held_as("watched"))
    triggers = {
        "calendar_days": 90,
        "absolute_band": 0.5,
        "relative_band": 0.25,
        "volatility_band": 3.0,
        "tracking_error": 0.01,
        "cash_flow": 0.5,
        "cost_benefit_years": 1.0,
    }
    asked = {"target_type": "equal_weight", "triggers": triggers, "last_rebalance": HISTORY.dates[-30].isoformat()}
    response = http.post("/api/v1/portfolios/watched/rebalance/evaluate", json=asked)
    assert response.status_code == 200, response.text
    answer = response.json()
    fires = {verdict["trigger"]: verdict["fires"] for verdict in answer["triggers"]}
    assert fires.pop("cost_benefit") in (True, False)
    assert fires == {
        "calendar": False,
        "absolute_band": False,
        "relative_band": True,
        "volatility_band": True,
        "tracking_error": True,
        "cash_flow": False,
    }
    assert answer["rebalance"] is True
    assert all(verdict["reason"] for verdict in answer["triggers"])
    assert http.get("/api/v1/portfolios/watched/rebalances").json() == {"rebalances": []}


def test_the_last_rebalancing_is_that_of_the_last_approved_plan(http: httpx.Client, folder: Path) -> None:
    imported(folder, *held_as("approved"))
    address = "/api/v1/portfolios/approved/rebalance/evaluate"
    asked = {"target_type": "optimal", "triggers": {"calendar_days": 30}}
    assert http.post(address, json=asked).json()["last_rebalance"] is None
    made = plan(http, "approved", target_type="optimal")["rebalance_id"]
    decided = http.post(f"/api/v1/rebalances/{made}/approve").json()["decided_at"]
    assert http.post(address, json=asked).json()["last_rebalance"] == decided[:10]
    nothing = http.post(address, json={"target_type": "optimal", "triggers": {}})
    assert nothing.json()["errors"][0]["pointer"] == "/triggers"


def test_limits_that_contradict_each_other_are_named(http: httpx.Client) -> None:
    limits = {"max_turnover": 0.001, "max_weight": 0.06}
    response = http.post("/api/v1/portfolios/sample/rebalance", json={"target_type": "optimal", "constraints": limits})
    conflict = problem_of(response, 422, "infeasible")["conflict"]
    assert [each["constraint"] for each in conflict] == ["constraints.max_weight", "constraints.max_turnover.sales"]


def test_more_cash_than_there_is_value_is_told_by_the_limit_that_was_stated(http: httpx.Client) -> None:
    asked = {"target_type": "equal_weight", "constraints": {"min_cash": 1e12}}
    problem = problem_of(http.post("/api/v1/portfolios/sample/rebalance", json=asked), 422, "infeasible")
    assert [each["constraint"] for each in problem["conflict"]] == ["constraints.min_cash.investment"]
