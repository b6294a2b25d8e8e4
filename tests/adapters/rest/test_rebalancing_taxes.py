"""Rebalancing that considers taxes, over HTTP."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.adapters.rest.test_rebalancing import (
    HELD,
    PRICES,
    TARGETS,
    TOTAL,
    folder,
    http,
    obeys,
    plan,
)

__all__ = ["folder", "http"]  # the service with the sample imported, as a fixture of this module too


def lots(cost: float, day: str) -> list[dict[str, Any]]:
    """One lot for every name that is held, at a share of its latest price."""
    return [
        {"instrument_id": h.name, "quantity": h.quantity, "cost": cost * PRICES[h.name], "date": day}
        for h in HELD.holdings
        if h.quantity
    ]


@pytest.mark.parametrize(("cost", "day", "rate"), [(0.5, "2010-01-04", 0.15), (1.2, "2010-01-04", 0.0)])
def test_taxes_are_due_on_what_is_sold_and_leave_cash_at_its_floor(
    http: httpx.Client, cost: float, day: str, rate: float
) -> None:
    limits = {"consider_tax_implications": True}
    tax = {"rates": {"short_term": 0.35, "long_term": 0.15}, "lots": lots(cost, day)}
    answer = plan(http, target_type="equal_weight", constraints=limits, tax=tax, transaction_cost_model=0.001)
    sold = sum(trade["estimated_value"] * (0.999 - cost) for trade in answer["trades"] if trade["action"] == "sell")
    assert answer["metrics"]["tax_implications"] == pytest.approx(rate * sold, abs=0.005)
    cash, metrics = answer["valuation"]["cash_after"], answer["metrics"]
    assert cash >= -0.005
    change = sum(trade["estimated_value"] * (1 if trade["action"] == "sell" else -1) for trade in answer["trades"])
    paid = metrics["transaction_costs"] + metrics["tax_implications"]
    assert cash == pytest.approx(HELD.cash + change - paid, abs=0.005)
    assert {each["long_term"] for each in answer["evidence"]["disposals"]} == {True}


def test_a_loss_that_is_bought_back_is_disallowed(http: httpx.Client) -> None:
    tax = {
        "rates": {"short_term": 0.35, "long_term": 0.15},
        "lots": lots(1.5, "2010-01-04"),
        "purchases": [{"instrument_id": "AAPL", "quantity": 1e6, "date": "1990-01-01"}],
        "realized_gains": {"long_term": 1e9},
    }
    asked: dict[str, Any] = {"target_type": "custom", "target_allocation": {"CASH": 1.0}}
    limits = {"consider_tax_implications": True}
    answer = plan(http, **asked, constraints=limits, tax=tax)
    loss = 0.5 * (TOTAL - HELD.cash)
    assert answer["metrics"]["tax_implications"] == pytest.approx(-0.15 * loss)
    tax["purchases"] = [{"instrument_id": "AAPL", "quantity": 1e6, "date": answer["created_at"][:10]}]
    washed = plan(http, **asked, constraints=limits, tax=tax)
    apple = 0.5 * next(h.quantity for h in HELD.holdings if h.name == "AAPL") * PRICES["AAPL"]
    assert washed["metrics"]["tax_implications"] == pytest.approx(-0.15 * (loss - apple))


def test_lots_whose_loss_would_save_tax_are_told(http: httpx.Client) -> None:
    tax = {"rates": {"short_term": 0.35, "long_term": 0.15}, "lots": lots(1.25, "2010-01-04")}
    tax["realized_gains"] = {"long_term": 1000.0}
    keep = {**{h.name: h.quantity * PRICES[h.name] / TOTAL for h in HELD.holdings}, "CASH": HELD.cash / TOTAL}
    limits = {"consider_tax_implications": True, "max_trades": 0}
    answer = plan(http, target_type="custom", target_allocation=keep, constraints=limits, tax=tax)
    assert answer["trades"] == []
    (first, *_) = told = answer["evidence"]["loss_harvesting"]
    assert sum(each["saving"] for each in told) == pytest.approx(0.15 * min(1000.0, sum(each["loss"] for each in told)))
    value = first["quantity"] * PRICES[first["instrument_id"]]
    assert first["loss"] == pytest.approx(0.25 * value)
    assert (first["wash_safe"], first["long_term"], first["disallowed"]) == (True, True, 0.0)
    day = date.fromisoformat(answer["created_at"][:10])
    assert (first["safe_from"], first["replace_from"]) == (str(day), str(day + timedelta(31)))


def mixed_lots() -> list[dict[str, Any]]:
    """Three for every name that is held: an old gain, a new loss, a new gain."""
    parts = [(0.5, 0.4, "2010-01-04"), (0.3, 1.3, "2022-08-01"), (0.2, 0.9, "2022-09-01")]
    return [
        {
            "instrument_id": h.name,
            "quantity": share * h.quantity,
            "cost": cost * PRICES[h.name],
            "date": day,
            "lot_id": f"{h.name}-{place}",
        }
        for h in HELD.holdings
        if h.quantity
        for place, (share, cost, day) in enumerate(parts)
    ]


@pytest.mark.parametrize("rule", ["min_tax", "fifo"])
def test_the_objective_after_tax_comes_near_to_its_bound(http: httpx.Client, rule: str) -> None:
    tax = {"rates": {"short_term": 0.35, "long_term": 0.15}, "lots": mixed_lots(), "lot_rule": rule}
    asked: dict[str, Any] = {"target_type": "optimal", "risk_parameters": {"risk_free_rate": 0.02}, "tax": tax}
    limits = {"max_turnover": 0.4, "consider_tax_implications": True}
    answer = plan(http, **asked, constraints=limits)
    after = answer["evidence"]["after_tax"]
    before = plan(http, **{**asked, "tax": tax}, constraints={**limits, "max_trades": 0})["evidence"]["after_tax"]
    assert after["objective"] >= before["objective"] - 1e-9
    assert after["objective"] <= after["bound"]
    if rule == "min_tax":
        assert after["gap"] <= 1e-6
    if rule == "fifo":
        assert after["gap"] > 1e-6  # the first lots owe more than the best ones would


def test_names_without_lots_are_told(http: httpx.Client) -> None:
    tax = {"rates": {"short_term": 0.35, "long_term": 0.15}, "lots": lots(1.0, "2010-01-04")[2:]}
    asked = {"target_type": "optimal", "constraints": {"consider_tax_implications": True}, "tax": tax}
    errors = http.post("/api/v1/portfolios/sample/rebalance", json=asked).json()["errors"]
    assert "missing: AAPL, AMD." in errors[0]["detail"]


@pytest.mark.parametrize("place", [0, 2, 7])
def test_a_plan_that_pays_taxes_obeys_them_too(http: httpx.Client, place: int) -> None:
    asked = TARGETS[place]
    limits = {**asked.get("constraints", {}), "consider_tax_implications": True}
    tax = {"rates": {"short_term": 0.35, "long_term": 0.15}, "lots": lots(0.6, "2010-01-04")}
    answer = plan(http, **{**asked, "constraints": limits}, tax=tax, transaction_cost_model=0.002)
    assert answer["metrics"]["tax_implications"] > 0 or place == 0
    obeys(answer, asked, 0.002)
