"""Riskless answers: moved onto the bounds that a solver's rounding left them beside, and proven there.

Where nothing is left of the risk, rounding is all there is of it, and a gap relative to that means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import certify, violations
from tangency.domain.optimization.composite_terms import Sum, WorstOf, packed, unpacked
from tangency.domain.optimization.objective import SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import RiskOf, Term, Variance

BESIDE = 1e-6
"""Of a bound: a weight nearer to it is on it."""
ROUNDING = 1e-12
"""By which a portfolio on its bounds may break a limit more than the one that was found."""


def settled(found: Proposal, problem: Problem, estimates: Estimates) -> Proposal:
    """A proposal that is riskless on its bounds, with the witness that proves the most; any other as it is."""
    weights, witness, read = found.weights, found.witness, found.reading.of(problem)
    if weights is None or witness is None or not estimates.riskless(weights):
        return found
    if certify(read, estimates, weights, witness).proves_optimality:
        return found
    region = read.region(estimates)
    settled_weights = _on_bounds(weights, region)
    if settled_weights is None or not isinstance(read.objective, SumOfTerms):
        return found
    witnesses = [witness, *_better(witness, read.objective, region, settled_weights, estimates)]
    tried = [(point, each) for point in (weights, settled_weights) for each in witnesses]
    gaps = [certify(read, estimates, point, each).relative_gap for point, each in tried]
    best = int(np.argmin([np.inf if gap is None else gap for gap in gaps]))
    return replace(found, weights=tried[best][0], witness=tried[best][1])


def _on_bounds(weights: Vector, region: Region) -> Vector | None:
    """What is beside a bound on it, the rest in the largest other weight; None where limits break."""
    moved = np.where(weights - region.lower < BESIDE, region.lower, weights)
    moved = np.where(region.upper - moved < BESIDE, region.upper, moved)
    between = (moved > region.lower) & (moved < region.upper)
    if between.any():
        largest = int(np.argmax(np.where(between, np.abs(moved), -1.0)))
        total = float(weights.sum()) if region.budget is None else region.budget.limit
        moved[largest] = total - float(np.delete(moved, largest).sum())
    before, after = (max(violations(region, each).values(), default=0.0) for each in (weights, moved))
    return moved if after <= before + ROUNDING else None


def _better(
    witness: Witness, objective: SumOfTerms, region: Region, weights: Vector, estimates: Estimates
) -> Iterator[Witness]:
    """By 0, below which is no variance; by tangents; by z with S z = 1, below whose volatility is no portfolio's.

    With that, the budget is priced to match.
    """
    nothing = np.zeros(len(weights))
    yield Witness({}, {term.id: nothing for term in objective.terms if isinstance(term, Variance)})
    worst = {term.id for term in objective.terms if isinstance(term, WorstOf)}  # only the solver knows which is worst
    yield Witness(witness.multipliers, {key: cut for key, cut in witness.cuts.items() if key in worst})
    try:
        z: Vector = np.asarray(np.linalg.solve(estimates.covariance.dense(), np.ones(len(weights))), dtype=np.float64)
    except np.linalg.LinAlgError:
        return
    duals = {term.id: _dual(term, z, witness.cuts.get(term.id)) for term in objective.terms}
    cuts = {key: dual for key, dual in duals.items() if dual is not None}
    slope = objective.minorant(weights, estimates, cuts).slope
    yield Witness(_priced(witness.multipliers, slope, region, weights), cuts)


def _dual(term: Term, z: Vector, found: Vector | None) -> Vector | None:
    """Of a volatility z; of anything else what the solver found."""
    if isinstance(term, RiskOf) and not term.measure.needs_scenarios:
        return z
    if isinstance(term, Sum):
        parts = [*unpacked(found), *(None for _ in term.parts)]
        return packed([_dual(part, z, dual) for part, dual in zip(term.parts, parts, strict=False)])
    if isinstance(term, WorstOf) and found is not None:
        duals = list(unpacked(found))
        own = [_dual(part, z, dual) for part, dual in zip(term.parts, duals[1:], strict=False)]
        return packed([*duals[:1], *own])
    return found


def _priced(multipliers: Mapping[str, float], slope: Vector, region: Region, weights: Vector) -> dict[str, float]:
    """With the price of the budget at which the largest weight is worth what it costs."""
    budget = region.budget
    if budget is None:
        return dict(multipliers)
    others = [row for row in region.rows if row.id != budget.id]
    cost = slope + sum((multipliers.get(row.id, 0.0) * row.coefficients for row in others), np.zeros(len(weights)))
    return {**multipliers, budget.id: -float(cost[int(np.argmax(weights))])}
