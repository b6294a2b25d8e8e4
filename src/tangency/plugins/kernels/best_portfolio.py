"""The best portfolio of any problem whose loss and limits are convex, by conic programs, with what proves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Market
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.objective import SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe, endless
from tangency.domain.optimization.region import Region, RiskCap
from tangency.domain.optimization.term import Linear, RiskOf, Term, Variance
from tangency.domain.risk.measure import VOLATILITY
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.priced_limits import priced

if TYPE_CHECKING:
    from tangency.plugins.kernels.cutting_planes import CompositePoint

LITTLE_GAIN = 1e-9
"""Of the largest gain of a name: a best gain below it is none."""
LOOSER = 1e-8
"""Tolerance of a second try, where the first made no progress to 1e-10."""
KEPT = 1e-9
"""Of a limit: by how much a cap that has not joined may be exceeded."""
CLOSED = 1e-9
"""A relative gap below which no other witness is tried."""


def weighted(estimates: Estimates, probabilities: tuple[float, ...]) -> Estimates:
    """Estimates over the same scenarios with probabilities; moments that are theirs are taken again.

    Raises:
        InvalidInput: no scenarios, probabilities that are none, or moments by an estimator that cannot weigh them.
    """
    sample = replace(estimates.required_scenarios("probabilities"), probabilities=np.array(probabilities))
    sources, mean, covariance = estimates.sources, estimates.mean, estimates.covariance
    for made, by in ((sources.mean, sources.mean_estimator), (sources.covariance, sources.covariance_estimator)):
        if made in ("estimated", "mixed") and (by != "sample" or made == "mixed"):
            detail = f"cannot weigh what {by!r} estimated; use 'sample', state the figures, or choose a prior."
            raise InvalidInput.at(("method_options", "probabilities"), detail, "unsupported")
    if sources.mean == "estimated":
        mean = sample.periods_per_year * sample.mean
    if sources.covariance == "estimated":
        spread = sample.centred.T @ (sample.centred * sample.weights[:, None]) / sample.unbiased
        covariance = DenseCovariance.of(sample.periods_per_year * 0.5 * (spread + spread.T))
    return Estimates(estimates.universe, mean, covariance, sources, sample)


def check_probabilities(problem: Problem, probabilities: tuple[float, ...] | None) -> None:
    """Refuse probabilities that are none, or not one for each scenario, where the returns given are the scenarios.

    Raises:
        InvalidInput: either.
    """
    sample = None if probabilities is None else foreseen(problem.market)
    if sample is not None and probabilities is not None:
        replace(sample, probabilities=np.array(probabilities))


def foreseen(market: Market) -> Scenarios | None:
    """The scenarios that there will be; None where a prior makes them, or it takes solving to fill their gaps."""
    history = None if market.prior or market.missing_data == "em" else market.history()
    return None if history is None else history[0]


def best(problem: Problem, estimates: Estimates) -> Proposal:
    """The best portfolio of a problem whose measures of risk are all convex, with what proves it.

    A cap on risk that the best portfolio without it keeps anyway needs no cone, so caps join as they are broken.
    """
    region = problem.region(estimates)
    if (region.lower > region.upper).any():
        return Proposal(Status.INFEASIBLE)
    caps: tuple[RiskCap, ...] = ()
    attempts: tuple[SolverAttempt, ...] = ()
    while True:
        proposal = _capped(problem, estimates, caps)
        attempts += proposal.attempts
        broken = _broken(region, caps, proposal)
        if not broken:
            break
        caps += broken
    iterations = sum(attempt.iterations for attempt in attempts)
    proposal = replace(proposal, attempts=attempts, iterations=iterations)
    if proposal.weights is not None:
        proposal = _better_witnessed(problem, estimates, proposal)
    return priced(problem, estimates, proposal) if region.caps else proposal


def _broken(region: Region, caps: Sequence[RiskCap], proposal: Proposal) -> tuple[RiskCap, ...]:
    """The caps that have not joined yet and may change the answer."""
    others = tuple(cap for cap in region.caps if cap not in caps)
    if proposal.weights is None:
        return () if proposal.status is Status.INFEASIBLE else others
    return tuple(cap for cap in others if cap.excess(proposal.weights) > KEPT * abs(cap.limit))


def _capped(problem: Problem, estimates: Estimates, caps: tuple[RiskCap, ...]) -> Proposal:
    """The same with some of the caps; to a looser tolerance where the one asked for is out of reach."""
    region = replace(problem.region(estimates), caps=caps)
    proposal = _solved(problem, estimates, region, problem.solver.tolerance)
    if proposal.status is not Status.NUMERICAL_ERROR:
        return proposal
    again = _solved(problem, estimates, region, max(LOOSER, problem.solver.tolerance))
    return replace(again, attempts=(*proposal.attempts, *again.attempts))


def _solved(problem: Problem, estimates: Estimates, region: Region, tolerance: float) -> Proposal:
    from tangency.plugins.kernels.composite import minimise
    from tangency.plugins.kernels.ratio import maximise_ratio

    objective, limit = problem.objective, problem.solver.time_limit_s
    if isinstance(objective, MaximumRatio | MaximumSharpe):
        gain, risk = objective.gain(estimates), RiskOf(1.0, objective.risk_measure)
        if not gain.any():
            return _without_gain(problem, estimates, region, gain)
        point = maximise_ratio(gain, risk, region, estimates, tolerance, limit)
        if point.status == "infeasible":
            return _without_gain(problem, estimates, region, gain)
        return _riskless(objective, point) if point.status == "riskless" else _proposal(point)
    if not isinstance(objective, SumOfTerms):
        raise TypeError(f"{objective.name} is not a sum of terms")
    if all(_is_variance(term) for term in objective.terms):
        root = minimise([RiskOf(1.0, VOLATILITY)], region, estimates, tolerance, limit)
        return _squared(_proposal(root), objective, estimates)
    return _proposal(minimise(objective.terms, region, estimates, tolerance, limit))


def _is_variance(term: Term) -> bool:
    return isinstance(term, Variance) or (isinstance(term, RiskOf) and term.measure.name == "variance")


def _squared(proposal: Proposal, objective: SumOfTerms, estimates: Estimates) -> Proposal:
    """From the least volatility to the least variance: near a riskless portfolio a root keeps digits that squares lose.

    The tangent of c/2 times the variance at a portfolio of the same volatility is c times it times that of the
    volatility.
    """
    weights, witness = proposal.weights, proposal.witness
    if weights is None or witness is None:
        return proposal
    sigma, own = estimates.volatility(weights), RiskOf(1.0, VOLATILITY).id
    price = 2.0 * objective.loss(weights, estimates) / sigma if sigma > 0 else 0.0
    multipliers = {key: price * multiplier for key, multiplier in witness.multipliers.items()}
    cuts = {key: cut for key, cut in witness.cuts.items() if key != own}
    z = witness.cuts.get(own)
    if z is not None and z.shape == weights.shape and estimates.volatility(z) > 0:
        cuts |= {term.id: z * (sigma / estimates.volatility(z)) for term in objective.terms}
    return replace(proposal, witness=Witness(multipliers, cuts))


def _proposal(point: CompositePoint) -> Proposal:
    status = status_of(point.status)
    witness = point.witness if point.weights is not None else None
    return Proposal(status, point.weights, witness, point.attempt.iterations, (point.attempt,))


def _without_gain(problem: Problem, estimates: Estimates, region: Region, gain: Vector) -> Proposal:
    """No multiple of a feasible portfolio gains anything: the best gain there is proves it."""
    from tangency.plugins.kernels.composite import minimise

    policy = problem.solver
    terms = [Linear(tuple((-gain).tolist()))]
    point = minimise(terms, region, estimates, policy.tolerance, policy.time_limit_s)
    proposal = _proposal(point)
    if point.weights is None:
        return proposal
    most = float(gain @ point.weights)
    if most > LITTLE_GAIN * float(np.abs(gain).max()):
        return replace(proposal, status=Status.NUMERICAL_ERROR, weights=None)
    witness = point.witness if gain.any() else Witness()
    return replace(proposal, status=Status.NOT_APPLICABLE, weights=None, witness=witness, bound=min(most, 0.0))


def _riskless(objective: MaximumRatio | MaximumSharpe, point: CompositePoint) -> Proposal:
    message = endless(objective.risk_measure)
    return replace(_proposal(point), status=Status.UNBOUNDED, weights=None, witness=None, message=message)


def _better_witnessed(problem: Problem, estimates: Estimates, proposal: Proposal) -> Proposal:
    """The solver's dual vectors, or the tangents at the weights where these prove more."""
    if proposal.weights is None or proposal.witness is None:
        return proposal
    witness = proposal.witness
    if _gap(problem, estimates, proposal.weights, witness) <= CLOSED:
        return proposal
    caps = {cap.id for cap in problem.region(estimates).caps}
    touching = {cap.id: cap.risk.worst_case(proposal.weights) for cap in problem.region(estimates).caps}
    held = {key: cut for key, cut in witness.cuts.items() if key in caps}
    tried = [witness, Witness(witness.multipliers, held), Witness(witness.multipliers, touching)]
    gaps = [_gap(problem, estimates, proposal.weights, each) for each in tried]
    return replace(proposal, witness=tried[int(np.argmin(gaps))])


def _gap(problem: Problem, estimates: Estimates, weights: Vector, witness: Witness) -> float:
    gap = certify(problem, estimates, weights, witness).relative_gap
    return np.inf if gap is None else gap
