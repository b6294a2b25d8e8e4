"""A portfolio that only a neighbouring service knows: every door that takes a portfolio id works by configuration."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tangency.domain.portfolio.portfolio import Portfolio
from tests.adapters.rest.test_optimization import problem_of
from tests.support.asking import settings_for
from tests.support.held import NAMES, history, hold, portfolio, prices
from tests.support.neighbour import AS_OF, Neighbour, document, neighbour, portfolio_document, reset
from tests.support.server import client, served

THEIRS, OURS, LOTTED = "known-to-the-neighbour", "imported", "with-lots"
SOURCES = [
    f"portfolio service: portfolio {THEIRS} as of 2026-11-20T21:00:00+00:00",
    "market data service: prices as of 2026-11-20T21:00:00+00:00",
]
WISH = {"optimization_type": "mean_variance", "objective": "maximize_sharpe"}
QUESTION = {"objective": "MAX_SHARPE", "method": "mean_variance", "constraints": {"max_weight": 0.1}}
REBALANCE = {"target_type": "equal_weight", "constraints": {"max_turnover": 0.5, "max_trades": 8}}


@pytest.fixture(scope="module")
def stub() -> Iterator[Neighbour]:
    with neighbour() as told:
        told.hold(portfolio(THEIRS), history())
        yield told


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory, stub: Neighbour) -> Iterator[httpx.Client]:
    """A service whose data comes from the neighbour, except for what the neighbour does not know."""
    folder = tmp_path_factory.mktemp("upstream")
    hold(folder, OURS)
    chosen = settings_for(stub, upstream_risk_models_url="", upstream_fallback="unknown", upstream_attempts=1)
    names = [name for name in chosen.__struct_fields__ if name.startswith("upstream_")]
    with served(folder, **{name: getattr(chosen, name) for name in names}) as address, client(address) as http:
        yield http


def ended(http: httpx.Client, portfolio_id: str, **changes: Any) -> dict[str, Any]:
    response = http.post("/api/v1/optimizations", json={**WISH, "portfolio_id": portfolio_id, **changes})
    assert response.status_code == 202, response.text
    for _ in range(600):
        found: dict[str, Any] = http.get(response.headers["location"]).json()
        if found["status"] != "processing":
            return found
        time.sleep(0.05)
    pytest.fail("it did not end")


def asked_by(stub: Neighbour, http: httpx.Client, path: str, **asked: Any) -> tuple[dict[str, Any], list[str]]:
    """An answer, and what the neighbour was asked for it."""
    before = len(stub.asked)
    response = http.post(path, json=asked)
    assert response.status_code == 200, response.text
    return response.json(), [each.path for each in stub.asked[before:]]


def test_an_ordered_optimization_stands_on_what_the_neighbour_says(http: httpx.Client) -> None:
    theirs, ours = ended(http, THEIRS), ended(http, OURS)
    assert theirs["status"] == ours["status"] == "completed"
    assert theirs["target_allocation"] == ours["target_allocation"]
    assert theirs["current_allocation"] == ours["current_allocation"]
    assert theirs["trades"] == ours["trades"]
    assert theirs["provenance"]["references"] == SOURCES
    assert ours["provenance"]["references"] == [
        "imported, since the service that it comes from does not have it",
        SOURCES[1],
    ]


def test_a_plan_reads_its_portfolio_once_however_many_rounds_it_takes(http: httpx.Client, stub: Neighbour) -> None:
    plan, asked = asked_by(stub, http, f"/api/v1/portfolios/{THEIRS}/rebalance", **REBALANCE)
    assert asked == [f"/portfolios/{THEIRS}", "/prices"]
    assert plan["trades"]
    assert plan["evidence"]["references"] == SOURCES
    assert http.get(f"/api/v1/rebalances/{plan['rebalance_id']}").json()["status"] == "proposed"


def test_a_plan_expires_when_the_neighbour_says_that_its_portfolio_changed(http: httpx.Client, stub: Neighbour) -> None:
    changing = "changing"
    stub.answer(f"/portfolios/{changing}", *[_holding(changing)] * 2, _holding(changing, cash=1.0))
    plan, _ = asked_by(stub, http, f"/api/v1/portfolios/{changing}/rebalance", **REBALANCE)
    assert http.get(f"/api/v1/rebalances/{plan['rebalance_id']}").json()["status"] == "proposed"
    assert http.get(f"/api/v1/rebalances/{plan['rebalance_id']}").json()["status"] == "expired"
    stub.answer(f"/portfolios/{changing}", document({}, 404))
    assert http.get(f"/api/v1/rebalances/{plan['rebalance_id']}").json()["status"] == "expired"


def test_triggers_factors_and_synchronous_optimizations_work_on_it_too(http: httpx.Client, stub: Neighbour) -> None:
    address = f"/api/v1/portfolios/{THEIRS}"
    triggers = {"absolute_band": 0.02}
    verdicts, _ = asked_by(stub, http, f"{address}/rebalance/evaluate", **REBALANCE, triggers=triggers)
    assert verdicts["triggers"]
    analysis, _ = asked_by(stub, http, f"{address}/factor-analysis", factors="statistical", count=2)
    assert analysis["references"] == sorted(SOURCES)
    answer, asked = asked_by(stub, http, "/api/v1/optimize", portfolio_id=THEIRS, **QUESTION)
    assert asked == [f"/portfolios/{THEIRS}", "/prices"]
    assert answer["provenance"]["references"] == SOURCES


def test_its_lots_and_its_benchmark_are_the_neighbours(http: httpx.Client, stub: Neighbour) -> None:
    stub.answer(f"/portfolios/{LOTTED}", _holding(LOTTED))
    held = portfolio(LOTTED).holdings
    lots = [
        {"lot_id": each.name, "name": each.name, "quantity": each.quantity, "cost": 1.0, "bought": "2010-01-04"}
        for each in held
    ]
    weights = [{"name": name, "weight": 0.5} for name in NAMES[:2]]
    stub.answer(f"/portfolios/{LOTTED}/tax-lots", document({"portfolio_id": LOTTED, "as_of": AS_OF, "lots": lots}))
    stub.answer(
        f"/portfolios/{LOTTED}/benchmark", document({"portfolio_id": LOTTED, "as_of": AS_OF, "weights": weights})
    )
    taxed = {**REBALANCE, "target_type": "benchmark", "constraints": {"consider_tax_implications": True}}
    taxed["tax"] = {"rates": {"short_term": 0.35, "long_term": 0.15}}
    plan, asked = asked_by(stub, http, f"/api/v1/portfolios/{LOTTED}/rebalance", **taxed)
    assert sorted(asked) == sorted(
        [f"/portfolios/{LOTTED}{each}" for each in ("", "/tax-lots", "/benchmark")] + ["/prices"]
    )
    assert plan["metrics"]["tax_implications"] > 0
    assert ended(http, LOTTED)["metric_basis"]["reference"] == "benchmark"


def test_a_batch_asks_once_for_what_its_questions_share(http: httpx.Client, stub: Neighbour) -> None:
    before = len(stub.asked)
    questions = [{"portfolio_id": THEIRS, **QUESTION, "constraints": {"max_weight": cap}} for cap in (0.1, 0.2, 0.3)]
    entries = http.post("/api/v1/optimize/batch", json=questions).json()
    assert [entry["status"] for entry in entries] == [200, 200, 200]
    assert [each.path for each in stub.asked[before:]] == [f"/portfolios/{THEIRS}", "/prices"]


def test_a_frontier_is_shared_by_equal_data_whenever_it_was_read(http: httpx.Client, stub: Neighbour) -> None:
    address = f"/api/v1/portfolios/{THEIRS}/efficient-frontier?points=5"
    first = http.get(address)
    assert first.status_code == 200, first.text
    assert first.json()["provenance"]["references"] == SOURCES
    stub.answer(f"/portfolios/{THEIRS}", _holding(THEIRS, as_of="2026-11-21T09:00:00Z"))
    assert http.get(address).json()["frontier_id"] == first.json()["frontier_id"]
    stub.answer(f"/portfolios/{THEIRS}", _holding(THEIRS))


def test_what_nobody_knows_is_not_found_by_name(http: httpx.Client) -> None:
    told = "the portfolio service knows no portfolio 'nobody'."
    assert problem_of(http.get("/api/v1/portfolios/nobody/efficient-frontier"), 404, "not-found")["detail"] == told
    posts: dict[str, dict[str, Any]] = {
        "/api/v1/portfolios/nobody/rebalance": REBALANCE,
        "/api/v1/portfolios/nobody/factor-analysis": {"factors": "statistical"},
        "/api/v1/optimizations": {**WISH, "portfolio_id": "nobody"},
        "/api/v1/optimize": {**QUESTION, "portfolio_id": "nobody"},
    }
    for path, body in posts.items():
        assert problem_of(http.post(path, json=body), 404, "not-found")["detail"] == told


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [(reset, 503, "neighbour-unavailable"), (document({"status": "ok"}), 502, "neighbour-unusable")],
    ids=["reset", "foreign"],
)
def test_a_neighbour_that_fails_is_named_with_the_remedy_and_nothing_is_kept(
    http: httpx.Client, stub: Neighbour, answer: Any, status: int, slug: str
) -> None:
    stub.answer("/portfolios/failing", answer)
    listed = http.get("/api/v1/optimizations").json()
    response = http.post("/api/v1/optimizations", json={**WISH, "portfolio_id": "failing"})
    told = problem_of(response, status, slug)["detail"]
    assert "the portfolio service" in told or "the answer of the portfolio service" in told
    assert "httpx" not in response.text
    assert "127.0.0.1" not in response.text
    assert (response.headers.get("retry-after") is not None) == (status == 503)
    assert http.get("/api/v1/optimizations").json() == listed


def test_who_states_everything_needs_no_neighbour(http: httpx.Client, stub: Neighbour) -> None:
    before = len(stub.asked)
    strategies = [{"name": name, "expected_return": 0.1, "returns": [0.01, -0.02, 0.015, 0.0]} for name in ("A", "B")]
    strategies[1]["returns"] = [0.0, 0.01, -0.02, 0.01]
    document_ = {
        "portfolio_id": "failing",
        "strategies": strategies,
        "objective": "MIN_VOLATILITY",
        "method": "mean_variance",
    }
    assert http.post("/api/v1/optimize", json=document_).status_code == 200
    assert len(stub.asked) == before


def test_a_risk_model_takes_the_place_of_the_estimate_unless_another_is_asked_for(
    tmp_path: Path, stub: Neighbour
) -> None:
    returns = np.diff(prices(), axis=0) / prices()[:-1]
    covariance = 4.0 * 252.0 * np.cov(returns, rowvar=False)
    model = {
        "portfolio_id": THEIRS,
        "as_of": AS_OF,
        "names": NAMES[::-1],
        "covariance": covariance[::-1, ::-1].tolist(),
    }
    stub.answer(f"/portfolios/{THEIRS}/risk-model", document(model))
    chosen = settings_for(stub)
    names = [name for name in chosen.__struct_fields__ if name.startswith("upstream_")]
    question = {**QUESTION, "portfolio_id": THEIRS, "objective": "MIN_VOLATILITY"}
    with served(tmp_path, **{name: getattr(chosen, name) for name in names}) as address, client(address) as http:
        theirs = http.post("/api/v1/optimize", json=question).json()
        ours = http.post(
            "/api/v1/optimize", json={**question, "risk_parameters": {"covariance_estimator": {"name": "sample"}}}
        ).json()
        stub.answer(f"/portfolios/{THEIRS}/risk-model", document({**model, "names": [f"other-{n}" for n in NAMES]}))
        lacking = http.post("/api/v1/optimize", json=question)
    assert theirs["expected_volatility"] == pytest.approx(2.0 * ours["expected_volatility"], rel=1e-9)
    assert theirs["provenance"]["estimates"]["covariance"] == "given"
    model_source = f"risk model service: risk model of portfolio {THEIRS} as of 2026-11-20T21:00:00+00:00"
    assert theirs["provenance"]["references"] == [*SOURCES, model_source]
    assert ours["provenance"]["references"] == SOURCES
    assert "comes from a risk model that lacks" in problem_of(lacking, 422, "invalid")["detail"]


def _holding(portfolio_id: str, cash: float | None = None, as_of: str = AS_OF) -> Any:
    held: Portfolio = portfolio(portfolio_id)
    held = held if cash is None else replace(held, cash=cash)
    return document({**portfolio_document(held), "as_of": as_of})
