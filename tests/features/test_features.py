"""The features, and the steps that check what was told, against figures computed here."""

from typing import Any

import httpx
import pytest
from pytest_bdd import parsers, scenarios, then

from tests.features.conftest import STRANGERS_METHOD, step
from tests.features.desk import Desk, percent, rows

CERTIFIED = 1e-8
"""What a certificate allows: a hundred-millionth of the portfolio's value."""
ROUNDED = 2e-9
"""Limits that would do are told with nine decimals, rounded to the side that is feasible."""
PROVEN = 1e-6

scenarios(".")


# --- answers ------------------------------------------------------------------------------------------------------


@then("the answer is proven optimal")
def _(desk: Desk) -> None:
    metadata, certificate = desk.answer["optimization_metadata"], desk.answer["certificate"]
    assert metadata["convergence_status"] == "optimal"
    assert metadata["constraints_satisfied"] is True
    assert certificate["max_violation"] <= CERTIFIED
    assert certificate["relative_gap"] <= PROVEN
    assert sum(desk.weights.values()) == pytest.approx(1.0, abs=CERTIFIED)


@then(parsers.parse("the weights of all {count:d} names sum to 100%"))
def _(desk: Desk, count: int) -> None:
    assert len(desk.weights) == count
    assert sum(desk.weights.values()) == pytest.approx(1.0, abs=CERTIFIED)


@then("no name is sold short")
def _(desk: Desk) -> None:
    assert min(desk.weights.values()) >= -CERTIFIED


@then("some name is sold short")
def _(desk: Desk) -> None:
    assert min(desk.weights.values()) < -CERTIFIED


@then(step("no name weighs more than {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    assert max(desk.weights.values()) <= limit + CERTIFIED


@then(step("every name weighs at least {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    assert min(desk.weights.values()) >= limit - CERTIFIED


@then(step("{name:w} weighs at most {limit:percent}"))
def _(desk: Desk, name: str, limit: float) -> None:
    assert desk.weights[name] <= limit + CERTIFIED


@then(step("{name:w} weighs at least {limit:percent}"))
def _(desk: Desk, name: str, limit: float) -> None:
    assert desk.weights[name] >= limit - CERTIFIED


@then(step("sector {sector:w} weighs at most {limit:percent}"))
def _(desk: Desk, sector: str, limit: float) -> None:
    members = [name for name, its_own in desk.sample.sectors.items() if its_own == sector]
    assert members
    assert sum(desk.weights[name] for name in members) <= limit + CERTIFIED


@then(step("at most {limit:percent} of the portfolio is turned over"))
def _(desk: Desk, limit: float) -> None:
    traded = sum(abs(weight - desk.current[name]) for name, weight in desk.weights.items())
    cash = abs(sum(desk.weights.values()) - sum(desk.current.values()))
    one_way = (traded + cash) / 2
    assert one_way <= limit + CERTIFIED
    assert desk.answer["optimization_metadata"]["turnover"]["one_way"] == pytest.approx(one_way, abs=CERTIFIED)


@then(step("gross exposure is at most {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    assert sum(map(abs, desk.weights.values())) <= limit + CERTIFIED


@then(step("the expected return is at least {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    assert desk.sample.figures(desk.weights, 0.0)["expected_return"] >= limit - CERTIFIED


@then(step("volatility is at most {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    assert desk.sample.figures(desk.weights, 0.0)["expected_volatility"] <= limit + CERTIFIED


@then("expected return, volatility and Sharpe ratio agree with the prices")
def _(desk: Desk) -> None:
    figures = desk.sample.figures(desk.weights, desk.risk_free_rate)
    assert {name: desk.answer[name] for name in figures} == pytest.approx(figures, rel=1e-10)


@then("none of 20,000 random portfolios has a higher Sharpe ratio")
def _(desk: Desk) -> None:
    best = desk.sample.best_random_ratio(20_000, desk.risk_free_rate)
    assert 0.9 * desk.answer["sharpe_ratio"] < best < desk.answer["sharpe_ratio"]


@then("what binds is")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    expected = {row["limit"] for row in rows(datatable)}
    assert {each["constraint"] for each in desk.answer["why"]["binding"]} == expected


@then("each of them has a price above zero")
def _(desk: Desk) -> None:
    assert all(each["shadow_price"] > 0 and each["sentence"] for each in desk.answer["why"]["binding"])


@then(parsers.parse("{name:w} is held at its largest weight"))
def _(desk: Desk, name: str) -> None:
    (told,) = (each for each in desk.answer["why"]["at_bound"] if each["name"] == name)
    assert told["bound"] == "max"
    assert told["limit"] == pytest.approx(desk.weights[name], abs=CERTIFIED)
    assert told["reduced_cost"] > 0


# --- refusals -----------------------------------------------------------------------------------------------------


@then(parsers.parse("it is refused as {kind}"))
def _(desk: Desk, kind: str) -> None:
    assert desk.problem["type"] == f"/problems/{kind.replace(' ', '-')}"


@then("the reason tells the best excess return")
def _(desk: Desk) -> None:
    best = desk.sample.means.max() - desk.risk_free_rate
    assert f"{best:.6g}" in desk.problem["detail"]


@then(parsers.parse("the mistake is at {pointer}"))
def _(desk: Desk, pointer: str) -> None:
    assert pointer in [error["pointer"] for error in desk.problem["errors"]]


@then(parsers.parse('the hint is "{hint}"'))
def _(desk: Desk, hint: str) -> None:
    assert any(hint in error["detail"] for error in desk.problem["errors"]), desk.problem


@then("the limits are refused as contradicting each other")
def _(desk: Desk) -> None:
    assert desk.problem["type"] == "/problems/infeasible"


@then("the conflict is")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    told = {each["constraint"]: each["sufficient"] for each in desk.problem["conflict"]}
    column = "alone it would do at"
    expected = {row["limit"]: percent(row[column]) if row[column] else None for row in rows(datatable)}
    assert told == pytest.approx(expected, abs=ROUNDED)


@then(parsers.parse("the conflict contains {constraint}"))
def _(desk: Desk, constraint: str) -> None:
    assert constraint in [each["constraint"] for each in desk.problem["conflict"]]


@then("the least that has to give way is")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    told = [(each["constraint"], each["limit"], each["needed"]) for each in desk.problem["relaxation"]]
    expected = [(row["limit"], percent(row["from"]), percent(row["to"])) for row in rows(datatable)]
    assert [name for name, *_ in told] == [name for name, *_ in expected]
    assert [figures for _, *figures in told] == [pytest.approx(figures, abs=ROUNDED) for _, *figures in expected]


@then("the least that has to give way is the lowest volatility that the minimum has")
def _(desk: Desk) -> None:
    (told,) = desk.problem["relaxation"]
    minimum = Desk(desk.http, desk.sample)
    minimum.hold_the_sample()
    minimum.ask("MIN_VOLATILITY")
    assert told["constraint"] == "risk_parameters.target_volatility"
    assert told["needed"] == pytest.approx(minimum.answer["expected_volatility"], rel=1e-6)


# --- the service --------------------------------------------------------------------------------------------------


def entries(desk: Desk) -> list[Any]:
    assert desk.response is not None
    assert desk.response.status_code == httpx.codes.OK
    told: list[Any] = desk.response.json()
    return told


@then(parsers.parse("the entries have the statuses {first:d}, {second:d}, {third:d} and {fourth:d}"))
def _(desk: Desk, first: int, second: int, third: int, fourth: int) -> None:
    assert [entry["status"] for entry in entries(desk)] == [first, second, third, fourth]


@then("the good ones are what they would have been alone")
def _(desk: Desk) -> None:
    for request, entry in zip(desk.batch, entries(desk), strict=True):
        if entry["status"] == httpx.codes.OK:
            alone = desk.http.post("/api/v1/optimize", json=request).json()
            assert entry["result"]["optimal_weights"] == alone["optimal_weights"]
            assert "problem" not in entry


@then("the bad ones say infeasible and invalid")
def _(desk: Desk) -> None:
    bad = [entry["problem"]["type"] for entry in entries(desk) if entry["status"] != httpx.codes.OK]
    assert bad == ["/problems/infeasible", "/problems/invalid"]


@then("there is no latest answer")
def _(desk: Desk) -> None:
    assert desk.latest().status_code == httpx.codes.NOT_FOUND


@then("the latest answer is the one that was given")
def _(desk: Desk) -> None:
    assert desk.last_good is not None
    assert desk.latest().json() == desk.last_good


@then("it is offered with its citation and the distribution that brought it")
def _(desk: Desk) -> None:
    offered = {each["name"]: each for each in desk.http.get("/api/v1/methods").json()["methods"]}
    assert offered[STRANGERS_METHOD]["distribution"] == "projected-gradient"
    assert "Beck" in offered[STRANGERS_METHOD]["citation"]


@then("it says which distribution it comes from")
def _(desk: Desk) -> None:
    origin = desk.answer["provenance"]["method"]
    assert (origin["name"], origin["distribution"]) == (STRANGERS_METHOD, "projected-gradient")


@then("it is the portfolio that mean_variance finds")
def _(desk: Desk) -> None:
    ours = Desk(desk.http, desk.sample, {**desk.request, "method": "mean_variance"})
    ours.ask("MIN_VOLATILITY")
    assert desk.weights == pytest.approx(ours.weights, abs=1e-4)
    assert desk.answer["expected_volatility"] == pytest.approx(ours.answer["expected_volatility"], rel=1e-7)
