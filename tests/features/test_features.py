"""The features, and the steps that check what was told, against figures computed here."""

import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_bdd import parsers, scenarios, then

from tests.features.conftest import CERTIFIED, PROVEN, STRANGERS_METHOD, step
from tests.features.desk import Desk, percent, place_of, rows

FEATURES = Path(__file__).parents[2] / "features"
ROUNDED = 2e-9
"""Limits that would do are told with nine decimals, rounded to the side that is feasible."""

OWN_STEPS = {"rebalancing.feature"}
"""Features whose steps are in a file of their own."""

scenarios(*sorted(path.name for path in FEATURES.glob("*.feature") if path.name not in OWN_STEPS))


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
    expected = {place_of(row["limit"]) for row in rows(datatable)}
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


# --- views, budgets, clusters, tails, worst cases, trade-offs -----------------------------------------------------


@then(step("every name weighs {weight:percent}"))
def _(desk: Desk, weight: float) -> None:
    assert list(desk.weights.values()) == pytest.approx([weight] * len(desk.weights), abs=1e-6)


@then(step("{name:w} weighs more than {limit:percent}"))
def _(desk: Desk, name: str, limit: float) -> None:
    assert desk.weights[name] > limit + 1e-3


@then(step("{name:w} weighs less than {limit:percent}"))
def _(desk: Desk, name: str, limit: float) -> None:
    assert desk.weights[name] < limit - 1e-3


@then(parsers.parse("{name:w} weighs less than before"))
def _(desk: Desk, name: str) -> None:
    assert desk.weights[name] < desk.before[name] - 1e-3


@then(parsers.parse("{name:w} is expected to return more than the market says"))
def _(desk: Desk, name: str) -> None:
    estimates = desk.answer["estimates"]
    assert estimates["posterior_returns"][name] > estimates["equilibrium_returns"][name]


@then(parsers.parse("the answer says that it stands on version {version:d} of the views of {identity}"))
def _(desk: Desk, version: int, identity: str) -> None:
    (reference,) = desk.answer["provenance"]["references"]
    assert reference.endswith(f"/views/{identity}/versions/{version}")


@then(step("every name carries {share:percent} of the risk"))
def _(desk: Desk, share: float) -> None:
    expected = dict.fromkeys(desk.sample.names, share)
    assert desk.sample.risk_shares(desk.weights) == pytest.approx(expected, abs=CERTIFIED)
    assert desk.answer["risk_contributions"] == pytest.approx(expected, abs=CERTIFIED)


@then(step("sector {sector:w} carries {share:percent} of the risk"))
def _(desk: Desk, sector: str, share: float) -> None:
    shares = desk.sample.risk_shares(desk.weights)
    its_own = sum(shares[name] for name, of in desk.sample.sectors.items() if of == sector)
    assert its_own == pytest.approx(share, abs=CERTIFIED)
    told = desk.answer["risk_decomposition"]["target"]["sectors"][sector]["share"]
    assert told == pytest.approx(share, abs=CERTIFIED)


@then("the budgets are met")
def _(desk: Desk) -> None:
    assert desk.answer["budgets_met"] is True
    assert desk.answer["budget_deviation"] <= CERTIFIED


@then("the budgets are not met, and it says for which names")
def _(desk: Desk) -> None:
    assert desk.answer["budgets_met"] is False
    held_back = {name for name, weight in desk.weights.items() if weight >= 0.06 - CERTIFIED}
    assert held_back
    assert desk.answer["binding_bounds"].keys() == held_back


@then(step("volatility is {target:percent}"))
def _(desk: Desk, target: float) -> None:
    assert desk.sample.figures(desk.weights, 0.0)["expected_volatility"] == pytest.approx(target, rel=1e-8)


@then("what is not in the names is cash")
def _(desk: Desk) -> None:
    assert desk.answer["cash_weight"] > 0.1
    assert sum(desk.weights.values()) + desk.answer["cash_weight"] == pytest.approx(1.0, abs=CERTIFIED)


@then("every limit holds, and nothing more is claimed")
def _(desk: Desk) -> None:
    assert desk.answer["optimization_metadata"]["convergence_status"] == "feasible"
    assert desk.answer["certificate"]["max_violation"] <= CERTIFIED
    assert desk.answer["certificate"]["relative_gap"] is None


@then("it says how far the limit moved it")
def _(desk: Desk) -> None:
    raw = desk.answer["raw_weights"]
    distance = sum((raw[name] - weight) ** 2 for name, weight in desk.weights.items()) ** 0.5
    assert desk.answer["projection_distance"] == pytest.approx(distance, abs=CERTIFIED)
    assert distance > 1e-3


@then("it was not moved")
def _(desk: Desk) -> None:
    assert desk.answer["projection_distance"] == pytest.approx(0.0, abs=CERTIFIED)
    assert desk.answer["raw_weights"] == pytest.approx(desk.weights, abs=CERTIFIED)


@then(step("the worst 5% of days lose {loss:percent} on average"))
def _(desk: Desk, loss: float) -> None:
    assert desk.sample.average_of_worst(0.05, desk.weights) == pytest.approx(loss, rel=1e-6)


@then("being robust costs something, and the worst case is told")
def _(desk: Desk) -> None:
    told = desk.answer["robustness"]
    assert told["cost_of_robustness"] > 1e-4
    assert told["nominal_optimum"] - told["nominal_objective"] == pytest.approx(told["cost_of_robustness"], rel=1e-6)
    assert told["worst_case_objective"] < told["nominal_objective"]
    assert told["worst_case_return"] < desk.answer["expected_return"]


@then("no point of the trade-off is better than another in both aims")
def _(desk: Desk) -> None:
    points = [(-point["values"]["return"], point["values"]["risk"]) for point in desk.answer["pareto"]]
    assert len(points) > 5
    in_order = sorted(points)
    assert all(left[1] > right[1] for left, right in itertools.pairwise(in_order))


@then("the answer lies between the best and the worst of each aim")
def _(desk: Desk) -> None:
    ideal, nadir = desk.answer["ideal"], desk.answer["nadir"]
    assert nadir["return"] < desk.answer["expected_return"] < ideal["return"]
    assert ideal["risk"] < desk.answer["expected_volatility"] < nadir["risk"]


# --- refusals -----------------------------------------------------------------------------------------------------


@then(parsers.parse("it is refused as {kind}"))
def _(desk: Desk, kind: str) -> None:
    assert desk.problem["type"] == f"/problems/{kind.replace(' ', '-')}"


@then("the reason tells the best excess return")
def _(desk: Desk) -> None:
    best = desk.sample.means.max() - desk.risk_free_rate
    assert f"{best:.6g}" in desk.problem["detail"]


@then(parsers.parse("the mistake is in {limit}"))
def _(desk: Desk, limit: str) -> None:
    assert "/" + place_of(limit).replace(".", "/") in [error["pointer"] for error in desk.problem["errors"]]


@then(parsers.parse('the hint is "{hint}"'))
def _(desk: Desk, hint: str) -> None:
    assert any(hint in error["detail"] for error in desk.problem["errors"]), desk.problem


@then("the limits are refused as contradicting each other")
def _(desk: Desk) -> None:
    assert desk.problem["type"] == "/problems/infeasible"


@then("the conflict is")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    told = {each["constraint"]: each["sufficient"] for each in desk.problem["conflict"]}
    column = "sufficient alone"
    expected = {place_of(row["limit"]): percent(row[column]) if row[column] else None for row in rows(datatable)}
    assert told == pytest.approx(expected, abs=ROUNDED)


@then(parsers.parse("the conflict contains {constraint}"))
def _(desk: Desk, constraint: str) -> None:
    assert place_of(constraint) in [each["constraint"] for each in desk.problem["conflict"]]


@then("the smallest change that resolves it is")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    told = [(each["constraint"], each["limit"], each["needed"]) for each in desk.problem["relaxation"]]
    expected = [(place_of(row["limit"]), percent(row["from"]), percent(row["to"])) for row in rows(datatable)]
    assert [name for name, *_ in told] == [name for name, *_ in expected]
    assert [figures for _, *figures in told] == [pytest.approx(figures, abs=ROUNDED) for _, *figures in expected]


@then("the smallest change that resolves it is to allow the lowest volatility that there is")
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


@then("the first and the last are answered, and the others are refused")
def _(desk: Desk) -> None:
    assert [entry["status"] for entry in entries(desk)] == [200, 422, 422, 200]


@then("the good ones have the answers that they would have had alone")
def _(desk: Desk) -> None:
    for request, entry in zip(desk.batch, entries(desk), strict=True):
        if entry["status"] == httpx.codes.OK:
            alone = desk.http.post("/api/v1/optimize", json=request).json()
            assert entry["result"]["optimal_weights"] == alone["optimal_weights"]
            assert "problem" not in entry


@then("one of the bad ones has contradicting limits, and the other is not a request")
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


@then("it is listed with its citation and its package")
def _(desk: Desk) -> None:
    offered = {each["name"]: each for each in desk.http.get("/api/v1/methods").json()["methods"]}
    assert offered[STRANGERS_METHOD]["distribution"] == "projected-gradient"
    assert "Beck" in offered[STRANGERS_METHOD]["citation"]


@then("the answer names the package of the method")
def _(desk: Desk) -> None:
    origin = desk.answer["provenance"]["method"]
    assert (origin["name"], origin["distribution"]) == (STRANGERS_METHOD, "projected-gradient")


@then("it is the portfolio that mean_variance finds")
def _(desk: Desk) -> None:
    ours = Desk(desk.http, desk.sample, {**desk.request, "method": "mean_variance"})
    ours.ask("MIN_VOLATILITY")
    assert desk.weights == pytest.approx(ours.weights, abs=1e-4)
    assert desk.answer["expected_volatility"] == pytest.approx(ours.answer["expected_volatility"], rel=1e-7)
