"""Positions of a smallest size, ours beside SCIP where pyscipopt is installed: ``python -m benchmarks.positions``.

Long-only portfolios of least volatility and of most utility under a cap of 25 % for every name, over random returns
with one market factor and noise (2n days): few names differ much, so that the choice among them is hard. Ten seconds
each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np

import tangency
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem, SolverPolicy

CAP, SECONDS, AVERSION = 0.25, 10.0, 3.0
SIZES, LEAST = (20, 50, 100), (0.03, 0.08)
Contender = Callable[[Matrix, Vector, Objective, float], str]


def moments(n: int) -> tuple[Matrix, Vector]:
    """Annual covariance and means."""
    rng = np.random.default_rng(1)
    returns = rng.normal(0.0, 0.01, (2 * n, n)) + rng.normal(0.0, 0.006, (2 * n, 1))
    covariance: Matrix = 252 * np.cov(returns.T)
    return covariance, rng.normal(0.07, 0.02, n)


def ours(covariance: Matrix, mean: Vector, objective: Objective, least: float) -> str:
    """Time, nodes and proven gap."""
    market = Market(Universe.of([f"N{i}" for i in range(len(mean))]), mean, covariance)
    limits = (Budget(), LongOnly(), MaximumWeight(CAP), MinimumPosition(least))
    problem = Problem(market, objective, limits, solver=SolverPolicy(time_limit_s=SECONDS))
    began = perf_counter()
    solution = tangency.solve(problem)
    spent = perf_counter() - began
    search: Any = solution.findings.get("search", {"nodes": 1})
    gap = None if solution.certificate is None else solution.certificate.relative_gap
    return f"{spent:.2f} s, {search['nodes']} nodes, gap {gap:.0e}"


def scip(covariance: Matrix, mean: Vector, objective: Objective, least: float) -> str:
    """Time, nodes and SCIP's own word on the gap."""
    pyscipopt: Any = import_module("pyscipopt")
    n, utility = len(mean), isinstance(objective, MaximumUtility)
    model: Any = pyscipopt.Model()
    model.hideOutput()
    model.setParam("limits/time", SECONDS)
    x, held = [model.addVar(lb=0, ub=CAP) for _ in range(n)], [model.addVar(vtype="B") for _ in range(n)]
    factor, risk = np.linalg.cholesky(covariance), model.addVar(lb=0)
    parts = [model.addVar(lb=None) for _ in range(n)]
    model.addCons(pyscipopt.quicksum(x) == 1)
    for i in range(n):
        model.addCons(x[i] >= least * held[i])
        model.addCons(x[i] <= CAP * held[i])
        model.addCons(parts[i] == pyscipopt.quicksum(factor[j, i] * x[j] for j in range(i, n)))
    model.addCons(pyscipopt.quicksum(part * part for part in parts) <= risk)
    gain = pyscipopt.quicksum(mean[i] * x[i] for i in range(n))
    model.setObjective(AVERSION / 2 * risk - gain if utility else risk)
    began = perf_counter()
    model.optimize()
    return f"{perf_counter() - began:.2f} s, {model.getNTotalNodes()} nodes, gap {model.getGap():.0e}"


def main() -> None:
    """Print a line for every size, smallest position and objective."""
    contenders: dict[str, Contender] = {"ours": ours}
    if find_spec("pyscipopt") is not None:
        contenders["SCIP"] = scip
    for n in SIZES:
        for least in LEAST:
            for objective in (MinimumVolatility(), MaximumUtility(AVERSION)):
                told = [f"{name} {of(*moments(n), objective, least)}" for name, of in contenders.items()]
                sys.stdout.write(f"{objective.name}, n = {n}, at least {least:.0%}: {'; '.join(told)}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
