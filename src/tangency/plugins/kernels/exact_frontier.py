"""The frontier of mean and volatility from the critical line: its points cost nothing once the line is known."""

from __future__ import annotations

import numpy as np

from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion
from tangency.domain.frontier.spacing import evenly
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import TargetReturn
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.plugins.kernels.critical_line import CriticalLine, critical_line
from tangency.plugins.kernels.parametric import Family, Member

ONE_POINT = 1e-9
"""Relative: a frontier whose returns differ by no more is one portfolio."""


def exact_frontier(problem: Problem, estimates: Estimates, question: FrontierQuestion) -> list[Candidate] | None:
    """Evenly spread portfolios of least volatility for their return, each with a witness.

    Returns:
        None where the region is not one of bounds and rows, or the line could not be followed to its end.
    """
    region, mean = problem.region(estimates), estimates.required_mean("a frontier")
    curved = region.caps or region.distances or region.positions
    if question.measure != "volatility" or curved or (region.lower > region.upper).any():
        return None
    family = Family(estimates.covariance, mean, region, problem.solver.tolerance)
    line = critical_line(family)
    if line is None or (line.endless and question.max_risk is None):
        return None
    low, high = _ends(line, question)
    returns = _returns(line, low, high, question.points)
    members = line.members(returns)
    return [_candidate(member, mean, family) for member in members[:-1]] + [_last(line, members[-1], question)]


def _ends(line: CriticalLine, question: FrontierQuestion) -> tuple[float, float]:
    """Means in the family's own scale."""
    family, low, high = line.family, float(line.corners[0]), float(line.corners[-1])
    deviation = np.sqrt(line.family.natural_variance(line.variances(np.array([low]))))
    most = None if line.endless else family.natural_mean(high)
    question.refuse_out_of_reach(most, float(deviation[0]))
    if question.max_risk is not None:
        high = max(low, line.mean_at_variance(family.scaled_variance(question.max_risk**2)))
        question.refuse_out_of_reach(family.natural_mean(high), None)
    if question.min_return is not None:
        low = min(max(low, family.scaled_mean(question.min_return)), high)
    return low, high


def _returns(line: CriticalLine, low: float, high: float, points: int) -> Vector:
    if high - low <= ONE_POINT * max(abs(low), abs(high)):
        return np.array([high])
    return evenly(lambda at: np.sqrt(np.maximum(line.variances(at), 0.0)), low, high, points)


def _candidate(member: Member, mean: Vector, family: Family) -> Candidate:
    """Least variance at its own mean: tau is the price of the return."""
    witness = Witness({**member.multipliers, TargetReturn(0.0).id: member.tau})
    proposal = Proposal(Status.OPTIMAL, member.weights, witness, family.iterations, ())
    return Candidate(Aim.LEAST_RISK_FOR_RETURN, proposal, float(mean @ member.weights))


def _last(line: CriticalLine, member: Member, question: FrontierQuestion) -> Candidate:
    """The end: the greatest return there is, where no limit on the risk comes first."""
    mean = line.family.mean
    last = line.stretches[-1].line
    if question.max_risk is not None or line.endless:
        return _candidate(member, mean, line.family)
    greatest = line.family.greatest(last)
    attempt = SolverAttempt("critical_line", "solved", len(line.stretches), 0.0)
    proposal = Proposal(Status.OPTIMAL, greatest.weights, Witness(greatest.multipliers), 0, (attempt,))
    return Candidate(Aim.GREATEST_RETURN, proposal)
