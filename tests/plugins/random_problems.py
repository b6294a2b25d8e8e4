"""Random mean-variance problems, and the same problem told to cvxpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Asset, Universe
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
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.ratio import MaximumSharpe

SECTORS = ("energy", "finance", "health")


def random_market(rng: np.random.Generator, n: int) -> Market:
    """A factor-structured annual covariance and means, with sectors."""
    loadings = rng.normal(0.15, 0.1, (n, 3))
    covariance = loadings @ loadings.T + np.diag(rng.uniform(0.005, 0.06, n))
    mean = rng.normal(0.07, 0.06, n)
    assets = tuple(Asset(f"N{i:03d}", str(rng.choice(SECTORS))) for i in range(n))
    return Market(Universe(assets), mean, covariance)


def random_objective(rng: np.random.Generator) -> Objective:
    choice = int(rng.integers(4))
    if choice == 0:
        return MinimumVolatility()
    if choice == 1:
        return MaximumReturn()
    if choice == 2:
        return MaximumUtility(float(rng.uniform(0.5, 12.0)))
    return MaximumSharpe(float(rng.choice([0.0, 0.02])))


def random_constraints(rng: np.random.Generator, market: Market, objective: Objective) -> list[Constraint]:
    """Each kind present with some probability, around a portfolio that is feasible for all but the risk cap."""
    n = len(market.universe)
    anchor = rng.dirichlet(np.ones(n))
    constraints: list[Constraint] = [Budget()]
    if rng.random() < 0.7:
        constraints.append(LongOnly())
    else:
        short = float(rng.uniform(0.02, 0.4))
        anchor = (1 + 0.3) * anchor - 0.3 * rng.dirichlet(np.ones(n))
        constraints.append(MinimumWeight(min(-short, float(anchor.min()))))
    constraints += _random_bounds(rng, market, anchor)
    constraints += _random_distances(rng, anchor)
    assert market.mean is not None
    if rng.random() < 0.25:
        constraints.append(TargetReturn(float(market.mean @ anchor - rng.uniform(0.0, 0.02))))
    if rng.random() < 0.25 and not isinstance(objective, MinimumVolatility):
        sigma = float(np.sqrt(anchor @ np.asarray(market.covariance) @ anchor))
        constraints.append(TargetVolatility(sigma * float(rng.uniform(1.0, 1.2))))
    return constraints


def _random_bounds(rng: np.random.Generator, market: Market, anchor: np.ndarray) -> list[Constraint]:
    n, names = len(anchor), market.universe.names
    constraints: list[Constraint] = []
    if rng.random() < 0.6:
        constraints.append(MaximumWeight(float(max(anchor.max(), rng.uniform(1.5, 4.0) / n))))
    if rng.random() < 0.4:
        i = int(rng.integers(n))
        constraints.append(MaximumWeight(float(anchor[i] + 0.02), names[i]))
    if rng.random() < 0.4:
        i = int(rng.integers(n))
        constraints.append(MinimumWeight(float(anchor[i] - 0.01), names[i]))
    for sector, members in market.universe.sectors.items():
        if rng.random() < 0.4:
            weight = float(market.universe.mask(members) @ anchor)
            constraints.append(SectorLimit(weight + float(rng.uniform(0.0, 0.1)), sector))
    return constraints


def _random_distances(rng: np.random.Generator, anchor: np.ndarray) -> list[Constraint]:
    constraints: list[Constraint] = []
    if rng.random() < 0.35:
        current = rng.dirichlet(np.ones(len(anchor))) * float(rng.choice([1.0, 0.95]))
        distance = float(np.abs(anchor - current).sum() + abs(1.0 - current.sum())) / 2
        constraints.append(TurnoverLimit(distance + float(rng.uniform(0.0, 0.2)), tuple(current.tolist())))
    if rng.random() < 0.35:
        constraints.append(LeverageLimit(float(np.abs(anchor).sum() + rng.uniform(0.0, 0.3))))
    return constraints


def random_problem(seed: int, largest: int = 40) -> Problem:
    rng = np.random.default_rng(seed)
    market = random_market(rng, int(rng.integers(2, largest)))
    objective = random_objective(rng)
    return Problem(market, objective, tuple(random_constraints(rng, market, objective)))


def broken_problem(seed: int, largest: int = 30) -> Problem:
    """A random problem with one or two limits drawn tighter than anything can satisfy together (most of the time)."""
    rng = np.random.default_rng(seed)
    market = random_market(rng, int(rng.integers(3, largest)))
    objective = random_objective(rng)
    constraints = random_constraints(rng, market, objective)
    n, kinds = len(market.universe), {c.kind for c in constraints}
    assert market.mean is not None
    for _ in range(int(rng.integers(1, 3))):
        choice = int(rng.integers(6))
        if choice == 0 and "target_return" not in kinds:
            constraints.append(TargetReturn(float(market.mean.max()) * 3 + 0.5))
        elif choice == 1:
            constraints = [c for c in constraints if not (isinstance(c, MaximumWeight) and c.name is None)]
            constraints.append(MaximumWeight(0.8 / n))
        elif choice == 2 and "target_volatility" not in kinds:
            constraints.append(TargetVolatility(0.005))
        elif choice == 3:
            constraints = [c for c in constraints if not isinstance(c, (SectorLimit, MinimumWeight))]
            constraints += [SectorLimit(0.9 / len(market.universe.sectors), s) for s in market.universe.sectors]
        elif choice == 4 and "turnover_limit" not in kinds:
            current = np.zeros(n)
            current[0] = 1.0
            constraints = [c for c in constraints if not (isinstance(c, MaximumWeight) and c.name is None)]
            constraints += [TurnoverLimit(0.1, tuple(current.tolist())), MaximumWeight(0.6)]
        elif choice == 5 and "leverage_limit" not in kinds:
            constraints.append(LeverageLimit(0.9))
        kinds = {c.kind for c in constraints}
    unique = {c.id: c for c in constraints}
    return Problem(market, objective, tuple(unique.values()))


def given_estimates(problem: Problem) -> Estimates:
    market = problem.market
    assert market.covariance is not None
    return Estimates(market.universe, market.mean, DenseCovariance.of(market.covariance), Sources("given", "given"))


def in_cvxpy(problem: Problem, tolerance: float = 1e-10) -> tuple[str, float | None, Any]:
    """The problem told to cvxpy from its constraints' meaning (not from our shapes), solved by Clarabel.

    Returns:
        The status, the objective in our unit, and the weights.
    """
    import cvxpy as cp

    market, objective = problem.market, problem.objective
    S, mean, n = np.asarray(market.covariance), np.asarray(market.mean), len(market.universe)
    y, k = cp.Variable(n), cp.Variable()
    ratio = isinstance(objective, MaximumSharpe)
    root = np.linalg.cholesky(S)
    rules: list[Any] = [] if ratio else [k == 1]
    rules += [_in_cvxpy(cp, c, y, k, root, mean, market) for c in problem.constraints]
    if isinstance(objective, MaximumSharpe):
        rules += [(mean - objective.risk_free_rate) @ y == 1, k >= 0]
    variance = cp.sum_squares(root.T @ y)
    loss = 0.5 * variance
    if isinstance(objective, MaximumReturn):
        loss = -(mean @ y)
    elif isinstance(objective, MaximumUtility):
        loss = 0.5 * objective.risk_aversion * variance - mean @ y
    program = cp.Problem(cp.Minimize(loss), rules)
    program.solve(solver=cp.CLARABEL, tol_gap_abs=tolerance, tol_gap_rel=tolerance, tol_feas=tolerance)
    if program.status not in ("optimal", "optimal_inaccurate"):
        return program.status, None, None
    w = y.value / k.value
    return program.status, objective.value(w, given_estimates(problem)), w


def _in_cvxpy(cp: Any, c: Constraint, y: Any, k: Any, root: Any, mean: Any, market: Market) -> Any:
    names, limit = market.universe.names, c.limit * k
    if isinstance(c, Budget):
        return cp.sum(y) == k
    if isinstance(c, (MinimumWeight, MaximumWeight)):
        weight = y if c.name is None else y[names.index(c.name)]
        return weight >= limit if isinstance(c, MinimumWeight) else weight <= limit
    if isinstance(c, SectorLimit):
        return cp.sum(y[[i for i, a in enumerate(market.universe.assets) if a.sector == c.sector]]) <= limit
    if isinstance(c, TurnoverLimit):
        w0 = np.array(c.current)
        return 0.5 * (cp.norm1(y - w0 * k) + abs(1 - w0.sum()) * k) <= limit
    simple = {
        LongOnly: lambda: y >= 0,
        LeverageLimit: lambda: cp.norm1(y) <= limit,
        TargetReturn: lambda: mean @ y >= limit,
        TargetVolatility: lambda: cp.norm(root.T @ y) <= limit,
    }
    return simple[type(c)]()
