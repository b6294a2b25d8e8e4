"""Portfolios against a benchmark: tracking it, and beating it at a known risk."""

from dataclasses import replace
from typing import Any

import cvxpy
import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Constraint, MaximumWeight, TargetVolatility, TurnoverLimit
from tangency.domain.optimization.document import from_document, to_document
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.linear_programs import LinearProgram, LinearSolution
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumRisk, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.tracking_error import TrackingErrorMethod, TrackingErrorOptions
from tests.support.history import TRADING_DAYS, five_years
from tests.support.posed import LONG_ONLY, estimated, posed

cp: Any = cvxpy
ROWS = five_years()[1]
COVARIANCE = TRADING_DAYS * np.cov(ROWS, rowvar=False)
MEANS = TRADING_DAYS * ROWS.mean(axis=0)
NAMES = five_years()[0]
BENCHMARK = np.arange(20, 0, -1) / 210.0
FIVE_NAMES = tuple(MaximumWeight(0.0, name) for name in NAMES[5:])


def asked(objective: Objective, *limits: Constraint) -> Problem:
    return posed(COVARIANCE, MEANS, objective, (*LONG_ONLY, *limits), NAMES)


def answered(problem: Problem, benchmark: Vector | None = BENCHMARK, limit: float | None = None) -> Solution:
    named = None if benchmark is None else dict(zip(NAMES, benchmark.tolist(), strict=True))
    options = TrackingErrorOptions(named, limit)
    return solve_with(problem, estimated(problem), TrackingErrorMethod(), options, HighsLinearPrograms())


def weights_of(solution: Solution) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    assert solution.weights is not None
    return solution.weights


def in_cvxpy(aim: Any, limits: list[Any], x: Any) -> Vector:
    cp.Problem(aim, [cp.sum(x) == 1, x >= 0, *limits]).solve(solver=cp.CLARABEL)
    return np.asarray(x.value)


X = cp.Variable(20)
FACTOR = np.linalg.cholesky(COVARIANCE)
ERROR = cp.norm(FACTOR.T @ (X - BENCHMARK))


def test_a_benchmark_that_can_be_held_is_held() -> None:
    solution = answered(asked(MinimumRisk()))
    np.testing.assert_allclose(weights_of(solution), BENCHMARK, atol=1e-12)
    assert solution.objective_value == pytest.approx(0.0, abs=1e-9)
    assert solution.findings["active_share"] == pytest.approx(0.0, abs=1e-12)


def test_five_names_track_it_as_closely_as_cvxpy_finds() -> None:
    solution = answered(asked(MinimumRisk(), *FIVE_NAMES))
    theirs = in_cvxpy(cp.Minimize(cp.sum_squares(FACTOR.T @ (X - BENCHMARK))), [X[5:] == 0], X)
    np.testing.assert_allclose(weights_of(solution), theirs, atol=1e-5)
    active = weights_of(solution) - BENCHMARK
    error = np.sqrt(active @ COVARIANCE @ active)
    assert solution.objective_value == pytest.approx(error, rel=1e-12)
    assert solution.findings["tracking_error"] == pytest.approx(error)
    assert solution.findings["active_return"] == pytest.approx(MEANS @ active)
    assert solution.findings["information_ratio"] == pytest.approx(MEANS @ active / error)
    assert solution.findings["active_share"] == pytest.approx(np.abs(active).sum() / 2)


@pytest.mark.parametrize("aversion", [1.0, 10.0, 100.0])
def test_the_most_active_utility_is_that_of_cvxpy(aversion: float) -> None:
    solution = answered(asked(MaximumUtility(aversion)))
    utility = MEANS @ (X - BENCHMARK) - aversion / 2 * cp.sum_squares(FACTOR.T @ (X - BENCHMARK))
    theirs = in_cvxpy(cp.Maximize(utility), [], X)
    np.testing.assert_allclose(weights_of(solution), theirs, atol=1e-4)
    active = weights_of(solution) - BENCHMARK
    assert solution.objective_value == pytest.approx(MEANS @ active - aversion / 2 * active @ COVARIANCE @ active)


@pytest.mark.parametrize("limit", [0.01, 0.05])
def test_an_enhanced_index_earns_the_most_at_its_tracking_error(limit: float) -> None:
    solution = answered(asked(MaximumReturn()), limit=limit)
    theirs = in_cvxpy(cp.Maximize(MEANS @ X), [limit >= ERROR], X)
    np.testing.assert_allclose(weights_of(solution), theirs, atol=1e-4)
    assert solution.findings["tracking_error"] == pytest.approx(limit, abs=1e-8)
    assert solution.why is not None
    assert [each.constraint for each in solution.why.binding] == ["method_options.tracking_error_limit"]


@pytest.mark.parametrize(
    "limit", [TurnoverLimit(0.1, (0.05,) * 20), TargetVolatility(0.2)], ids=lambda limit: limit.kind
)
def test_other_limits_are_kept_and_proven(limit: Constraint) -> None:
    for objective in (MinimumRisk(), MaximumUtility(5.0)):
        solution = answered(asked(objective, limit))
        weights_of(solution)
        assert solution.why is not None
        assert limit.id in [each.constraint for each in solution.why.binding]


def test_a_tracking_error_that_no_portfolio_keeps_is_explained() -> None:
    limits = (*LONG_ONLY, MaximumWeight(0.0, "C"))
    problem = replace(posed(COVARIANCE[:3, :3], MEANS[:3], MaximumReturn(), limits), current=np.full(3, 1 / 3))
    options = TrackingErrorOptions(tracking_error_limit=0.01)
    solution = solve_with(problem, estimated(problem), TrackingErrorMethod(), options, HighsLinearPrograms())
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    conflict = {each.constraint for each in solution.infeasibility.conflict}
    assert {"method_options.tracking_error_limit", "strategies.C.max_weight"} <= conflict


class _Counted(HighsLinearPrograms):
    """HiGHS, and how often it was asked."""

    asked = 0

    def minimise(self, program: LinearProgram) -> LinearSolution:
        self.asked += 1
        return super().minimise(program)


def test_the_tracking_error_that_would_do_is_the_least_there_is_and_found_in_few_programs() -> None:
    problem = asked(MaximumReturn(), MaximumWeight(0.1))
    benchmark = dict(zip(problem.universe.names, [0.6, 0.4, *[0.0] * 18], strict=True))
    programs = _Counted()
    options = TrackingErrorOptions(benchmark, 0.01)
    solution = solve_with(problem, estimated(problem), TrackingErrorMethod(), options, programs)
    assert solution.status is Status.INFEASIBLE
    assert solution.infeasibility is not None
    sufficient = {each.constraint: each.sufficient for each in solution.infeasibility.conflict}
    least = solve_with(
        replace(problem, objective=MinimumRisk()),
        estimated(problem),
        TrackingErrorMethod(),
        TrackingErrorOptions(benchmark),
        programs,
    )
    error = least.objective_value
    assert error is not None
    assert sufficient["method_options.tracking_error_limit"] == pytest.approx(error, abs=3e-9)
    assert solution.infeasibility.bound > 1e-9
    assert programs.asked < 300


def test_current_weights_stand_for_a_benchmark_that_is_left_out() -> None:
    problem = replace(asked(MinimumRisk()), current=BENCHMARK)
    np.testing.assert_allclose(weights_of(answered(problem, None)), BENCHMARK, atol=1e-12)
    with pytest.raises(InvalidInput, match="no current weights are known"):
        answered(asked(MinimumRisk()), None)


def test_a_benchmark_that_is_calm_enough_is_held_as_it_is() -> None:
    calm = TargetVolatility(1.005 * float(np.sqrt(BENCHMARK @ COVARIANCE @ BENCHMARK)))
    solution = answered(asked(MinimumRisk(), calm))
    np.testing.assert_array_equal(weights_of(solution), BENCHMARK)
    assert solution.objective_value == 0.0


@pytest.mark.parametrize(
    ("benchmark", "said"), [({"AAPLE": 1.0}, "did you mean AAPL"), ({"AAPL": 1.0}, "has no figure for")]
)
def test_a_benchmark_is_joined_by_name(benchmark: dict[str, float], said: str) -> None:
    problem = asked(MinimumRisk())
    options = TrackingErrorOptions(benchmark)
    with pytest.raises(InvalidInput, match=said):
        solve_with(problem, estimated(problem), TrackingErrorMethod(), options, HighsLinearPrograms())


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"benchmark": {"AAPL": 60.0, "KO": 40.0}}, "benchmark"),
        ({"tracking_error_limit": -0.1}, "tracking_error_limit"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        TrackingErrorOptions(**options)
    assert refused.value.faults[0].path == (field,)


def test_what_it_reads_travels_as_a_document() -> None:
    problem = asked(MinimumRisk())
    proposal = TrackingErrorMethod().solve(
        replace(problem, current=BENCHMARK), estimated(problem), TrackingErrorOptions(tracking_error_limit=0.1)
    )
    read = proposal.reading.of(problem)
    assert from_document(to_document(read)).objective == read.objective
    assert from_document(to_document(read)).constraints == read.constraints
