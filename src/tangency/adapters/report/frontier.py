"""The efficient frontier around an answer, traced and checked as any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from tangency.adapters.report.findings import Findings
from tangency.application.frontier import TraceProblem
from tangency.application.service import Service
from tangency.domain.errors import NoAnswer, Unsupported
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.market.market import Market
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Constraint, TargetReturn, TargetVolatility
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem

POINTS = 25
"""Straight lines between so many look like a curve on a screen."""
FRONTIER_METHOD = "mean_variance"

OnCurve = Callable[[], object]


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


async def trace(service: Service, findings: Findings, on_curve: OnCurve = lambda: None) -> Frontier | None:
    """Trace the frontier; None where there are no means to draw it with.

    Args:
        service: solves, in its isolated processes.
        findings: the answer to draw it around.
        on_curve: called after each of the two curves.
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
            await _curve(service, problem, limits, on_curve),
            await _curve(service, problem, held, on_curve),
            _names(problem, estimates.mean, estimates.covariance.variances),
        )
    except Unsupported:  # the operator blocked the method that draws it
        return None


def _names(problem: Problem, means: Vector, variances: Vector) -> tuple[Point, ...]:
    risks = np.sqrt(variances).tolist()
    return tuple(map(Point, risks, means.tolist(), problem.universe.names))


async def _curve(
    service: Service, problem: Problem, limits: Iterable[Constraint], on_curve: OnCurve
) -> tuple[Point, ...]:
    asked = replace(problem, objective=MinimumVolatility(), constraints=tuple(limits))
    try:
        curve = await service.handle(TraceProblem(asked, FrontierQuestion(points=POINTS)))
    except NoAnswer:
        return ()  # endless returns
    finally:
        on_curve()
    return tuple(Point(point.risk, point.expected_return) for point in curve.points)
