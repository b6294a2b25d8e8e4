"""The steps that ask. Everything goes through the public API of a real server with real solver processes.

Steps are plain functions: pytest-bdd never awaits a coroutine, so an asynchronous step would pass without running.
"""

import itertools
import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytest_bdd import given, parsers, then, when

from tangency.sample import holdings_path, prices_path
from tests.features.desk import Desk, percent, rows
from tests.features.sample import Sample
from tests.support import plain_http
from tests.support.command import Command
from tests.support.installed import installed

EXAMPLE_PLUGIN = Path(__file__).parents[1] / "example_plugin"
STRANGERS_METHOD = "projected_gradient"
CERTIFIED = 1e-8
"""What a certificate allows: a hundred-millionth of the portfolio's value."""
PROVEN = 1e-6
OBJECTIVES = {
    "maximum Sharpe ratio": "MAX_SHARPE",
    "minimum volatility": "MIN_VOLATILITY",
    "maximum return": "MAX_RETURN",
    "maximum utility": "MAX_UTILITY",
    "trade-off": "MULTI_OBJECTIVE",
}
TOO_MUCH = 9.0
"""A return of 900 % a year."""


def step(text: str) -> parsers.parse:
    """A step whose figures are written in per cent."""
    return parsers.parse(text, extra_types={"percent": percent})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """``tangency serve`` with the sample portfolio imported, and a stranger's method installed beside it."""
    folder = tmp_path_factory.mktemp("desk")
    command = Command(folder, (installed(EXAMPLE_PLUGIN, folder),))
    for what, path in (("prices", prices_path()), ("holdings", holdings_path())):
        assert command("import", what, path, "--portfolio-id", "sample").code == 0
    with command.serving() as served, plain_http.Client(base_url=served.address, timeout=60.0) as http:
        yield http


@pytest.fixture(scope="session")
def sample() -> Sample:
    return Sample.read()


@pytest.fixture
def desk(server: httpx.Client, sample: Sample) -> Desk:
    return Desk(server, sample)


@given("the sample portfolio")
def _(desk: Desk) -> None:
    desk.hold_the_sample()


@given("a portfolio of")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    desk.hold(rows(datatable))


@given(step("a risk-free rate of {rate:percent}"))
def _(desk: Desk, rate: float) -> None:
    desk.measure("risk_free_rate", rate)


@given(step("no name may weigh more than {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    desk.limit("max_weight", limit)


@given(step("every name must weigh at least {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    desk.limit("min_weight", limit)


@given(step("{name:w} may not weigh more than {limit:percent}"))
def _(desk: Desk, name: str, limit: float) -> None:
    desk.strategy(name)["max_weight"] = limit


@given(step("sector {sector:w} may not weigh more than {limit:percent}"))
def _(desk: Desk, sector: str, limit: float) -> None:
    desk.cap_sector(sector, limit)


@given(step("each of the other sectors may not weigh more than {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    stated = set(desk.request["constraints"]["sector_limits"])
    for sector in sorted(set(desk.sample.sectors.values()) - stated):
        desk.cap_sector(sector, limit)


@given(step("at most {limit:percent} of the portfolio may be turned over"))
def _(desk: Desk, limit: float) -> None:
    desk.limit("turnover_limit", limit)


@given(step("gross exposure may not exceed {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    desk.limit("leverage_limit", limit)


@given(step("the expected return must reach {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    desk.measure("target_return", limit)


@given(step("volatility may not exceed {limit:percent}"))
def _(desk: Desk, limit: float) -> None:
    desk.measure("target_volatility", limit)


@given(parsers.parse("the method {method}"))
def _(desk: Desk, method: str) -> None:
    desk.request["method"] = method


@given("a method from another package")
def _(desk: Desk) -> None:
    desk.request["method"] = STRANGERS_METHOD


@given("its name is written in capitals")
def _(desk: Desk) -> None:
    desk.request["method"] = desk.request["method"].upper()


@given(parsers.parse('the covariance calls {name:w} "{wrong}"'))
def _(desk: Desk, name: str, wrong: str) -> None:
    names = desk.request["risk_parameters"]["covariance"]["names"]
    names[names.index(name)] = wrong


@given("nothing has been asked about it before")
def _(desk: Desk) -> None:
    assert desk.last_good is None


@given("a batch of a good request, one with contradicting limits, one that is not a request, and another good one")
def _(desk: Desk) -> None:
    good = {"portfolio_id": "sample", "objective": "MIN_VOLATILITY", "method": "MEAN_VARIANCE"}
    contradicting = {**good, "constraints": {"max_weight": 0.01}}
    desk.batch = [good, contradicting, {"portfolio": "sample"}, {**good, "objective": "MAX_SHARPE"}]


# --- what other methods are told ----------------------------------------------------------------------------------


@given(parsers.parse("a risk aversion of {aversion:g}"))
def _(desk: Desk, aversion: float) -> None:
    desk.measure("risk_aversion", aversion)


@given(parsers.parse('the view "{view}"'))
def _(desk: Desk, view: str) -> None:
    desk.option("views", [view])


@given("the covariance is taken as it is")
def _(desk: Desk) -> None:
    desk.option("posterior_covariance_rule", "prior")


@given(step("the view that {name:w} returns {expected:percent}, with a confidence of {confidence:percent}"))
def _(desk: Desk, name: str, expected: float, confidence: float) -> None:
    views = desk.request.get("method_options", {}).get("views", [])
    desk.option("views", [*views, {"weights": {name: 1.0}, "return": expected, "confidence": confidence}])


@given(parsers.parse('the house keeps the view "{view}" under the id {identity}'))
def _(desk: Desk, view: str, identity: str) -> None:
    assert desk.http.put(f"/api/v1/views/{identity}", json=[view]).is_success


@given(parsers.parse("the views are those that the house keeps under {identity}"))
def _(desk: Desk, identity: str) -> None:
    desk.option("views", {"$ref": f"/api/v1/views/{identity}"})


@given("these budgets of risk")
def _(desk: Desk, datatable: list[list[str]]) -> None:
    desk.option("sector_budgets", {row["sector"]: percent(row["share"]) for row in rows(datatable)})


@given(step("all of it may have a volatility of {target:percent}"))
def _(desk: Desk, target: float) -> None:
    desk.option("target_volatility", target)


@given(step("the worst 5% of days may lose {loss:percent} on average"))
def _(desk: Desk, loss: float) -> None:
    desk.option("risk_limits", {"cvar": {"limit": loss, "confidence_level": 0.95}})


@given("expected returns may be off by as much as the data say")
def _(desk: Desk) -> None:
    desk.option("mean_uncertainty", {"kind": "ellipsoid", "estimate": "empirical"})


@given("the aims are return and risk")
def _(desk: Desk) -> None:
    desk.option("objectives", [{"name": "return"}, {"name": "risk"}])
    desk.option("points", 8)


@when("risk parity is asked for")
def _(desk: Desk) -> None:
    desk.ask("RISK_PARITY")


@when(step("the same is asked with a confidence of {confidence:percent}"))
def _(desk: Desk, confidence: float) -> None:
    (view,) = desk.request["method_options"]["views"]
    desk.before = desk.weights
    desk.option("views", [{**view, "confidence": confidence}])
    desk.ask(desk.request["objective"])


@when(parsers.parse("the {objective} is asked for"))
def _(desk: Desk, objective: str) -> None:
    desk.ask(OBJECTIVES[objective])


@when("more return is asked for than any name has")
def _(desk: Desk) -> None:
    desk.measure("target_return", TOO_MUCH)
    desk.ask("MIN_VOLATILITY")


@when("the batch is sent")
def _(desk: Desk) -> None:
    desk.response = desk.http.post("/api/v1/optimize/batch", json=desk.batch)


@when("its efficient frontier is asked for")
def _(desk: Desk) -> None:
    desk.ask_for_frontier()


@when(parsers.parse("its efficient frontier of {measure:w} is asked for in {points:d} points"))
def _(desk: Desk, measure: str, points: int) -> None:
    desk.ask_for_frontier(risk_measure=measure, points=points)


@when(step("its efficient frontier is asked for from a return of {least:percent}"))
def _(desk: Desk, least: float) -> None:
    desk.ask_for_frontier(min_return=least)


@when("it is asked for again")
def _(desk: Desk) -> None:
    desk.last_good = desk.answer
    assert desk.response is not None
    desk.response = desk.http.get(str(desk.response.url))


# --- factors ------------------------------------------------------------------------------------------------------


@given(step("the house keeps a benchmark of {one:percent} {first:w} and {two:percent} {second:w} under {identity}"))
def _(desk: Desk, one: float, first: str, two: float, second: str, identity: str) -> None:
    assert desk.http.put(f"/api/v1/models/{identity}", json={first: one, second: two}).is_success


@when(parsers.parse("it is explained by {factors:w} beside the benchmark {identity}"))
def _(desk: Desk, factors: str, identity: str) -> None:
    body = {"factors": factors, "benchmark": {"$ref": f"/api/v1/models/{identity}"}}
    desk.response = desk.http.post("/api/v1/portfolios/sample/factor-analysis", json=body)


@when(parsers.parse("it is explained by {factors:w}, which nobody imported"))
def _(desk: Desk, factors: str) -> None:
    desk.response = desk.http.post("/api/v1/portfolios/sample/factor-analysis", json={"factors": factors})


@then("every exposure has a factor, an exposure, a benchmark exposure and an active exposure")
def _(desk: Desk) -> None:
    for row in desk.answer["exposures"]:
        figures = [row[name] for name in ("exposure", "benchmark_exposure", "active_exposure")]
        assert [type(value) for value in (row["factor"], *figures)] == [str, float, float, float]
        assert figures[2] == pytest.approx(figures[0] - figures[1], abs=1e-12)


@then("every attribution has a factor, a contribution and a percent contribution")
def _(desk: Desk) -> None:
    for row in desk.answer["attribution"]:
        figures = [row[name] for name in ("factor", "contribution", "percent_contribution")]
        assert [type(value) for value in figures] == [str, float, float]


@then(parsers.parse("the factors are {names}"))
def _(desk: Desk, names: str) -> None:
    assert desk.answer["portfolio_id"] == "sample"
    assert [row["factor"] for row in desk.answer["exposures"]] == names.split(", ")
    assert [row["factor"] for row in desk.answer["attribution"]] == [*names.split(", "), "specific"]


@then("the contributions sum to the volatility, and their shares to 100%")
def _(desk: Desk) -> None:
    rows, drawn = desk.answer["attribution"], desk.answer["series"]["portfolio"]
    volatility = math.sqrt(12.0) * statistics.stdev(drawn)
    assert sum(row["contribution"] for row in rows) == pytest.approx(volatility, abs=1e-12)
    assert sum(row["percent_contribution"] for row in rows) == pytest.approx(1.0, abs=1e-12)


@then("the analysis is the newest of the portfolio, and found under its id")
def _(desk: Desk) -> None:
    newest, *_ = desk.http.get("/api/v1/portfolios/sample/factor-analyses").json()["analyses"]
    assert newest["analysis_id"] == desk.answer["analysis_id"]
    assert desk.http.get(f"/api/v1/factor-analyses/{newest['analysis_id']}").json() == desk.answer


# --- frontiers ----------------------------------------------------------------------------------------------------

FIGURES = ("return", "risk", "sharpe")


def along(desk: Desk, figure: str) -> list[float]:
    return [point[figure] for point in desk.answer["efficient_frontier"]]


@then(parsers.parse("the frontier has {count:d} points"))
def _(desk: Desk, count: int) -> None:
    assert len(desk.answer["efficient_frontier"]) == count


@then("each of its portfolios has weights, return, risk and Sharpe ratio")
def _(desk: Desk) -> None:
    answer = desk.answer
    assert (answer["portfolio_id"], answer["risk_measure"]) == (desk.request["portfolio_id"], "volatility")
    for point in answer["efficient_frontier"]:
        assert all(isinstance(point[figure], float) for figure in FIGURES)
        assert set(point["weights"]) == set(desk.current)
        assert sum(point["weights"].values()) == pytest.approx(1.0, abs=CERTIFIED)
    for which in ("current", "optimal", "min_risk", "max_return"):
        assert all(isinstance(answer[f"{which}_portfolio"][figure], float) for figure in FIGURES)


@then("return and risk grow along the frontier, and what more risk earns falls")
def _(desk: Desk) -> None:
    steps = [
        (later[0] - earlier[0], later[1] - earlier[1])
        for earlier, later in itertools.pairwise(zip(along(desk, "return"), along(desk, "risk"), strict=True))
    ]
    assert all(gained > 0 and risked > 0 for gained, risked in steps)
    steepness = [gained / risked for gained, risked in steps]
    assert steepness == sorted(steepness, reverse=True)


@then(step("no two steps along the frontier differ by more than {most:percent}"))
def _(desk: Desk, most: float) -> None:
    returns, risks = along(desk, "return"), along(desk, "risk")
    across, up = risks[-1] - risks[0], returns[-1] - returns[0]
    lengths = [
        (((r2 - r1) / across) ** 2 + ((e2 - e1) / up) ** 2) ** 0.5
        for (r1, e1), (r2, e2) in itertools.pairwise(zip(risks, returns, strict=True))
    ]
    assert max(lengths) <= (1.0 + most) * min(lengths)


@then("every point of the frontier is proven")
def _(desk: Desk) -> None:
    assert max(along(desk, "relative_gap")) <= PROVEN


@then("the answer is the frontier that is kept")
def _(desk: Desk) -> None:
    assert desk.answer == desk.last_good
    assert desk.http.get(f"/api/v1/efficient-frontiers/{desk.answer['frontier_id']}").json() == desk.last_good


@then("whoever has it already is told that nothing changed")
def _(desk: Desk) -> None:
    assert desk.response is not None
    known = {"If-None-Match": desk.response.headers["etag"]}
    again = desk.http.get(str(desk.response.url), headers=known)
    assert (again.status_code, again.content) == (httpx.codes.NOT_MODIFIED, b"")


@then(parsers.parse("the frontier is refused at {field:w}"))
def _(desk: Desk, field: str) -> None:
    assert desk.problem["errors"][0]["pointer"] == f"/{field}"
