"""Every measure of risk written down once more for cvxpy: no objective of ours is worse by more than a part in 10^7."""

from collections.abc import Callable

import cvxpy as cp
import numpy as np
import pytest

from tangency.domain.numbers import Vector
from tangency.domain.optimization.objective import MinimumRisk
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.risk.measure import Measure
from tests.plugins.mean_risk_questions import best, estimates_of, sample_returns
from tests.support.known import known

DAYS, LEVEL, THRESHOLD = 100, 0.9, 0.0004
RETURNS = sample_returns(DAYS)
MEAN = 252 * RETURNS.mean(axis=0)
RATE = 0.02


def tail(losses: cp.Expression) -> cp.Expression:
    z = cp.Variable()
    return z + cp.sum(cp.pos(losses - z)) / (DAYS * (1 - LEVEL))


def entropic(losses: cp.Expression, limits: list[cp.Constraint]) -> cp.Expression:
    z, t, v = cp.Variable(), cp.Variable(), cp.Variable(DAYS)
    limits += [cp.ExpCone(losses - z, t * np.ones(DAYS), v), cp.sum(v) <= t * DAYS * (1 - LEVEL)]
    return z


def drawdowns(x: cp.Variable, limits: list[cp.Constraint]) -> cp.Expression:
    path, peak = cp.cumsum(RETURNS @ x), cp.Variable(DAYS)
    limits += [peak >= path, peak >= 0, peak[1:] >= peak[:-1]]
    return peak - path


CENTRED = RETURNS - RETURNS.mean(axis=0)
PAIRS = np.triu_indices(DAYS, 1)
SPREADS = RETURNS[PAIRS[0]] - RETURNS[PAIRS[1]]


def written(y: cp.Variable, k: cp.Expression, limits: list[cp.Constraint]) -> dict[str, Callable[[], cp.Expression]]:
    """From y, its scale k and a list to add constraints to: the risk of y / k, times k."""
    losses, root = -RETURNS @ y, np.sqrt(DAYS - 1)
    return {
        "volatility": lambda: cp.norm(np.sqrt(252 / (DAYS - 1)) * CENTRED @ y),
        "mad": lambda: cp.norm1(CENTRED @ y) / DAYS,
        "semi_deviation": lambda: cp.norm(cp.pos(-CENTRED @ y)) / root,
        "first_lower_partial_moment": lambda: cp.sum(cp.pos(THRESHOLD * k + losses)) / DAYS,
        "second_lower_partial_moment": lambda: cp.norm(cp.pos(THRESHOLD * k + losses)) / root,
        "cvar": lambda: tail(losses),
        "evar": lambda: entropic(losses, limits),
        "worst_realization": lambda: cp.max(losses),
        "max_drawdown": lambda: cp.max(drawdowns(y, limits)),
        "average_drawdown": lambda: cp.sum(drawdowns(y, limits)) / DAYS,
        "cdar": lambda: tail(drawdowns(y, limits)),
        "edar": lambda: entropic(drawdowns(y, limits), limits),
        "ulcer_index": lambda: cp.norm(drawdowns(y, limits)) / np.sqrt(DAYS),
        "gini_mean_difference": lambda: cp.norm1(SPREADS @ y) / len(SPREADS),
    }


NAMES = sorted(written(cp.Variable(RETURNS.shape[1]), cp.Constant(1.0), []))


def risk_of(name: str, weights: Vector) -> float:
    return Measure(name, LEVEL, THRESHOLD).of(estimates_of(RETURNS)).value(weights)


def solved(objective: cp.Expression, limits: list[cp.Constraint], y: cp.Variable) -> Vector:
    program = cp.Problem(cp.Minimize(objective), limits)
    program.solve(cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    assert program.status in ("optimal", "optimal_inaccurate")
    weights: Vector = np.maximum(np.asarray(y.value), 0.0)
    return weights / float(weights.sum())


@pytest.mark.parametrize("name", NAMES)
def test_the_least_risk_is_that_of_cvxpy(name: str) -> None:
    limits: list[cp.Constraint] = []
    y = cp.Variable(RETURNS.shape[1])
    weights = solved(100 * written(y, cp.Constant(1.0), limits)[name](), [*limits, y >= 0, cp.sum(y) == 1], y)
    ours = best(RETURNS, MinimumRisk(), level=LEVEL, risk_measure=name, threshold=THRESHOLD)
    assert known(ours.objective_value) == pytest.approx(risk_of(name, known(ours.weights)), rel=1e-12)
    assert known(ours.objective_value) <= risk_of(name, weights) * (1 + 1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_the_greatest_ratio_is_that_of_cvxpy(name: str) -> None:
    limits: list[cp.Constraint] = []
    y, k = cp.Variable(RETURNS.shape[1]), cp.Variable(nonneg=True)
    gain = (MEAN - RATE) @ y
    weights = solved(100 * written(y, k, limits)[name](), [*limits, y >= 0, cp.sum(y) == k, gain == 1], y)
    ours = best(RETURNS, MaximumRatio(risk_free_rate=RATE), level=LEVEL, risk_measure=name, threshold=THRESHOLD)
    theirs = (MEAN - RATE) @ weights / risk_of(name, weights)
    assert known(ours.objective_value) >= theirs * (1 - 1e-7)
