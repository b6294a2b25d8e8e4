"""Optimizations that are carried out later: the documents of the seed, its words, the protocol, the events."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
import pytest

from tangency.application.portfolio import ImportBenchmark
from tests.adapters.rest.test_optimization import problem_of
from tests.support.held import CASH, CLASS_OF, NAMES, SECTOR_OF, hold, keep, lots, portfolio, prices
from tests.support.server import client, served

SCHEMAS = Path(__file__).parents[3] / "docs" / "events"
ADDRESS = "/api/v1/optimizations"
SEED: dict[str, Any] = {
    "portfolio_id": "port-123456",
    "optimization_type": "mean_variance",
    "objective": "maximize_sharpe",
    "risk_measure": "volatility",
    "constraints": {
        "max_position_size": 0.05,
        "min_position_size": 0.01,
        "max_sector_exposure": 0.30,
        "max_asset_class_exposure": 0.60,
        "max_turnover": 0.20,
        "target_volatility": 0.15,
    },
    "preferences": {"risk_aversion": 4.0, "include_transaction_costs": True, "transaction_cost_model": 0.001},
}
UNSUPPORTED = {"/optimization_type", "/objective", "/risk_parameters/covariance_estimator"}
VIEWS = {"optimization_type": "black_litterman"}
POOLED = {"prior": {"name": "entropy_pooling", "options": {"views": ["TECH9 >= 0.1"]}}}
FAR = {"prior": {"name": "entropy_pooling", "options": {"views": ["TECH0 >= 90"]}}}
PARITY = {"optimization_type": "risk_parity", "objective": "risk_parity"}
ROBUST = {"optimization_type": "robust_optimization"}
CRISIS = {"name": "crisis", "expected_returns": {"TECH9": 0.1}}
STACKED = {"optimization_type": "stacking"}
WRONG = {"method": "black_litterman", "options": {"views": ["garbage"]}}
FACTORS = "/risk_parameters/covariance_estimator"
MANY = {"name": "statistical_factor", "options": {"count": 500}}
TIMED = {"name": "time_series_factor", "options": {"factors": {"value": [0.01]}}}
METRICS = {"expected_return", "expected_volatility", "sharpe_ratio", "max_drawdown", "turnover", "information_ratio"}
TAXED = {"consider_tax_implications": True}
TRADE = {"instrument_id", "action", "quantity", "estimated_value", "weight_change"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("orders")
    hold(made, "port-123456")
    return made


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[httpx.Client]:
    with served(folder, stream_s=5.0) as address, client(address) as http:
        yield http


def wish(**changes: Any) -> dict[str, Any]:
    """The least that can be asked, and more."""
    least = {name: SEED[name] for name in ("portfolio_id", "optimization_type", "objective")}
    return {**least, **changes}


def ordered(http: httpx.Client, document: dict[str, Any], **headers: str) -> dict[str, Any]:
    response = http.post(ADDRESS, json=document, headers=headers)
    assert response.status_code == 202, response.text
    accepted: dict[str, Any] = response.json()
    assert response.headers["location"] == f"{ADDRESS}/{accepted['optimization_id']}"
    return accepted


def ended(http: httpx.Client, optimization_id: str, patience_s: float = 60.0) -> dict[str, Any]:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        document: dict[str, Any] = http.get(f"{ADDRESS}/{optimization_id}").json()
        if document["status"] != "processing":
            return document
        time.sleep(0.02)
    raise AssertionError(f"{optimization_id} did not end")


def answered(http: httpx.Client, **changes: Any) -> dict[str, Any]:
    return ended(http, ordered(http, wish(**changes))["optimization_id"])


@pytest.fixture(scope="module")
def seed(desk: httpx.Client) -> dict[str, Any]:
    return ended(desk, ordered(desk, SEED)["optimization_id"])


def test_the_request_of_the_seed_is_accepted_with_its_fields(desk: httpx.Client) -> None:
    accepted = ordered(desk, SEED)
    assert list(accepted) == ["optimization_id", "portfolio_id", "status", "created_at", "estimated_completion_time"]
    assert (accepted["portfolio_id"], accepted["status"]) == ("port-123456", "processing")
    assert accepted["optimization_id"].startswith("opt-")
    assert len(accepted["optimization_id"]) == len("opt-") + 26
    assert accepted["estimated_completion_time"] > accepted["created_at"]


def test_it_completes_with_the_fields_of_the_seed(seed: dict[str, Any]) -> None:
    assert seed["status"] == "completed"
    assert seed["completed_at"] >= seed["created_at"]
    assert {word: seed[word] for word in SEED} == SEED
    assert set(seed["metrics"]) == {*METRICS, "tax_implications"}
    assert all(isinstance(seed["metrics"][figure], float) for figure in METRICS)
    assert (seed["metrics"]["tax_implications"], seed["tax"]) == (None, None)  # nobody asked
    assert {frozenset(trade) for trade in seed["trades"]} == {frozenset(TRADE)}
    assert len(seed["efficient_frontier"]) >= 2
    assert {frozenset(point) for point in seed["efficient_frontier"]} == {frozenset({"return", "risk", "sharpe"})}
    assert seed["efficient_frontier_reason"] is None
    assert seed["unused_inputs"] == ["preferences.risk_aversion"]  # a ratio knows none
    assert seed["failure"] is None
    held = [weight for weight in seed["target_allocation"].values() if weight > 1e-8]
    assert min(held) >= 0.01 - 1e-8
    assert seed["certificate"]["relative_gap"] < 1e-2  # proven; how near 0 depends on the time that the search gets


def test_every_limit_of_the_seed_holds(seed: dict[str, Any]) -> None:
    weights, limits = seed["target_allocation"], SEED["constraints"]
    assert max(weights.values()) <= limits["max_position_size"] + 1e-8
    for labels, limit in ((SECTOR_OF, "max_sector_exposure"), (CLASS_OF, "max_asset_class_exposure")):
        for label in set(labels.values()):
            assert sum(weights[name] for name in NAMES if labels[name] == label) <= limits[limit] + 1e-8
    assert seed["metrics"]["turnover"] == pytest.approx(limits["max_turnover"], abs=1e-7)  # it binds
    assert seed["metrics"]["expected_volatility"] <= limits["target_volatility"] + 1e-8


def test_the_figures_are_those_of_the_conventions(seed: dict[str, Any]) -> None:
    values, metrics = prices(), seed["metrics"]
    returns = values[1:] / values[:-1] - 1.0
    w = np.array([seed["target_allocation"][name] for name in NAMES])
    b = np.array([seed["current_allocation"][name] for name in NAMES])
    mean, covariance = 252 * returns.mean(axis=0), 252 * np.cov(returns, rowvar=False)
    assert metrics["expected_return"] == pytest.approx(mean @ w, rel=1e-9)
    assert metrics["expected_volatility"] == pytest.approx(np.sqrt(w @ covariance @ w), rel=1e-9)
    assert metrics["sharpe_ratio"] == pytest.approx(mean @ w / np.sqrt(w @ covariance @ w), rel=1e-9)
    active = np.sqrt((w - b) @ covariance @ (w - b))
    assert metrics["information_ratio"] == pytest.approx((w - b) @ mean / active, rel=1e-7)
    wealth = [1.0]
    for period in returns @ w:
        wealth.append(wealth[-1] * (1.0 + period))
    falls = [1.0 - after / max(wealth[: day + 1]) for day, after in enumerate(wealth)]
    assert metrics["max_drawdown"] == pytest.approx(max(falls), rel=1e-7)
    assert seed["metric_basis"] == {"periods": 300, "periods_per_year": 252.0, "reference": "current_allocation"}


def test_the_trades_lead_from_the_holdings_to_the_target_and_conserve_cash(seed: dict[str, Any]) -> None:
    held, last = portfolio("any"), dict(zip(NAMES, prices()[-1].tolist(), strict=True))
    quantities, cash = {holding.name: holding.quantity for holding in held.holdings}, CASH
    total = sum(quantities[name] * last[name] for name in NAMES) + cash
    for trade in seed["trades"]:
        sign = 1.0 if trade["action"] == "buy" else -1.0
        assert trade["quantity"] > 0
        assert np.sign(trade["weight_change"]) == sign
        quantities[trade["instrument_id"]] += sign * trade["quantity"]
        cash -= sign * trade["estimated_value"]
    for name in NAMES:
        assert quantities[name] * last[name] / total == pytest.approx(seed["target_allocation"].get(name), abs=1e-10)
    assert cash == pytest.approx(0.0, abs=0.01)


def test_the_frontier_beside_an_answer_is_within_its_limits_and_has_the_answer_below_it(seed: dict[str, Any]) -> None:
    points, metrics = seed["efficient_frontier"], seed["metrics"]
    risks, returns = ([point[axis] for point in points] for axis in ("risk", "return"))
    assert risks == sorted(risks)
    assert returns == sorted(returns)
    assert max(risks) <= SEED["constraints"]["target_volatility"] + 1e-8
    assert max(point["sharpe"] for point in points) >= metrics["sharpe_ratio"] * (1 - 1e-2)
    for point in points:  # costs are in the objective only, so that no point may be beaten by the answer
        better = metrics["expected_return"] > point["return"] + 1e-8 and metrics["expected_volatility"] < point["risk"]
        assert not better


def test_where_means_are_the_methods_own_there_is_no_frontier_and_that_is_said(desk: httpx.Client) -> None:
    document = answered(desk, optimization_type="black_litterman", method_options={"views": ["TECH0 = 0.12"]})
    assert document["status"] == "completed", document["failure"]
    assert document["efficient_frontier"] is None
    assert "expected returns of its own" in document["efficient_frontier_reason"]


@pytest.mark.parametrize(
    ("limits", "held_to"),
    [
        ({"max_position_size": 0.04}, lambda w, _: max(w.values())),
        ({"max_sector_exposure": 0.18}, lambda w, _: max(by_label(w, SECTOR_OF).values())),
        ({"max_asset_class_exposure": 0.35}, lambda w, _: max(by_label(w, CLASS_OF).values())),
        ({"max_turnover": 0.1}, lambda _, metrics: metrics["turnover"]),
        ({"target_volatility": 0.05}, lambda _, metrics: metrics["expected_volatility"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_limit_of_the_seed_changes_the_answer_and_binds(
    desk: httpx.Client, limits: dict[str, float], held_to: Callable[[dict[str, float], dict[str, float]], float]
) -> None:
    base = {"max_position_size": 0.2} if "max_position_size" not in limits else {}
    free = answered(desk, objective="maximize_return", constraints={"max_position_size": 0.2})
    bound = answered(desk, objective="maximize_return", constraints={**base, **limits})
    assert bound["status"] == "completed", bound["failure"]
    ((name, limit),) = limits.items()
    assert held_to(free["target_allocation"], free["metrics"]) > limit + 1e-4, name
    assert held_to(bound["target_allocation"], bound["metrics"]) == pytest.approx(limit, abs=1e-7)
    assert bound["metrics"]["expected_return"] < free["metrics"]["expected_return"]


def by_label(weights: dict[str, float], labels: dict[str, str]) -> dict[str, float]:
    return {label: sum(weights[name] for name in NAMES if labels[name] == label) for label in labels.values()}


def test_an_imported_benchmark_is_what_the_information_ratio_refers_to(desk: httpx.Client, folder: Path) -> None:
    hold(folder, "port-benchmarked")
    benchmark = {"TECH0": 0.5, "META3": 0.3, "CASH": 0.2}
    keep(folder, ImportBenchmark("port-benchmarked", benchmark))
    asked = wish(portfolio_id="port-benchmarked", risk_parameters={"risk_free_rate": 0.02})
    document = ended(desk, ordered(desk, asked)["optimization_id"])
    values = prices()
    returns = values[1:] / values[:-1] - 1.0
    active = np.array([document["target_allocation"][name] - benchmark.get(name, 0.0) for name in NAMES])
    mean, covariance = 252 * returns.mean(axis=0), 252 * np.cov(returns, rowvar=False)
    expected = (active @ mean - 0.2 * 0.02) / np.sqrt(active @ covariance @ active)
    assert document["metric_basis"]["reference"] == "benchmark"
    assert document["metrics"]["information_ratio"] == pytest.approx(expected, rel=1e-9)


def test_what_was_stated_and_not_used_is_said(desk: httpx.Client) -> None:
    document = answered(
        desk,
        objective="minimize_risk",
        preferences={"risk_aversion": 3.0, "transaction_cost_model": 0.001},
        risk_parameters={"confidence_level": 0.9},
        tax={"horizon_years": 2.0},
    )
    assert document["unused_inputs"] == [
        "preferences.risk_aversion",
        "preferences.transaction_cost_model",
        "risk_parameters.confidence_level",
        "tax",
    ]


def test_names_have_bounds_of_their_own_in_place_of_those_for_all(desk: httpx.Client) -> None:
    limits = {"max_position_size": 0.05, "max_weights": {"TECH0": 0.5}, "min_weights": {"META3": 0.04, "TECH0": 0.2}}
    weights = answered(desk, constraints=limits)["target_allocation"]
    assert weights["TECH0"] >= 0.2 - 1e-9
    assert weights["META3"] >= 0.04 - 1e-9
    assert max(weights[name] for name in NAMES if name != "TECH0") <= 0.05 + 1e-9


def test_costs_keep_weights_where_they_are(desk: httpx.Client) -> None:
    free = answered(desk, objective="maximize_utility")["metrics"]["turnover"]
    turnovers = [
        answered(
            desk,
            objective=objective,
            preferences={"include_transaction_costs": True, "transaction_cost_model": 0.1, "risk_aversion": 1.0},
        )["metrics"]["turnover"]
        for objective in ("maximize_utility", "minimize_risk", "minimize_cost")
    ]
    assert max(turnovers) < free
    assert turnovers[2] == pytest.approx(CASH / (CASH + 990_000.0), rel=0.01)  # nothing but the cash is invested


def test_aversion_to_risk_counts(desk: httpx.Client) -> None:
    bold, shy = (
        answered(desk, objective="maximize_utility", preferences={"risk_aversion": aversion})["metrics"]
        for aversion in (1.0, 50.0)
    )
    assert shy["expected_volatility"] < bold["expected_volatility"]


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ({"objective": "minimize_risk"}, "mean_variance"),
        ({"objective": "minimize_risk", "risk_measure": "cvar"}, "mean_risk"),
        ({"objective": "risk_parity", "optimization_type": "risk_parity"}, "risk_parity"),
        ({"objective": "MAX_RETURN", "constraints": {"max_position_size": 0.1}}, "mean_variance"),
        ({"objective": "minimize_cost"}, "multi_objective"),
    ],
)
def test_words_of_the_seed_choose_the_method(desk: httpx.Client, words: dict[str, Any], method: str) -> None:
    document = answered(desk, **words)
    assert document["status"] == "completed"
    assert document["provenance"]["method"]["name"] == method


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({"portfolio_id": "nobody"}, "/portfolio_id", "import holdings"),
        ({"objective": "maximise_sharpe"}, "/objective", "did you mean"),
        ({"optimization_type": "mean_varience"}, "/optimization_type", "mean_variance"),
        ({"constraints": {"min_position_size": -0.01}}, "/constraints/min_position_size", "0"),
        ({"constraints": {"max_weights": {"TECH9": 0.1}}}, "/constraints/max_weights/TECH9", "did you mean"),
        ({"constraints": {"max_positon_size": 0.1}}, "/constraints/max_positon_size", "max_position_size"),
        ({"preferences": {"include_transaction_costs": True}}, "/preferences/include_transaction_costs", "0.001"),
        ({"preferences": {"transaction_cost_model": 10}}, "/preferences/transaction_cost_model", "basis points"),
        ({"preferences": TAXED}, "/preferences/consider_tax_implications", "missing: TECH0, TECH1"),
        ({"preferences": TAXED, **VIEWS}, "/preferences/consider_tax_implications", "black_litterman"),
        ({"preferences": TAXED, "risk_measure": "cvar"}, "/preferences/consider_tax_implications", "'cvar'"),
        ({"preferences": TAXED, "tax": {"lot_rule": "fifo"}}, "/tax/lot_rule", "rebalance plan"),
        ({"preferences": TAXED, "tax": {"rates": {"short_term": 0.3}}}, "/tax/rates/long_term", "is missing"),
        ({"risk_measure": "cvarr"}, "/risk_measure", "did you mean"),
        ({"optimization_type": "EQUAL_WEIGHT", "risk_measure": "cvar"}, "/risk_measure", "is 'cvar', and"),
        ({"constraints": {"max_weights": {"": 1}}}, "/constraints/max_weights/", "has the key ''; give a text of 1"),
        ({"method_options": {"no_such_option": 1}}, "/method_options/no_such_option", "option"),
        ({"risk_measure": "cvar", "method_options": {"var_method": "x"}}, "/method_options/var_method", "cvar_proxy"),
        ({**VIEWS, "method_options": {"views": ["TECH9 = 0.1"]}}, "/method_options/views/0", "did you mean"),
        ({**VIEWS, "method_options": {"views": ["TECH0 ! 0.1"]}}, "/method_options/views/0", "TECH0 ! 0.1"),
        ({**VIEWS, "method_options": {"benchmark": "TECH9"}}, "/method_options/benchmark", "did you mean"),
        ({**VIEWS, "method_options": {"omega": [[1.0]]}}, "/method_options/omega/0", "views"),
        ({**PARITY, "method_options": {"signs": {"TECH9": -1}}}, "/method_options/signs/TECH9", "did you mean"),
        (
            {**ROBUST, "method_options": {"scenarios": [CRISIS]}},
            "/method_options/scenarios/0/expected_returns",
            "TECH9",
        ),
        ({**STACKED, "method_options": {"methods": [WRONG]}}, "/method_options/methods/0/options/views/0", "garbage"),
        ({"risk_parameters": {"covariance_estimator": MANY}}, f"{FACTORS}/options/count", "500"),
        ({"risk_parameters": {"covariance_estimator": TIMED}}, f"{FACTORS}/options/factors/value", "one for each"),
        ({"risk_parameters": POOLED}, "/risk_parameters/prior/options/views/0", "did you mean"),
        ({"risk_parameters": {"covariance_estimator": "ewmaa"}}, "/risk_parameters/covariance_estimator", "ewma"),
    ],
)
def test_what_cannot_be_done_is_said_at_once_with_its_place(
    desk: httpx.Client, changes: dict[str, Any], pointer: str, detail: str
) -> None:
    response = desk.post(ADDRESS, json=wish(**changes))
    problem = problem_of(response, 422, "unsupported" if pointer in UNSUPPORTED else "invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert detail in problem["errors"][0]["detail"]


def test_the_tax_on_sales_is_taken_off_and_told(desk: httpx.Client, seed: dict[str, Any]) -> None:
    rates, sold_from = {"short_term": 0.35, "long_term": 0.15}, lots((0.2, 0.02))
    tax = {"rates": rates, "lots": sold_from, "horizon_years": 3.0}
    asked = {**SEED, "preferences": {**SEED["preferences"], **TAXED}, "tax": tax}
    taxed = ended(desk, ordered(desk, asked)["optimization_id"])
    assert taxed["status"] == "completed", taxed["failure"]
    told, worth = taxed["tax"], taxed["trades"][0]["estimated_value"] / abs(taxed["trades"][0]["weight_change"])
    assert {word: told[word] for word in ("rates", "rates_from", "horizon_years", "lot_rule")} == {
        "rates": rates, "rates_from": "request", "horizon_years": 3.0, "lot_rule": "min_tax",
    }  # fmt: skip
    sold = {trade["instrument_id"]: -trade["weight_change"] for trade in taxed["trades"] if trade["action"] == "sell"}
    by_name = {name: sum(lot["weight"] for lot in told["lots"] if lot["instrument_id"] == name) for name in sold}
    assert by_name == pytest.approx(sold, abs=1e-9)
    assert {lot["lot"] for lot in told["lots"]} <= {lot["lot_id"] for lot in sold_from}
    by_rate = sum(lot["gain"] * (0.15 if lot["long_term"] else 0.35) for lot in told["lots"])
    assert told["due"] == pytest.approx(by_rate)
    assert taxed["metrics"]["tax_implications"] == pytest.approx(told["due"] * worth)
    assert 0 < told["due"] < told["due_if_unheeded"]
    assert taxed["certificate"]["relative_gap"] <= 1e-6
    assert taxed["metrics"]["sharpe_ratio"] < seed["metrics"]["sharpe_ratio"]  # of what is best before tax
    assert "tax rates 0.35 and 0.15, of the request" in taxed["provenance"]["references"]


def test_a_value_at_risk_of_too_many_scenarios_is_refused_at_once(desk: httpx.Client) -> None:
    problem = problem_of(desk.post(ADDRESS, json=wish(risk_measure="var")), 422, "unsupported")
    assert [error["pointer"] for error in problem["errors"]] == ["/method_options/var_method"]
    assert "use var_method 'cvar_proxy'" in problem["detail"]


def test_limits_that_contradict_each_other_end_it_with_their_names(desk: httpx.Client) -> None:
    document = answered(desk, constraints={"max_position_size": 0.01})
    assert document["status"] == "infeasible"
    failure = document["failure"]
    assert "constraints.max_position_size" in failure["message"]
    assert document["metrics"] is None
    conflict = {each["constraint"]: each for each in failure["conflict"]}
    assert set(conflict) == {"budget", "constraints.max_position_size"}
    assert conflict["constraints.max_position_size"]["limit"] == 0.01
    assert conflict["constraints.max_position_size"]["sufficient"] == pytest.approx(1.0 / len(NAMES))
    assert all(set(each) == {"constraint", "sentence", "limit", "sufficient"} for each in failure["conflict"])
    (step,) = failure["relaxation"]
    assert (step["constraint"], step["limit"]) == ("constraints.max_position_size", 0.01)
    assert step["needed"] == pytest.approx(1.0 / len(NAMES))


def test_what_the_data_do_not_bear_ends_it_as_refused(desk: httpx.Client) -> None:
    document = answered(desk, risk_parameters=FAR)
    assert (document["status"], document["failure"]["outcome"]) == ("failed", "refused")
    assert "out of reach" in document["failure"]["message"]


def test_a_key_makes_the_second_request_an_echo(desk: httpx.Client) -> None:
    first = ordered(desk, wish(), **{"Idempotency-Key": "monday"})
    ended(desk, first["optimization_id"])
    again = dict(reversed(wish().items()))
    assert ordered(desk, again, **{"Idempotency-Key": "monday"}) == first
    assert ordered(desk, wish(), **{"Idempotency-Key": "tuesday"})["optimization_id"] != first["optimization_id"]
    other = desk.post(ADDRESS, json=wish(risk_measure="cvar"), headers={"Idempotency-Key": "monday"})
    problem_of(other, 422, "key-reused")
    problem_of(desk.post(ADDRESS, json=wish(), headers={"Idempotency-Key": "x" * 300}), 422, "invalid")


def test_they_are_listed_page_by_page(desk: httpx.Client) -> None:
    made = [ordered(desk, wish())["optimization_id"] for _ in range(5)]
    listed: list[str] = []
    cursor: dict[str, str] = {}
    while len(listed) < 5:
        page = desk.get(ADDRESS, params={"limit": "2", "portfolio_id": "port-123456", **cursor}).json()
        assert len(page["optimizations"]) == 2
        listed += [each["optimization_id"] for each in page["optimizations"]]
        cursor = {"cursor": page["next_cursor"]}
    assert listed[:5] == made[::-1]
    for each in made:
        ended(desk, each)
    done = desk.get(ADDRESS, params={"status": "completed", "limit": "200"}).json()
    assert set(made) <= {each["optimization_id"] for each in done["optimizations"]}
    assert done["next_cursor"] is None
    assert desk.get(ADDRESS, params={"portfolio_id": "nobody"}).json() == {"optimizations": [], "next_cursor": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=-1", "status=done", "page=2", "limit=²"])
def test_a_query_that_means_nothing_is_refused(desk: httpx.Client, query: str) -> None:
    problem_of(desk.get(f"{ADDRESS}?{query}"), 422, "invalid")


@pytest.mark.parametrize("name", ["opt-1", "opt-ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "0" * 30, "opt-" + "0" * 26])
def test_an_id_that_nobody_has_is_not_found(desk: httpx.Client, name: str) -> None:
    problem_of(desk.get(f"{ADDRESS}/{name}"), 404, "not-found")
    problem_of(desk.delete(f"{ADDRESS}/{name}"), 404, "not-found")
    problem_of(desk.get(f"{ADDRESS}/{name}/events"), 404, "not-found")


def test_what_nobody_wants_any_more_is_cancelled_once(desk: httpx.Client) -> None:
    slow = wish(objective="minimize_risk", risk_measure="evar")
    made = [ordered(desk, slow)["optimization_id"] for _ in range(3)]
    cancelled = desk.delete(f"{ADDRESS}/{made[-1]}")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    problem_of(desk.delete(f"{ADDRESS}/{made[-1]}"), 409, "already-final")
    assert [ended(desk, each)["status"] for each in made] == ["completed", "completed", "cancelled"]
    problem_of(desk.delete(f"{ADDRESS}/{made[0]}"), 409, "already-final")


def events_of(http: httpx.Client, address: str, count: int, **headers: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Id, event and data of the first ones of a stream."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    with http.stream("GET", address, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if "data" in fields and not line:
                found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
                fields = {}
            elif line and name:
                fields[name] = value
            if len(found) == count:
                return found
    return found


def test_progress_is_told_until_the_end(desk: httpx.Client) -> None:
    accepted = ordered(desk, wish())
    told = events_of(desk, f"{ADDRESS}/{accepted['optimization_id']}/events", 10)
    assert [event for _, event, _ in told[:-1]] == ["progress"] * (len(told) - 1)
    assert told[-1][1] == "completed"
    shares = [data["progress"] for _, _, data in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/optimizations/opt-01ARZ3NDEKTSV4RRFFQ69G5FAV/events"])
def test_a_stream_takes_no_query(desk: httpx.Client, path: str) -> None:
    refused = desk.get(path, params={"after": 1})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert "'after'" in refused.json()["detail"]


def test_events_can_be_resumed_where_one_left(desk: httpx.Client) -> None:
    document = answered(desk)
    everything = events_of(desk, "/api/v1/events", 2, **{"Last-Event-ID": "0"})
    assert [position for position, _, _ in everything] == ["1", "2"]
    rest = events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": "1"})
    assert rest == everything[1:]
    before = 1
    while (found := events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": str(before)})) and (
        found[0][2].get("optimization_completed", {}).get("optimization_id") != document["optimization_id"]
    ):
        before += 1
    assert found[0][2]["optimization_completed"]["metrics"] == document["metrics"]
    problem_of(desk.get("/api/v1/events", headers={"Last-Event-ID": "x"}), 422, "invalid")


def test_events_are_as_their_schemas_say(desk: httpx.Client) -> None:
    answered(desk)
    answered(desk, constraints={"max_position_size": 0.01})
    told: list[tuple[str, dict[str, Any]]] = []
    position = "0"
    while {"portfolio_optimized", "optimization_completed", "optimization_failed"} - {event for event, _ in told}:
        ((position, event, data),) = events_of(desk, "/api/v1/events", 1, **{"Last-Event-ID": position})
        told.append((event, data))
    for event, data in told:
        jsonschema.validate(data, json.loads((SCHEMAS / f"{event}.json").read_text()))


def test_requests_with_one_key_at_once_make_one_order(desk: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(ordered, desk, wish(), **{"Idempotency-Key": "at-once"}) for _ in range(16)]
        assert len({future.result()["optimization_id"] for future in futures}) == 1
