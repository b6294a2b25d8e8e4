"""Multipliers for a portfolio that somebody else found: those of a linear program.

Where a portfolio is best for a convex objective, nothing is better for the objective's tangent there either. So the
multipliers of the program that minimises the tangent over the same limits prove all that the tangent can prove (the
duality gap of Frank and Wolfe 1956, An algorithm for quadratic programming; Jaggi 2013, equation 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.lagrangian import Lagrangian
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.region import Region, Row
from tangency.domain.optimization.term import NO_CUTS, Minorant
from tangency.domain.optimization.trade_limit import Traded
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
        multipliers: by constraint id, of rows, distances, limits on trades and the half-spaces of risk caps.
    """

    ending: Ending
    value: float
    multipliers: dict[str, float]


@dataclass(frozen=True, eq=False, slots=True)
class Bent:
    """size x sum |x - center| + tilt x sum (x - center) <= limit: a distance, or a limit on trades."""

    id: str
    center: Vector
    limit: float
    size: float = 1.0
    tilt: float = 0.0


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
    found = linear_optimum(slope, region, touching).multipliers
    return in_balance(slope, region, Witness(found, {**touching, **cuts}))


def in_balance(slope: Vector, region: Region, witness: Witness) -> Witness:
    """With every name between buying and selling where the prices of the limits on trades outweigh the slope.

    A name that its bounds have bought or sold is on that side.

    Args:
        slope: of the objective; shape (n,).
        region: the limits; those on trades start from the same weights.
        witness: their prices.
    """
    traded = [(cap.id, cap.risk) for cap in region.caps if isinstance(cap.risk, Traded)]
    if not traded:
        return witness
    prices = {key: max(0.0, witness.multipliers.get(key, 0.0)) for key, _ in traded}
    pull = Lagrangian.of(Minorant(0.0, slope, 0.0), region, witness).slope
    up = sum(prices[key] * limit.buying for key, limit in traded)
    down = sum(prices[key] * limit.selling for key, limit in traded)
    share = np.clip((down - pull) / (up + down), 0.0, 1.0) if up + down > 0 else np.full(len(slope), 0.5)
    (lower, upper), current = region.implied, traded[0][1].current
    share = np.where(lower >= current, 1.0, np.where(upper <= current, 0.0, share))
    between = {key: share * limit.buying - (1.0 - share) * limit.selling for key, limit in traded}
    return replace(witness, cuts={**witness.cuts, **between})


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
    bends = [*distances_of(region), *_trades_of(region)]
    n, spread = region.size, len(bends) * region.size
    inequalities, limits = with_bends(upper, bends, n)
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
    multipliers |= {bend.id: price for bend, price in zip(bends, prices[len(upper) :], strict=False)}
    for row, price in zip(equal, found.eqlin.marginals, strict=True):
        multipliers[row.id] = -unit * float(price) / sized(row)
    return LinearOptimum("solved", unit * float(found.fun), multipliers)


def distances_of(region: Region) -> list[Bent]:
    """The distances of a region."""
    return [Bent(distance.id, distance.center, distance.limit) for distance in region.distances]


def _trades_of(region: Region) -> list[Bent]:
    caps = [(cap, cap.risk) for cap in region.caps if isinstance(cap.risk, Traded)]
    return [
        Bent(
            cap.id,
            traded.current,
            cap.limit,
            (traded.buying + traded.selling) / 2,
            (traded.buying - traded.selling) / 2,
        )
        for cap, traded in caps
    ]


def with_bends(rows: Sequence[Row], bends: Sequence[Bent], n: int) -> tuple[Matrix, Vector]:
    """The rows, then the bends with p for |x - c|, then |x - c| <= p for each; over x and the p of each bend."""
    count = len(bends)
    limits = [row.limit / sized(row) for row in rows]
    limits += [bend.limit + bend.tilt * float(bend.center.sum()) for bend in bends]
    tilts = np.array([np.full(n, bend.tilt) for bend in bends]).reshape(count, n)
    sizes = np.diag([bend.size for bend in bends]).reshape(count, count)
    totals = np.hstack([tilts, np.kron(sizes, np.ones((1, n)))])
    blocks = [np.pad(_scaled(rows, n), ((0, 0), (0, count * n))), totals]
    for place, bend in enumerate(bends):
        apart = np.kron(np.eye(count)[place], np.eye(n))
        blocks += [np.hstack([np.eye(n), -apart]), np.hstack([-np.eye(n), -apart])]
        limits += [*bend.center, *-bend.center]
    return np.vstack(blocks), np.array(limits)


def _scaled(rows: Sequence[Row], n: int) -> Matrix:
    return np.array([row.coefficients / sized(row) for row in rows]).reshape(len(rows), n)


def sized(row: Row) -> float:
    """The largest coefficient of a row, without its sign; 1.0 where all are zero."""
    return float(np.abs(row.coefficients).max()) or 1.0


_ENDINGS: Mapping[int, Ending] = {2: "infeasible", 3: "unbounded"}
