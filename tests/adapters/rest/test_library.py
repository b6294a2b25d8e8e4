"""Documents that requests refer to, over HTTP."""

import json
from typing import Any

import httpx
import pytest

from tests.adapters.rest.test_optimization import asked, post, problem_of

MONTH = {"frequency": "monthly", "dates": ["2022-01-31"]}
VIEWS = ["AAPL - XOM = 0.02", {"weights": {"JNJ": 1.0}, "return": 0.06}]


def put(http: httpx.Client, address: str, content: Any) -> httpx.Response:
    return http.put(address, json=content)


def test_what_is_put_is_kept_with_a_version(http: httpx.Client) -> None:
    first = put(http, "/api/v1/views/desk", VIEWS).json()
    assert (first["address"], first["version"], first["content"]) == ("/api/v1/views/desk/versions/1", 1, VIEWS)
    assert http.get("/api/v1/views/desk").json() == first
    assert put(http, "/api/v1/views/desk", VIEWS).json() == first
    second = put(http, "/api/v1/views/desk", VIEWS[:1]).json()
    assert (second["version"], second["content"]) == (2, VIEWS[:1])
    assert http.get("/api/v1/views/desk").json() == second
    assert http.get("/api/v1/views/desk/versions/1").json() == first


@pytest.mark.parametrize("version", ["3", "0", "99999999999999999999999999"])
def test_a_version_that_nobody_wrote_is_not_found(http: httpx.Client, version: str) -> None:
    put(http, "/api/v1/views/lonely", VIEWS)
    problem_of(http.get(f"/api/v1/views/lonely/versions/{version}"), 404, "not-found")
    problem_of(http.get("/api/v1/models/lonely"), 404, "not-found")


@pytest.mark.parametrize(
    ("shelf", "content", "pointer", "detail"),
    [
        ("models", {"AAPL": 0.5, "XOM": 0.4}, "", "sum"),
        ("models", {"AAPL": "half"}, "/AAPL", "give a number"),
        ("budgets", {}, "", "is empty"),
        ("budgets", {"AAPL": 0.5, "XOM": -0.1}, "/XOM", "is -0.1; give a number of at least 0"),
        ("budgets", {"AAPL": 0.0, "XOM": 0.0}, "", "no share above 0"),
        ("scores", {"AAPL": 3.0}, "/AAPL", "give an object"),
        ("factors", {"value": [0.1, None]}, "/value/1", "is null; give a number"),
        ("factors", {"value": [0.1, 1e151]}, "/value/1", "is 1e+151; give a number between"),
        ("factors", {"returns": {"oil": [True]}, **MONTH}, "/returns/oil/0", "is true; give a number"),
        ("factors", {"returns": {"oil": []}, **MONTH}, "/returns/oil", "has 0 figures; give 1"),
        ("factors", {"returns": {"oil": [0.1]}, **MONTH, "frequency": "y" * 999}, "/frequency", f"'{'y' * 59}..."),
        ("views", [3], "/0", "is not a view"),
        ("views", {"AAPL": 1}, "", "give a list"),
        ("views", [{"return": 2**70}], "/0/return", "more than 64 bits"),
    ],
)
def test_what_a_shelf_does_not_hold_is_refused(
    http: httpx.Client, shelf: str, content: Any, pointer: str, detail: str
) -> None:
    problem = problem_of(put(http, f"/api/v1/{shelf}/wrong", content), 422, "invalid")
    assert (problem["errors"][0]["pointer"], detail in problem["errors"][0]["detail"]) == (pointer, True)
    problem_of(http.get(f"/api/v1/{shelf}/wrong"), 404, "not-found")


def test_what_is_wrong_with_the_whole_is_said_of_the_body(http: httpx.Client) -> None:
    problem = problem_of(put(http, "/api/v1/models/wrong", {"AAPL": 0.5}), 422, "invalid")
    assert problem["detail"].startswith("The body sums to 0.5;")


@pytest.mark.parametrize("bytes_", ["%ff", "a%FE", "%ED%A0%80"])
def test_an_id_of_bytes_that_are_no_text_is_no_address(http: httpx.Client, bytes_: str) -> None:
    for answer in (put(http, f"/api/v1/budgets/{bytes_}", {"AAPL": 1.0}), http.get(f"/api/v1/budgets/{bytes_}")):
        assert "write it in UTF-8" in problem_of(answer, 404, "no-such-address")["detail"]


def test_a_letter_with_its_accent_behind_it_is_the_same_letter(http: httpx.Client) -> None:
    apart, joined = "cafe\u0301", "caf\u00e9"
    kept = put(http, f"/api/v1/budgets/{apart}", {f"{apart} SA": 0.6, "other": 0.4}).json()
    assert kept["content"] == {f"{joined} SA": 0.6, "other": 0.4}
    assert http.get(f"/api/v1/budgets/{joined}").json() == kept
    assert http.get(f"/api/v1/budgets/{apart}").json() == kept
    problem = problem_of(put(http, "/api/v1/budgets/both", {apart: 0.6, joined: 0.4}), 422, "invalid")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [(f"/{joined}", "duplicate")]
    question = json.dumps(asked("accents"), ensure_ascii=False).replace("AAPL", apart)
    answer = post(http, json.loads(question))
    assert (answer.status_code, joined in answer.json()["optimal_weights"]) == (200, True), answer.text


def test_scores_are_referred_to_and_the_answer_says_which_version(http: httpx.Client) -> None:
    put(http, "/api/v1/scores/esg", {"AAPL": {"esg": 70.0}})
    put(http, "/api/v1/scores/esg", {"AAPL": {"esg": 71.0}})
    newest = post(http, asked("scored", scores={"$ref": "/api/v1/scores/esg"})).json()
    assert newest["provenance"]["references"] == ["/api/v1/scores/esg/versions/2"]
    older = post(http, asked("scored", scores={"$ref": "/api/v1/scores/esg/versions/1"})).json()
    assert older["provenance"]["references"] == ["/api/v1/scores/esg/versions/1"]
    assert older["provenance"]["problem_hash"] != newest["provenance"]["problem_hash"]
    assert http.get("/api/v1/optimization/scored/latest").json() == older


@pytest.mark.parametrize(
    ("reference", "detail"),
    [
        ("/api/v1/scores/nobody", "not stored"),
        ("scores/esg", "is not an address"),
        ("/api/v1/shoes/esg", "is not an address"),
        (7, "give text"),
    ],
)
def test_a_reference_to_nothing_is_refused_with_its_place(http: httpx.Client, reference: Any, detail: str) -> None:
    problem = problem_of(post(http, asked("lost", scores={"$ref": reference})), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/scores/$ref"
    assert detail in problem["errors"][0]["detail"]


def test_scores_of_a_name_that_is_not_there_are_refused(http: httpx.Client) -> None:
    problem = problem_of(post(http, asked("lost", scores={"AAPLE": {"esg": 1.0}})), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/scores/AAPLE"
    assert "did you mean AAPL" in problem["errors"][0]["detail"]


def test_the_estimators_are_listed_with_what_they_estimate(http: httpx.Client) -> None:
    listed = {each["name"]: each for each in http.get("/api/v1/estimators").json()["estimators"]}
    assert listed["ledoit_wolf"]["estimates"] == ["covariance"]
    assert listed["sample"]["estimates"] == ["mean", "covariance"]
    assert listed["ewma"]["options"]["properties"]["half_life"]["type"] == "number"
