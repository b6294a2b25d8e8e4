"""Factor analyses over HTTP, against statsmodels and the sample computed here once more."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import numpy as np
import polars as pl
import pytest

from tangency.adapters import container
from tangency.adapters.settings import Settings
from tangency.application.factors.command import AnalyzeFactors
from tangency.application.library import WriteEntry
from tangency.application.portfolio import ImportBenchmark, ImportHoldings, ImportPrices
from tangency.domain.factors.analysis import FactorAnalysis
from tangency.domain.factors.document import content_of
from tangency.domain.library.entry import Shelf
from tangency.sample import holdings_path, prices_path
from tests.adapters.rest.test_optimization import problem_of
from tests.adapters.rest.test_orders import SCHEMAS, events_of
from tests.features.sample import Sample
from tests.support.command import Command
from tests.support.server import client, served

MODEL = {"AAPL": 0.5, "XOM": 0.3, "JNJ": 0.2}
FRENCH = """Momentum, made up.

,Mom
201801,   4.05
201802,   3.58
201803,  -1.16
201804,   0.38
201805,   3.92
201806,  -2.33
201807,  -1.43
201808,   5.26
201809,   0.05
201810,  -2.05
201811,  -1.42
"""


async def kept(folder: Path, prices: Path, holdings: Path, portfolio_id: str, momentum: Path | None = None) -> None:
    """Import files into the database of a folder."""
    async with container.keeping(Settings(data_dir=str(folder))) as service:
        await service.handle(ImportPrices(portfolio_id, container.read_prices(prices).history))
        await service.handle(ImportHoldings(container.read_holdings(holdings, portfolio_id).portfolio))
        if momentum is not None:
            content = content_of(container.read_factors(momentum))
            await service.handle(WriteEntry(Shelf.FACTORS, "momentum", content))


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with the sample imported, a model portfolio, and a momentum file as French writes them."""
    folder = tmp_path_factory.mktemp("factors")
    momentum = folder / "momentum.csv"
    momentum.write_text(FRENCH)
    asyncio.run(kept(folder, prices_path(), holdings_path(), "sample", momentum))
    with served(folder) as address, client(address) as http:
        assert http.put("/api/v1/models/house", json=MODEL).is_success
        yield http


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample.read()


@pytest.fixture(scope="module")
def monthly() -> dict[str, Any]:
    """Month-end returns over the bill rate, and the factors of Fama and French beside them."""
    frame = pl.read_parquet(prices_path())
    last = frame.with_columns(pl.col("Date").dt.strftime("%Y%m").cast(pl.Int64).alias("month"))
    last = last.group_by("month", maintain_order=True).last()
    prices = last.drop("month", "Date").to_numpy()
    returns = dict(zip(last["month"].to_list()[1:], prices[1:] / prices[:-1] - 1.0, strict=True))
    from arch.data import frenchdata

    french = frenchdata.load()
    rows = dict(zip(french.index.astype("int64").tolist(), french.to_numpy() / 100.0, strict=True))
    months = [month for month in returns if month in rows]
    factors = np.array([rows[month] for month in months])
    excess = np.array([returns[month] for month in months]) - factors[:, 3:]
    return {"months": months, "factors": factors[:, :3], "bills": factors[:, 3], "excess": excess}


FOUR_DAYS = ["2018-01-03", "2018-01-04", "2018-01-05", "2018-01-08"]


def analyzed(http: httpx.Client, portfolio_id: str = "sample", **body: Any) -> Any:
    response = http.post(f"/api/v1/portfolios/{portfolio_id}/factor-analysis", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def refused(http: httpx.Client, **body: Any) -> Any:
    return problem_of(http.post("/api/v1/portfolios/sample/factor-analysis", json=body), 422, "invalid")


@pytest.mark.parametrize("errors", ["plain", "newey_west"])
def test_coefficients_and_errors_are_those_of_statsmodels(
    http: httpx.Client, sample: Sample, monthly: dict[str, Any], errors: str
) -> None:
    told = analyzed(http, factors="fama_french_3", errors=errors)
    import statsmodels.api as sm

    design, periods = sm.add_constant(monthly["factors"]), len(monthly["months"])
    lag = int(np.floor(4 * (periods / 100) ** (2 / 9)))
    how = {} if errors == "plain" else {"cov_type": "HAC", "cov_kwds": {"maxlags": lag}}
    assert (told["T"], told["lag"]) == (periods, None if errors == "plain" else lag)
    for asset in told["assets"]:
        fit = sm.OLS(monthly["excess"][:, sample.names.index(asset["name"])], design).fit(**how)
        betas = [each["coefficient"] for each in asset["coefficients"]]
        deviations = [each["standard_error"] for each in asset["coefficients"]]
        assert [asset["alpha"] / 12.0, *betas] == pytest.approx(fit.params, rel=1e-9)
        assert [asset["alpha_standard_error"] / 12.0, *deviations] == pytest.approx(fit.bse, rel=1e-9)
        assert asset["r_squared"] == pytest.approx(fit.rsquared, rel=1e-9)
    weights = np.array([sample.current[name] for name in sample.names])
    whole = sm.OLS(monthly["excess"] @ weights, design).fit(**how)
    assert [row["exposure"] for row in told["exposures"]] == pytest.approx(whole.params[1:], rel=1e-9)
    assert [row["t_statistic"] for row in told["exposures"]] == pytest.approx(whole.tvalues[1:], rel=1e-9)


def test_contributions_close(http: httpx.Client, sample: Sample, monthly: dict[str, Any]) -> None:
    told = analyzed(http, factors="fama_french_3", benchmark={"$ref": "/api/v1/models/house"})
    weights = np.array([sample.current[name] for name in sample.names])
    benchmark = np.array([MODEL.get(name, 0.0) for name in sample.names])
    rows = told["attribution"]
    assert [row["factor"] for row in rows] == ["Mkt-RF", "SMB", "HML", "specific"]
    for prefix, each in (("", weights), ("active_", weights - benchmark)):
        returns = monthly["excess"] @ each
        volatility, mean = np.sqrt(12.0) * returns.std(ddof=1), 12.0 * returns.mean()
        assert sum(row[f"{prefix}contribution"] for row in rows) == pytest.approx(volatility, abs=1e-12)
        assert sum(row[f"{prefix}percent_contribution"] for row in rows) == pytest.approx(1.0, abs=1e-12)
        assert sum(row[f"{prefix}return_contribution"] for row in rows) == pytest.approx(mean, abs=1e-12)
    covariance = 12.0 * np.cov(monthly["factors"], rowvar=False)
    x = np.array([row["exposure"] for row in told["exposures"]])
    expected = x * (covariance @ x) / told["portfolio"]["volatility"]
    assert [row["contribution"] for row in rows[:3]] == pytest.approx(expected, rel=1e-9)
    assert told["references"] == ["/api/v1/models/house/versions/1"]
    for row in told["exposures"]:
        assert row["active_exposure"] == pytest.approx(row["exposure"] - row["benchmark_exposure"], abs=1e-12)


def test_an_analysis_has_the_fields_of_the_contract_and_is_kept(http: httpx.Client) -> None:
    told = analyzed(http, factors=["market", "value"])
    assert told["factors"] == ["Mkt-RF", "HML"]
    assert told["analysis_id"].startswith("fac-")
    assert len(told["analysis_id"]) == 30
    assert (told["portfolio_id"], told["as_of"]) == ("sample", "2022-12-28T00:00:00Z")
    assert told["window"] == {"start": "1990-02-28", "end": "2018-11-30"}
    assert {"factor", "exposure", "benchmark_exposure", "active_exposure"} <= told["exposures"][0].keys()
    assert {"factor", "contribution", "percent_contribution"} <= told["attribution"][0].keys()
    assert told["exposures"][0]["benchmark_exposure"] is None
    assert told["attribution"][0]["active_contribution"] is None
    assert http.get(f"/api/v1/factor-analyses/{told['analysis_id']}").json() == told
    listed = http.get("/api/v1/portfolios/sample/factor-analyses").json()["analyses"]
    assert listed[0]["analysis_id"] == told["analysis_id"]
    assert listed[0]["exposures"] == told["exposures"]


def test_the_series_are_what_factors_explain_plus_the_rest(http: httpx.Client) -> None:
    series = analyzed(http, factors="fama_french_3", start="2010-01-01", end="2015-12-31")["series"]
    assert (len(series["dates"]), series["dates"][0], series["dates"][-1]) == (72, "2010-01-31", "2015-12-31")
    whole = np.array(series["explained"]) + np.array(series["specific"])
    assert whole == pytest.approx(np.array(series["portfolio"]), abs=1e-15)


def test_five_factors_and_momentum_of_ones_own_files_beside_an_imported_benchmark(
    tmp_path: Path, sample: Sample, monthly: dict[str, Any]
) -> None:
    """Two factors are made up beside the three of the product, in percent as French writes them."""
    import statsmodels.api as sm

    months, rng = monthly["months"], np.random.default_rng(5)
    factors = np.hstack([monthly["factors"], 0.02 * rng.standard_normal((len(months), 3))])
    bills = monthly["bills"]
    files = {
        "fama_french_5": (["Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"], np.column_stack([factors[:, :5], bills])),
        "momentum": (["Mom"], factors[:, 5:]),
    }
    for name, (headers, values) in files.items():
        lines = [
            ",".join([str(month), *map(repr, row)]) for month, row in zip(months, (100 * values).tolist(), strict=True)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join([f",{','.join(headers)}", *lines]))

    async def explained() -> FactorAnalysis:
        async with container.keeping(Settings(data_dir=str(tmp_path))) as service:
            for name in files:
                history = container.read_factors(tmp_path / f"{name}.csv")
                await service.handle(WriteEntry(Shelf.FACTORS, name, content_of(history)))
            await service.handle(ImportBenchmark("five", MODEL))
            return await service.handle(AnalyzeFactors("five", ["fama_french_5", "momentum"]))

    asyncio.run(kept(tmp_path, prices_path(), holdings_path(), "five"))
    found = asyncio.run(explained()).findings
    held = {asset.name: asset for asset in found.assets}
    fit = sm.OLS(monthly["excess"][:, sample.names.index("XOM")], sm.add_constant(factors)).fit()
    betas = [each.coefficient for each in held["XOM"].coefficients]
    assert [held["XOM"].alpha / 12.0, *betas] == pytest.approx(fit.params, rel=1e-9, abs=1e-12)
    assert [each.t_statistic for each in held["XOM"].coefficients] == pytest.approx(fit.tvalues[1:], rel=1e-9)
    assert [each.factor for each in found.exposures] == ["Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom"]
    assert {asset.name: asset.benchmark_weight for asset in found.assets if asset.benchmark_weight} == MODEL
    for row in found.exposures:
        assert row.benchmark_exposure is not None
        assert row.active_exposure == pytest.approx(row.exposure - row.benchmark_exposure, abs=1e-12)
    assert sum(row.contribution for row in found.attribution) == pytest.approx(found.portfolio.volatility, abs=1e-12)
    shares = [row.percent_contribution or 0.0 for row in found.attribution]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    returns = sum(row.return_contribution for row in found.attribution)
    assert returns == pytest.approx(found.portfolio.excess_return, abs=1e-12)


def test_a_file_of_frenchs_joins_the_bundled_factors(http: httpx.Client) -> None:
    told = analyzed(http, factors=["fama_french_3", "momentum"])
    assert told["factors"] == ["Mkt-RF", "SMB", "HML", "Mom"]
    assert (told["T"], told["window"]["start"]) == (11, "2018-01-31")
    assert told["series"]["factors"]["Mom"][0] == pytest.approx(0.0405, abs=1e-15)
    assert told["references"] == ["/api/v1/factors/momentum/versions/1"]


def test_statistical_factors_explain_the_most(http: httpx.Client, sample: Sample) -> None:
    held = [place for place, name in enumerate(sample.names) if sample.current[name]]
    told = analyzed(http, factors="statistical", count=len(held), start="2015-01-01")
    assert told["frequency"] == "daily"
    assert told["attribution"][-1]["contribution"] == pytest.approx(0.0, abs=1e-12)
    spreads = [told["factor_covariance"][name][name] for name in told["factors"]]
    assert spreads == sorted(spreads, reverse=True)
    days = told["T"]
    assert spreads == pytest.approx(
        sorted(252.0 * np.linalg.eigvalsh(np.cov(sample.returns[-days:, held], rowvar=False)), reverse=True), rel=1e-9
    )


def test_a_stated_factor_that_costs_something_has_the_risk_free_rate_taken_off(http: httpx.Client) -> None:
    own = analyzed(http, factors="fama_french_3", start="2016-01-01")["series"]
    told = analyzed(http, factors={"own": own["portfolio"]}, dates=own["dates"], risk_free_rate=0.0)
    assert told["frequency"] == "monthly"
    funded = analyzed(
        http, factors={"own": own["portfolio"]}, dates=own["dates"], risk_free_rate=0.03, zero_investment=False
    )
    shift = np.array(told["series"]["factors"]["own"]) - np.array(funded["series"]["factors"]["own"])
    assert shift == pytest.approx(np.full(len(shift), 0.03 / 12.0), abs=1e-15)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"factors": "fama_french_5"}, "/factors", "tangency import factors"),
        ({"factors": "sise"}, "/factors/0", "did you mean"),
        ({"factors": []}, "/factors", "at least one"),
        ({"factors": {"own": [0.1, 0.2]}}, "/factors/own", "state dates too"),
        ({"factors": {"own": [0.1]}, "dates": ["2018-01-31", "2018-02-28"]}, "/factors/own", "one for each"),
        ({"factors": {"$ref": "/api/v1/factors/nobody"}}, "/factors/$ref", "not stored"),
        ({"factors": {"$ref": "/api/v1/models/house"}}, "/factors/$ref", "another shelf"),
        ({"factors": "statistical", "count": 21, "start": "2015-01-01"}, "/count", "18 components"),
        ({"factors": "fama_french_3", "frequency": "daily"}, "/frequency", "monthly"),
        ({"factors": "fama_french_3", "start": "2018-10-01"}, "/factors", "at least 5"),
        ({"factors": "fama_french_3", "start": "2019-01-01"}, "/factors", "in common"),
        ({"factors": "fama_french_3", "start": "2015-01-01", "end": "2014-12-31"}, "/start", "turn them round"),
        (
            {"factors": {"own": [0.1, 0.2, 0.1, 0.3], "flat": [0.1] * 4}, "dates": FOUR_DAYS},
            "/factors",
            "'flat', which is constant",
        ),
        ({"factors": "fama_french_3", "benchmark": {"AAPL": 0.5}}, "/benchmark", "sum"),
        ({"factors": "fama_french_3", "benchmark": {"APPL": 1.0}}, "/benchmark/APPL", "did you mean"),
        ({"factors": "fama_french_3", "bench": None}, "/bench", "did you mean benchmark"),
        ({}, "/factors", "missing"),
    ],
)
def test_what_cannot_be_analyzed_is_refused_with_its_place(
    http: httpx.Client, body: Any, pointer: str, words: str
) -> None:
    error = refused(http, **body)["errors"][0]
    assert error["pointer"] == pointer
    assert words in error["detail"]


def test_a_portfolio_that_is_not_there_is_not_found(http: httpx.Client) -> None:
    body = {"factors": "fama_french_3"}
    problem_of(http.post("/api/v1/portfolios/nobody/factor-analysis", json=body), 404, "not-found")
    problem_of(http.get("/api/v1/portfolios/nobody/factor-analyses"), 404, "not-found")
    problem_of(http.get("/api/v1/factor-analyses/fac-nothing"), 404, "not-found")


def test_others_are_told_of_an_analysis(http: httpx.Client) -> None:
    first = analyzed(http, factors="market")
    position, told, event = "0", "", ""
    data: dict[str, Any] = {}
    while told != first["analysis_id"]:
        ((position, event, data),) = events_of(http, "/api/v1/events", 1, **{"Last-Event-ID": position})
        told = data[event]["analysis_id"]
    assert event == "factor_analysis_completed"
    assert data[event]["exposures"] == first["exposures"]
    assert data[event]["attribution"] == first["attribution"]
    jsonschema.validate(data, json.loads((SCHEMAS / f"{event}.json").read_text()))


def test_longley_through_the_file_door(tmp_path: Path) -> None:
    """NIST StRD, Longley (1967): certified to 1e-7 from files alone; employment in millions is the return."""
    from tests.domain.factors.test_regression import LONGLEY

    names = ["deflator", "gnp", "unemployed", "armed", "population", "year"]
    months = [f"2001-{month:02d}-28" for month in range(1, 13)] + [f"2002-{month:02d}-28" for month in range(1, 6)]
    rows = [",".join([day, *map(repr, row)]) for day, row in zip(months[1:], LONGLEY[:, 1:].tolist(), strict=True)]
    (tmp_path / "longley.csv").write_text("\n".join(["date," + ",".join(names), *rows]))
    prices = np.cumprod([1.0, *(1.0 + LONGLEY[:, 0] / 1e6)]).tolist()
    lines = [f"{day},{price!r}" for day, price in zip(months, prices, strict=True)]
    (tmp_path / "prices.csv").write_text("\n".join(["date,WORK", *lines]))
    (tmp_path / "holdings.csv").write_text("name,quantity\nWORK,1\n")
    command = Command(tmp_path)
    asyncio.run(kept(command.data, tmp_path / "prices.csv", tmp_path / "holdings.csv", "longley"))
    imported = command("import", "factors", tmp_path / "longley.csv", "--id", "longley", "--json")
    assert (imported.json["factors"], imported.json["periods"], imported.json["frequency"]) == (names, 16, "monthly")
    ran = command("factors", "--portfolio-id", "longley", "--file", tmp_path / "longley.csv", "--json")
    assert ran.code == 0, ran.err
    (asset,) = ran.json["assets"]
    certified = [15.0618722713733, -0.035819179292591, -2.02022980381683, -1.03322686717359, -0.0511041056535807]
    deviations = [84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675, 0.22607320006937]
    told = [1e6 * each["coefficient"] for each in asset["coefficients"]]
    assert told == pytest.approx([*certified, 1829.15146461355], rel=1e-7)
    errors = [1e6 * each["standard_error"] for each in asset["coefficients"]]
    assert errors == pytest.approx([*deviations, 455.478499142212], rel=1e-7)
    assert 1e6 * asset["alpha"] / 12.0 == pytest.approx(-3482258.63459582, rel=1e-7)
    assert asset["r_squared"] == pytest.approx(0.995479004577296, rel=1e-9)
