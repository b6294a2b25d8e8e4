"""The best portfolio that trades lead to: against cvxpy, against enumeration, and by law."""

from dataclasses import replace
from itertools import combinations, pairwise, product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.plugins.rebalancing import Rebalancing, RebalancingOptions
from tests.features.sample import Sample
from tests.support.known import known
from tests.support.posed import estimated, posed

SAMPLE = Sample.read()
NAMES = SAMPLE.names
CURRENT = np.array([SAMPLE.current[name] for name in NAMES])
INVESTED = float(CURRENT.sum())
EQUAL = {name: 1.0 / len(NAMES) for name in NAMES}
KEEPING: tuple[Constraint, ...] = (Budget(INVESTED), LongOnly())
FREE: tuple[Constraint, ...] = (LongOnly(),)


def rebalanced(
    objective: Objective, limits: tuple[Constraint, ...] = KEEPING, size: int = len(NAMES), **options: Any
) -> Solution:
    problem = posed(SAMPLE.covariance[:size, :size], SAMPLE.means[:size], objective, limits, NAMES[:size])
    problem = replace(problem, current=CURRENT[:size])
    return solve_with(problem, estimated(problem), Rebalancing(), RebalancingOptions(**options), HighsLinearPrograms())


def by_cvxpy(target: np.ndarray | None, aversion: float, turnover: float, cost: float) -> float:
    """Least tracking error or most utility, with a solver that shares no line with ours."""
    n = len(CURRENT)
    b, s = cp.Variable(n, nonneg=True), cp.Variable(n, nonneg=True)
    x = CURRENT + b - s
    root = np.linalg.cholesky(SAMPLE.covariance).T
    limits = [x >= 0, cp.sum(b) <= turnover, cp.sum(s) <= turnover]
    if target is not None:
        limits.append((1 + cost) * cp.sum(b) - (1 - cost) * cp.sum(s) <= 1 - INVESTED)
        loss = cp.norm(root @ (x - target))
    else:
        limits.append(cp.sum(x) == INVESTED)
        loss = aversion / 2 * cp.sum_squares(root @ x) - SAMPLE.means @ x
    problem = cp.Problem(cp.Minimize(loss), limits)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return float(problem.value)


@pytest.mark.parametrize("turnover", [0.02, 0.15, 0.4])
def test_the_nearest_portfolio_is_that_of_cvxpy_and_is_proven(turnover: float) -> None:
    found = rebalanced(MinimumVolatility(), FREE, benchmark=EQUAL, max_turnover=turnover, cost=0.002)
    expected = by_cvxpy(np.full(len(NAMES), 1 / len(NAMES)), 0.0, turnover, 0.002)
    assert found.status is Status.OPTIMAL
    assert found.objective_value == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("turnover", [0.02, 0.15, 2.0])
def test_the_most_utility_is_that_of_cvxpy_and_is_proven(turnover: float) -> None:
    found = rebalanced(MaximumUtility(3.0), max_turnover=turnover)
    assert found.status is Status.OPTIMAL
    assert found.objective_value == pytest.approx(-by_cvxpy(None, 3.0, turnover, 0.0), abs=1e-9)


@pytest.mark.parametrize("objective", [MaximumSharpe(0.02), MinimumVolatility(), MaximumUtility(2.0)])
def test_more_turnover_is_never_worse_and_none_changes_nothing(objective: Objective) -> None:
    sign = -1.0 if isinstance(objective, MinimumVolatility) else 1.0
    found = [rebalanced(objective, max_turnover=limit) for limit in (0.0, 0.01, 0.05, 0.2, 0.6, None)]
    values = [sign * (each.objective_value or 0.0) for each in found]
    assert all(each.status is Status.OPTIMAL for each in found)
    assert all(later >= earlier - 1e-10 for earlier, later in pairwise(values))
    assert found[0].weights is not None
    assert (found[0].weights == CURRENT).all()


@pytest.mark.parametrize("cost", [0.0, 0.002])
def test_more_turnover_never_leads_further_from_a_target(cost: float) -> None:
    turnovers = (0.0, 0.02, 0.1, 0.3, 0.7, None)
    found = [
        rebalanced(MinimumVolatility(), FREE, benchmark=EQUAL, max_turnover=limit, cost=cost) for limit in turnovers
    ]
    distances = [each.objective_value for each in found]
    assert all(later <= earlier + 1e-10 for earlier, later in pairwise(value or 0.0 for value in distances))
    assert found[0].weights is not None
    assert (found[0].weights == CURRENT).all()
    assert distances[-1] == pytest.approx(0.0, abs=1e-7) or cost > 0


@pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumUtility(2.0)])
def test_one_trade_less_than_is_best_is_one_trade_less(objective: Objective) -> None:
    best = rebalanced(objective, max_turnover=0.1)
    assert best.weights is not None
    number = int((np.abs(best.weights - CURRENT) > 1e-9).sum())
    for most in (number - 1, number):
        found = rebalanced(objective, max_turnover=0.1, max_trades=most)
        assert found.weights is not None
        assert int((np.abs(found.weights - CURRENT) > 1e-9).sum()) <= most


def test_two_trades_of_ten_names_are_the_best_of_all() -> None:
    size = 10
    given: tuple[Constraint, ...] = (Budget(float(CURRENT[:size].sum())), LongOnly())
    found = rebalanced(MinimumVolatility(), given, size, max_turnover=0.2, max_trades=2)
    assert found.objective_value == pytest.approx(enumerated(MinimumVolatility(), size, 0.2, 2, 0.0), rel=1e-7)


def test_at_the_target_nothing_is_traded() -> None:
    best = rebalanced(MaximumSharpe(0.02))
    assert best.weights is not None
    target = dict(zip(NAMES, best.weights.tolist(), strict=True))
    held = replace(posed(SAMPLE.covariance, SAMPLE.means, None, FREE, NAMES), current=best.weights)
    options = RebalancingOptions(benchmark=target, cost=0.001, max_trades=5, min_trade=0.01)
    again = solve_with(held, estimated(held), Rebalancing(), options, HighsLinearPrograms())
    assert again.weights is not None
    assert (again.weights == best.weights).all()


@pytest.mark.parametrize(("objective", "limits"), [(MaximumSharpe(0.0), KEEPING), (MinimumVolatility(), KEEPING)])
@pytest.mark.parametrize(("most", "least"), [(2, 0.0), (3, 0.03), (4, 0.05)])
def test_few_trades_are_the_best_of_all_sets_of_names(
    objective: Objective, limits: tuple[Constraint, ...], most: int, least: float
) -> None:
    """Six names; the budget holds what they are worth together."""
    size, turnover = 6, 0.2
    budget = Budget(float(CURRENT[:size].sum()))
    given: tuple[Constraint, ...] = (budget, *limits[1:])
    found = rebalanced(objective, given, size, max_turnover=turnover, max_trades=most, min_trade=least)
    assert found.weights is not None
    change = found.weights - CURRENT[:size]
    assert int((np.abs(change) > 1e-9).sum()) <= most
    assert (np.abs(change)[np.abs(change) > 1e-9] >= least - 1e-9).all()
    assert found.objective_value == pytest.approx(enumerated(objective, size, turnover, most, least), rel=1e-7)
    assert found.findings["search"]["exhausted"]  # type: ignore[index]


def enumerated(objective: Objective, size: int, turnover: float, most: int, least: float) -> float:
    """Every set of names, every choice of sides; the ratio by homogenising."""
    ratio = isinstance(objective, MaximumSharpe)
    start, S, mu = CURRENT[:size], SAMPLE.covariance[:size, :size], SAMPLE.means[:size]
    root = np.linalg.cholesky(S).T
    change, scale = cp.Variable(size), cp.Variable(nonneg=True)
    low, high = cp.Parameter(size), cp.Parameter(size)
    x = scale * start + change
    limits = [x >= 0, cp.sum(change) == 0, cp.norm1(change) <= 2 * turnover * scale]
    limits += [change >= scale * low, change <= scale * high, mu @ x == 1 if ratio else scale == 1]
    problem = cp.Problem(cp.Minimize(cp.norm(root @ x)), limits)
    values = []
    for number in range(2, most + 1):
        for names, signs in product(combinations(range(size), number), product((1, -1), repeat=number)):
            if abs(sum(signs)) == number:
                continue  # what is sold pays for what is bought
            bounds = np.zeros((2, size))
            for name, sign in zip(names, signs, strict=True):
                bounds[:, name] = (least, 1.0) if sign > 0 else (-1.0, -least)
            low.value, high.value = bounds
            problem.solve(solver=cp.CLARABEL)
            if problem.status == "optimal":
                values.append(float(problem.value))
    still = float(np.linalg.norm(root @ start)) / (float(mu @ start) if ratio else 1.0)
    best = min([*values, still])
    return 1.0 / best if ratio else best


def test_limits_that_the_trades_cannot_reach_are_explained() -> None:
    found = rebalanced(MinimumVolatility(), (*KEEPING, MaximumWeight(0.05)), max_turnover=0.001)
    assert found.status is Status.INFEASIBLE
    assert found.infeasibility is not None


def test_too_few_trades_for_the_limits_are_told() -> None:
    found = rebalanced(MinimumVolatility(), (*KEEPING, MaximumWeight(0.05)), max_trades=1)
    assert found.status is Status.NOT_APPLICABLE
    assert "allow more trades" in found.message


SECTORS = ("energy", "energy", "health")
CORRELATED = np.array([[0.04, 0.01, 0.01], [0.01, 0.04, 0.01], [0.01, 0.01, 0.04]])


def traded_from(
    held: list[float], objective: Objective, limits: tuple[Constraint, ...], unit: float = 1.0, **options: Any
) -> Solution:
    """Three names, returns counted in a unit."""
    means = np.array([0.08, 0.08, 0.05]) * unit
    problem = posed(CORRELATED * unit**2, means, objective, (Budget(), LongOnly(), *limits), sectors=SECTORS)
    problem = replace(problem, current=np.array(held))
    return solve_with(problem, estimated(problem), Rebalancing(), RebalancingOptions(**options), HighsLinearPrograms())


@pytest.mark.parametrize("unit", [2.0**-20, 1.0, 2.0**20])
def test_a_target_return_is_reached_in_any_unit_of_returns(unit: float) -> None:
    found = traded_from([1 / 3] * 3, MaximumUtility(30.0 / unit), (TargetReturn(0.074 * unit),), unit)
    assert found.status is Status.OPTIMAL, found.message
    assert found.weights == pytest.approx([0.4, 0.4, 0.2], abs=1e-7)


@pytest.mark.parametrize(
    ("held", "objective", "limits", "options"),
    [
        ([1 / 3] * 3, MaximumSharpe(0.04), (MinimumWeight(0.36, "B"), SectorLimit(1 / 3 + 0.36, "energy")), {}),
        ([0.4, 0.4, 0.2], MaximumUtility(1.0), (SectorLimit(0.8, "energy"),), {"max_turnover": 0.05}),
        ([0.2, 0.2, 0.6], MaximumUtility(1.0), (MinimumWeight(0.35, "A"),), {"max_turnover": 0.2}),
        ([0.4, 0.2, 0.4], MaximumUtility(1.0), (MinimumWeight(0.3, "B"),), {"max_turnover": 0.1}),
    ],
)  # fmt: skip
def test_names_that_nobody_trades_leave_no_gap_in_the_proof(
    held: list[float], objective: Objective, limits: tuple[Constraint, ...], options: dict[str, float]
) -> None:
    found = traded_from(held, objective, limits, **options)
    assert found.status is Status.OPTIMAL, found.message


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.1])
def test_costs_come_out_of_cash_above_its_floor(rate: float) -> None:
    found = rebalanced(MaximumSharpe(0.02), cost=rate, cash_floor=1.0 - INVESTED)
    assert found.weights is not None
    cash = 1.0 - float(found.weights.sum()) - rate * float(np.abs(found.weights - CURRENT).sum())
    assert cash == pytest.approx(1.0 - INVESTED, abs=1e-12)


@pytest.mark.parametrize(("cost", "most"), [(0.002, None), (0.02, None), (0.02, 4)])
def test_what_fewer_trades_save_is_invested_where_that_is_better(cost: float, most: int | None) -> None:
    """Against cvxpy, over all portfolios that pay for their trades and invest no less."""
    found = rebalanced(
        MaximumUtility(2.0), (Budget(INVESTED), LongOnly()), cost=cost, cash_floor=1.0 - INVESTED, max_trades=most
    )
    weights = known(found.weights)
    assert weights.sum() + cost * np.abs(weights - CURRENT).sum() == pytest.approx(INVESTED, abs=1e-9)
    if most is not None:
        assert int((np.abs(weights - CURRENT) > 1e-9).sum()) <= most
        return
    x, root = cp.Variable(len(CURRENT), nonneg=True), np.linalg.cholesky(SAMPLE.covariance).T
    paid = cp.sum(x) + cost * cp.norm1(x - CURRENT) <= INVESTED
    best = cp.Problem(
        cp.Maximize(SAMPLE.means @ x - cp.sum_squares(root @ x)), [paid, cp.sum(x) >= weights.sum() - 1e-6]
    )
    best.solve(solver=cp.CLARABEL)
    assert found.status is Status.OPTIMAL
    assert found.objective_value == pytest.approx(float(best.value), abs=1e-8)


@pytest.mark.parametrize("cost", [0.0, 0.02])
def test_cash_earns_the_rate_whatever_was_paid_out_of_it(cost: float) -> None:
    problem = posed(SAMPLE.covariance, SAMPLE.means, MaximumUtility(2.0), (Budget(INVESTED), LongOnly()), NAMES)
    problem = replace(problem, current=CURRENT, risk_free_rate=0.03)
    options = RebalancingOptions(cost=cost, cash_floor=1.0 - INVESTED)
    found = solve_with(problem, estimated(problem), Rebalancing(), options, HighsLinearPrograms())
    weights = known(found.weights)
    assert found.expected_return == pytest.approx(SAMPLE.means @ weights + 0.03 * (1.0 - weights.sum()), abs=1e-12)
    assert found.why is not None
    assert "budget" not in {binding.constraint for binding in found.why.binding}


def from_thirds(objective: Objective, covariance: np.ndarray, **options: Any) -> Solution:
    problem = replace(posed(covariance, [0.08, 0.02, 0.01], objective), current=np.full(3, 1 / 3))
    return solve_with(problem, estimated(problem), Rebalancing(), RebalancingOptions(**options), HighsLinearPrograms())


@pytest.mark.parametrize("cost", [0.0, 0.001])
def test_between_names_without_risk_none_is_left_and_none_is_proven(cost: float) -> None:
    found = from_thirds(MinimumVolatility(), np.diag([0.04, 0.0, 0.0]), cost=cost)
    assert found.status is Status.OPTIMAL
    assert known(found.weights)[0] == 0.0
    assert known(found.weights).sum() == pytest.approx(1.0 - cost * 2 / 3, abs=1e-3 * cost + 1e-12)


def test_gains_without_any_risk_have_no_largest_ratio() -> None:
    assert from_thirds(MaximumSharpe(0.005), np.zeros((3, 3))).status is Status.UNBOUNDED


@pytest.mark.parametrize("cost", [-0.1, 10.0, float("nan")])
def test_a_cost_that_is_no_rate_is_refused(cost: float) -> None:
    with pytest.raises(InvalidInput, match="give a rate from"):
        RebalancingOptions(cost=cost)
