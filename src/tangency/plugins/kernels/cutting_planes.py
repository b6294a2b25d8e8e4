"""Measures of risk that stand as a few of their dual vectors, and how others join them until the rest is rounding.

Gini's mean difference would take a row for every pair of scenarios. It is the largest of what its dual vectors say, one
for every order of the scenarios; few of them matter, and the worst one at each solution is the next (Kelley 1960, The
cutting-plane method for solving convex programs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import leaves
from tangency.domain.optimization.proposal import SolverAttempt, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import RiskOf, Term
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.gini import Differences
from tangency.domain.risk.risk import Risk

CLOSE = 1e-9
"""Of a risk: what its dual vectors may still miss of it."""
MOST_ROUNDS = 300

Cuts: TypeAlias = dict[Risk, list[Vector]]
"""Dual vectors of each risk."""


@dataclass(frozen=True, eq=False, slots=True)
class CompositePoint:
    """Where a solver ended.

    Attributes:
        status: our word for the solver's.
        weights: shape (n,); None without a point.
        witness: multipliers by constraint id; dual vectors by id of a term or of a risk cap.
    """

    status: str
    weights: Vector | None
    witness: Witness
    attempt: SolverAttempt


def risks_of(terms: Sequence[Term], region: Region, estimates: Estimates) -> list[Risk]:
    """Every measure of risk of the terms and the caps of a region."""
    measured = [term.measure.of(estimates) for term in leaves(terms) if isinstance(term, RiskOf)]
    return list(dict.fromkeys([*measured, *(cap.risk for cap in region.caps)]))


def refined(
    risks: Sequence[Risk],
    solved: Callable[[Cuts, float], CompositePoint],
    time_limit_s: float,
    first_cuts: Cuts | None = None,
) -> CompositePoint:
    """Solve until every risk that stands as dual vectors is near what they say of it.

    Args:
        risks: those of the program.
        solved: solves it with the dual vectors given, to which it adds first ones, within the seconds given.
        time_limit_s: for all of it.
        first_cuts: dual vectors that are known already.
    """
    listed = [risk for risk in risks if isinstance(risk, LossRisk) and isinstance(risk.envelope, Differences)]
    cuts: Cuts = first_cuts or {}
    started = perf_counter()
    point = solved(cuts, time_limit_s)
    iterations = point.attempt.iterations
    for _ in range(MOST_ROUNDS):
        left = time_limit_s - (perf_counter() - started)
        if point.weights is None or left <= 0 or not _joined(listed, cuts, point.weights):
            break
        point = solved(cuts, left)
        iterations += point.attempt.iterations
    spent = 1e3 * (perf_counter() - started) if listed else point.attempt.time_ms
    return replace(point, attempt=SolverAttempt(point.attempt.solver, point.attempt.status, iterations, spent))


def _joined(risks: Sequence[Risk], cuts: Cuts, weights: Vector) -> bool:
    """Let the worst case of each risk that is missed join; whether any did."""
    missed = [risk for risk in risks if risk.value(weights) - _said(risk, cuts, weights) > CLOSE * risk.value(weights)]
    for risk in missed:
        cuts[risk].append(risk.worst_case(weights))
    return bool(missed)


def _said(risk: Risk, cuts: Cuts, weights: Vector) -> float:
    losses = -(risk.returns @ weights) if isinstance(risk, LossRisk) else weights
    return max(float(cut @ losses) for cut in cuts[risk])
