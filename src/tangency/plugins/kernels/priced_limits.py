"""A limit on risk that leaves next to no room, priced instead of kept: no solver works in a set without an inside.

The best portfolio by the objective plus a price times the risk keeps the limit where the price is high enough, and the
price is what proves it: as a multiplier, beside the dual vector of the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.objective import SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.term import RiskOf, Term
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.cutting_planes import CompositePoint

HIGH = (1e4, 1e2)
"""Prices, where at 1 the objective and the risk of equal weights pull about equally: by about one over the square of so
much the risk is above its least, and what room there is counts so much in the proof."""
LITTLE = 1e-8
"""Of a limit: it is missed by more only where nothing keeps it, which then is proven."""


def priced(problem: Problem, estimates: Estimates, found: Proposal) -> Proposal:
    """The best portfolio with one of its limits on risk priced, where that is proven; else what was found.

    Args:
        problem: with limits on risk.
        estimates: annual moments, and scenarios.
        found: what solvers made of it.
    """
    objective = problem.objective
    if not isinstance(objective, SumOfTerms) or _proven(problem, estimates, found):
        return found
    for limit in problem.constraints:
        if isinstance(limit, RiskLimit) and limit.measure.name != "var":
            for proposal in _at_prices(problem, objective, estimates, limit):
                if _proven(problem, estimates, proposal):
                    attempts = (*found.attempts, *proposal.attempts)
                    return replace(proposal, attempts=attempts, iterations=found.iterations + proposal.iterations)
    return found


def _proven(problem: Problem, estimates: Estimates, proposal: Proposal) -> bool:
    weights = proposal.weights
    return weights is not None and certify(problem, estimates, weights, proposal.witness).proves_optimality


def _at_prices(problem: Problem, objective: SumOfTerms, estimates: Estimates, limit: RiskLimit) -> Iterator[Proposal]:
    """With one limit priced, lower and lower, as long as it is kept."""
    region, policy, missed = problem.region(estimates), problem.solver, LITTLE * abs(limit.limit)
    kept = replace(region, caps=tuple(cap for cap in region.caps if cap.id != limit.id))
    for price in (high * _unit(objective, limit, estimates, region.size) for high in HIGH):
        terms = _with_risk(objective.terms, RiskOf(price, limit.measure))
        point = minimise(terms, kept, estimates, policy.tolerance, policy.time_limit_s)
        if point.weights is None or limit.measure.of(estimates).value(point.weights) > limit.limit + missed:
            return
        yield _proposal(point, limit, price)


def _unit(objective: SumOfTerms, limit: RiskLimit, estimates: Estimates, size: int) -> float:
    equal = np.full(size, 1.0 / size)
    risk = abs(limit.measure.of(estimates).value(equal))
    slope = float(np.abs(objective.minorant(equal, estimates).slope).max())
    return slope / risk if risk > 0 and slope > 0 else 1.0


def _with_risk(terms: tuple[Term, ...], risk: RiskOf) -> tuple[Term, ...]:
    """Terms of one kind have one name: a risk that is in the objective already counts so much more."""
    own = sum(term.weight for term in terms if isinstance(term, RiskOf) and term.id == risk.id)
    return (*(term for term in terms if term.id != risk.id), RiskOf(own + risk.weight, risk.measure))


def _proposal(point: CompositePoint, limit: RiskLimit, price: float) -> Proposal:
    """The price as the multiplier of the limit, the dual vector of the risk as where it touches."""
    dual = point.witness.cuts.get(RiskOf(price, limit.measure).id)
    cuts: Mapping[str, Vector] = {} if dual is None else {limit.id: dual}
    witness = Witness({**point.witness.multipliers, limit.id: price}, {**point.witness.cuts, **cuts})
    return Proposal(Status.OPTIMAL, point.weights, witness, point.attempt.iterations, (point.attempt,))
