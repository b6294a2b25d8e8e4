"""The feasible portfolio nearest to one that a procedure came up with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.proposal import AS_ASKED, Proposal, Reading, SolverAttempt, Status
from tangency.domain.optimization.region import Region, RiskCap, Row, Shape
from tangency.plugins.kernels.parametric import Family

INSIDE = 1e-12
"""By how much weights may miss a limit in rounding and still be taken as they are."""
NO_ROOM = 1e-9
"""A distance limit below it pins the weights to its center."""


@dataclass(frozen=True, eq=False, slots=True)
class Projection:
    """A feasible portfolio, or why there is none.

    Attributes:
        status: feasible, infeasible, or what a solver ended with.
        weights: shape (n,); None without a portfolio.
    """

    status: Status
    weights: Vector | None = None
    attempts: tuple[SolverAttempt, ...] = ()


def project(raw: Vector, region: Region, policy: SolverPolicy) -> Projection:
    """The weights of a region with the least Euclidean distance to others.

    By PIQP and an active-set solve, which makes them exact; with a cap on risk, by Clarabel.

    Args:
        raw: shape (n,).
        region: where the weights must lie.
        policy: tolerance and time limit.
    """
    if (region.lower > region.upper).any():
        return Projection(Status.INFEASIBLE)
    if _inside(raw, region, INSIDE):
        return Projection(Status.FEASIBLE, raw)
    pinning = next((d for d in region.distances if abs(d.limit) <= NO_ROOM), None)
    if pinning is not None:
        held = _inside(pinning.center, region, NO_ROOM)
        return Projection(Status.FEASIBLE, pinning.center) if held else Projection(Status.INFEASIBLE)
    nearest = _polyhedral(raw, replace(region, caps=()), policy)
    if nearest.weights is None or not region.caps or _inside(nearest.weights, region, NO_ROOM):
        return nearest
    return _capped(raw, region, policy, nearest.attempts)


def heuristic(
    problem: Problem,
    estimates: Estimates,
    raw: Vector,
    findings: Mapping[str, object],
    reading: Reading = AS_ASKED,
) -> Proposal:
    """The proposal of a procedure: its weights where they are feasible, else the nearest feasible ones.

    Findings gain ``raw_weights``, by name, and ``projection_distance``, the Euclidean distance between the two.
    """
    region = problem.region(estimates)
    nearest = project(raw, region, problem.solver)
    iterations = sum(attempt.iterations for attempt in nearest.attempts)
    if nearest.weights is None:
        return Proposal(nearest.status, iterations=iterations, attempts=nearest.attempts)
    told = {
        **findings,
        "raw_weights": dict(zip(problem.universe.names, raw.tolist(), strict=True)),
        "projection_distance": float(np.linalg.norm(nearest.weights - raw)),
    }
    return Proposal(
        Status.FEASIBLE,
        nearest.weights,
        iterations=iterations,
        attempts=nearest.attempts,
        reading=reading,
        findings=told,
    )


def _inside(x: Vector, region: Region, tolerance: float) -> bool:
    return all(shape.excess(x) <= tolerance * _size(shape, x) for shape in region.shapes)


def _size(shape: Shape, x: Vector) -> float:
    """Of the figures that a shape compares: weights are of order 1, means and risks of any."""
    if isinstance(shape, Row):
        return float(np.abs(shape.coefficients) @ np.abs(x))
    return shape.limit if isinstance(shape, RiskCap) else 1.0


def _polyhedral(raw: Vector, region: Region, policy: SolverPolicy) -> Projection:
    """1/2 |x - raw|^2 is the member at tau = 1 of the family whose covariance is the identity and whose mean is raw."""
    family = Family(DenseCovariance.of(np.eye(len(raw))), raw, region, policy.tolerance)
    member = family.member(1.0)
    attempts = tuple(family.attempts)
    if member is not None:
        return Projection(Status.FEASIBLE, member.weights, attempts)
    return Projection(Status.INFEASIBLE, attempts=attempts)


def _capped(raw: Vector, region: Region, policy: SolverPolicy, before: tuple[SolverAttempt, ...]) -> Projection:
    from tangency.plugins.kernels.conic import conic

    identity = DenseCovariance.of(np.eye(len(raw)))
    point = conic(identity, raw, 1.0, region, False, policy.tolerance, policy.time_limit_s)
    attempts = (*before, point.attempt)
    if point.weights is not None:
        return Projection(Status.FEASIBLE, point.weights, attempts)
    return Projection(_ENDINGS.get(point.status, Status.NUMERICAL_ERROR), attempts=attempts)


_ENDINGS = {"infeasible": Status.INFEASIBLE, "time_limit": Status.TIME_LIMIT}
