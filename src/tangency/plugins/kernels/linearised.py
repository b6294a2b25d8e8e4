"""Multipliers for a portfolio that somebody else found: those of a linear program.

Where a portfolio is best for a convex objective, nothing is better for the objective's tangent there either. So the
multipliers of the program that minimises the tangent over the same limits prove all that the tangent can prove (the
duality gap of Frank and Wolfe 1956, An algorithm for quadratic programming; Jaggi 2013, equation 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.region import Region, Row
from tangency.domain.optimization.term import NO_CUTS
from tangency.domain.risk.volatility import Volatility

TOLERANCE = 1e-10
"""Of HiGHS, on a slope and rows scaled to a largest entry of 1; the least that it takes."""
NO_EXCESS = 1e-10
"""Of the largest excess mean: what is rounding."""

Ending = Literal["solved", "infeasible", "unbounded", "failed"]


@dataclass(frozen=True, eq=False, slots=True)
class LinearOptimum:
    """The least value of a linear function over a region.

    Attributes:
        value: of the function; NaN where it was not solved.
        multipliers: by constraint id, of rows, distances and the half-spaces of risk caps.
    """

    ending: Ending
    value: float
    multipliers: dict[str, float]


def witness_at(
    problem: Problem, estimates: Estimates, weights: Vector, cuts: Mapping[str, Vector] = NO_CUTS
) -> Witness:
    """The best witness for weights that the tangent of the objective at them allows.

    Args:
        problem: its objective is convex, or a ratio.
        estimates: annual moments, and scenarios.
        weights: shape (n,).
        cuts: dual vectors of the objective's terms by their ids, for terms with kinks.
    """
    region = problem.region(estimates)
    slope = problem.objective.minorant(weights, estimates, cuts).slope
    touching = {cap.id: weights for cap in region.caps if isinstance(cap.risk, Volatility)}
    return Witness(linear_optimum(slope, region, touching).multipliers, {**touching, **cuts})


def without_excess(problem: Problem, estimates: Estimates) -> Proposal:
    """Why a ratio has no best portfolio, where the best excess there is says so."""
    objective = problem.objective
    if not isinstance(objective, MaximumSharpe | MaximumRatio):
        return Proposal(Status.NUMERICAL_ERROR)
    gains = objective.gain(estimates)
    best = linear_optimum(-gains, problem.region(estimates))
    if best.ending != "solved":
        return Proposal(Status.INFEASIBLE if best.ending == "infeasible" else Status.NUMERICAL_ERROR)
    if -best.value > NO_EXCESS * float(np.abs(gains).max()):
        return Proposal(Status.NUMERICAL_ERROR)
    return Proposal(Status.NOT_APPLICABLE, None, Witness(best.multipliers), bound=min(0.0, -best.value))


def linear_optimum(slope: Vector, region: Region, touching: Mapping[str, Vector] = NO_CUTS) -> LinearOptimum:
    """Minimise slope'x over a region, each risk cap as a half-space.

    Args:
        slope: shape (n,).
        region: the limits.
        touching: by id of a risk cap, the dual vector of its half-space; caps without one are left out.
    """
    from scipy.optimize import linprog

    if (region.lower > region.upper).any():
        return LinearOptimum("infeasible", np.nan, {})
    cuts = [cap.cut(touching[cap.id]) for cap in region.caps if cap.id in touching]
    rows = [row for row in (*region.rows, *cuts) if row is not None and row.coefficients.any()]
    equal, upper = [row for row in rows if row.equality], [row for row in rows if not row.equality]
    unit = float(np.abs(slope).max()) or 1.0
    n, spread = region.size, len(region.distances) * region.size
    inequalities, limits = with_distances(upper, region)
    found = linprog(
        np.concatenate([slope / unit, np.zeros(spread)]),
        A_ub=inequalities if len(inequalities) else None,
        b_ub=limits if len(limits) else None,
        A_eq=np.pad(_scaled(equal, n), ((0, 0), (0, spread))) if equal else None,
        b_eq=[row.limit / sized(row) for row in equal] if equal else None,
        bounds=[*np.transpose(region.implied).tolist(), *[(0.0, None)] * spread],
        method="highs",
        options={"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE},
    )
    if found.status != 0:
        return LinearOptimum(_ENDINGS.get(found.status, "failed"), np.nan, {})
    prices = [-unit * float(price) for price in found.ineqlin.marginals]
    multipliers = {row.id: price / sized(row) for row, price in zip(upper, prices, strict=False)}
    multipliers |= {d.id: price for d, price in zip(region.distances, prices[len(upper) :], strict=False)}
    for row, price in zip(equal, found.eqlin.marginals, strict=True):
        multipliers[row.id] = -unit * float(price) / sized(row)
    return LinearOptimum("solved", unit * float(found.fun), multipliers)


def with_distances(rows: Sequence[Row], region: Region) -> tuple[Matrix, Vector]:
    """The rows, then the distances' limits, then |x - c| <= p for each; over x and the p of each distance."""
    n, count = region.size, len(region.distances)
    limits = [row.limit / sized(row) for row in rows] + [distance.limit for distance in region.distances]
    totals = np.hstack([np.zeros((count, n)), np.kron(np.eye(count), np.ones((1, n)))])
    blocks = [np.pad(_scaled(rows, n), ((0, 0), (0, count * n))), totals]
    for place, distance in enumerate(region.distances):
        apart = np.kron(np.eye(count)[place], np.eye(n))
        blocks += [np.hstack([np.eye(n), -apart]), np.hstack([-np.eye(n), -apart])]
        limits += [*distance.center, *-distance.center]
    return np.vstack(blocks), np.array(limits)


def _scaled(rows: Sequence[Row], n: int) -> Matrix:
    return np.array([row.coefficients / sized(row) for row in rows]).reshape(len(rows), n)


def sized(row: Row) -> float:
    """The largest coefficient of a row, without its sign."""
    return float(np.abs(row.coefficients).max())


_ENDINGS: Mapping[int, Ending] = {2: "infeasible", 3: "unbounded"}
