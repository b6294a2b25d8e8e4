"""The efficient frontier around an answer, every point of it solved and checked like any other problem."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from tangency.adapters.report.findings import Findings
from tangency.application.optimization import SolveProblem
from tangency.application.service import Service
from tangency.domain.errors import NoAnswer, Unsupported
from tangency.domain.market.market import Market
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Constraint, TargetReturn, TargetVolatility
from tangency.domain.optimization.objective import MaximumReturn, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem

POINTS = 25
"""Straight lines between so many look like a curve on a screen."""
FRONTIER_METHOD = "mean_variance"

OnPoint = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Point:
    """A portfolio or a name on the plane of risk and return; annual fractions."""

    volatility: float
    expected_return: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Frontier:
    """Least volatility for each return, lowest first, and what lies around it.

    Attributes:
        within_limits: with every limit that was asked for.
        unlimited: fully invested, without short positions unless they were asked for, and nothing else.
        names: each name by itself.
    """

    within_limits: tuple[Point, ...]
    unlimited: tuple[Point, ...]
    names: tuple[Point, ...]


async def trace(service: Service, findings: Findings, on_point: OnPoint = lambda: None) -> Frontier | None:
    """Solve for the frontier; None where there are no means to draw it with.

    Args:
        service: solves, in its isolated processes.
        findings: the answer to draw it around.
        on_point: called after each of the ``2 * POINTS`` problems.
    """
    estimates = findings.estimates
    if estimates.mean is None:
        return None
    market = Market(estimates.universe, mean=estimates.mean, covariance=estimates.covariance.dense())
    problem = replace(findings.problem, market=market, method=FRONTIER_METHOD, options={})
    limits = [limit for limit in problem.constraints if not isinstance(limit, TargetReturn | TargetVolatility)]
    held = [limit for limit in limits if limit.kind in ("budget", "long_only", "leverage_limit")]
    try:
        return Frontier(
            await _curve(service, problem, limits, on_point),
            await _curve(service, problem, held, on_point),
            _names(problem, estimates.mean, estimates.covariance.variances),
        )
    except Unsupported:  # the operator blocked the method that draws it
        return None


def _names(problem: Problem, means: Vector, variances: Vector) -> tuple[Point, ...]:
    risks = np.sqrt(variances).tolist()
    return tuple(map(Point, risks, means.tolist(), problem.universe.names))


async def _curve(
    service: Service, problem: Problem, limits: Iterable[Constraint], on_point: OnPoint
) -> tuple[Point, ...]:
    limits = tuple(limits)

    async def solved(objective: Objective, *targets: Constraint) -> Point | None:
        asked = replace(problem, objective=objective, constraints=(*limits, *targets))
        try:
            solution = await service.handle(SolveProblem(asked))
        except NoAnswer:
            return None  # endless returns, or a target between two that rounding separates
        finally:
            on_point()
        if solution.expected_volatility is None or solution.expected_return is None:
            return None
        return Point(solution.expected_volatility, solution.expected_return)

    lowest, highest = await asyncio.gather(solved(MinimumVolatility()), solved(MaximumReturn()))
    if lowest is None or highest is None:
        return ()
    between = [await solved(MinimumVolatility(), TargetReturn(target)) for target in _targets(lowest, highest)]
    return (lowest, *(point for point in between if point is not None), highest)


def _targets(lowest: Point, highest: Point) -> list[float]:
    """Between the least risk and the highest return, closer together at both ends, where the curve bends most."""
    steps = (1.0 - np.cos(np.linspace(0.0, np.pi, POINTS)[1:-1])) / 2.0
    targets = lowest.expected_return + steps * (highest.expected_return - lowest.expected_return)
    return [float(target) for target in targets]
