"""The series of a portfolio over HTTP: every optimization that answered is a point of it, however it was asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.adapters.rest.test_optimization import asked, post, problem_of


def history(http: httpx.Client, portfolio: str, **query: str | int) -> httpx.Response:
    return http.get(f"/api/v1/portfolios/{portfolio}/history", params=query)


def test_answers_follow_each_other_page_after_page(http: httpx.Client) -> None:
    answers = [post(http, asked("watched")).json() for _ in range(3)]
    whole = history(http, "watched").json()
    assert [each["optimization_id"] for each in whole["points"]] == [
        each["provenance"]["optimization_id"] for each in answers
    ]
    for point, answer in zip(whole["points"], answers, strict=True):
        for name in ("optimal_weights", "expected_return", "expected_volatility", "sharpe_ratio"):
            assert point[name] == answer[name]
        assert point["optimization_metadata"]["optimization_time_ms"] >= 0
        assert point["period"] is None
    assert whole["latest"] == whole["points"][-1]
    assert whole["next_cursor"] is None

    pages: list[Any] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = history(http, "watched", **query).json()
        pages += page["points"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert pages == whole["points"]


def test_days_gather_what_happened_in_them(http: httpx.Client) -> None:
    answers = [post(http, asked("gathered")).json() for _ in range(2)]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = history(http, "gathered", interval="1d", limit=1000).json()
    assert sum(each["period"]["count"] for each in found["points"]) == len(answers)
    last = found["points"][-1]
    assert last["optimization_id"] == answers[-1]["provenance"]["optimization_id"]
    assert datetime.fromisoformat(last["period"]["start"]) in (today, today + timedelta(days=1))
    assert last["period"]["longest_optimization_time_ms"] >= last["period"]["mean_optimization_time_ms"]


def test_pages_of_days_cover_the_span_once(http: httpx.Client) -> None:
    post(http, asked("paged"))
    ends = datetime.now(UTC) + timedelta(hours=1)
    query: dict[str, str | int] = {"interval": "1d", "limit": 4, "from": (ends - timedelta(days=9)).isoformat()}
    counts, pages = [], 0
    while True:
        page = history(http, "paged", to=ends.isoformat(), **query).json()
        counts += [each["period"]["count"] for each in page["points"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert (counts, pages) == ([1], 3)


def test_what_is_outside_the_span_is_left_out_and_the_latest_is_told_all_the_same(http: httpx.Client) -> None:
    answer = post(http, asked("outside")).json()
    found = history(http, "outside", **{"from": "2001-01-01T00:00:00Z", "to": "2001-02-01"}).json()
    assert found["points"] == []
    assert found["latest"]["optimization_id"] == answer["provenance"]["optimization_id"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "from"),
        ({"interval": "1 fortnight"}, "interval"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "\u00e9"}, "cursor"),
        ({"form": "2026-02-01"}, "form"),
    ],
)
def test_a_query_that_cannot_be_used_names_its_parameter(http: httpx.Client, query: dict[str, str], name: str) -> None:
    post(http, asked("queried"))
    problem = problem_of(history(http, "queried", **query), 422, "invalid")
    assert name in problem["errors"][0]["pointer"] + problem["errors"][0]["detail"]


def test_a_portfolio_without_answers_has_no_series(http: httpx.Client) -> None:
    problem_of(history(http, "nobody"), 404, "not-found")
