"""Riskfolio-Lib behind our contract: its own answers by name, proven where the measure is one of ours."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumRisk,
    MinimumVolatility,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.domain.risk.measure import Measure
from tangency.plugins.mean_variance import MeanVariance
from tangency.plugins.peers.borrowed import unheard
from tangency.plugins.peers.riskfolio_lib import Riskfolio
from tangency.plugins.peers.riskfolio_options import RiskfolioOptions
from tests.support.history import TRADING_DAYS, five_years, of_history
from tests.support.posed import estimated, posed

ALL, EVERY_DAY = five_years()
NAMES, ROWS = ALL[:6], EVERY_DAY[-250:, :6]
RETURNS = pd.DataFrame(ROWS, columns=NAMES)
LONG: tuple[Constraint, ...] = (Budget(), LongOnly())
CAPPED: tuple[Constraint, ...] = (*LONG, MaximumWeight(0.4))


def library() -> Any:
    """Riskfolio-Lib itself, loaded by the process that asks it: much that draws comes with it."""
    with unheard():  # it warns as it is imported
        import riskfolio

        return riskfolio


def judged(
    objective: Objective,
    limits: Sequence[Constraint] = CAPPED,
    rows: Matrix = ROWS,
    names: Sequence[str] = NAMES,
    **options: Any,
) -> Solution:
    problem, estimates = of_history(rows, names, objective, limits)
    return solve_with(problem, estimates, Riskfolio(), RiskfolioOptions(**options), HighsLinearPrograms())


def weights_of(solution: Solution) -> Vector:
    assert solution.weights is not None, (solution.status, solution.message)
    return solution.weights


def by_hand(rm: str = "MV", obj: str = "MinRisk", **own: Any) -> Vector:
    portfolio = library().Portfolio(returns=RETURNS, upperlng=0.4)
    portfolio.assets_stats(method_kurt="hist" if rm in ("KT", "SKT") else None)
    with unheard():
        weights = portfolio.optimization(rm=rm, obj=obj, **own)["weights"]
    return np.array([weights[name] for name in NAMES])


def risk_by_hand(rm: str, weights: Vector) -> float:
    return float(library().Sharpe_Risk(RETURNS, weights[:, None], RETURNS.cov(), rm))


class TestByDefault(MethodContract):
    method = "riskfolio"
    examples = 4


class TestATailOfScenarios(MethodContract):
    method = "riskfolio"
    examples = 3
    options: ClassVar[Mapping[str, object]] = {"rm": "CVaR"}


# --- the library's own answers --------------------------------------------------------------------------------------

OURS = ["MV", "MAD", "MSV", "FLPM", "SLPM", "CVaR", "EVaR", "WR", "MDD", "ADD", "CDaR", "EDaR", "UCI"]


@pytest.mark.parametrize("code", OURS)
def test_a_measure_that_is_ours_is_proven_least_and_no_worse_than_by_hand(code: str) -> None:
    solution = judged(MinimumRisk(), rm=code)
    assert solution.status is Status.OPTIMAL
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-6
    ours, theirs = risk_by_hand(code, weights_of(solution)), risk_by_hand(code, by_hand(code))
    assert ours == pytest.approx(theirs, rel=2e-6)
    assert solution.findings["riskfolio_risk"] == pytest.approx(ours, rel=1e-9)
    annual = np.sqrt(TRADING_DAYS) if code == "MV" else 1.0
    assert solution.objective_value == pytest.approx(ours * annual, rel=1e-6)


@pytest.mark.parametrize("code", ["RLVaR", "TG", "EVRG", "EM", "SKT", "RG", "CVRG"])
def test_a_measure_that_only_the_library_has_is_feasible_with_its_value(code: str) -> None:
    solution = judged(MinimumVolatility(), rm=code)
    assert solution.status is Status.FEASIBLE
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is None
    assert solution.findings["riskfolio_risk_measure"] == code
    assert ("confidence_level" in solution.parameters) == (code in ("RLVaR", "TG", "EVRG", "CVRG"))
    assert solution.findings["riskfolio_risk"] == pytest.approx(risk_by_hand(code, by_hand(code)), rel=1e-4)


def test_its_gini_is_an_approximation_and_the_gap_says_by_how_much() -> None:
    solution = judged(MinimumRisk(Measure("gini_mean_difference")))
    assert solution.status is Status.FEASIBLE
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert 1e-6 < solution.certificate.relative_gap < 1e-2


@pytest.mark.parametrize(
    ("objective", "hand"),
    [
        (MaximumSharpe(0.02), {"obj": "Sharpe", "rf": 0.02 / TRADING_DAYS}),
        (MaximumUtility(3.0), {"obj": "Utility", "l": 1.5}),
        (MaximumReturn(), {"obj": "MaxRet"}),
        (MaximumRatio(Measure("cvar"), 0.02), {"rm": "CVaR", "obj": "Sharpe", "rf": 0.02 / TRADING_DAYS}),
    ],
    ids=["ratio", "utility", "return", "ratio to a tail"],
)
def test_an_objective_answers_as_by_hand_and_is_proven(objective: Objective, hand: dict[str, Any]) -> None:
    solution = judged(objective)
    assert solution.status is Status.OPTIMAL
    np.testing.assert_allclose(weights_of(solution), by_hand(**hand), atol=2e-4)


@pytest.mark.parametrize("code", ["CVaR", "MAD"])
def test_a_utility_takes_the_aversion_times_the_risk_from_the_annual_mean(code: str) -> None:
    solution = judged(MaximumUtility(8.0), rm=code)
    assert solution.status is Status.OPTIMAL
    assert solution.expected_return is not None
    expected = solution.expected_return - 8.0 * risk_by_hand(code, weights_of(solution))
    assert solution.objective_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("code", ["MV", "CVaR"])
def test_budgets_of_risk_are_met_by_name(code: str) -> None:
    budgets = dict(zip(NAMES[::-1], (0.1, 0.1, 0.2, 0.2, 0.2, 0.2), strict=True))
    solution = judged(RiskParity(), LONG, rm=code, budgets=budgets)
    assert solution.status.answered
    assert solution.risk is not None
    assert solution.risk.shares is not None
    np.testing.assert_allclose(solution.risk.shares, [budgets[name] for name in NAMES], atol=0.02)


def test_relaxed_parity_and_the_worst_case_are_feasible() -> None:
    parity = judged(RiskParity(), method="rrp_optimization")
    worst = judged(MinimumVolatility(), method="wc_optimization")
    assert (parity.status, worst.status) == (Status.FEASIBLE, Status.FEASIBLE)
    assert parity.findings["library_method"] == "Portfolio.rrp_optimization"


def test_logarithmic_means_are_the_librarys_own() -> None:
    solution = judged(MaximumUtility(3.0), kelly="exact")
    assert solution.status is Status.FEASIBLE
    np.testing.assert_allclose(weights_of(solution), by_hand(obj="Utility", l=1.5, kelly="exact"), atol=2e-4)


@pytest.mark.parametrize("model", ["HRP", "HERC", "NCO"])
def test_a_cluster_model_answers_as_by_hand_whatever_the_order(model: str) -> None:
    hand = library().HCPortfolio(returns=RETURNS).optimization(model=model, rm="MV")["weights"]
    for step in (1, -1):
        solution = judged(MinimumVolatility(), LONG, ROWS[:, ::step], NAMES[::step], model=model)
        assert solution.status is Status.FEASIBLE
        np.testing.assert_allclose(weights_of(solution), [hand[name] for name in NAMES[::step]], atol=1e-4)


def test_one_name_is_the_whole_portfolio() -> None:
    assert weights_of(judged(MinimumVolatility(), LONG, ROWS[:, :1], NAMES[:1], model="HRP")) == [1.0]


# --- its limits -----------------------------------------------------------------------------------------------------


def test_limits_are_honoured_exactly_with_shorts_and_without() -> None:
    for limits in (
        (*CAPPED, MinimumWeight(0.05, NAMES[0]), MaximumWeight(0.2, NAMES[2]), TargetReturn(0.05)),
        (Budget(), MinimumWeight(-0.2), MaximumWeight(0.5), LeverageLimit(1.2)),
        (*CAPPED, TargetVolatility(0.3)),
    ):
        ours = judged(MinimumVolatility(), limits)
        problem, estimates = of_history(ROWS, NAMES, MinimumVolatility(), limits)
        best = solve_with(problem, estimates, MeanVariance(), MeanVariance().options(), HighsLinearPrograms())
        assert ours.status is Status.OPTIMAL
        np.testing.assert_allclose(weights_of(ours), weights_of(best), atol=1e-3)


@pytest.mark.parametrize(
    ("objective", "limits", "options", "named"),
    [
        (MinimumVolatility(), (TurnoverLimit(0.1, (0.5, 0.5)),), {}, "turnover_limit"),
        (RiskParity(), (TargetVolatility(0.2),), {}, "target_volatility"),
        (MinimumVolatility(), (TargetReturn(0.1),), {"model": "HRP"}, "target_return"),
        (MaximumReturn(), (), {"model": "HRP"}, "MAX_RETURN"),
        (MinimumVolatility(), (), {"model": "HRP", "rm": "RLVaR"}, "RLVaR"),
        (RiskParity(), (), {"rm": "MDD"}, "MDD"),
        (MinimumRisk(Measure("cvar")), (), {"rm": "MAD"}, "MAD"),
        (MinimumRisk(Measure("var")), (), {}, "var"),
        (MaximumRatio(Measure("second_lower_partial_moment", threshold=0.01)), (), {}, "threshold"),
        (RiskParity(), (), {"budgets": {"A": 1.0}}, "leave out B"),
    ],
)
def test_what_the_library_cannot_honour_is_refused_by_name(
    objective: Objective, limits: tuple[Constraint, ...], options: dict[str, Any], named: str
) -> None:
    with pytest.raises(Unsupported, match=named):
        judged(objective, (*LONG, *limits), ROWS[:, :2], ["A", "B"], **options)


def test_it_needs_returns() -> None:
    problem = posed(np.eye(2))
    with pytest.raises(InvalidInput, match="needs the returns of every name"):
        solve_with(problem, estimated(problem), Riskfolio(), RiskfolioOptions(), HighsLinearPrograms())


# --- no answer ------------------------------------------------------------------------------------------------------


def test_limits_that_contradict_each_other_are_explained() -> None:
    solution = judged(MinimumVolatility(), (*LONG, MaximumWeight(0.1)))
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    assert {member.constraint for member in solution.infeasibility.conflict} == {"budget", "constraints.max_weight"}


def test_a_rate_above_every_mean_is_not_applicable() -> None:
    assert judged(MaximumSharpe(5.0)).status is Status.NOT_APPLICABLE


def test_the_deadline_is_kept() -> None:
    problem, estimates = of_history(ROWS, NAMES)
    hurried = type(problem)(
        problem.market, problem.objective, problem.constraints, solver=SolverPolicy(time_limit_s=0.0)
    )
    solution = solve_with(hurried, estimates, Riskfolio(), RiskfolioOptions(), HighsLinearPrograms())
    assert solution.status is Status.TIME_LIMIT


def test_without_the_library_it_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "riskfolio", None)
    with pytest.raises(Unsupported, match=r"pip install 'tangency\[riskfolio\]'"):
        judged(MinimumVolatility())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rm": "CVAR"}, "did you mean CVaR"),
        ({"kappa": 0.0}, "kappa"),
        ({"half_order": 1}, "half_order"),
        ({"k": 0}, "k: "),
        ({"budgets": {"A": 0.7}}, "budgets"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        RiskfolioOptions(**options)
