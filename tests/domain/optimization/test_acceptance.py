"""What shows to be wrong with a problem before anybody solves it, for every plugin that can tell."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.domain.errors import InvalidInput, MethodCrashed, Path, ResourcesExhausted
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market, Needs
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.optimization.acceptance import accept
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.kinds import OBJECTIVES
from tangency.domain.optimization.method import Capabilities, NoOptions, OptimizationMethod
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.problem import Problem

PLUGINS = EntryPointPlugins()
NAMES = ("A", "B", "C")
ROWS = 0.01 * np.random.default_rng(1).normal(size=(24, 3))
UNIVERSE = Universe((Asset("A", "x"), Asset("B", "x"), Asset("C", "y")))
SHARES = {"A": 0.5, "B": 0.3, "C": 0.2}
STRANGE = {**SHARES, "Z": 0.1}
LOADINGS = {"value": {"A": 1.0, "B": 0.5, "C": 0.0}}
RISKY = {"loadings": LOADINGS, "covariance": {"value": {"value": 0.04}}, "specific": dict.fromkeys(NAMES, 0.01)}
INDEFINITE = [[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
SCENARIO = {"name": "crisis", "expected_returns": {"A": 0.1}}
SHORT = {"factors": {"value": [0.01, 0.02]}}


def problem(method: str, objective: str, options: dict[str, Any], **market: Any) -> Problem:
    return Problem(
        Market(UNIVERSE, returns=Returns(UNIVERSE, ROWS), **market),
        OBJECTIVES[objective](),
        (Budget(), LongOnly()),
        method,
        options,
    )


def places(asked: Problem) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        accept(asked, PLUGINS)
    return [".".join(map(str, fault.path)) for fault in caught.value.faults]


def chosen(name: str, **options: Any) -> EstimatorChoice:
    return EstimatorChoice(name, options)


ROBUST = ("robust_optimization", "MAX_UTILITY")
FACTORS = ("factor_based", "MIN_VOLATILITY")
PARITY = ("risk_parity", "RISK_PARITY")
STACKED = ("stacking", "MIN_VOLATILITY")


@pytest.mark.parametrize(
    ("asked", "options", "place"),
    [
        (PARITY, {"budgets": STRANGE}, "budgets.Z"),
        (PARITY, {"budgets": {"A": 1.0}}, "budgets"),
        (PARITY, {"sector_budgets": {"x": 1.0, "y": 1.0, "z": 1.0}}, "sector_budgets.z"),
        (PARITY, {"factor_budgets": {"value": 0.4}}, "factor_budgets"),
        (PARITY, {"signs": {"Z": -1}}, "signs.Z"),
        (ROBUST, {"mean_uncertainty": {"shape": [[1.0]]}}, "mean_uncertainty.shape"),
        (ROBUST, {"mean_uncertainty": {"kind": "box", "half_width": STRANGE}}, "mean_uncertainty.half_width"),
        (ROBUST, {"mean_uncertainty": {"kind": "box", "half_width": -0.1}}, "mean_uncertainty.half_width"),
        (ROBUST, {"mean_uncertainty": {"kind": "box"}}, "mean_uncertainty.half_width"),
        (ROBUST, {"mean_uncertainty": {"center": {"A": 0.1}}}, "mean_uncertainty.center"),
        (ROBUST, {"covariance_uncertainty": {"half_width": {"A": SHARES}}}, "covariance_uncertainty.half_width"),
        (
            ROBUST,
            {"covariance_uncertainty": {"center": INDEFINITE, "half_width": 0.1}},
            "covariance_uncertainty.center",
        ),
        (ROBUST, {"covariance_uncertainty": {"shape": INDEFINITE}}, "covariance_uncertainty.shape"),
        (ROBUST, {"scenarios": [SCENARIO]}, "scenarios.0.expected_returns"),
        (ROBUST, {"scenarios": [{"name": "one"}, {"name": "one"}]}, "scenarios"),
        (ROBUST, {"wasserstein_radius": 0.1}, "wasserstein_radius"),
        (FACTORS, {"model": {"loadings": {"value": {"A": 1.0}}}}, "model.loadings.value"),
        (FACTORS, {"model": {"loadings": LOADINGS}, "target_exposures": {"size": 0.1}}, "target_exposures.size"),
        (FACTORS, {"model": {"loadings": LOADINGS}, "risk_budgets": {"value": 0.5}}, "risk_budgets"),
        (FACTORS, {"model": RISKY, "risk_budgets": {"value": 0.5, "specific": 0.1}}, "risk_budgets"),
        (FACTORS, {"target_exposures": {"value": 0.1}}, "target_exposures"),
        (FACTORS, {"factor_returns": SHORT}, "factor_returns.factors.value"),
        (
            FACTORS,
            {"factor_returns": {"source": "fama_french_3", "first_month": "2018-10"}},
            "factor_returns.first_month",
        ),
        (FACTORS, {"components": 4}, "components"),
        (FACTORS, {"benchmark": {"A": 1.0}}, "benchmark"),
        (("factor_based", "MAX_SHARPE"), {"benchmark": SHARES}, "benchmark"),
        (("black_litterman", "MAX_SHARPE"), {"views": ["garbage"]}, "views.0"),
        (("black_litterman", "MULTI_OBJECTIVE"), {"objectives": [{"name": "esg"}]}, "objectives.0.name"),
        (("multi_objective", "MULTI_OBJECTIVE"), {"objectives": [{"name": "cost"}]}, "objectives.0"),
        (("mean_variance", "MULTI_OBJECTIVE"), {"score_limits": {"esg": {"minimum": 1.0}}}, "score_limits.esg"),
        (("mean_variance", "MAX_SHARPE"), {"transaction_cost": 0.001}, "transaction_cost"),
        (("mean_risk", "MIN_RISK"), {"probabilities": [0.5, 0.5]}, "probabilities"),
        (("mean_risk", "MIN_RISK"), {"risk_limits": {"var": {"limit": 0.1, "confidence_level": 0.5}}}, "var_method"),
        (("maximum_growth", "MAX_RETURN"), {"probabilities": [0.5] * 24}, "probabilities"),
        (("tracking_error", "MIN_RISK"), {}, "benchmark"),
        (("hierarchical_equal_risk_contribution", "RISK_PARITY"), {"clusters": 4}, "clusters"),
        (("nested_clusters_optimization", "RISK_PARITY"), {"clusters": 4}, "clusters"),
        (STACKED, {"methods": [{"method": "mean_varience"}]}, "methods.0.method"),
        (STACKED, {"methods": [{"method": "mean_variance", "options": {"cost": 1}}]}, "methods.0.options.cost"),
        (
            STACKED,
            {"methods": [{"method": "risk_parity", "options": {"budgets": STRANGE}}]},
            "methods.0.options.budgets.Z",
        ),
        (STACKED, {"final": {"method": "risk_parity", "options": {"signs": {"A": 1}}}}, "final.objective"),
        (("subset_resampling", "MIN_VOLATILITY"), {"method": {"method": "tracking_error"}}, "method.objective"),
        (("riskfolio", "RISK_PARITY"), {"budgets": {"A": 1.0}}, "budgets"),
        (("pypfopt", "MAX_SHARPE"), {"model": "black_litterman", "views": {"Z": 0.1}}, "views.Z"),
        (("rebalancing", "MIN_VOLATILITY"), {"benchmark": STRANGE}, "benchmark"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_at_their_place(
    asked: tuple[str, str], options: dict[str, Any], place: str
) -> None:
    assert places(problem(*asked, options)) == [f"method_options.{place}"]


@pytest.mark.parametrize(
    ("word", "choice", "place"),
    [
        ("mean_estimator", chosen("capm", market_weights={"A": 1.0}), "options.market_weights"),
        ("mean_estimator", chosen("capm", benchmark="Z"), "options.benchmark"),
        ("mean_estimator", chosen("capm", benchmark=[0.1, 0.2]), "options.benchmark"),
        ("mean_estimator", chosen("equilibrium", market_weights=STRANGE), "options.market_weights"),
        ("mean_estimator", chosen("factor_regression", **SHORT), "options.factors.value"),
        ("covariance_estimator", chosen("time_series_factor", **SHORT), "options.factors.value"),
        ("covariance_estimator", chosen("statistical_factor", count=4), "options.count"),
        ("covariance_estimator", chosen("implied_volatility", volatilities={"A": 0.1}), "options.volatilities"),
        (
            "prior",
            chosen("opinion_pooling", opinions=[{"weight": 1, "views": ["Z = 1"]}]),
            "options.opinions.0.views.0",
        ),
    ],
)
def test_options_of_estimators_are_refused_at_their_place(word: str, choice: EstimatorChoice, place: str) -> None:
    asked = problem("mean_variance", "MAX_SHARPE", {}, **{word: choice})
    spelled = {"mean_estimator": "expected_return_estimator"}.get(word, word)
    assert places(asked) == [f"risk_parameters.{spelled}.{place}"]


def test_an_estimator_of_rows_is_not_given_moments_or_rows_with_weights() -> None:
    wolf, gaps = chosen("ledoit_wolf"), ROWS.copy()
    gaps[0, 0] = np.nan
    asked = problem("mean_variance", "MIN_VOLATILITY", {}, covariance_estimator=wolf)
    accept(asked, PLUGINS)
    gappy = replace(asked.market, returns=Returns(UNIVERSE, gaps), missing_data="pairwise")
    assert places(replace(asked, market=gappy)) == ["risk_parameters.missing_data"]
    accept(
        replace(asked, market=replace(gappy, covariance=np.eye(3))), EntryPointPlugins()
    )  # nothing is estimated by it
    weighed = replace(asked.market, prior=chosen("entropy_pooling", views=["A >= 0.01"]))
    assert places(replace(asked, market=weighed)) == ["risk_parameters"]


def test_figures_and_gaps_that_bear_no_estimate_are_refused_with_the_market() -> None:
    market, nothing = problem("mean_variance", "MIN_VOLATILITY", {}).market, np.full((24, 3), np.nan)
    nothing[np.arange(24), np.arange(24) % 3] = 0.01
    market.check(Needs())
    with pytest.raises(InvalidInput, match="not positive semidefinite"):
        replace(market, covariance=np.array(INDEFINITE)).check(Needs())
    with pytest.raises(InvalidInput, match="0 of 24 rows are complete"):
        replace(market, returns=Returns(UNIVERSE, nothing)).check(Needs())


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        (("mean_risk", "MIN_RISK"), {}),
        (("mean_risk", "MAX_SHARPE"), {"risk_limits": {"max_drawdown": 0.2}}),
        (("maximum_growth", "MAX_RETURN"), {}),
        (STACKED, {}),
        (("subset_resampling", "MIN_VOLATILITY"), {"periods": "bootstrap"}),
        (("robust_optimization", "MIN_RISK"), {"wasserstein_radius": 0.1}),
        (("hierarchical_risk_parity", "RISK_PARITY"), {"codependence": "spearman"}),
        (("hierarchical_equal_risk_contribution", "RISK_PARITY"), {"risk_measure": "cvar"}),
    ],
)
def test_what_takes_scenarios_is_refused_without_returns(asked: tuple[str, str], options: dict[str, Any]) -> None:
    whole = problem(*asked, options)
    accept(whole, PLUGINS)
    assert places(replace(whole, market=replace(whole.market, returns=None))) == ["strategies"]


def test_figures_that_are_neither_given_nor_estimable_are_refused_with_the_market() -> None:
    market = Market(UNIVERSE, returns=Returns(Universe.of(["A", "B"]), ROWS[:, :2]))
    for lacking in (market, replace(market, returns=None)):
        with pytest.raises(InvalidInput, match=r"risk_parameters.covariance: is missing"):
            lacking.check(Needs())
    with pytest.raises(InvalidInput, match=r"strategies.2.expected_return: is missing"):
        replace(market, covariance=np.eye(3)).check(Needs())
    replace(market, covariance=np.eye(3)).check(Needs(mean=False))


def test_smallest_positions_are_refused_where_nothing_searches_for_them() -> None:
    asked = problem("mean_variance", "RISK_PARITY", {})
    small = replace(asked, constraints=(*asked.constraints, MinimumPosition(0.1)))
    assert places(small) == ["constraints.min_position_size"]


class Stumbling:
    """A stranger's method whose check is broken."""

    name = "stumbling"
    citation = "Nobody (2020)."
    capabilities = Capabilities(rule=True)
    options: type = NoOptions
    error: BaseException = KeyError("esg")

    def check(self, asked: Problem, options: object) -> None:
        raise self.error

    def solve(self, asked: Problem, estimates: object, options: object) -> Any:
        raise AssertionError("it is not asked")


class OnlyStumbling(EntryPointPlugins):
    def find_method(self, name: str) -> OptimizationMethod:
        return Stumbling()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("esg"), "raised KeyError: 'esg'."),
        (SystemExit(3), "raised SystemExit: 3."),
        (ValueError("No score of 'A'."), "raised ValueError: No score of 'A'."),
        (RuntimeError(), "raised RuntimeError."),
    ],
)
def test_a_check_that_breaks_is_the_methods_mistake_and_nobody_elses(
    error: BaseException, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stumbling, "error", error)
    with pytest.raises(MethodCrashed) as caught:
        accept(problem("stumbling", "MIN_VOLATILITY", {}), OnlyStumbling())
    assert str(caught.value) == f"the check of method 'stumbling' {told} Its author should hear of it."


def test_a_check_that_outgrows_the_memory_is_told_as_a_solve_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stumbling, "error", MemoryError())
    with pytest.raises(ResourcesExhausted, match=r"the check of method 'stumbling' ran out of memory\. Ask for fewer"):
        accept(problem("stumbling", "MIN_VOLATILITY", {}), OnlyStumbling())


def test_what_is_blocked_is_blocked_inside_of_methods_too() -> None:
    path: Path = ("method_options", "methods", 0, "method")
    asked = problem(*STACKED, {"methods": [{"method": "mean_variance"}]})
    with pytest.raises(InvalidInput) as caught:
        accept(asked, EntryPointPlugins(blocked=["mean_variance"]))
    assert caught.value.faults[0].path == path
