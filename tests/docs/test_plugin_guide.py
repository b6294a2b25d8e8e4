"""What the guide for plugin authors shows is run: its method, its estimator, its project file and its request."""

import json
import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.contracts import LAWS, check
from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.acceptance import accept
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.kinds import read_objective, written
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.plain_values import as_lists
from tests.architecture.source_tree import REPOSITORY
from tests.support.distributions import Distribution
from tests.support.posed import answer, posed

GUIDE = (REPOSITORY / "docs" / "plugins.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EntryPointPlugins:
    method, _, _, _, estimator, prior = blocks("python")
    project = tomllib.loads(blocks("toml")[0])["project"]
    points = project["entry-points"]["tangency.methods"]
    methods = {name: target.partition(":")[2] for name, target in points.items()}
    estimators, module = {"median": "Median", "recent": "Recent"}, f"{method}\n{estimator}\n{prior}"
    Distribution(project["name"], module, methods, estimators, project["version"]).install(tmp_path, monkeypatch)
    return EntryPointPlugins()


def test_the_method_shown_obeys_every_law(shown: EntryPointPlugins) -> None:
    report = check(shown.find_method("uncorrelated_minimum"), examples=15)
    assert report.passed, report.text


def test_the_check_shown_refuses_at_the_door() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[1], scope)  # noqa: S102 - our own guide
    check_of, asked = scope["WithinBudgets"]().check, posed(np.eye(2))
    check_of(asked, SimpleNamespace(budgets={"A": 0.5}))
    for budgets, place in (({"C": 0.5}, ("budgets", "C")), ({"A": 1.5}, ("budgets",))):
        with pytest.raises(InvalidInput) as caught:
            check_of(asked, SimpleNamespace(budgets=budgets))
        assert caught.value.faults[0].path == ("method_options", *place)


def test_the_suite_shown_is_the_one_that_exists() -> None:
    scope: dict[str, object] = {}
    exec(blocks("python")[2], scope)  # noqa: S102 - our own guide
    assert "TestUncorrelatedMinimum" in scope


def test_the_estimator_shown_loads_and_estimates(shown: EntryPointPlugins) -> None:
    rows = np.array([[0.01, 0.0], [0.02, 0.1], [0.09, -0.1]])
    estimator = shown.find_estimator("median")
    sample, unused = Scenarios(Universe.of(["A", "B"]), rows, None, 12.0), DenseCovariance.of(np.eye(2))
    assert estimator.mean(sample, unused, NoOptions()) == pytest.approx([0.24, 0.0])
    assert estimator.covariance(sample, NoOptions()) is None


def test_the_prior_shown_weighs_rows_and_is_refused_beside_an_estimator_that_cannot(shown: EntryPointPlugins) -> None:
    rows, universe = np.array([[0.01, 0.0], [0.02, 0.1], [0.09, -0.1]]), Universe.of(["A", "B"])
    prior = shown.find_estimator("recent")
    made = prior.scenarios(Scenarios(universe, rows), shown.bind_options(prior.options, {"half_life": 1}))
    assert made is not None
    assert made.weights == pytest.approx([1 / 7, 2 / 7, 4 / 7])

    market = Market(universe, returns=Returns(universe, rows), prior=EstimatorChoice("recent"))
    accept(Problem(market, MinimumVolatility(), (Budget(), LongOnly()), "mean_variance"), shown)
    picky = replace(market, covariance_estimator=EstimatorChoice("ledoit_wolf"))
    with pytest.raises(InvalidInput, match="'ledoit_wolf' cannot weigh scenarios by probabilities"):
        accept(Problem(picky, MinimumVolatility(), (Budget(), LongOnly()), "mean_variance"), shown)


def test_the_expression_shown_obeys_every_law() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[3], scope)  # noqa: S102 - our own guide
    report = check(scope["Cautious"](), examples=5)
    assert report.passed, report.text


def test_the_request_shown_has_the_weights_told() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[0], scope)  # noqa: S102 - our own guide
    method, request = scope["UncorrelatedMinimum"](), json.loads(blocks("json")[0])
    assert request["method"] == method.name
    weights = answer(posed(request["risk_parameters"]["covariance"]["values"]), method).weights
    assert weights is not None
    assert " and ".join(f"{weight:.2%}".replace("%", " %") for weight in weights) in GUIDE


def test_the_reading_shown_is_an_aim_that_travels() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python reading")[0], scope)  # noqa: S102 - our own guide
    aim = scope["reading"].objective
    assert read_objective(written(aim, as_lists), ("objective",)) == aim


def test_every_capability_is_in_the_table() -> None:
    table = GUIDE.partition("## Capabilities")[2].partition("## Options")[0]
    told = [name for line in table.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)]
    assert told == [field.name for field in fields(Capabilities)]


def test_every_law_is_in_the_table() -> None:
    table = GUIDE.partition("## The laws")[2].partition("## Estimators")[0]
    assert re.findall(r"^\| (\w+) \|", table, flags=re.MULTILINE) == ["law", *LAWS]
