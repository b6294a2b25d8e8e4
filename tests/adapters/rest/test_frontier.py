"""Efficient frontiers over HTTP."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.adapters.rest.test_optimization import problem_of

NAMES = ["AAPL", "MSFT", "XOM", "JNJ", "KO"]
SECTORS = ["technology", "technology", "energy", "health_care", "staples"]
RETURNS = np.random.default_rng(7).normal(
    [0.0008, 0.0006, 0.0004, 0.0003, 0.0002], [0.02, 0.018, 0.015, 0.01, 0.009], (250, 5)
)
PORTFOLIO = ("return", "risk", "sharpe", "return_risk_ratio", "weights", "relative_gap")


def address(portfolio: str) -> str:
    return f"/api/v1/portfolios/{portfolio}/efficient-frontier"


def asked(**changes: Any) -> dict[str, Any]:
    strategies = [
        {"name": name, "sector": sector, "current_weight": 0.2, "returns": RETURNS[:, place].tolist()}
        for place, (name, sector) in enumerate(zip(NAMES, SECTORS, strict=True))
    ]
    return {"strategies": strategies, "points": 8} | changes


def traced(http: httpx.Client, portfolio: str, **changes: Any) -> Any:
    response = http.post(address(portfolio), json=asked(**changes))
    assert response.status_code == httpx.codes.OK, response.text
    return response.json()


def test_a_frontier_has_the_fields_of_its_contract(http: httpx.Client) -> None:
    found = traced(http, "fields", risk_parameters={"risk_free_rate": 0.02})
    assert (found["portfolio_id"], found["risk_measure"]) == ("fields", "volatility")
    assert len(found["efficient_frontier"]) == 8
    special = [found[f"{which}_portfolio"] for which in ("current", "optimal", "min_risk", "max_return")]
    for point in [*found["efficient_frontier"], *special]:
        assert tuple(point) == PORTFOLIO
        assert list(point["weights"]) == NAMES
        assert point["sharpe"] == pytest.approx((point["return"] - 0.02) / point["risk"])
    assert found["min_risk_portfolio"] == found["efficient_frontier"][0]
    assert found["max_return_portfolio"] == found["efficient_frontier"][-1]
    assert found["current_portfolio"]["weights"] == dict.fromkeys(NAMES, 0.2)
    ratios = [point["return_risk_ratio"] for point in found["efficient_frontier"]]
    assert found["optimal_portfolio"]["return_risk_ratio"] >= max(ratios)
    assert max(point["relative_gap"] for point in found["efficient_frontier"]) < 1e-9
    assert found["provenance"]["estimates"]["expected_return"] == "estimated"


def test_the_same_question_is_answered_by_the_frontier_that_is_kept(http: httpx.Client) -> None:
    first = http.post(address("kept"), json=asked())
    again = http.post(address("kept"), json=asked())
    assert (again.headers["etag"], again.json()) == (first.headers["etag"], first.json())
    read = http.get(f"/api/v1/efficient-frontiers/{first.json()['frontier_id']}")
    assert (read.headers["etag"], read.json()) == (first.headers["etag"], first.json())
    known = http.get(str(read.url), headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", first.headers["etag"])
    other = http.post(address("kept"), json=asked(points=9))
    assert other.headers["etag"] != first.headers["etag"]


def test_limits_hold_along_the_frontier(http: httpx.Client) -> None:
    limits = {"max_weight": 0.5, "sector_limits": {"technology": 0.6}, "turnover_limit": 0.5}
    found = traced(http, "limited", constraints=limits, risk_measure="cvar", risk_parameters={"confidence_level": 0.9})
    for point in found["efficient_frontier"]:
        weights = point["weights"]
        assert max(weights.values()) <= 0.5 + 1e-8
        assert weights["AAPL"] + weights["MSFT"] <= 0.6 + 1e-8
        assert sum(abs(weight - 0.2) for weight in weights.values()) / 2 <= 0.5 + 1e-8
        assert point["relative_gap"] < 1e-6
    returns, risks = ([point[key] for point in found["efficient_frontier"]] for key in ("return", "risk"))
    assert returns == sorted(returns)
    assert risks == sorted(risks)


def test_ends_follow_what_is_asked(http: httpx.Client) -> None:
    whole = traced(http, "ends")["efficient_frontier"]
    low, high = whole[2]["return"], whole[5]["risk"]
    part = traced(http, "ends", min_return=low, max_risk=high)["efficient_frontier"]
    assert part[0]["return"] == pytest.approx(low, abs=1e-12)
    assert part[-1]["risk"] == pytest.approx(high, rel=1e-10)
    targets = {"target_return": low, "target_volatility": high}
    assert traced(http, "ends", risk_parameters=targets)["efficient_frontier"] == part


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"min_return": 9.0}, "/min_return", "is expected to earn is"),
        ({"max_risk": 0.001}, "/max_risk", "the least volatility"),
        ({"max_risk": 1e-5, "risk_measure": "cvar"}, "/max_risk", "the least cvar"),
        ({"min_return": 9.0, "risk_measure": "mad"}, "/min_return", "is expected to earn is"),
        ({"points": 1}, "/points", "at least 2"),
        ({"risk_measure": "volatilty"}, "/risk_measure", "did you mean volatility"),
        ({"point": 3}, "/point", "did you mean points"),
        ({"constraints": {"max_weight": "half"}}, "/constraints/max_weight", "number"),
        ({"strategies": []}, "/strategies", ""),
    ],
)
def test_what_cannot_be_traced_is_refused_with_its_place(
    http: httpx.Client, change: dict[str, Any], pointer: str, detail: str
) -> None:
    problem = problem_of(http.post(address("refused"), json=asked(**change)), 422, "invalid")
    assert problem["errors"][0]["pointer"] == pointer, problem
    assert detail in problem["errors"][0]["detail"]


def test_limits_that_contradict_each_other_are_explained(http: httpx.Client) -> None:
    limits = {"constraints": {"max_weight": 0.1}}
    problem = problem_of(http.post(address("contradicted"), json=asked(**limits)), 422, "infeasible")
    assert {member["constraint"] for member in problem["conflict"]} >= {"constraints.max_weight"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("points=many", "/points"), ("points=3&points=4", "/points"), ("min_return=nan", "/min_return")],
)
def test_a_query_that_means_nothing_is_refused(http: httpx.Client, query: str, pointer: str) -> None:
    problem = problem_of(http.get(f"{address('query')}?{query}"), 422, "invalid")
    assert problem["errors"][0]["pointer"] == pointer
    unknown = problem_of(http.get(f"{address('query')}?colour=red"), 422, "invalid")
    known = "valid: max_risk, min_return, points, risk_measure."
    assert unknown["detail"] == f"'colour' is not a known query parameter; {known}"


def test_a_portfolio_that_nobody_imported_is_not_found(http: httpx.Client) -> None:
    problem_of(http.get(address("nobody")), 404, "not-found")
    problem_of(http.get("/api/v1/efficient-frontiers/frt-0"), 404, "not-found")


def weights(found: Any) -> Any:
    return np.array([list(point["weights"].values()) for point in found["efficient_frontier"]])


def test_limits_are_taken_in_the_words_of_an_order_too(http: httpx.Client) -> None:
    own = {"max_weight": 0.4, "sector_limits": dict.fromkeys(SECTORS, 0.5), "turnover_limit": 0.3}
    words = {"max_position_size": 0.4, "max_sector_exposure": 0.5, "max_turnover": 0.3}
    first, second = traced(http, "words", constraints=own), traced(http, "words", constraints=words)
    assert first["frontier_id"] == second["frontier_id"]
    named = traced(http, "words", constraints={"min_weights": {"KO": 0.2}, "max_weights": {"XOM": 0.0}})
    assert weights(named)[:, 4].min() >= 0.2 - 1e-9
    assert weights(named)[:, 2].max() <= 1e-9
    capped = traced(http, "words", constraints={"target_volatility": 0.16})
    assert capped["max_return_portfolio"]["risk"] == pytest.approx(0.16)


def test_of_two_limits_on_the_same_the_tighter_holds(http: httpx.Client) -> None:
    for loose, tight in (("max_weight", "max_position_size"), ("max_position_size", "max_weight")):
        found = traced(http, "tighter", constraints={loose: 0.6, tight: 0.35})
        assert weights(found).max() == pytest.approx(0.35)
    sectors = {"max_sector_exposure": 0.5, "sector_limits": {"technology": 0.2, "staples": 0.9}}
    found = weights(traced(http, "tighter", constraints=sectors))
    assert found[:, :2].sum(axis=1).max() <= 0.2 + 1e-9
    assert found[:, 4].max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("constraints", "pointer"),
    [
        ({"min_position_size": 0.01}, "/constraints/min_position_size"),
        ({"max_weights": {"TSLA": 0.1}}, "/constraints/max_weights/TSLA"),
        ({"max_position_size": 0.1}, None),
        ({"max_position_sise": 0.1}, "/constraints/max_position_sise"),
    ],
)
def test_words_of_an_order_are_pointed_at(http: httpx.Client, constraints: Any, pointer: str | None) -> None:
    problem = http.post(address("pointed"), json=asked(constraints=constraints))
    assert problem.status_code == 422
    assert [error["pointer"] for error in problem.json().get("errors", [])] == ([pointer] if pointer else [])
