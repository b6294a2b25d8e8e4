"""A limit on risk that leaves next to no room, priced instead of kept: no solver works in a set without an inside.

The best portfolio by the objective plus a price times the risk keeps the limit where the price is high enough, and the
price is what proves it: as a multiplier, beside the dual vector of the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import monotonic

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

LOW, HIGH = 1e0, 1e4
"""Prices, where at 1 the objective and the risk of equal weights pull about equally: by about one over the square of so
much the risk is above its least, and what room there is counts so much in the proof."""
LITTLE = 1e-8
"""Of a limit: it is missed by more only where nothing keeps it, which then is proven."""
MOST_PRICES = 24
"""Halvings of the logarithm: the last moves a price by 1 in 10^6."""


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
    """With one limit priced, as high as that is needed to keep it and no higher; nothing where no price does."""
    region, policy, missed = problem.region(estimates), problem.solver, LITTLE * abs(limit.limit)
    kept = replace(region, caps=tuple(cap for cap in region.caps if cap.id != limit.id))
    unit, low, high = _unit(objective, limit, estimates, region.size), LOW, HIGH
    price, ends_at = high, monotonic() + policy.time_limit_s
    for _ in range(MOST_PRICES):
        terms = _with_risk(objective.terms, RiskOf(price * unit, limit.measure))
        point = minimise(terms, kept, estimates, policy.tolerance, max(ends_at - monotonic(), 0.0))
        over = np.inf if point.weights is None else limit.measure.of(estimates).value(point.weights) - limit.limit
        if over <= missed:
            yield _proposal(point, limit, price * unit)
        elif price == HIGH:
            return
        low, high = (price, high) if over > 0 else (low, price)
        price = float(np.sqrt(low * high))
        if monotonic() > ends_at:
            return


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
