"""Rebalancing that considers taxes, over HTTP."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tangency.application.portfolio import ImportHoldings, ImportPrices, ImportTaxLots
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot
from tests.adapters.rest.test_rebalancing import (
    HELD,
    PRICES,
    TARGETS,
    TOTAL,
    folder,
    held_as,
    http,
    imported,
    obeys,
    plan,
)

__all__ = ["folder", "http"]  # the service with the sample imported, as a fixture of this module too


def lots_at(cost: float) -> tuple[TaxLot, ...]:
    """The same as lots that are imported, old ones."""
    bought = date(2010, 1, 4)
    return tuple(TaxLot(h.name, h.name, h.quantity, cost * PRICES[h.name], bought) for h in HELD.holdings if h.quantity)


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


def one_stock(folder: Path, shares: float, price: float) -> None:
    """A portfolio of nothing else, imported as publication-550."""
    days = tuple(date(2023, 4, 3) + timedelta(day) for day in range(3))
    prices = PriceHistory(("X",), days, price * np.array([[0.98], [1.01], [1.0]]))
    portfolio = Portfolio("publication-550", (Holding("X", shares),), 0.0)
    imported(folder, ImportPrices("publication-550", prices), ImportHoldings(portfolio))


def sold(http: httpx.Client, left: float, **tax: Any) -> dict[str, Any]:
    """The plan that leaves so much of the value in the stock."""
    rates = {"short_term": 0.35, "long_term": 0.15}
    target = {"X": left, "CASH": 1.0 - left} if left else {"CASH": 1.0}
    limits = {"consider_tax_implications": True}
    return plan(
        http, "publication-550", target_type="custom", target_allocation=target, constraints=limits,
        tax={"rates": rates, **tax},
    )  # fmt: skip


def test_the_first_shares_bought_are_the_first_sold_in_publication_550(http: httpx.Client, folder: Path) -> None:
    """IRS, Publication 550, chapter 4, stocks that cannot be identified: 130 shares sold have a basis of $1,380."""
    one_stock(folder, 350.0, 12.0)
    bought = [(50, 10.0, "2009-05-04"), (200, 11.0, "2010-01-11"), (100, 9.0, "2012-12-10")]
    lots = [{"instrument_id": "X", "quantity": many, "cost": cost, "date": day} for many, cost, day in bought]
    answer = sold(http, 220 / 350, lots=lots, lot_rule="fifo")
    disposals = answer["evidence"]["disposals"]
    assert [each["quantity"] for each in disposals] == pytest.approx([50.0, 80.0])
    assert 130 * 12.0 - sum(each["gain"] for each in disposals) == pytest.approx(1380.0)
    assert answer["metrics"]["tax_implications"] == pytest.approx(0.15 * (130 * 12.0 - 1380.0))


def test_the_wash_sale_of_publication_550(http: httpx.Client, folder: Path) -> None:
    """IRS, Publication 550, wash sales: a loss of $250 is not deducted, and $800 paid again has a basis of $1,050.

    Whoever wants all in cash sells all, to the last unit.
    """
    one_stock(folder, 100.0, 7.5)
    lots = [{"instrument_id": "X", "quantity": 100, "cost": 10.0, "date": "2022-06-01"}]
    gains = {"long_term": 1000.0}
    plain = sold(http, 0.0, lots=lots, realized_gains=gains)
    assert plain["metrics"]["tax_implications"] == pytest.approx(-0.15 * 250.0)
    assert [(trade["action"], trade["quantity"]) for trade in plain["trades"]] == [("sell", 100.0)]
    again = {
        "instrument_id": "X",
        "quantity": 100,
        "date": str(date.fromisoformat(plain["created_at"][:10]) + timedelta(20)),
    }
    washed = sold(http, 0.0, lots=lots, realized_gains=gains, purchases=[again])
    assert washed["metrics"]["tax_implications"] == 0.0
    (disposal,), (carried,) = washed["evidence"]["disposals"], washed["evidence"]["carried_basis"]
    assert disposal["disallowed"] == pytest.approx(250.0)
    assert 800.0 + carried["amount"] == pytest.approx(1050.0)


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
    proof = (answer["evidence"]["convergence_status"], answer["evidence"]["relative_gap"])
    if rule == "min_tax":
        assert after["gap"] <= 1e-6
        assert proof[0] == "optimal"
        assert proof[1] <= 1e-6
    if rule == "fifo":
        assert after["gap"] > 1e-6  # the first lots owe more than the best ones would
        assert proof == ("feasible", None)


def test_rates_are_those_of_the_request_else_of_the_configuration_else_of_the_service(
    http: httpx.Client, folder: Path
) -> None:
    asked: dict[str, Any] = {"target_type": "equal_weight", "constraints": {"consider_tax_implications": True}}
    imported(folder, *held_as("taxed"), ImportTaxLots("taxed", lots_at(0.5)))
    here = "/api/v1/portfolios/taxed/configuration"
    standing = {"objective": "MAX_SHARPE", "method": "MEAN_VARIANCE"}
    policy = {"rates": {"short_term": 0.3, "long_term": 0.1}, "lot_rule": "fifo", "horizon_years": 3.0}

    def terms(**said: Any) -> dict[str, Any]:
        answer = plan(http, "taxed", **asked, **said)
        told: dict[str, Any] = answer["evidence"]["tax_terms"]
        gained = sum(each["gain"] for each in answer["evidence"]["disposals"])
        assert answer["metrics"]["tax_implications"] == pytest.approx(told["rates"]["long_term"] * gained, abs=0.01)
        supplied = answer["supplied_by_configuration"]
        return {**told, "supplied": sorted(path for path in supplied if path.startswith("tax"))}

    service = {"rates": {"short_term": 0.408, "long_term": 0.238}, "lot_rule": "min_tax", "horizon_years": 1.0}
    assert terms() == {**service, "rates_from": "settings", "supplied": []}
    stored = http.put(here, json={**standing, "tax": policy})
    assert (stored.status_code, stored.json()["tax"]) == (200, policy), stored.text
    told = terms()
    assert told == {
        **policy,
        "rates_from": "configuration",
        "supplied": ["tax.horizon_years", "tax.lot_rule", "tax.rates"],
    }
    own = {"short_term": 0.5, "long_term": 0.4}
    stated = {"rates": own, "lot_rule": "hifo"}
    assert terms(tax=stated) == {
        **stated,
        "rates_from": "request",
        "horizon_years": 3.0,
        "supplied": ["tax.horizon_years"],
    }


def test_a_configuration_has_no_lots_and_no_rate_above_1(http: httpx.Client) -> None:
    standing = {"objective": "MAX_SHARPE", "method": "MEAN_VARIANCE"}
    wrong = {"rates": {"short_term": 1.5, "long_term": 0.1}, "lots": []}
    refused = http.put("/api/v1/portfolios/taxed/configuration", json={**standing, "tax": wrong})
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/tax/rates/short_term", "/tax/lots"}


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
