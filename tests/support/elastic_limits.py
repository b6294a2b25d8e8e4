"""Limits that may give, told to cvxpy from what they mean: an independent judge of conflicts and relaxations."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

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
from tangency.domain.optimization.problem import Problem

ENDINGS = {"optimal", "optimal_inaccurate", "infeasible", "infeasible_inaccurate"}


def least_change(problem: Problem, members: Iterable[str], soft: Iterable[str]) -> float | None:
    """The least sum of relative changes of ``soft`` that makes ``members`` feasible; None where none does."""
    import cvxpy as cp

    y = cp.Variable(len(problem.universe))
    slacks = {key: cp.Variable(nonneg=True) for key in soft}
    limits = [problem.by_id[key] for key in members]
    rules = [rule for c in limits for rule in _rules(cp, c, y, slacks.get(c.id, 0.0), problem)]
    cost = sum((slack / (abs(problem.by_id[key].limit) or 1.0) for key, slack in slacks.items()), start=0.0 * y[0])
    program = cp.Problem(cp.Minimize(cost), rules)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "may be inaccurate": the callers' tolerances are wide enough
        program.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    assert program.status in ENDINGS
    return float(program.value) if program.status.startswith("optimal") else None


def relative_change(problem: Problem, limits: Mapping[str, float]) -> float:
    """The sum of relative changes from the problem's limits to others."""
    old = {key: problem.by_id[key].limit for key in limits}
    return sum(abs(new - old[key]) / (abs(old[key]) or 1.0) for key, new in limits.items())


def _rules(cp: Any, c: Constraint, y: Any, slack: Any, problem: Problem) -> list[Any]:
    """A constraint that may give by a slack in its own unit."""
    market, names, limit = problem.market, problem.universe.names, c.limit
    rules: list[Any] = []
    if isinstance(c, TargetVolatility):
        rules = [cp.norm(np.linalg.cholesky(np.asarray(market.covariance)).T @ y) <= limit + slack]
    elif isinstance(c, Budget):
        rules = [cp.sum(y) == limit]
    elif isinstance(c, LongOnly):
        rules = [y[[i for i, name in enumerate(names) if name not in c.exempt]] >= limit]
    elif isinstance(c, MinimumWeight):
        rules = [(y if c.name is None else y[names.index(c.name)]) >= limit - slack]
    elif isinstance(c, MaximumWeight):
        rules = [(y if c.name is None else y[names.index(c.name)]) <= limit + slack]
    elif isinstance(c, SectorLimit):
        inside = [i for i, asset in enumerate(market.universe.assets) if asset.sector == c.sector]
        rules = [cp.sum(y[inside]) <= limit + slack]
    elif isinstance(c, TurnoverLimit):
        current = np.array(c.current)
        rules = [0.5 * (cp.norm1(y - current) + abs(1 - current.sum())) <= limit + slack]
    elif isinstance(c, LeverageLimit):
        rules = [cp.norm1(y) <= limit + slack]
    elif isinstance(c, TargetReturn):
        rules = [market.mean @ y >= limit - slack]
    return rules
