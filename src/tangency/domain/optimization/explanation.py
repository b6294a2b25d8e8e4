"""Why the answer is what it is: which limits bind, what they cost, and what keeps each name at its bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.after_tax import near
from tangency.domain.optimization.constraint import Budget, Constraint
from tangency.domain.optimization.lagrangian import Lagrangian
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Region

SMALLEST_SHARE = 1e-7
"""A multiplier below this share of the objective's terms is the solver's rounding, not a price."""
AT_BOUND = 1e-9


@dataclass(frozen=True, slots=True)
class BindingConstraint:
    """A limit that holds the objective back.

    Attributes:
        shadow_price: improvement of the objective per unit of relaxation, at the margin; >= 0.
    """

    constraint: str
    shadow_price: float
    sentence: str


@dataclass(frozen=True, slots=True)
class NameAtBound:
    """A name whose weight is at its lower or upper limit.

    Attributes:
        limit: the value of that limit.
        reduced_cost: improvement of the objective per unit by which the limit moves outward; >= 0.
    """

    name: str
    bound: Literal["min", "max"]
    limit: float
    reduced_cost: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The limits that bind, without the budget and the bounds of single names, and the names at their bounds."""

    binding: tuple[BindingConstraint, ...]
    at_bound: tuple[NameAtBound, ...]


def explain(problem: Problem, estimates: Estimates, weights: Vector, witness: Witness) -> Explanation:
    """Translate a witness into prices in units of the objective.

    Where positions have a smallest size, the prices are those among portfolios that hold the same names; where sales
    are taxed, among those that buy and sell the same ones.

    Args:
        problem: what was asked.
        estimates: annual moments.
        weights: shape (n,).
        witness: multipliers that the certificate accepted.
    """
    region, objective = problem.region(estimates), problem.objective
    if region.positions:
        region = region.on(region.sides_of(weights))
    price = objective.price(weights, estimates)
    nearby = near(objective, weights, estimates, region, witness)
    lagrangian = Lagrangian.of(nearby.minorant(weights, estimates, witness.cuts), region, witness)
    least = SMALLEST_SHARE * (objective.scale(weights, estimates) * price)
    binding = _binding(problem, region, witness, price, least)
    at_bound = _at_bound(problem, lagrangian, region.lower, region.upper, weights, price, least)
    return Explanation((*binding, *_smallest(problem, at_bound, least)), at_bound)


def _binding(
    problem: Problem, region: Region, witness: Witness, price: float, least: float
) -> tuple[BindingConstraint, ...]:
    found, bounds = [], {shape.id for shape in region.bounds}
    for constraint in problem.constraints:
        if isinstance(constraint, Budget) or constraint.id in bounds:
            continue
        shadow = max(0.0, witness.multipliers.get(constraint.id, 0.0)) * abs(constraint.sensitivity) * price
        if shadow > least:
            found.append(_bound_by(constraint, shadow))
    return tuple(sorted(found, key=lambda binding: -binding.shadow_price))


def _smallest(problem: Problem, at_bound: tuple[NameAtBound, ...], least: float) -> tuple[BindingConstraint, ...]:
    """The smallest position, where names are held by no more: a smaller one would relieve all of them at once."""
    limit = next((each for each in problem.constraints if isinstance(each, MinimumPosition)), None)
    if limit is None:
        return ()
    shadow = sum(each.reduced_cost for each in at_bound if abs(abs(each.limit) - limit.limit) <= AT_BOUND)
    return (_bound_by(limit, shadow),) if shadow > least else ()


def _bound_by(limit: Constraint, shadow: float) -> BindingConstraint:
    cost = f"{limit.sentence()} It binds: moving the limit by 0.01 improves the objective by about "
    return BindingConstraint(limit.id, shadow, f"{cost}{0.01 * shadow:.3g}.")


def _at_bound(
    problem: Problem,
    lagrangian: Lagrangian,
    lower: Vector,
    upper: Vector,
    weights: Vector,
    price: float,
    least: float,
) -> tuple[NameAtBound, ...]:
    below, above = _slopes(lagrangian, weights)
    names = problem.universe.names
    at_lower, at_upper = np.abs(weights - lower) <= AT_BOUND, np.abs(weights - upper) <= AT_BOUND
    # A name pinned between two equal bounds is listed at the one that holds it back, at the lower one if neither does.
    at_lower &= ~(at_upper & (price * above < -least))
    limits = np.where(at_lower, lower, upper).tolist()
    costs = (price * np.maximum(0.0, np.where(at_lower, below, -above))).tolist()
    places, low = np.flatnonzero(at_lower | at_upper).tolist(), at_lower.tolist()
    return tuple([NameAtBound(names[i], "min" if low[i] else "max", limits[i], costs[i]) for i in places])


def _slopes(lagrangian: Lagrangian, weights: Vector) -> tuple[Vector, Vector]:
    """The derivative of the Lagrangian in each weight, going down and going up; shape (n,) each."""
    below, above = lagrangian.slope.copy(), lagrangian.slope.copy()
    for multiplier, distance in lagrangian.distances:
        away = weights - distance.center
        below = below + multiplier * np.where(away > AT_BOUND, 1.0, -1.0)
        above = above + multiplier * np.where(away < -AT_BOUND, -1.0, 1.0)
    return below, above
