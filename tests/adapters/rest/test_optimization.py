"""Optimizing over HTTP: the documents, their statuses, and what outlives a request."""

import gzip
import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import jsonschema
import pytest

from tangency.adapters.rest.openapi_parts import EXAMPLE
from tangency.application.posing import OBJECTIVES
from tests.support.bodies import BASE, INVALID, NASTY, Body

PROBLEM = "application/problem+json"
SEED_FIELDS = {
    "portfolio_id",
    "optimal_weights",
    "expected_return",
    "expected_volatility",
    "sharpe_ratio",
    "optimization_metadata",
}
SEED_METADATA = {
    "convergence_status",
    "iterations",
    "optimization_time_ms",
    "objective_value",
    "constraints_satisfied",
}


def asked(portfolio_id: str, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(EXAMPLE), "portfolio_id": portfolio_id, **changes}


def post(http: httpx.Client, document: object, path: str = "/api/v1/optimize") -> httpx.Response:
    return http.post(path, json=document)


def problem_of(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    document: dict[str, Any] = response.json()
    assert document["type"] == f"/problems/{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_an_answer_has_the_fields_of_the_seed_and_its_proof(http: httpx.Client) -> None:
    response = post(http, asked("fields"))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert set(answer) >= SEED_FIELDS | {"certificate", "why", "provenance", "unused_inputs"}
    assert set(answer["optimization_metadata"]) >= SEED_METADATA
    assert answer["optimization_metadata"]["convergence_status"] == "optimal"
    assert answer["optimization_metadata"]["constraints_satisfied"] is True
    assert set(answer["certificate"]) >= {"max_violation", "objective", "duality_gap", "relative_gap"}
    assert math.isclose(sum(answer["optimal_weights"].values()), 1.0, abs_tol=1e-9)
    sharpe = (answer["expected_return"] - 0.02) / answer["expected_volatility"]
    assert math.isclose(answer["sharpe_ratio"], sharpe, rel_tol=1e-12)
    assert math.isclose(answer["optimization_metadata"]["objective_value"], sharpe, rel_tol=1e-9)


def test_the_latest_is_the_document_of_the_post(http: httpx.Client) -> None:
    first = post(http, asked("latest")).json()
    assert http.get("/api/v1/optimization/latest/latest").json() == first
    second = post(http, asked("latest", objective="MIN_VOLATILITY")).json()
    problem_of(post(http, asked("latest", constraints={"max_weight": 0.1})), 422, "infeasible")
    problem_of(post(http, asked("latest", method="none")), 422, "unsupported")
    assert http.get("/api/v1/optimization/latest/latest").json() == second


@pytest.mark.parametrize("portfolio_id", ["a b", "ümläut", "percent%", "quest?ion", "semi;colon", "..x", "日本"])
def test_a_portfolio_is_found_again_whatever_its_name(http: httpx.Client, portfolio_id: str) -> None:
    first = post(http, asked(portfolio_id)).json()
    path = httpx.URL("/").copy_with(raw_path=f"/api/v1/optimization/{quoted(portfolio_id)}/latest".encode())
    assert http.get(path).json() == first


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_nothing_optimized_yet_is_not_found(http: httpx.Client) -> None:
    problem_of(http.get("/api/v1/optimization/never-asked/latest"), 404, "not-found")


def test_volatility_needs_no_means(http: httpx.Client) -> None:
    document = asked("no-means", objective="MIN_VOLATILITY")
    for strategy in document["strategies"]:
        del strategy["expected_return"]
    answer = post(http, document).json()
    assert answer["expected_return"] is None
    assert answer["sharpe_ratio"] is None
    assert answer["provenance"]["estimates"]["expected_return"] == "absent"


def test_a_limit_that_binds_has_a_price_and_a_sentence(http: httpx.Client) -> None:
    answer = post(http, asked("binds", constraints={"sector_limits": {"technology": 0.2}})).json()
    (binding,) = answer["why"]["binding"]
    assert binding["constraint"] == "constraints.sector_limits.technology"
    assert binding["shadow_price"] > 0
    assert "technology" in binding["sentence"]


def test_a_name_at_its_bound_is_told(http: httpx.Client) -> None:
    answer = post(http, asked("bound", constraints={"max_weight": 0.35})).json()
    at_max = {entry["name"] for entry in answer["why"]["at_bound"] if entry["bound"] == "max"}
    weights = answer["optimal_weights"]
    assert at_max == {name for name, weight in weights.items() if math.isclose(weight, 0.35, abs_tol=1e-9)}
    assert at_max


def test_a_rule_is_feasible_and_proves_nothing(http: httpx.Client) -> None:
    answer = post(http, asked("rule", method="EQUAL_WEIGHT", objective="RISK_PARITY")).json()
    assert answer["optimization_metadata"]["convergence_status"] == "feasible"
    assert answer["certificate"]["duality_gap"] is None
    assert answer["why"] == {"binding": [], "at_bound": []}
    assert set(answer["optimal_weights"].values()) == {1 / 3}


def test_a_rule_refuses_a_limit_that_its_weights_break(http: httpx.Client) -> None:
    document = problem_of(
        post(http, asked("rule", method="EQUAL_WEIGHT", constraints={"max_weight": 0.3})), 422, "unsupported"
    )
    assert document["errors"][0]["pointer"] == "/constraints/max_weight"


def test_infeasible_names_the_conflict_and_the_relaxation(http: httpx.Client) -> None:
    limits = {"max_weight": 0.3}
    document = problem_of(post(http, asked("infeasible", constraints=limits)), 422, "infeasible")
    assert {member["constraint"] for member in document["conflict"]} == {"budget", "constraints.max_weight"}
    sufficient = {member["constraint"]: member["sufficient"] for member in document["conflict"]}
    assert sufficient["budget"] is None
    assert math.isclose(sufficient["constraints.max_weight"], 1 / 3, abs_tol=1e-8)
    (relaxed,) = document["relaxation"]
    assert (relaxed["constraint"], relaxed["limit"]) == ("constraints.max_weight", 0.3)
    needed = relaxed["needed"]
    assert post(http, asked("infeasible", constraints={"max_weight": needed})).status_code == 200


def test_a_minimum_of_one_name_is_pointed_at_by_its_position(http: httpx.Client) -> None:
    document = asked("pointer", constraints={"max_weight": 0.5, "sector_limits": {"energi": 0.5}})
    document["strategies"][2]["returns"] = [0.1, -3.0]
    found = problem_of(post(http, document), 422, "invalid")
    assert [error["pointer"] for error in found["errors"]] == ["/strategies/2/returns/1"]
    document["strategies"][2]["returns"] = [0.1, 0.2]
    found = problem_of(post(http, document), 422, "invalid")
    assert [error["pointer"] for error in found["errors"]] == ["/constraints/sector_limits/energi"]
    assert "did you mean energy" in found["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer", "told"),
    [
        ({"method_options": {"confidence_level": 0.9}}, "/method_options/confidence_level", "risk_parameters"),
        ({"method_options": {"max_weight": 0.5}}, "/method_options/max_weight", "constraints"),
        ({"risk_parameters": {"turnover_limit": 0.5}}, "/risk_parameters/turnover_limit", "constraints"),
        ({"constraints": {"target_return": 0.1}}, "/constraints/target_return", "risk_parameters"),
        ({"sector_limits": {"energy": 0.5}}, "/sector_limits", "constraints"),
    ],
)
def test_a_field_in_the_wrong_place_is_told_where_it_belongs(
    http: httpx.Client, changes: dict[str, Any], pointer: str, told: str
) -> None:
    (error,) = problem_of(post(http, asked("misplaced", **changes)), 422, "invalid")["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].endswith(f"; it belongs in {told}.")


def test_not_applicable_where_nothing_beats_the_risk_free_rate(http: httpx.Client) -> None:
    document = asked("not-applicable")
    document["risk_parameters"]["risk_free_rate"] = 0.5
    problem_of(post(http, document), 422, "not-applicable")


def test_unbounded_where_a_portfolio_without_risk_earns_more(http: httpx.Client) -> None:
    document = asked("unbounded", strategies=[{"name": "A", "expected_return": 0.1}], constraints={})
    document["risk_parameters"]["covariance"] = {"names": ["A"], "values": [[0.0]]}
    problem_of(post(http, document), 422, "unbounded")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"method": "CRYSTAL_BALL"}, "/method"),
        ({"objective": "MAX_FUN"}, "/objective"),
        ({"objective": "MAX_RATIO"}, "/objective"),
    ],
)
def test_what_is_not_there_is_unsupported(http: httpx.Client, changes: dict[str, str], pointer: str) -> None:
    document = problem_of(post(http, asked("unsupported", **changes)), 422, "unsupported")
    assert [error["pointer"] for error in document["errors"]] == [pointer]
    assert document["supported"]["mean_variance"] == [
        "MAX_SHARPE",
        "MIN_VOLATILITY",
        "MAX_RETURN",
        "MAX_UTILITY",
        "RISK_PARITY",
        "MULTI_OBJECTIVE",
    ]
    (entry,) = post(http, [asked("unsupported", **changes)], "/api/v1/optimize/batch").json()
    assert entry == {"status": 422, "problem": document}


def test_more_names_than_allowed_are_refused_with_the_limit(http: httpx.Client) -> None:
    names = [{"name": f"N{i}", "expected_return": 0.1} for i in range(51)]
    document = problem_of(post(http, asked("many", strategies=names)), 422, "invalid")
    assert "takes 50 at most" in document["detail"]


@pytest.mark.parametrize("body", NASTY, ids=str)
def test_a_nasty_body_gets_the_problem_it_deserves(http: httpx.Client, body: Body) -> None:
    response = http.post("/api/v1/optimize", content=body.content, headers={"content-type": "application/json"})
    assert response.status_code == body.status, response.text
    assert response.headers["content-type"] == PROBLEM
    document = response.json()
    assert document["detail"]
    for error in document.get("errors", ()):
        assert error["pointer"] == "" or error["pointer"].startswith("/")
    assert http.get("/health/live").status_code == 200


# --- batch ------------------------------------------------------------------------------------------------------------


def test_a_batch_answers_each_item_in_order(http: httpx.Client) -> None:
    items = [
        asked("batch-1"),
        asked("batch-2", constraints={"max_weight": 0.1}),
        {"nonsense": 1},
        7,
        asked("batch-3", method="none"),
        asked("batch-4", objective="MIN_VOLATILITY"),
    ]
    response = post(http, items, "/api/v1/optimize/batch")
    assert response.status_code == 200
    entries = response.json()
    assert [entry["status"] for entry in entries] == [200, 422, 422, 422, 422, 200]
    assert [set(entry) - {"status"} for entry in entries] == [{"result"}, *[{"problem"}] * 4, {"result"}]
    assert [entry["problem"]["type"].rsplit("/")[-1] for entry in entries[1:5]] == [
        "infeasible",
        "invalid",
        "invalid",
        "unsupported",
    ]
    assert http.get("/api/v1/optimization/batch-4/latest").json() == entries[-1]["result"]


def test_each_item_is_decoded_by_itself(http: httpx.Client) -> None:
    twice = b'{"portfolio_id":"p","objective":"o","method":"m","method":"n"}'
    endless = BASE + b',"risk_parameters":{"risk_free_rate":1e999}}'
    body = b"[" + twice + b"," + endless + b"," + httpx.Request("POST", "http://x", json=asked("alone")).content + b"]"
    response = http.post("/api/v1/optimize/batch", content=body, headers={"content-type": "application/json"})
    assert [entry["status"] for entry in response.json()] == [400, 400, 200]


@pytest.mark.parametrize("body", [body for body in INVALID if body.name != "a list"], ids=str)
def test_a_nasty_item_is_answered_as_it_would_be_alone(http: httpx.Client, body: Body) -> None:
    headers = {"content-type": "application/json"}
    alone = http.post("/api/v1/optimize", content=body.content, headers=headers)
    entries = http.post("/api/v1/optimize/batch", content=b"[" + body.content + b"]", headers=headers).json()
    assert entries == [{"status": alone.status_code, "problem": alone.json()}]


def test_an_empty_batch_has_no_entries(http: httpx.Client) -> None:
    response = post(http, [], "/api/v1/optimize/batch")
    assert (response.status_code, response.json()) == (200, [])


def test_a_batch_is_a_list_of_limited_length(http: httpx.Client) -> None:
    problem_of(post(http, asked("x"), "/api/v1/optimize/batch"), 422, "invalid")
    document = problem_of(post(http, [{}] * 21, "/api/v1/optimize/batch"), 422, "invalid")
    assert "takes 20 at most" in document["detail"]


# --- the rest of the addresses ----------------------------------------------------------------------------------------


def test_methods_are_listed_with_the_objectives_that_go_with_them(http: httpx.Client) -> None:
    offer = http.get("/api/v1/methods").json()
    methods = {method["name"]: method for method in offer["methods"]}
    assert methods["mean_variance"]["objectives"] == [
        "MAX_SHARPE",
        "MIN_VOLATILITY",
        "MAX_RETURN",
        "MAX_UTILITY",
        "RISK_PARITY",
        "MULTI_OBJECTIVE",
    ]
    assert "RISK_PARITY" in methods["equal_weight"]["objectives"]
    for method in offer["methods"]:
        assert {"name", "distribution", "version", "citation", "capabilities", "options", "error"} <= set(method)
    assert {"sample", "ewma", "ledoit_wolf"} <= {estimator["name"] for estimator in offer["estimators"]}


QUICK = {"mean_variance", "equal_weight", "inverse_volatility", "inverse_variance", "hierarchical_risk_parity"}
"""Methods that need no more than a covariance and means."""


def test_every_pair_that_is_listed_is_there_and_no_other(http: httpx.Client) -> None:
    for method in http.get("/api/v1/methods").json()["methods"]:
        for objective in OBJECTIVES:
            listed = objective in method["objectives"]
            if listed and method["distribution"] == "tangency" and method["name"] not in QUICK:
                continue  # what each does with its own inputs is tested beside it
            response = post(http, asked("pairs", method=method["name"], objective=objective, constraints={}))
            assert response.status_code == (200 if listed else 422), (method["name"], objective, response.text)
            assert listed or response.json()["type"] == "/problems/unsupported"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health(http: httpx.Client, path: str) -> None:
    assert http.get(path).json() == {"status": path.rsplit("/", maxsplit=1)[-1]}


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/", 404, "no-such-address"),
        ("GET", "/api/v1/nowhere", 404, "no-such-address"),
        ("POST", "/nowhere", 404, "no-such-address"),
        ("GET", "/api/v1/optimize", 405, "method-not-allowed"),
        ("DELETE", "/api/v1/optimize", 405, "method-not-allowed"),
        ("POST", "/health/live", 405, "method-not-allowed"),
        ("GET", "/health/live?x=nan", 422, "invalid"),
        ("GET", "/api/v1/optimization/p/latest?limit=inf", 422, "invalid"),
        ("GET", "/problems/nonsense", 404, "no-such-address"),
    ],
)
def test_http_itself_speaks_in_problems(http: httpx.Client, method: str, path: str, status: int, slug: str) -> None:
    response = http.request(method, path)
    problem = problem_of(response, status, slug)
    if status == 405:
        assert response.headers["allow"]
        assert problem["detail"].endswith(f"use {response.headers['allow']}.")
    if path == "/":
        assert "/schema" in problem["detail"]


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_is_json_by_its_header(http: httpx.Client, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    response = http.post("/api/v1/optimize", content=b"{}", headers=headers)
    problem_of(response, 415, "unsupported-media-type")


def test_a_compressed_body_is_refused_by_its_header(http: httpx.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    response = http.post("/api/v1/optimize", content=gzip.compress(b"{}"), headers=headers)
    assert "Content-Encoding is 'gzip'" in problem_of(response, 415, "unsupported-media-type")["detail"]


def test_a_charset_may_stand_behind_the_media_type(http: httpx.Client) -> None:
    content = httpx.Request("POST", "http://x", json=asked("charset")).content
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert http.post("/api/v1/optimize", content=content, headers=headers).status_code == 200


def test_every_problem_type_has_a_page_of_its_own(http: httpx.Client) -> None:
    document = problem_of(http.get("/api/v1/optimization/never-asked/latest"), 404, "not-found")
    page = http.get(document["type"]).json()
    assert page["title"] == document["title"]
    assert page["meaning"]


# --- the description --------------------------------------------------------------------------------------------------


def schemas(http: httpx.Client) -> dict[str, Any]:
    described: dict[str, Any] = http.get("/schema/openapi.json").json()["components"]["schemas"]
    return described


def without_extras(document: Any) -> Iterator[Any]:
    yield document
    parts = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for part in parts:
        yield from without_extras(part)


def validator(http: httpx.Client, name: str) -> jsonschema.protocols.Validator:
    """A validator for one of the described objects; null is written as OpenAPI 3.0 writes it."""
    described = http.get("/schema/openapi.json").json()
    for schema in list(without_extras(described["components"]["schemas"])):
        if isinstance(schema, dict) and schema.pop("nullable", False):
            copy = dict(schema)
            schema.clear()
            schema["anyOf"] = [copy, {"type": "null"}]
    whole = {**described, "$ref": f"#/components/schemas/{name}"}
    return jsonschema.Draft4Validator(whole)


def test_answers_and_problems_are_as_described(http: httpx.Client) -> None:
    answers, problems = validator(http, "OptimizationResponse"), validator(http, "Problem")
    for document in (asked("described"), asked("described", method="EQUAL_WEIGHT", objective="MULTI_OBJECTIVE")):
        answers.validate(post(http, document).json())
    for document in (asked("described", constraints={"max_weight": 0.1}), {}, asked("described", method="x")):
        problems.validate(post(http, document).json())


def test_the_example_of_the_description_works(http: httpx.Client) -> None:
    validator(http, "OptimizationRequest").validate(EXAMPLE)
    assert post(http, EXAMPLE).status_code == 200


def test_what_is_not_described_is_forbidden(http: httpx.Client) -> None:
    for name in ("OptimizationRequest", "StrategyDefinition", "OptimizationConstraints", "RiskParameters"):
        assert schemas(http)[name]["additionalProperties"] is False


def test_every_field_of_the_request_is_described(http: httpx.Client) -> None:
    for name in ("OptimizationRequest", "StrategyDefinition", "OptimizationConstraints", "RiskParameters"):
        for field, schema in schemas(http)[name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"


def test_the_description_says_the_limits_of_the_service(http: httpx.Client) -> None:
    text = http.get("/schema/openapi.json").json()["info"]["description"]
    assert "1,048,576 bytes" in text
    assert "50 names" in text
    assert "batches of 20" in text


def test_the_page_loads_everything_from_here(http: httpx.Client) -> None:
    page = http.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "//" not in page.text.replace("<!DOCTYPE html>", "")
    sources = [part.split('"')[0] for part in page.text.replace('href="', 'src="').split('src="')[1:]]
    assert len(sources) == 4
    for source in sources:
        assert source.startswith("/schema/ui/")
        assert http.get(source).status_code == 200
    start = http.get("/schema/ui/start.js").text
    assert "//" not in start
    assert 'url: "/schema/openapi.json"' in start


def test_the_page_is_json_for_those_who_ask_for_that(http: httpx.Client) -> None:
    assert http.get("/schema", headers={"accept": "application/json"}).json()["openapi"].startswith("3.")


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js.map", "..%2F__init__.py"])
def test_nothing_else_of_the_bundle_is_served(http: httpx.Client, name: str) -> None:
    assert http.get(f"/schema/ui/{name}").status_code == 404


@pytest.mark.parametrize("expected_return", [0.01, 0.02, 0.03])
def test_a_rule_without_risk_has_no_ratio(expected_return: float, http: httpx.Client) -> None:
    riskless = asked("riskless", method="EQUAL_WEIGHT")
    riskless.pop("constraints", None)
    riskless["strategies"] = [{"name": name, "expected_return": expected_return} for name in ("A", "B")]
    riskless["risk_parameters"] = {
        "risk_free_rate": 0.02,
        "covariance": {"names": ["A", "B"], "values": [[0.0, 0.0], [0.0, 0.0]]},
    }
    answer = post(http, riskless).json()
    assert answer["optimal_weights"] == {"A": 0.5, "B": 0.5}
    assert answer["sharpe_ratio"] is None
    assert answer["optimization_metadata"]["objective_value"] is None
    assert answer["certificate"]["objective"] is None
    assert answer["expected_return"] == expected_return
    assert http.get("/api/v1/optimization/riskless/latest").json() == answer


def test_a_smallest_position_holds_for_every_name_that_is_held(http: httpx.Client) -> None:
    free = post(http, asked("positions", constraints={})).json()["optimal_weights"]
    least = 0.5 * sum(sorted(free.values())[-2:])
    response = post(http, asked("positions", constraints={"min_position_size": least}))
    assert response.status_code == 200, response.text
    answer = response.json()
    assert all(weight < 1e-8 or weight > least - 1e-8 for weight in answer["optimal_weights"].values())
    assert answer["optimization_metadata"]["convergence_status"] == "optimal"
    assert answer["certificate"]["relative_gap"] <= 1e-6


def test_a_smallest_position_that_no_number_of_names_fits_is_a_conflict(http: httpx.Client) -> None:
    limits = {"min_position_size": 0.4, "max_weight": 0.45}
    problem = problem_of(post(http, asked("too-large", constraints=limits)), 422, "infeasible")
    named = [member["constraint"] for member in problem["conflict"]]
    assert {"constraints.min_position_size", "constraints.max_weight"} <= set(named)


def test_a_method_that_cannot_leave_names_out_refuses_a_smallest_position(http: httpx.Client) -> None:
    request = asked("refused", method="RISK_PARITY", objective="RISK_PARITY", constraints={"min_position_size": 0.1})
    problem = problem_of(post(http, request), 422, "unsupported")
    assert problem["errors"][0]["pointer"] == "/constraints/min_position_size"
