"""From a method's proposal to a checked solution, without trusting the method or its solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np

from tangency.domain.errors import (
    Fault,
    NoAnswer,
    NotApplicable,
    NumericalFailure,
    ProblemInfeasible,
    ProblemUnbounded,
    ResourcesExhausted,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.cases import blamed_for, emptiness_by_cases
from tangency.domain.optimization.certificate import LARGEST_VIOLATION, Certificate, certify, violations
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.contradiction import Contradiction
from tangency.domain.optimization.explanation import explain
from tangency.domain.optimization.infeasibility import Conflicting, Infeasibility, explain_infeasibility
from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND, Lagrangian, farkas_bound
from tangency.domain.optimization.linear_programs import LinearPrograms
from tangency.domain.optimization.method import OptimizationMethod, needs, refuse_unsupported
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe, endless
from tangency.domain.optimization.solution import Solution
from tangency.domain.optimization.term import NO_CUTS, Minorant, RiskOf
from tangency.domain.risk.portfolio_risk import PortfolioRisk


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """Everything that solving a problem produced, before it is judged.

    Attributes:
        estimates: those that the method was given.
        proposal: what the method returned.
        infeasibility: why no portfolio is feasible, if that was found out; None otherwise.
    """

    estimates: Estimates
    proposal: Proposal
    infeasibility: Infeasibility | None


def propose(
    problem: Problem, estimates: Estimates, method: OptimizationMethod, options: object, programs: LinearPrograms
) -> Outcome:
    """Let a method solve a problem. If it returns no usable weights, find out whether any portfolio is feasible.

    Raises:
        Unsupported: the method cannot honour the objective or a constraint.
    """
    refuse_unsupported(problem, method)
    proposal = method.solve(problem, estimates, options)
    ended = proposal.status in (Status.NOT_APPLICABLE, Status.UNBOUNDED) or proposal.contradiction is not None
    settled = ended or _holds(problem, estimates, proposal)
    rule = method.capabilities.rule
    known = proposal.witness.cuts if proposal.status is Status.INFEASIBLE and proposal.witness else NO_CUTS
    infeasibility = (
        None if settled or rule else explain_infeasibility(*_as_read(problem, estimates, proposal), programs, known)
    )
    return Outcome(estimates, proposal, infeasibility)


def _as_read(problem: Problem, estimates: Estimates, proposal: Proposal) -> tuple[Problem, Estimates]:
    """The problem and the estimates that the method actually worked with."""
    reading = proposal.reading
    return reading.of(problem), estimates if reading.estimates is None else reading.estimates


def _holds(asked: Problem, given: Estimates, proposal: Proposal) -> bool:
    weights, (problem, estimates) = proposal.weights, _as_read(asked, given, proposal)
    if weights is None or not proposal.status.answered or not _usable(weights, problem):
        return False
    return max(violations(problem.region(estimates), weights).values(), default=0.0) <= LARGEST_VIOLATION


def judge(asked: Problem, outcome: Outcome, rule: bool = False) -> Solution:
    """Check a proposal, and turn it into a solution with its certificate or its reason.

    Args:
        asked: what was asked.
        outcome: estimates, proposal and, where nothing is feasible, the reason.
        rule: whether the proposal comes from a rule, which promises nothing but its weights.

    Raises:
        Unsupported: a rule's weights break a constraint.
    """
    proposal = outcome.proposal
    problem, estimates = _as_read(asked, outcome.estimates, proposal)
    if outcome.infeasibility is not None and not _holds(asked, outcome.estimates, proposal):
        return _infeasible(problem, estimates, proposal, outcome.infeasibility)
    if proposal.contradiction is not None and proposal.contradiction.proven:
        return _contradicted(problem, proposal, proposal.contradiction)
    weights = proposal.weights
    if proposal.status.answered and _usable(weights, problem):
        settled = weights + 0.0  # no negative zeros
        settled.flags.writeable = False
        return _answered(problem, estimates, proposal, settled, rule)
    if proposal.status is Status.INFEASIBLE and proposal.witness is not None and proposal.witness.cases:
        return _empty(problem, estimates, proposal, proposal.witness)
    if proposal.status is Status.NOT_APPLICABLE and not rule:
        return _not_applicable(problem, estimates, proposal)
    unproven = proposal.status is Status.INFEASIBLE or proposal.status.answered
    status = Status.NUMERICAL_ERROR if unproven else proposal.status
    lacking = _lacking(problem, weights) if proposal.status.answered else ""
    return _unanswered(problem, proposal, status, lacking or proposal.message or _MESSAGES[status])


def _lacking(problem: Problem, weights: Vector | None) -> str:
    """Why the weights of a method cannot be used, in a sentence."""
    whose, names = f"Method {problem.method!r}", problem.universe.names
    if weights is None:
        return f"{whose} says that it has an answer, and gives no weights. Its author should hear of it."
    if weights.shape != (len(names),):
        given = " x ".join(map(str, weights.shape)) or "1"
        return f"{whose} gives {given} weights for {len(names)} names. Its author should hear of it."
    name, weight = next((name, weight) for name, weight in zip(names, weights, strict=True) if not np.isfinite(weight))
    return f"{whose} gives {name!r} the weight {weight}, which is not a finite number. Its author should hear of it."


def _usable(weights: Vector | None, problem: Problem) -> TypeGuard[Vector]:
    return weights is not None and weights.shape == (len(problem.universe),) and bool(np.isfinite(weights).all())


def _answered(problem: Problem, estimates: Estimates, proposal: Proposal, weights: Vector, rule: bool) -> Solution:
    certificate = certify(problem, estimates, weights, None if rule else proposal.witness)
    if rule and not certificate.constraints_satisfied:
        raise Unsupported(_broken(problem, estimates, weights, certificate))
    status = _verdict(certificate, proposal)
    if not status.answered:
        return _unanswered(problem, proposal, status, _doubt(certificate), certificate)
    riskless = estimates.riskless(weights)
    without_end = None if rule else _without_end(problem.objective, estimates, weights, riskless, certificate)
    if without_end is not None:
        return _unanswered(problem, proposal, Status.UNBOUNDED, without_end)
    measure = problem.objective.risk_measure
    risk, cuts = measure.of(estimates), {} if proposal.witness is None else proposal.witness.cuts
    sigma, mean = estimates.volatility(weights), _mean(problem, estimates, weights)
    return Solution(
        status=status,
        universe=problem.universe,
        message=_MESSAGES[status],
        weights=weights,
        objective_value=certificate.objective if np.isfinite(certificate.objective or 0.0) else None,
        expected_return=mean,
        expected_volatility=sigma,
        sharpe_ratio=None if mean is None or riskless else (mean - _rate(problem)) / sigma,
        risk=PortfolioRisk.of(measure.name, risk, weights, cuts.get(RiskOf(1.0, measure).id)),
        current_risk=None if problem.current is None else PortfolioRisk.of(measure.name, risk, problem.current),
        current_return=None if problem.current is None else _mean(problem, estimates, problem.current),
        active_risk=None if problem.current is None else estimates.volatility(weights - problem.current),
        certificate=certificate,
        why=None if proposal.witness is None or rule else explain(problem, estimates, weights, proposal.witness),
        parameters=_parameters(problem, proposal),
        unused_options=proposal.reading.unused_options,
        findings=proposal.findings,
        iterations=proposal.iterations,
    )


def _parameters(problem: Problem, proposal: Proposal) -> tuple[str, ...]:
    by_limits = (used for constraint in problem.constraints for used in constraint.parameters)
    return (*problem.objective.parameters, *by_limits, *proposal.reading.parameters)


def _mean(problem: Problem, estimates: Estimates, weights: Vector) -> float | None:
    """Annual mean of the names and of whatever is not invested in them; None without means."""
    mean = estimates.expected_return(weights)
    invested = 1.0 if problem.budget is None else problem.budget.invested(weights)
    return None if mean is None else mean + (1.0 - invested) * _rate(problem)


def _rate(problem: Problem) -> float:
    objective = problem.objective
    return objective.risk_free_rate if isinstance(objective, MaximumSharpe) else problem.risk_free_rate


def _verdict(certificate: Certificate, proposal: Proposal) -> Status:
    if not certificate.constraints_satisfied:
        return Status.NUMERICAL_ERROR
    if proposal.status is Status.FEASIBLE:
        return Status.FEASIBLE
    return Status.OPTIMAL if certificate.proves_optimality else Status.FEASIBLE


def _doubt(certificate: Certificate) -> str:
    worst = max(certificate.violations.items(), key=lambda item: item[1])
    return (
        f"The method returned weights that break {worst[0]} by {worst[1]:.3g}; {LARGEST_VIOLATION:g} is the most that "
        "is served. Try another solver, or scale the problem."
    )


def _broken(problem: Problem, estimates: Estimates, weights: Vector, certificate: Certificate) -> list[Fault]:
    def told(limit: Constraint) -> str:
        excess = float(np.max(limit.shape(problem.universe, estimates).excess(weights))) / abs(limit.sensitivity)
        return (
            f"is broken by {excess:.6g}: {limit.sentence()} {problem.method!r} is a rule and does not adapt its "
            "weights to limits; use an optimizing method, or lift the limit."
        )

    broken = [problem.by_id[key] for key, excess in certificate.violations.items() if excess > LARGEST_VIOLATION]
    return [Fault(limit.path, told(limit), "refused") for limit in broken]


def _without_end(
    objective: Objective, estimates: Estimates, weights: Vector, riskless: bool, certificate: Certificate
) -> str | None:
    """Why the ratio has no largest value, where a gain comes without risk; None for anything else."""
    if isinstance(objective, MaximumRatio) and not certificate.proves_optimality:
        return endless(objective.measure) if objective.gains_without_risk(weights, estimates) else None
    if not isinstance(objective, MaximumSharpe) or not riskless:
        return None
    excess = objective.excess(weights, estimates)
    if excess <= 0:
        return None
    return (
        f"A portfolio without risk earns {excess:.6g} a year over the risk-free rate, so the Sharpe ratio has no "
        "largest value. Raise risk_free_rate to what that portfolio earns, or leave it out."
    )


def _infeasible(problem: Problem, estimates: Estimates, proposal: Proposal, found: Infeasibility) -> Solution:
    bound = farkas_bound(problem.region(estimates), found.proof)
    if bound <= SMALLEST_FARKAS_BOUND:
        return _unanswered(problem, proposal, Status.NUMERICAL_ERROR, _MESSAGES[Status.NUMERICAL_ERROR])
    solution = _unanswered(problem, proposal, Status.INFEASIBLE, _unsatisfied(found.conflict))
    return replace(solution, infeasibility=replace(found, bound=bound))


def _unsatisfied(conflict: Sequence[Conflicting]) -> str:
    names = ", ".join(member.constraint for member in conflict)
    return f"No portfolio satisfies {names}{' together' if len(conflict) > 1 else ''}."


def _empty(problem: Problem, estimates: Estimates, proposal: Proposal, proof: Witness) -> Solution:
    """Every case of what may be held contradicts some limits: those are the conflict."""
    region = problem.region(estimates)
    bound = emptiness_by_cases(region, proof.cases)
    if bound <= SMALLEST_FARKAS_BOUND:
        return _unanswered(problem, proposal, Status.NUMERICAL_ERROR, _MESSAGES[Status.NUMERICAL_ERROR])
    blamed = blamed_for(region, proof.cases)
    members = [limit for limit in problem.constraints if limit.id in blamed]
    conflict = tuple(Conflicting(limit.id, limit.sentence(), limit.limit, None) for limit in members)
    solution = _unanswered(problem, proposal, Status.INFEASIBLE, _unsatisfied(conflict))
    return replace(solution, infeasibility=Infeasibility(conflict, (), proof, bound))


def _contradicted(problem: Problem, proposal: Proposal, found: Contradiction) -> Solution:
    conflict = tuple(Conflicting(s.id, s.sentence, s.value, None) for s in found.statements)
    names = " and ".join(member.constraint for member in conflict)
    message = proposal.message or f"{names} are not independent of each other."
    solution = _unanswered(problem, proposal, Status.INFEASIBLE, message)
    return replace(solution, infeasibility=Infeasibility(conflict, (), Witness(), 0.0))


def _not_applicable(problem: Problem, estimates: Estimates, proposal: Proposal) -> Solution:
    """Of a ratio, nothing has a gain: proven by a bound on the best one that is feasible; else the method's word.

    That word is taken where it says why.
    """
    objective, best = problem.objective, np.inf
    own_word = proposal.message and proposal.witness is None
    if own_word or not isinstance(objective, MaximumSharpe | MaximumRatio):
        word = Status.NOT_APPLICABLE if proposal.message else Status.NUMERICAL_ERROR
        return _unanswered(problem, proposal, word, proposal.message or _MESSAGES[word])
    if proposal.witness is not None:
        region, means = problem.region(estimates), objective.gain(estimates)
        lagrangian = Lagrangian.of(Minorant(0.0, -means, 0.0), region, proposal.witness)
        best = -lagrangian.minimum(*region.implied)
        tolerated = LARGEST_VIOLATION * max(float(np.abs(means).max()), np.finfo(float).tiny)
        best = min(best, 0.0) + 0.0 if best <= tolerated else np.inf
    if not np.isfinite(best):
        return _unanswered(problem, proposal, Status.NUMERICAL_ERROR, _MESSAGES[Status.NUMERICAL_ERROR])
    message = (
        f"No feasible portfolio has an expected return above the risk-free rate; the best excess return is "
        f"{best:.6g}. Lower risk_free_rate, loosen the limits, or minimise volatility instead."
    )
    return _unanswered(problem, replace(proposal, bound=best), Status.NOT_APPLICABLE, message)


def _unanswered(
    problem: Problem, proposal: Proposal, status: Status, message: str, certificate: Certificate | None = None
) -> Solution:
    return Solution(
        status=status,
        universe=problem.universe,
        message=message,
        certificate=certificate,
        bound=proposal.bound,
        iterations=proposal.iterations,
    )


_MESSAGES: Mapping[Status, str] = {
    Status.OPTIMAL: "Proven optimal.",
    Status.FEASIBLE: "Satisfies every constraint; not proven optimal.",
    Status.INFEASIBLE: "No portfolio satisfies every constraint.",
    Status.UNBOUNDED: "The objective has no best value: it improves without end, or is approached and never reached. "
    "Add a limit on weights or leverage.",
    Status.NOT_APPLICABLE: "The objective has no meaning for this problem.",
    Status.TIME_LIMIT: "The deadline passed before there was an answer. Allow more time, or ask for fewer names.",
    Status.NUMERICAL_ERROR: "The solvers returned nothing that passes its certificate. Try another solver, or check "
    "the scale of the figures.",
    Status.RESOURCE_EXHAUSTED: "The solve outgrew its memory or processor limit. Ask for fewer names.",
}

_ERRORS: Mapping[Status, type[NoAnswer]] = {
    Status.INFEASIBLE: ProblemInfeasible,
    Status.UNBOUNDED: ProblemUnbounded,
    Status.NOT_APPLICABLE: NotApplicable,
    Status.TIME_LIMIT: TimeLimitReached,
    Status.NUMERICAL_ERROR: NumericalFailure,
    Status.RESOURCE_EXHAUSTED: ResourcesExhausted,
}


def required_answer(solution: Solution) -> Solution:
    """The solution itself where it has weights.

    Raises:
        NoAnswer: the subclass for its status, carrying the solution.
    """
    if solution.status.answered:
        return solution
    raise _ERRORS[solution.status](solution.message, solution)


def solve_with(
    problem: Problem, estimates: Estimates, method: OptimizationMethod, options: object, programs: LinearPrograms
) -> Solution:
    """Propose and judge in one process."""
    outcome = propose(problem, estimates, method, options, programs)
    return judge(problem, outcome, method.capabilities.rule)


__all__ = ["Outcome", "judge", "needs", "propose", "required_answer", "solve_with"]
