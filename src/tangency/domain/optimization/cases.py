"""Proof by cases, where a region is a union of convex parts: every part is bounded by weak duality, and they cover it.

Whoever searched for the answer hands over the parts at which the search ended, each with a witness. Nothing of that is
believed: that the parts cover the region is checked name by name, and the bound over each is computed here.

Within a part most names may still be left out or held. A minorant that is linear knows nothing of that: its least over
{0} and [m, u] is its least over [0, u]. With variances d such that S - diag(d) is positive semidefinite, though, half
the variance exceeds its tangent at z by 1/2 sum d_i (x_i - z_i)^2, which is least over {0} and [m, u] name by name: the
perspective bound of Frangioni and Gentile (2006), Perspective cuts for a class of convex 0-1 mixed integer programs,
Mathematical Programming 106, 225-236.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import LARGEST, Vector
from tangency.domain.optimization.after_tax import over, seen_from, tax_of, traded
from tangency.domain.optimization.lagrangian import BAD_WITNESS, SMALLEST_FARKAS_BOUND, Lagrangian, farkas_bound
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.proposal import Case, Witness
from tangency.domain.optimization.region import Region, Side, Sides
from tangency.domain.optimization.sales_tax import SalesCase, TaxOnSales
from tangency.domain.optimization.term import Minorant


def gap_by_cases(objective: Objective, estimates: Estimates, region: Region, weights: Vector, proof: Witness) -> float:
    """No portfolio of the region has a loss that is lower by more; infinite where the cases do not prove that.

    Args:
        objective: what is minimised.
        estimates: annual moments.
        region: not convex.
        weights: shape (n,).
        proof: with cases.
    """
    if not covers(*_choices(proof.cases, region, tax_of(objective))):
        return np.inf
    spread = proven_spread(estimates.covariance, proof.spread)
    return max(case_gap(objective, estimates, region, weights, case, spread) for case in proof.cases)


@BAD_WITNESS
def case_gap(
    objective: Objective,
    estimates: Estimates,
    region: Region,
    weights: Vector,
    case: Case,
    spread: Vector | None = None,
) -> float:
    """No portfolio of one part has a loss that is lower by more; 0 where the part is empty.

    Args:
        objective: what is minimised.
        estimates: annual moments.
        region: of which the case is a part.
        weights: what the part is compared with; shape (n,).
        case: one part.
        spread: as :func:`proven_spread` lets it pass; shape (n,).
    """
    tax, z = tax_of(objective), case.point
    if tax is not None:
        return _gap_after_tax(objective, tax, estimates, region, weights, case)
    part = region.on(case.sides)
    if z is None:
        return 0.0 if emptiness(region, case) > SMALLEST_FARKAS_BOUND else np.inf
    if z.shape != weights.shape or not np.isfinite(z).all():
        return np.inf
    minorant = objective.minorant(z, estimates, case.witness.cuts)
    lagrangian = Lagrangian.of(minorant, part, case.witness)
    lower, upper = part.implied
    bound = lagrangian.minimum(lower, upper)
    if spread is not None and minorant.curvature > 0 and not lagrangian.distances:
        curved = _least(lagrangian.slope, minorant.curvature * spread, z, region, case.sides)
        bound = max(bound, lagrangian.constant + curved)
    gap = objective.loss_seen_from(z, weights, estimates) - bound
    return gap if abs(gap) <= LARGEST else np.inf


def _gap_after_tax(
    objective: Objective, tax: TaxOnSales, estimates: Estimates, region: Region, weights: Vector, case: Case
) -> float:
    """The same where sales are taxed; a part that is empty is bounded by multipliers as large as one likes."""
    sales, z = case.sales or SalesCase.whole(region.size), case.point
    part = traded(region.on(case.sides), sales, tax)
    if z is None or (part.lower > part.upper).any():
        empty = (part.lower > part.upper).any() or emptiness(region, case) > SMALLEST_FARKAS_BOUND
        return 0.0 if empty else np.inf
    if z.shape != weights.shape or not np.isfinite(z).all():
        return np.inf
    below = over(objective, case, sales, part)
    minorant = below.minorant(z, estimates, case.witness.cuts)
    bound = Lagrangian.of(minorant, part, case.witness).minimum(*part.implied)
    gap = seen_from(objective, case, weights, estimates) - bound
    return gap if gap <= LARGEST else np.inf  # also where it is NaN


def emptiness(region: Region, case: Case) -> float:
    """Above 1e-9, a proof that no portfolio is in a part: by Farkas, or because no number of positions fits."""
    return max(miscounted(region, case.sides), farkas_bound(region.on(case.sides), case.witness))


def emptiness_by_cases(region: Region, cases: Sequence[Case]) -> float:
    """Above 1e-9, a proof that no portfolio is in the region: the least that any case proves its part to miss."""
    covered = covers([case.sides for case in cases], region.sides)
    return min(emptiness(region, case) for case in cases) if covered else 0.0


def miscounted(region: Region, sides: Sides) -> float:
    """By how much at least every number of positions weighs too little or too much; 0 where one may fit.

    Of positions from 0.3 to 0.32, three weigh too little for a portfolio, and four too much. No multipliers say so.
    """
    budget, (lower, upper) = region.budget, region.on(sides).implied
    if budget is None or not (lower >= 0.0).all():
        return 0.0
    choice = (sides == Side.ANY) & (lower == 0.0) & (region.least > 0.0)
    least = np.append(0.0, np.cumsum(np.sort(region.least[choice]))) + float(lower[~choice].sum())
    most = np.append(0.0, np.cumsum(-np.sort(-upper[choice]))) + float(upper[~choice].sum())
    return max(0.0, float(np.maximum(least - budget.limit, budget.limit - most).min()))


def blamed_for(region: Region, cases: Sequence[Case]) -> frozenset[str]:
    """The ids of the limits that empty cases contradict: by their multipliers, by a bound, or by a count."""
    return frozenset().union({shape.id for shape in region.positions}, *(_blamed(region, case) for case in cases))


def _blamed(region: Region, case: Case) -> set[str]:
    part = region.on(case.sides)
    slope = Lagrangian.of(Minorant(0.0, np.zeros(region.size), 0.0), part, case.witness).slope
    crossing = part.lower > part.upper
    counted = not slope.any() and not crossing.any()
    at_lower, at_upper = (slope > 0) | crossing, (slope < 0) | crossing | counted
    blamed = {key for key, multiplier in case.witness.multipliers.items() if multiplier}
    blamed |= {region.budget.id} if counted and region.budget is not None else set()
    for bounds in region.bounds:
        leans = (at_lower & (bounds.lower == part.lower)) | (at_upper & (bounds.upper == part.upper))
        blamed |= {bounds.id} if leans.any() else set()
    return blamed


def covers(parts: Sequence[Sides], allowed: NDArray[np.bool_]) -> bool:
    """Whether every choice of sides, of those that each name can be on, is in some of the parts.

    A set of parts covers where one of them settles nothing. Else something must be settled in all of them, and for
    every side that it can be on, those parts that have it there must cover the rest.
    """
    if not all(sides.shape == (len(allowed),) for sides in parts):
        return False
    left = [np.array(parts, dtype=np.int8).reshape(len(parts), len(allowed))]
    while left:
        sides = left.pop()
        if (sides == Side.ANY).all(axis=1).any():
            continue
        settled = np.flatnonzero((sides != Side.ANY).all(axis=0))
        if not len(sides) or not len(settled):
            return False
        name = settled[0]
        for side in np.flatnonzero(allowed[name, Side.NONE :]) + Side.NONE:
            those = sides[sides[:, name] == side]
            those[:, name] = Side.ANY
            left.append(those)
    return True


_EITHER = np.array([[True, True, True, False]])
"""Of a name: bought, or sold; of the gains that are taxed less: at least 0, or at most."""


def _choices(cases: Sequence[Case], region: Region, tax: TaxOnSales | None) -> tuple[list[Sides], NDArray[np.bool_]]:
    """What cases settle, of positions, and of trades and gains where sales are taxed; and what can be settled."""
    if tax is None:
        return [case.sides for case in cases], region.sides
    sales = [(case.sides, case.sales or SalesCase.whole(region.size)) for case in cases]
    listed = [np.concatenate([sides, own.trades, [own.half]]).astype(np.int8) for sides, own in sales]
    return listed, np.vstack([region.sides, _EITHER.repeat(region.size + 1, axis=0)])


def proven_spread(covariance: Covariance, spread: Vector | None) -> Vector | None:
    """The variances, where the covariance exceeds them on every portfolio: what is left of it has a Cholesky factor."""
    if spread is None or spread.shape != (covariance.size,) or not (spread >= 0).all():
        return None
    rounding = covariance.size * np.finfo(float).eps * float(covariance.variances.max())
    try:
        np.linalg.cholesky(covariance.dense() - np.diag(spread + rounding))
    except np.linalg.LinAlgError:
        return None
    return spread


def _least(slope: Vector, curvature: Vector, z: Vector, region: Region, sides: Sides) -> float:
    """The least of slope'x + 1/2 sum curvature (x - z)^2 where each weight is 0 or of a size that it may have."""
    with np.errstate(divide="ignore", invalid="ignore"):
        still = np.where(curvature > 0, z - slope / curvature, np.where(slope > 0, -np.inf, np.inf))
    least = np.full(region.size, np.inf)
    for side, lower, upper in region.segments:
        x = np.minimum(np.maximum(still, lower), upper)
        value = slope * x + 0.5 * curvature * (x - z) ** 2
        allowed = ((sides == side) | (sides == Side.ANY)) & (lower <= upper)
        least = np.where(allowed, np.minimum(least, value), least)
    return float(least.sum())
