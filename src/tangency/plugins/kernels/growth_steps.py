"""Newton's steps to the greatest growth among the portfolios with the same names at their bounds, and the same limits.

The solver of cones knows the logarithm to half of its digits: growth is flat at its top. Newton's steps there find the
portfolio itself, and the multipliers with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Vector, power_of_two_near
from tangency.domain.optimization.certificate import certify, violations
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Witness
from tangency.domain.optimization.region import Distance, Region, RiskCap, Row

AT_BOUND = 1e-6
"""A portfolio as near to a limit is at it: the certificate says so if it is not."""
MOST_STEPS = 20
SETTLED = 1e-15
INSIDE = 1e-10
"""Largest violation that may be left."""


def polished(problem: Problem, estimates: Estimates, proposal: Proposal) -> Proposal:
    """The proposal, or a portfolio that more is proven of; only where no cap on risk holds it."""
    region = problem.region(estimates)
    if proposal.weights is None or proposal.witness is None or any(map(_at(proposal.weights), region.caps)):
        return proposal
    sample, start = estimates.required_scenarios("growth"), _resting(region, proposal.weights)
    found = _steps(sample, *start, _holding(region, start[0]))
    if found is None:
        return proposal
    weights, multipliers = found
    closer = replace(proposal, weights=weights, witness=Witness(multipliers))
    inside = max(violations(region, weights).values(), default=0.0) <= INSIDE
    return closer if inside and gap_of(problem, estimates, closer) <= gap_of(problem, estimates, proposal) else proposal


def gap_of(problem: Problem, estimates: Estimates, proposal: Proposal) -> float:
    """The relative gap that a proposal's witness proves; infinite where it proves none."""
    if proposal.weights is None:
        return np.inf
    gap = certify(problem, estimates, proposal.weights, proposal.witness).relative_gap
    return np.inf if gap is None else gap


def _at(weights: Vector) -> Callable[[Row | Distance | RiskCap], bool]:
    """Whether a limit holds a portfolio."""
    return lambda limit: limit.excess(weights) > -AT_BOUND


def _resting(region: Region, weights: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    """The weights with those beside a bound on it, or beside the center of a distance that holds them; and which."""
    x, rest = weights.copy(), np.zeros(len(weights), dtype=bool)
    places = [region.lower, region.upper, *(d.center for d in region.distances if _at(weights)(d))]
    for place in places:
        near = np.abs(weights - place) <= AT_BOUND
        x, rest = np.where(near & ~rest, place, x), rest | near
    return x, rest


def _holding(region: Region, weights: Vector) -> list[Row]:
    """Rows, and distances as such: on one side of every center they are linear."""
    rows = [row for row in region.rows if row.equality or _at(weights)(row)]
    for distance in filter(_at(weights), region.distances):
        side = np.sign(weights - distance.center)
        rows.append(Row(distance.id, side, distance.limit + float(side @ distance.center)))
    return rows


def _steps(
    sample: Scenarios, x: Vector, rest: NDArray[np.bool_], rows: Sequence[Row]
) -> tuple[Vector, dict[str, float]] | None:
    """Weights and multipliers; None where a step leaves what the logarithm is defined on."""
    free = np.flatnonzero(~rest)
    A = np.array([row.coefficients[free] for row in rows]).reshape(len(rows), len(free))
    returns, p, size = sample.returns[:, free], sample.weights, sample.periods_per_year
    prices = np.zeros(len(rows))
    for _ in range(MOST_STEPS):
        wealth = 1.0 + sample.returns @ x
        if float(wealth[p > 0].min()) <= 0.0:
            return None
        v = np.where(p > 0, p / np.where(p > 0, wealth, 1.0), 0.0)
        curvature = (returns * (v**2 / np.where(p > 0, p, 1.0))[:, None]).T @ returns
        missing = np.array([row.limit - float(row.coefficients @ x) for row in rows])
        unit = power_of_two_near(float(np.abs(curvature).max(initial=0.0)))
        system = np.block([[curvature / unit, A.T], [A, np.zeros((len(rows), len(rows)))]])
        step = np.linalg.lstsq(system, np.concatenate([v @ returns / unit, missing]), rcond=None)[0]
        x = x.copy()
        x[free] += step[: len(free)]
        prices = unit * step[len(free) :]
        if float(np.abs(step[: len(free)]).max(initial=0.0)) <= SETTLED:
            break
    return x, {row.id: size * price for row, price in zip(rows, prices.tolist(), strict=True)}
