"""The steps in one process: what an answer says about itself, and whose fault a crash is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.in_process import solve
from tangency.domain.errors import InvalidInput, MethodCrashed, ResourcesExhausted, Unsupported
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Origin
from tests.support.evil_plugins import EVIL

UNIVERSE = Universe.of(["A", "B", "C"])
ROWS = np.random.default_rng(5).normal(0.001, 0.01, size=(60, 3))
COVARIANCE = np.diag([0.04, 0.09, 0.16])


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EntryPointPlugins]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        EVIL.install(tmp_path_factory.mktemp("evil"), monkeypatch)
        yield EntryPointPlugins()


def given(method: str = "mean_variance", **changes: Any) -> Problem:
    market = Market(UNIVERSE, covariance=COVARIANCE)
    return replace(Problem(market, MinimumVolatility(), (Budget(), LongOnly()), method), **changes)


def estimated(**choices: EstimatorChoice) -> Problem:
    return given(market=Market(UNIVERSE, returns=Returns(UNIVERSE, ROWS), **choices))  # type: ignore[arg-type]


def test_an_answer_says_how_it_came_about(plugins: EntryPointPlugins) -> None:
    problem = given()
    provenance = solve(problem, plugins).provenance
    assert provenance is not None
    assert provenance.problem_hash == content_hash(problem)
    assert provenance.method == Origin("mean_variance", "tangency", plugins.origin("mean_variance").version)
    assert provenance.sources.covariance == "given"
    assert provenance.tolerance == problem.solver.tolerance
    assert provenance.attempts
    assert {"python", "tangency", "numpy", "piqp", "clarabel", "highspy"} <= set(provenance.versions)


class Counting(EntryPointPlugins):
    """Remembers which methods were looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def find_method(self, name: str) -> OptimizationMethod:
        self.asked.append(name)
        return super().find_method(name)


def test_a_method_is_looked_up_once() -> None:
    plugins = Counting()
    solve(given(), plugins)
    assert plugins.asked == ["mean_variance"]


def test_estimators_are_named_in_the_answer(plugins: EntryPointPlugins) -> None:
    problem = estimated(covariance_estimator=EstimatorChoice("EWMA", {"half_life": 20}))
    provenance = solve(replace(problem, objective=MaximumSharpe()), plugins).provenance
    assert provenance is not None
    sources = provenance.sources
    assert (sources.covariance_estimator, sources.mean_estimator) == ("ewma", "sample")


@pytest.mark.parametrize("name", ["equal_weight", "EQUAL_WEIGHT", "inverse_volatility"])
def test_a_rule_is_feasible_and_claims_no_gap(name: str, plugins: EntryPointPlugins) -> None:
    solution = solve(given(name), plugins)
    assert solution.status is Status.FEASIBLE
    assert solution.certificate is not None
    assert solution.certificate.duality_gap is None


def test_a_rule_whose_weights_break_a_constraint_refuses_it(plugins: EntryPointPlugins) -> None:
    with pytest.raises(Unsupported, match=r"at most 0\.3") as caught:
        solve(given("equal_weight", constraints=(Budget(), MaximumWeight(0.3))), plugins)
    assert caught.value.faults[0].path == ("constraints", "max_weight")


def test_an_objective_that_a_method_does_not_have_is_refused_before_anything_is_estimated(
    plugins: EntryPointPlugins,
) -> None:
    with pytest.raises(Unsupported, match="'MAX_SHARPE' is not an objective of method 'raises'"):
        solve(given("raises", objective=MaximumSharpe(), market=Market(UNIVERSE)), plugins)


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        ({"covariance_estimator": EstimatorChoice("evma")}, ("risk_parameters", "covariance_estimator")),
        (
            {"covariance_estimator": EstimatorChoice("ewma", {"halflife": 3})},
            ("risk_parameters", "covariance_estimator", "options", "halflife"),
        ),
        (
            {"covariance_estimator": EstimatorChoice("ewma", {"half_life": 0})},
            ("risk_parameters", "covariance_estimator", "options", "half_life"),
        ),
    ],
    ids=["name", "option", "value"],
)
def test_a_wrong_estimator_or_option_is_refused_where_it_stands(
    choice: dict[str, EstimatorChoice], path: tuple[str, ...], plugins: EntryPointPlugins
) -> None:
    with pytest.raises(InvalidInput) as caught:
        solve(estimated(**choice), plugins)
    assert caught.value.faults[0].path == path


def test_a_method_that_raises_is_named_with_its_distribution(plugins: EntryPointPlugins) -> None:
    with pytest.raises(MethodCrashed, match=r"method 'raises' of distribution 'evil-methods' 1\.2\.3 raised Zero"):
        solve(given("raises"), plugins)
    with pytest.raises(ResourcesExhausted, match="method 'memory_error'"):
        solve(given("memory_error"), plugins)


def test_an_estimator_of_the_wrong_shape_is_named(plugins: EntryPointPlugins) -> None:
    problem = replace(estimated(mean_estimator=EstimatorChoice("crashing")), objective=MaximumSharpe())
    with pytest.raises(MethodCrashed, match=r"estimator 'crashing' .* moments of shape \(1,\); \(3,\) was promised"):
        solve(problem, plugins)


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("wrong_shape", "'wrong_shape' gives 4 weights for 3 names"),
        ("matrix", "'matrix' gives 2 x 2 weights for 3 names"),
        ("not_a_number", "'not_a_number' gives 'A' the weight nan, which is not a finite number"),
    ],
)
def test_weights_that_are_none_are_told_in_the_name_of_the_method(
    plugins: EntryPointPlugins, method: str, told: str
) -> None:
    solution = solve(given(method), plugins)
    assert solution.status is Status.NUMERICAL_ERROR
    assert solution.message == f"Method {told}. Its author should hear of it."
