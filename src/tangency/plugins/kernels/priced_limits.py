"""A limit on risk that leaves next to no room, priced instead of kept: no solver works in a set without an inside.

The best portfolio by the objective plus a price times the risk keeps the limit where the price is high enough, and the
price is what proves it: as a multiplier, beside the dual vector of the risk. Where even the least risk is above the
limit, the dual vector proves that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.objective import Objective, SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.region import RiskCap
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.term import Linear, RiskOf, Term, Variance
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.cutting_planes import CompositePoint

LOW, HIGH = 1e0, 1e4
"""Prices, where at 1 the objective and the risk of equal weights pull about equally: by about one over the square of so
much the risk is above its least, and what room there is counts so much in the proof."""
LITTLE = 1e-8
"""Of a limit: it is missed by more only where nothing keeps it, which then is proven."""
TIGHTER = 1e-2
"""Of the tolerance asked for: a price takes digits from the objective that it stands beside."""
MOST_PRICES = 24
"""Halvings of the logarithm: the last moves a price by 1 in 10^6."""


def priced(problem: Problem, estimates: Estimates, found: Proposal) -> Proposal:
    """The best portfolio with one of its limits on risk priced, where that is proven, or a proof that there is none.

    Else what was found.

    Args:
        problem: with limits on risk.
        estimates: annual moments, and scenarios.
        found: what solvers made of it.
    """
    caps = problem.region(estimates).caps
    if _proven(problem, estimates, found) and not any(_missed(cap, found.weights) for cap in caps):
        return found
    for limit in problem.constraints:
        if isinstance(limit, RiskLimit) and limit.measure.name != "var":
            for proposal in _at_prices(problem, estimates, limit):
                if proposal.status is Status.INFEASIBLE or _proven(problem, estimates, proposal):
                    attempts = (*found.attempts, *proposal.attempts)
                    return replace(proposal, attempts=attempts, iterations=found.iterations + proposal.iterations)
    return found


def _proven(problem: Problem, estimates: Estimates, proposal: Proposal) -> bool:
    weights = proposal.weights
    return weights is not None and certify(problem, estimates, weights, proposal.witness).proves_optimality


def _missed(cap: RiskCap, weights: Vector | None) -> bool:
    return weights is not None and cap.excess(weights) > LITTLE * abs(cap.limit)


def _at_prices(problem: Problem, estimates: Estimates, limit: RiskLimit) -> Iterator[Proposal]:
    """With one limit priced, as high as that is needed to keep it and no higher; or the proof that nothing keeps it."""
    region, policy = problem.region(estimates), problem.solver
    cap = next(cap for cap in region.caps if cap.id == limit.id)
    kept = replace(region, caps=tuple(each for each in region.caps if each is not cap))
    ends_at = monotonic() + policy.time_limit_s

    def solved(terms: Sequence[Term]) -> CompositePoint:
        return minimise(terms, kept, estimates, TIGHTER * policy.tolerance, max(ends_at - monotonic(), 0.0))

    least = solved([RiskOf(1.0, limit.measure)])
    if least.weights is None:
        return
    if not _missed(cap, least.weights):
        yield from _searched(problem.objective, estimates, limit, cap, least.weights, solved)
        return
    proof = _proposal(least, limit, 1.0, estimates)
    if proof.witness is not None and farkas_bound(region, proof.witness) > SMALLEST_FARKAS_BOUND:
        yield replace(proof, status=Status.INFEASIBLE, weights=None)


def _searched(
    objective: Objective,
    estimates: Estimates,
    limit: RiskLimit,
    cap: RiskCap,
    start: Vector,
    solved: Callable[[Sequence[Term]], CompositePoint],
) -> Iterator[Proposal]:
    """The portfolios at prices between which the one lies at which the limit is just kept.

    At the highest price a ratio is taken as often as it moves.
    """
    terms, low, high, price = _terms(objective, estimates, start), LOW, HIGH, HIGH
    unit = _unit(terms, limit, estimates, len(start))
    for _ in range(MOST_PRICES):
        point = solved(_with_risk(terms, RiskOf(price * unit, limit.measure))) if terms else None
        if point is None or point.weights is None:
            return
        if price == HIGH or not _missed(cap, point.weights):
            yield _proposal(point, limit, price * unit, estimates)
        over, before, terms = cap.excess(point.weights) > 0, terms, _terms(objective, estimates, point.weights)
        if over and price == HIGH:
            if terms == before:
                return
            continue
        low, high = (price, high) if over else (low, price)
        price = float(np.sqrt(low * high))


def _terms(objective: Objective, estimates: Estimates, weights: Vector) -> tuple[Term, ...]:
    """What is minimised: of a ratio, the sum that is least for the one reached (Dinkelbach 1967); none without one."""
    if isinstance(objective, SumOfTerms):
        return objective.terms
    if not isinstance(objective, MaximumRatio | MaximumSharpe):
        return ()
    gain, measure = objective.gain(estimates), objective.risk_measure
    reached, risk = float(gain @ weights), measure.of(estimates).value(weights)
    return (RiskOf(reached / risk, measure), Linear(tuple((-gain).tolist()))) if reached > 0 and risk > 0 else ()


def _unit(terms: Sequence[Term], limit: RiskLimit, estimates: Estimates, size: int) -> float:
    equal = np.full(size, 1.0 / size)
    risk = abs(limit.measure.of(estimates).value(equal))
    slopes = [term.minorant(equal, estimates).slope for term in terms]
    slope = float(np.abs(np.sum(slopes, axis=0, initial=0.0)).max())
    return slope / risk if risk > 0 and slope > 0 else 1.0


def _with_risk(terms: tuple[Term, ...], risk: RiskOf) -> tuple[Term, ...]:
    """Terms of one kind have one name: a risk that is in the objective already counts so much more."""
    same = [term for term in terms if isinstance(term, RiskOf | Variance) and term.id == risk.id]
    own = sum(0.5 * term.weight if isinstance(term, Variance) else term.weight for term in same)
    return (*(term for term in terms if term.id != risk.id), RiskOf(own + risk.weight, risk.measure))


def _proposal(point: CompositePoint, limit: RiskLimit, price: float, estimates: Estimates) -> Proposal:
    """The price as the multiplier of the limit, the dual vector of the risk as where it touches."""
    dual = point.witness.cuts.get(RiskOf(price, limit.measure).id)
    if dual is None and point.weights is not None:  # of a quadratic, which stood there itself
        dual = limit.measure.of(estimates).worst_case(point.weights)
    cuts: Mapping[str, Vector] = {} if dual is None else {limit.id: dual}
    witness = Witness({**point.witness.multipliers, limit.id: price}, {**point.witness.cuts, **cuts})
    return Proposal(Status.OPTIMAL, point.weights, witness, point.attempt.iterations, (point.attempt,))
