"""Rebalancing, told in scenarios: trades, costs and taxes against figures worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tangency.adapters import container
from tangency.sample import holdings_path, prices_path
from tests.features.conftest import step
from tests.features.desk import Desk, rows

HELD = container.read_holdings(holdings_path(), "sample").portfolio
PRICES = container.read_prices(prices_path()).history.latest()
ADDRESS = "/api/v1/portfolios/sample/rebalance"
CENT = 0.005 + 1e-6

scenarios("rebalancing.feature")


def money(text: str) -> float:
    """A figure as it is written in a feature: ``57,013.00``."""
    return float(text.replace(",", ""))


def asked_for(text: str) -> parsers.parse:
    """A step whose figures are money."""
    return parsers.parse(text, extra_types={"money": money})


def instead_of(share: float, name: str, other: str) -> dict[str, Any]:
    """As it is held, but for a share of one name in another."""
    values = {holding.name: holding.quantity * PRICES[holding.name] for holding in HELD.holdings} | {"CASH": HELD.cash}
    moved = share * values[name]
    values |= {name: values[name] - moved, other: values[other] + moved}
    total = sum(values.values())
    weights = {each: value / total for each, value in values.items() if value}
    return {"target_type": "custom", "target_allocation": weights}


def taxes(desk: Desk) -> dict[str, Any]:
    """What is stated of taxes; every name but those of the scenario was bought at today's price."""
    desk.request.setdefault("constraints", {})["consider_tax_implications"] = True
    started: dict[str, Any] = {
        "rates": {"short_term": 0.35, "long_term": 0.15},
        "lots": [lot(h.name, h.quantity, PRICES[h.name], "2018-06-01") for h in HELD.holdings if h.quantity],
    }
    stated: dict[str, Any] = desk.request.setdefault("tax", started)
    return stated


def lot(name: str, quantity: float, cost: float, day: str, identity: str = "all") -> dict[str, Any]:
    lot_id = f"{name}-{identity}"
    return {"instrument_id": name, "quantity": quantity, "cost": cost, "date": day, "lot_id": lot_id}


@given(parsers.re(r"(?P<part>half of )?(?P<name>[A-Z]+) is to be replaced by (?P<other>[A-Z]+)"))
def _(desk: Desk, part: str | None, name: str, other: str) -> None:
    desk.request = instead_of(0.5 if part else 1.0, name, other)


@given("every name is to have the same weight")
def _(desk: Desk) -> None:
    desk.request = {"target_type": "equal_weight"}


@given(step("every trade costs {rate:percent} of its value"))
def _(desk: Desk, rate: float) -> None:
    desk.request["transaction_cost_model"] = rate


@given(asked_for("at most {most:d} trades may be made, none of them below {least:money}"))
def _(desk: Desk, most: int, least: float) -> None:
    desk.request["constraints"] = {"max_trades": most, "min_trade_size": least}


@given(parsers.parse("{name:w} was bought in lots of"))
def _(desk: Desk, name: str, datatable: list[list[str]]) -> None:
    stated = taxes(desk)
    others = [each for each in stated["lots"] if each["instrument_id"] != name]
    own = [lot(name, float(r["quantity"]), money(r["cost"]), r["date"], r["lot"]) for r in rows(datatable)]
    stated["lots"] = others + own


@given(step("gains of long term are taxed by {rate:percent}"))
def _(desk: Desk, rate: float) -> None:
    taxes(desk)["rates"]["long_term"] = rate


@given(parsers.parse("lots are sold by {rule:w}"))
def _(desk: Desk, rule: str) -> None:
    taxes(desk)["lot_rule"] = rule


@given(asked_for("{gained:money} were gained this year"))
def _(desk: Desk, gained: float) -> None:
    taxes(desk)["realized_gains"] = {"long_term": gained}


@given(parsers.parse("{units:d} units of {name:w} are to be bought in {days:d} days"))
def _(desk: Desk, units: int, name: str, days: int) -> None:
    day = (datetime.now(UTC) + timedelta(days)).date().isoformat()
    taxes(desk)["purchases"] = [{"instrument_id": name, "quantity": units, "date": day}]


@when("the trades toward it are planned")
def _(desk: Desk) -> None:
    desk.response = desk.http.post(ADDRESS, json=desk.request)


@when("the plan is approved")
def _(desk: Desk) -> None:
    desk.last_good = desk.http.post(f"/api/v1/rebalances/{desk.answer['rebalance_id']}/approve")
    assert desk.last_good.status_code == httpx.codes.OK


@then("the trades are")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    expected = rows(datatable)
    told = [(each["priority"], each["action"], each["instrument_id"]) for each in desk.answer["trades"]]
    assert told == [(int(row["priority"]), row["action"], row["name"]) for row in expected]
    for each, row in zip(desk.answer["trades"], expected, strict=True):
        assert each["quantity"] == pytest.approx(money(row["quantity"]), abs=5e-4)
        assert each["estimated_value"] == pytest.approx(money(row["value"]), abs=CENT)


@then("the trades lead to the target allocation")
def _(desk: Desk) -> None:
    units, cash = {holding.name: holding.quantity for holding in HELD.holdings}, HELD.cash
    for trade in desk.answer["trades"]:
        signed = trade["quantity"] if trade["action"] == "buy" else -trade["quantity"]
        units[trade["instrument_id"]] += signed
        cash -= signed * PRICES[trade["instrument_id"]]
    values = {name: quantity * PRICES[name] for name, quantity in units.items()} | {"CASH": cash}
    reached = {name: value / sum(values.values()) for name, value in values.items()}
    told = desk.answer["target_allocation"]
    assert told == pytest.approx({name: reached[name] for name in told}, abs=1e-10)


@then(asked_for("{cash:money} of cash are left"))
def _(desk: Desk, cash: float) -> None:
    assert desk.answer["valuation"]["cash_after"] == pytest.approx(cash, abs=CENT)


@then(asked_for("the costs are {costs:money}"))
def _(desk: Desk, costs: float) -> None:
    assert desk.answer["metrics"]["transaction_costs"] == pytest.approx(costs, abs=CENT)


@then(asked_for("the tax is {tax:money}"))
def _(desk: Desk, tax: float) -> None:
    assert desk.answer["metrics"]["tax_implications"] == pytest.approx(tax, abs=CENT)


@then(asked_for("there are {count:d} trades, none of them below {least:money}"))
def _(desk: Desk, count: int, least: float) -> None:
    assert len(desk.answer["trades"]) == count
    assert min(trade["estimated_value"] for trade in desk.answer["trades"]) >= least


@then("no part of the list takes more cash than there is")
def _(desk: Desk) -> None:
    cash = HELD.cash
    for trade in desk.answer["trades"]:
        cash -= trade["estimated_value"] * (1 if trade["action"] == "buy" else -1)
        assert cash >= -CENT


@then("the plan is listed as approved")
def _(desk: Desk) -> None:
    listed = desk.http.get("/api/v1/portfolios/sample/rebalances").json()["rebalances"]
    told = {each["rebalance_id"]: each["status"] for each in listed}
    assert told[desk.answer["rebalance_id"]] == "approved"


@then("it cannot be rejected any more")
def _(desk: Desk) -> None:
    refused = desk.http.post(f"/api/v1/rebalances/{desk.answer['rebalance_id']}/reject")
    assert refused.status_code == httpx.codes.CONFLICT
