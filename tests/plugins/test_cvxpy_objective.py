"""An author's expression as a method: the same proof as any other, and what is no such expression."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cvxpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tangency.contracts import MethodContract
from tangency.contracts.cases import with_returns
from tangency.contracts.subject import Subject, estimates_of
from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.kinds import read_objective, written
from tangency.domain.optimization.objective import MaximumUtility, MinimumRisk
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.domain.optimization.stated_objective import StatedObjective
from tangency.domain.plain_values import as_lists
from tangency.plugins.cvxpy_objective import CvxpyObjective
from tests.support.posed import best, posed

cp: Any = cvxpy  # its functions are made when it is imported: no type checker finds them


@dataclass(frozen=True)
class Caution:
    volatilities: float = 2.0


class Cautious(CvxpyObjective):
    """The mean less so many volatilities."""

    name = "cautious"
    citation = "Roy, A. (1952). Safety First and the Holding of Assets. Econometrica 20(3), 431-449."
    capabilities = replace(CvxpyObjective.capabilities, objectives=frozenset({"MAX_UTILITY"}), needs_mean=True)
    options: type = Caution
    maximised = True

    def expression(self, x: Any, estimates: Estimates, options: Caution) -> Any:
        return estimates.mean @ x - options.volatilities * cp.norm(estimates.covariance.factor().T @ x)


class Variance(CvxpyObjective):
    """Half of it."""

    name = "half_variance"
    citation = "Markowitz, H. (1952). Journal of Finance 7(1), 77-91."

    def expression(self, x: Any, estimates: Estimates, options: object) -> Any:
        return 0.5 * cp.sum_squares(estimates.covariance.factor().T @ x)


class WorstPeriod(CvxpyObjective):
    """The largest loss of any period: kinks wherever two periods are equally bad."""

    name = "worst_period"
    citation = "Young, M. (1998). A Minimax Portfolio Selection Rule. Management Science 44(5), 673-683."
    capabilities = replace(CvxpyObjective.capabilities, uses_scenarios=True)

    def expression(self, x: Any, estimates: Estimates, options: object) -> Any:
        return cp.max(-estimates.required_scenarios("the worst period").returns @ x)


class Shown(CvxpyObjective):
    """Whatever it is given."""

    name = "shown"
    citation = "None."

    def __init__(self, make: Any) -> None:
        self.make = make

    def expression(self, x: Any, estimates: Estimates, options: object) -> Any:
        return self.make(x)


COVARIANCE = np.array(
    [[0.04, 0.012, 0.0, 0.01], [0.012, 0.09, 0.01, 0.0], [0.0, 0.01, 0.0225, 0.002], [0.01, 0.0, 0.002, 0.0625]]
)
MEAN = np.array([0.06, 0.1, 0.04, 0.08])
SECTORS = ("energy", "energy", "health", None)
LIMITS: list[tuple[Constraint, ...]] = [
    (),
    (MaximumWeight(0.4),),
    (SectorLimit(0.3, "energy"),),
    (TurnoverLimit(0.1, (0.7, 0.1, 0.1, 0.1)),),
    (TargetReturn(0.075),),
    (MinimumWeight(-0.3), LeverageLimit(1.2), MaximumWeight(0.5)),
]


def aimed(*limits: Constraint) -> Problem:
    base = () if any(isinstance(limit, MinimumWeight) for limit in limits) else (LongOnly(),)
    return posed(COVARIANCE, MEAN, MinimumRisk(), (Budget(), *base, *limits), sectors=SECTORS)


def solution_of(method: CvxpyObjective, problem: Problem, **options: Any) -> Solution:
    return Subject(method, options).verdict(problem).solution


def weights_of(solution: Solution) -> Vector:
    assert solution.weights is not None
    return solution.weights


def closed(solution: Solution) -> float:
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    return solution.certificate.relative_gap


@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: " ".join(limit.kind for limit in limits) or "none")
def test_a_variance_is_minimised_and_priced_as_by_mean_variance(limits: tuple[Constraint, ...]) -> None:
    found = solution_of(Variance(), aimed(*limits))
    exact = best(posed(COVARIANCE, MEAN, None, aimed(*limits).constraints, sectors=SECTORS))
    assert closed(found) < 1e-8
    np.testing.assert_allclose(weights_of(found), weights_of(exact), atol=2e-5)
    assert found.objective_value == pytest.approx(0.5 * exact.expected_volatility**2, rel=1e-8)  # type: ignore[operator]
    assert found.why is not None
    assert exact.why is not None
    prices = {each.constraint: each.shadow_price for each in found.why.binding}
    sigma = exact.expected_volatility or 0.0
    expected = {each.constraint: each.shadow_price * sigma for each in exact.why.binding}  # of the variance's half
    assert prices == pytest.approx(expected, rel=1e-3)


def test_a_cap_on_volatility_is_proven_by_its_own_dual() -> None:
    capped = replace(aimed(TargetVolatility(0.13)), objective=MaximumUtility())
    found = solution_of(Cautious(), capped, volatilities=0.1)
    assert closed(found) < 1e-8
    assert found.expected_volatility == pytest.approx(0.13, rel=1e-7)
    assert found.why is not None
    assert [each.constraint for each in found.why.binding] == ["risk_parameters.target_volatility"]


def worst_case() -> Problem:
    problem = aimed()
    return replace(problem, market=with_returns(problem.market))


def test_a_function_with_kinks_is_the_linear_program() -> None:
    problem = worst_case()
    rows = estimates_of(problem).required_scenarios("this test").returns
    program = linprog(
        [0, 0, 0, 0, 1],
        A_ub=np.column_stack([-rows, -np.ones(len(rows))]),
        b_ub=np.zeros(len(rows)),
        A_eq=[[1, 1, 1, 1, 0]],
        b_eq=[1],
        bounds=[(0, None)] * 4 + [(None, None)],
    )
    found = solution_of(WorstPeriod(), problem)
    assert closed(found) < 1e-8
    assert found.objective_value == pytest.approx(program.fun, rel=1e-8)
    np.testing.assert_allclose(weights_of(found), program.x[:4], atol=1e-6)


METHODS: dict[str, CvxpyObjective] = {method.name: method for method in (Cautious(), WorstPeriod(), Variance())}
WORST_CASE = worst_case()
UTILITY = replace(WORST_CASE, objective=MaximumUtility())


@given(st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4), st.sampled_from(sorted(METHODS)))
def test_the_linear_function_handed_over_is_nowhere_above(parts: list[float], name: str) -> None:
    weights = np.array(parts) / sum(parts)
    method = METHODS[name]
    problem = UTILITY if method.maximised else WORST_CASE
    objective = stated_by(method, problem)
    x = cp.Variable(4)
    x.value = weights
    value = float(method.expression(x, estimates_of(problem), method.options()).value)
    loss = -value if method.maximised else value
    assert loss >= objective.constant + float(np.array(objective.slope) @ weights) - 1e-9


@cache
def stated_by(method: CvxpyObjective, problem: Problem) -> StatedObjective:
    objective = Subject(method).verdict(problem).proposal.reading.objective
    assert isinstance(objective, StatedObjective)
    return objective


def test_what_is_stated_travels_as_a_document() -> None:
    objective = stated_by(WorstPeriod(), worst_case())
    assert read_objective(written(objective, as_lists), ()) == objective
    assert replace(objective, used=("confidence_level",)).parameters == ("confidence_level",)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: cp.sum(cp.sqrt(x)), "is concave by cvxpy's rules"),
        (lambda x: cp.sum(cp.multiply(x, x)), "is unknown by cvxpy's rules"),
        (lambda x: x, "not one number"),
        (lambda _: cp.Constant(1.0), "not one number"),
        (lambda _: 3.0, "not one number"),
    ],
)
def test_what_is_not_convex_is_refused_in_the_name_of_the_method(make: Any, message: str) -> None:
    method = Shown(make)
    with pytest.raises(InvalidInput, match=message) as refused:
        method.solve(aimed(), estimates_of(aimed()), method.options())
    assert refused.value.faults[0].path == ("method",)
    assert "'shown'" in str(refused.value)


def test_what_has_no_least_value_is_unbounded() -> None:
    free = posed(COVARIANCE, MEAN, MinimumRisk(), (Budget(),))
    steep = Shown(lambda x: cp.norm(np.linalg.cholesky(COVARIANCE).T @ x) - 10.0 * MEAN @ x)
    assert solution_of(steep, free).status is Status.UNBOUNDED


def test_what_no_portfolio_satisfies_is_explained() -> None:
    impossible = aimed(MaximumWeight(0.2))
    found = Subject(Variance()).verdict(impossible)
    assert found.proposal.status is Status.INFEASIBLE


def test_an_expression_without_a_value_where_it_ends_is_an_error_in_numbers() -> None:
    found = Subject(Shown(lambda x: -cp.log(-1.0 + cp.sum(x)))).verdict(aimed())
    assert not found.solution.status.answered


def test_a_wrong_linear_function_is_found_out() -> None:
    """Of a witness that comes from elsewhere: the slope of the multipliers is compared with the expression itself."""
    from tangency.plugins.cvxpy_objective import _Aim

    x = cp.Variable(4)
    aim = _Aim(x, cp.max(np.eye(4) @ x), "peaks", False)
    weights, region = np.full(4, 0.25), aimed().region(estimates_of(aimed()))
    right, wrong = np.full(4, 0.25), np.array([1.5, 0.1, 0.1, 0.1])
    assert aim.above(aim.stated(weights, right), region, weights)
    assert not aim.above(aim.stated(weights, wrong), region, weights)


class TestCautious(MethodContract):
    method = Cautious()
    examples = 6
