"""Portfolios by their exposures to factors: against cvxpy, by hand, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.entry_points.options import bind_options
from tangency.adapters.solving.conclusion import conclude
from tangency.adapters.solving.in_process import proposed, solve
from tangency.adapters.solving.wire import pack_proposed, unpack
from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.document import from_document, to_document
from tangency.domain.optimization.factor_exposure import ExposureCap, ExposureFloor, ExposureTarget
from tangency.domain.optimization.kinds import read_constraints, written
from tangency.domain.optimization.objective import MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.domain.plain_values import as_buffer
from tangency.plugins.factor_based import FactorBasedOptions
from tests.support.samples import stock_returns

PLUGINS = EntryPointPlugins()
ROWS = stock_returns(500)[:, :10]
NAMES = [f"S{i}" for i in range(10)]
UNIVERSE = Universe.of(NAMES)
MARKET = Market(UNIVERSE, returns=Returns(UNIVERSE, ROWS))
FACTORS = {"MKT": ROWS.mean(axis=1).tolist(), "SPREAD": (ROWS[:, 0] - ROWS[:, 5] + 0.5 * ROWS[:, 3]).tolist()}
BY_RETURNS = {"factor_returns": {"factors": FACTORS}}
LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())


def model() -> tuple[Matrix, Matrix, Vector]:
    """Loadings, factor covariance and specific variances, by least squares without any code of the product."""
    factors = np.array(list(FACTORS.values())).T
    design = np.column_stack([np.ones(len(ROWS)), factors])
    slopes, *_ = np.linalg.lstsq(design, ROWS, rcond=None)
    left = ROWS - design @ slopes
    return slopes[1:].T, 252 * np.cov(factors.T), 252 * left.var(axis=0, ddof=1)


LOADINGS, SPREAD, OWN = model()
COVARIANCE = LOADINGS @ SPREAD @ LOADINGS.T + np.diag(OWN)


def problem(
    options: dict[str, Any], objective: Objective | None = None, limits: tuple[Constraint, ...] = LONG_ONLY
) -> Problem:
    return Problem(MARKET, objective or MinimumVolatility(), limits, "factor_based", options)


def answered(
    options: dict[str, Any], objective: Objective | None = None, limits: tuple[Constraint, ...] = LONG_ONLY
) -> Solution:
    return solve(problem(options, objective, limits), PLUGINS)


def proven(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    assert solution.weights is not None
    return solution.weights


class TestContract(MethodContract):
    method = "factor_based"
    examples = 15


class TestExposures:
    @pytest.mark.parametrize("tolerance", [0.0, 0.05])
    def test_the_least_volatile_with_the_exposures_is_cvxpys(self, tolerance: float) -> None:
        cp = pytest.importorskip("cvxpy")
        targets = {"MKT": {"target": 0.8, "tolerance": tolerance}, "SPREAD": {"target": 0.1, "tolerance": tolerance}}
        limits = (*LONG_ONLY, MaximumWeight(0.4))
        ours = proven(answered({**BY_RETURNS, "target_exposures": targets}, limits=limits))
        x = cp.Variable(10)
        asked = [cp.sum(x) == 1, x >= 0, x <= 0.4, cp.abs(LOADINGS.T @ x - [0.8, 0.1]) <= tolerance]
        cp.Problem(cp.Minimize(cp.quad_form(x, cp.psd_wrap(COVARIANCE))), asked).solve(
            solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
        )
        assert np.sqrt(ours @ COVARIANCE @ ours) == pytest.approx(np.sqrt(x.value @ COVARIANCE @ x.value), rel=1e-8)
        np.testing.assert_allclose(LOADINGS.T @ ours, [0.8, 0.1], atol=tolerance + 1e-9)

    @pytest.mark.parametrize("objective", [MaximumSharpe(0.01), MaximumUtility(3.0)])
    def test_every_objective_keeps_them(self, objective: Objective) -> None:
        options = {**BY_RETURNS, "target_exposures": {"MKT": 0.9}}
        limits = (Budget(), MinimumWeight(-0.2), TurnoverLimit(0.6, (0.1,) * 10), TargetVolatility(0.3))
        weights = proven(answered(options, objective, limits))
        assert LOADINGS[:, 0] @ weights == pytest.approx(0.9)

    def test_the_answer_says_what_the_exposures_are_and_which_limit_binds(self) -> None:
        targets = {"MKT": {"target": 0.6, "tolerance": 0.02}}
        solution = answered({**BY_RETURNS, "target_exposures": targets})
        weights = proven(solution)
        exposures = solution.findings["factor_exposures"]
        assert exposures == pytest.approx(dict(zip(FACTORS, LOADINGS.T @ weights, strict=True)))
        assert solution.risk is not None
        assert solution.risk.by_factor is not None
        assert list(solution.risk.by_factor) == ["MKT", "SPREAD", "specific"]
        assert solution.why is not None
        unbound = answered(BY_RETURNS)
        free = unbound.findings["factor_exposures"]
        side = "at_least" if free["MKT"] < 0.58 else "at_most"  # type: ignore[index]
        assert f"method_options.target_exposures.MKT.{side}" in [b.constraint for b in solution.why.binding]

    def test_exposures_that_no_portfolio_has_are_explained(self) -> None:
        solution = answered({**BY_RETURNS, "target_exposures": {"MKT": {"target": 9.0, "tolerance": 0.1}}})
        assert solution.status is Status.INFEASIBLE
        assert solution.infeasibility is not None
        ids = {member.constraint for member in solution.infeasibility.conflict}
        assert "method_options.target_exposures.MKT.at_least" in ids

    def test_without_anything_asked_it_is_mean_variance(self) -> None:
        plain = solve(replace(problem({}), method="mean_variance"), PLUGINS)
        np.testing.assert_allclose(proven(answered({})), proven(plain), atol=1e-9)

    def test_a_target_return_stays_one_of_the_means_given(self) -> None:
        mean = 252 * ROWS.mean(axis=0)
        floor = float(np.sort(mean)[-3])
        limits = (*LONG_ONLY, TargetReturn(floor))
        benchmark = dict.fromkeys(NAMES, 0.1)
        weights = proven(answered({"benchmark": benchmark}, limits=limits))
        assert mean @ weights >= floor - 1e-9


class TestModels:
    def stated(self) -> dict[str, Any]:
        names = list(FACTORS)
        return {
            "loadings": {f: dict(zip(NAMES, LOADINGS[:, k].tolist(), strict=True)) for k, f in enumerate(names)},
            "covariance": {f: dict(zip(names, SPREAD[k].tolist(), strict=True)) for k, f in enumerate(names)},
            "specific": dict(zip(NAMES, OWN.tolist(), strict=True)),
        }

    def test_a_model_in_figures_is_the_one_that_returns_give(self) -> None:
        targets = {"target_exposures": {"MKT": 0.8}}
        by_figures = proven(answered({"model": self.stated(), **targets}))
        by_returns = proven(answered({**BY_RETURNS, **targets}))
        np.testing.assert_allclose(by_figures, by_returns, atol=1e-7)

    def test_an_estimators_own_factors_are_there_without_a_word(self) -> None:
        choice = EstimatorChoice("time_series_factor", {"factors": FACTORS})
        asked = replace(
            problem({"target_exposures": {"MKT": 0.8}}), market=replace(MARKET, covariance_estimator=choice)
        )
        by_returns = proven(answered({**BY_RETURNS, "target_exposures": {"MKT": 0.8}}))
        np.testing.assert_allclose(proven(solve(asked, PLUGINS)), by_returns, atol=1e-7)

    def test_loadings_alone_leave_the_risk_as_estimated(self) -> None:
        loadings = {"loadings": {"QUALITY": dict(zip(NAMES, np.linspace(0, 1, 10).tolist(), strict=True))}}
        solution = answered({"model": loadings, "target_exposures": {"QUALITY": 0.5}})
        weights = proven(solution)
        sigma = np.sqrt(weights @ (252 * np.cov(ROWS.T)) @ weights)
        assert solution.expected_volatility == pytest.approx(sigma)
        assert np.linspace(0, 1, 10) @ weights == pytest.approx(0.5)

    def test_components_are_factors(self) -> None:
        solution = answered({"components": 2, "target_exposures": {"PC2": 0.0}})
        assert list(solution.findings["factor_exposures"]) == ["PC1", "PC2"]  # type: ignore[call-overload]
        assert solution.findings["factor_exposures"]["PC2"] == pytest.approx(0.0, abs=1e-9)  # type: ignore[index]


class TestTracking:
    def test_the_least_tracking_error_is_cvxpys(self) -> None:
        cp = pytest.importorskip("cvxpy")
        benchmark = np.arange(1.0, 11.0) / 55
        options = {
            **BY_RETURNS,
            "benchmark": dict(zip(NAMES, benchmark.tolist(), strict=True)),
            "target_exposures": {"SPREAD": 0.15},
        }
        solution = answered(options)
        x = cp.Variable(10)
        asked = [cp.sum(x) == 1, x >= 0, LOADINGS[:, 1] @ x == 0.15]
        cp.Problem(cp.Minimize(cp.quad_form(x - benchmark, cp.psd_wrap(COVARIANCE))), asked).solve(
            solver="CLARABEL", tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
        )
        apart = x.value - benchmark
        assert solution.findings["tracking_error"] == pytest.approx(np.sqrt(apart @ COVARIANCE @ apart), rel=1e-6)
        np.testing.assert_allclose(proven(solution), x.value, atol=1e-5)

    def test_a_benchmark_within_the_limits_is_held(self) -> None:
        benchmark = np.arange(1.0, 11.0) / 55
        solution = answered({"benchmark": dict(zip(NAMES, benchmark.tolist(), strict=True))})
        np.testing.assert_allclose(proven(solution), benchmark, atol=1e-6)


class TestBudgets:
    def shares(self, weights: Vector) -> dict[str, float]:
        exposures = LOADINGS.T @ weights
        parts = exposures * (SPREAD @ exposures)
        whole = weights @ COVARIANCE @ weights
        return {"MKT": parts[0] / whole, "SPREAD": parts[1] / whole, "specific": OWN @ weights**2 / whole}

    @pytest.mark.parametrize("budgets", [{"MKT": 0.7}, {"MKT": 0.6, "SPREAD": 0.1}, {"specific": 0.15}])
    def test_budgets_that_can_be_met_are(self, budgets: dict[str, float]) -> None:
        solution = answered({**BY_RETURNS, "risk_budgets": budgets}, limits=(Budget(), MinimumWeight(-0.3)))
        assert solution.status is Status.FEASIBLE
        assert solution.weights is not None
        assert solution.findings["budgets_met"] is True
        found = self.shares(solution.weights)
        for name, budget in budgets.items():
            assert found[name] == pytest.approx(budget, abs=1e-8)

    def test_budgets_out_of_reach_come_with_their_deviation(self) -> None:
        solution = answered({**BY_RETURNS, "risk_budgets": {"SPREAD": 0.9}}, limits=(*LONG_ONLY, MaximumWeight(0.2)))
        assert solution.status is Status.FEASIBLE
        assert solution.weights is not None
        assert solution.findings["budgets_met"] is False
        deviation = abs(self.shares(solution.weights)["SPREAD"] - 0.9)
        assert solution.findings["budget_deviation"] == pytest.approx(deviation, rel=1e-6)
        rng = np.random.default_rng(0)
        tried = rng.dirichlet(np.full(10, 0.4), 20_000)
        allowed = tried[tried.max(axis=1) <= 0.2]
        best = max(self.shares(weights)["SPREAD"] for weights in allowed)
        assert self.shares(solution.weights)["SPREAD"] >= best - 1e-6

    def test_limits_that_contradict_each_other_are_infeasible(self) -> None:
        solution = answered({**BY_RETURNS, "risk_budgets": {"MKT": 0.5}}, limits=(*LONG_ONLY, MaximumWeight(0.05)))
        assert solution.status is Status.INFEASIBLE


def test_an_answer_is_judged_alike_in_another_process() -> None:
    for options in (
        {**BY_RETURNS, "target_exposures": {"MKT": {"target": 0.8, "tolerance": 0.01}, "SPREAD": 0.1}},
        {"benchmark": dict.fromkeys(NAMES, 0.1), "components": 2},
    ):
        asked = from_document(to_document(problem(options)))
        found = proposed(asked, PLUGINS)
        there = conclude(asked, unpack(asked, pack_proposed(asked, found)), PLUGINS)
        here = conclude(asked, found, PLUGINS)
        assert there.status is Status.OPTIMAL
        assert there.certificate is not None
        assert here.certificate is not None
        assert there.certificate.violations == pytest.approx(here.certificate.violations, abs=1e-14)
        assert there.certificate.objective == pytest.approx(here.certificate.objective, abs=1e-14)
        assert there.certificate.spectrum == here.certificate.spectrum


@pytest.mark.parametrize("kind", [ExposureFloor, ExposureCap, ExposureTarget])
def test_a_limit_of_exposure_survives_its_document(kind: type[ExposureFloor | ExposureCap | ExposureTarget]) -> None:
    limit = kind(0.5, "MKT", (0.9, 1.1))
    assert read_constraints([written(limit, as_buffer)], ()) == (limit,)
    assert "exposure to MKT is" in limit.sentence()
    wrong = limit.faults(Universe.of(["A", "B", "C"]))
    assert [fault.detail for fault in wrong] == ["has 2 loadings for 3 names; give one for each."]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"components": 0}, ("components",)),
        ({"components": 2, **BY_RETURNS}, ("components",)),
        ({"risk_budgets": {"MKT": -0.1}}, ("risk_budgets", "MKT")),
        ({"risk_budgets": {"MKT": 0.7, "HML": 0.4}}, ("risk_budgets",)),
        ({"risk_budgets": {"MKT": 0.7}, "benchmark": {}}, ("benchmark",)),
        ({"model": {"loadings": {}}}, ("model",)),
        ({"model": {"loadings": {"MKT": {}}, "specific": {}}}, ("model",)),
        ({"factor_returns": {}}, ("factor_returns",)),
        ({"target_exposures": {"MKT": {"target": 1.0, "tolerance": -1.0}}}, ("target_exposures", "...")),
    ],
)
def test_options_without_a_meaning_are_refused_in_their_place(options: dict[str, Any], path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        bind_options(FactorBasedOptions, options, ("method_options",))
    assert caught.value.faults[0].path == ("method_options", *path)


ALONE = {"model": {"loadings": {"MKT": dict.fromkeys(NAMES, 1.0)}}}


@pytest.mark.parametrize(
    ("options", "objective", "said"),
    [
        ({"target_exposures": {"MKT": 1.0}}, None, "speaks of factors, and there are none"),
        ({"risk_budgets": {"MKT": 1.0}}, None, "speaks of factors, and there are none"),
        ({**BY_RETURNS, "target_exposures": {"MTK": 1.0}}, None, "'MTK' is not a known factor; did you mean MKT"),
        ({**BY_RETURNS, "risk_budgets": {"HML": 0.5}}, None, "'HML' is not a known factor"),
        ({**BY_RETURNS, "risk_budgets": {"MKT": 0.5, "SPREAD": 0.2, "specific": 0.2}}, None, "make them sum to 1"),
        ({**ALONE, "risk_budgets": {"MKT": 1.0}}, None, "the model states loadings alone"),
        ({"model": {"loadings": {"MKT": {"S0": 1.0}}}}, None, "has no figure for S1"),
        ({"benchmark": dict.fromkeys(NAMES, 0.1)}, MaximumSharpe(), "goes with the objective MIN_VOLATILITY"),
        ({"benchmark": {"S0": 1.0}}, None, "has no figure for S1"),
        ({"components": 11}, None, "is 11, and there are 10 names"),
        ({"factor_returns": {"factors": {"A": FACTORS["MKT"], "B": FACTORS["MKT"]}}}, None, "or a combination"),
        ({"factor_returns": {"factors": {"A": [0.1]}}}, None, "has 1 periods and the returns have 500"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], objective: Objective | None, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        answered(options, objective)
    assert caught.value.faults[0].path[0] == "method_options"


def test_a_model_with_its_risk_is_all_that_a_problem_needs() -> None:
    loadings, covariance, specific = model()
    stated: dict[str, Any] = {
        "loadings": {
            factor: dict(zip(NAMES, loadings[:, k].tolist(), strict=True)) for k, factor in enumerate(FACTORS)
        },
        "covariance": {
            factor: dict(zip(FACTORS, row, strict=True))
            for factor, row in zip(FACTORS, covariance.tolist(), strict=True)
        },
        "specific": dict(zip(NAMES, specific.tolist(), strict=True)),
    }
    problem = Problem(Market(UNIVERSE), MinimumVolatility(), LONG_ONLY, "factor_based", {"model": stated})
    whole = loadings @ covariance @ loadings.T + np.diag(specific)
    given = solve(
        replace(problem, market=Market(UNIVERSE, covariance=whole), method="mean_variance", options={}), PLUGINS
    )
    assert solve(problem, PLUGINS).expected_volatility == pytest.approx(given.expected_volatility, rel=1e-12)
