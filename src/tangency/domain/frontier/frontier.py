"""The aggregate: a frontier whose every point has been checked, kept under an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from tangency.domain.errors import NumericalFailure
from tangency.domain.frontier.proofs import proven_together
from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion, posed
from tangency.domain.frontier.tracing import Traced
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import TargetReturn
from tangency.domain.optimization.judgement import Outcome, judge, required_answer
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Provenance
from tangency.domain.risk.measure import Measure


@dataclass(frozen=True, eq=False, slots=True)
class FrontierPoint:
    """A portfolio on the plane of risk and return.

    Attributes:
        weights: shape (n,), in the order of the names.
        expected_return: annual.
        risk: by the frontier's measure.
        sharpe: (expected_return - risk-free rate) / annual volatility; None without volatility.
        return_risk_ratio: the same excess over ``risk``; None where that is not above 0.
        relative_gap: proven: no allowed portfolio is better by more, relative to what it is best at. None for the
            current portfolio, which is best at nothing, and where nothing proves it.
    """

    weights: Vector
    expected_return: float
    risk: float
    sharpe: float | None
    return_risk_ratio: float | None
    relative_gap: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """A checked frontier and the portfolios that stand out.

    Attributes:
        points: from the least risk to the most return.
        current: what is held; None where that is unknown.
        optimal: of the greatest return_risk_ratio.
    """

    names: tuple[str, ...]
    points: tuple[FrontierPoint, ...]
    current: FrontierPoint | None
    optimal: FrontierPoint
    provenance: Provenance

    @property
    def least_risk(self) -> FrontierPoint:
        """Where it begins."""
        return self.points[0]

    @property
    def greatest_return(self) -> FrontierPoint:
        """Where it ends."""
        return self.points[-1]


@dataclass(frozen=True, eq=False, slots=True)
class EfficientFrontier:
    """A frontier as it is kept; it never changes.

    Attributes:
        key: of the problem and the question: equal ones share a frontier.
        supplied: what the configuration of the portfolio gave the request, by its place in the configuration.
        constraints: the limits on weights, in the words of the request.
    """

    id: str
    portfolio_id: str
    key: str
    question: FrontierQuestion
    curve: Curve
    created_at: datetime
    supplied: Mapping[str, object] = field(default_factory=dict)
    constraints: Mapping[str, object] = field(default_factory=dict)


def checked(problem: Problem, question: FrontierQuestion, traced: Traced, provenance: Provenance) -> Curve:
    """Check every candidate of a frontier.

    Args:
        problem: least risk within the limits.
        question: what was asked.
        traced: what was proposed.
        provenance: how it came about.

    Raises:
        NoAnswer: there is no frontier, or a point of it does not pass its certificate.
    """
    least = judge(problem, traced.least)
    required_answer(least)
    estimates = traced.least.estimates
    for candidate in traced.candidates:
        if not candidate.proposal.status.answered:
            asked = posed(problem, question, candidate.aim, candidate.target)
            required_answer(judge(asked, Outcome(estimates, candidate.proposal, None)))
    points = _points(problem, question, estimates, traced.candidates)
    if not points:
        raise NumericalFailure("No point of the frontier passes its certificate. Check the scale of the figures.")
    best = None if traced.best is None else _point(problem, question, estimates, traced.best)
    current = None if problem.current is None else measured(problem, question, estimates, problem.current)
    return Curve(problem.universe.names, points, current, _best(points, best), provenance)


def _points(
    problem: Problem, question: FrontierQuestion, estimates: Estimates, candidates: Sequence[Candidate]
) -> tuple[FrontierPoint, ...]:
    """All at once those on the way, one by one the last, which is best at something else, and where that fails."""
    inner, last = candidates[:-1], candidates[-1:]
    proven = proven_together(problem, estimates, inner) if inner and question.measure == "volatility" else None
    if proven is None:
        return tuple(_point(problem, question, estimates, candidate) for candidate in candidates)
    rate, volatilities = problem.risk_free_rate, np.sqrt(proven.variances)
    excesses = proven.means - rate * proven.weights.sum(axis=1)
    figures = zip(excesses.tolist(), volatilities.tolist(), proven.relative_gaps.tolist(), strict=True)
    points = [
        _placed(weights, rate, excess, sigma, sigma, gap)
        for weights, (excess, sigma, gap) in zip(proven.weights, figures, strict=True)
    ]
    return (*points, *(_point(problem, question, estimates, candidate) for candidate in last))


def _point(problem: Problem, question: FrontierQuestion, estimates: Estimates, candidate: Candidate) -> FrontierPoint:
    """A candidate that keeps every limit, with what proves it."""
    proposal = candidate.proposal
    asked = proposal.reading.of(_claimed(problem, question, estimates, candidate))
    weights = proposal.weights
    if weights is None or weights.shape != (len(problem.universe),) or not np.isfinite(weights).all():
        raise NumericalFailure("A point of the frontier came back without usable weights. Ask for fewer points.")
    certificate = certify(asked, estimates, weights, proposal.witness)
    if not certificate.constraints_satisfied:
        worst = max(certificate.violations, key=lambda key: certificate.violations[key])
        detail = f"A point of the frontier breaks {worst} by {certificate.max_violation:.3g}."
        raise NumericalFailure(f"{detail} Check the scale of the figures.")
    return measured(problem, question, estimates, weights + 0.0, certificate.relative_gap)


def _claimed(problem: Problem, question: FrontierQuestion, estimates: Estimates, candidate: Candidate) -> Problem:
    """The problem that a candidate claims to solve, its region made from that of all others."""
    if candidate.aim is Aim.LEAST_RISK_FOR_RETURN:
        return problem.narrowed(TargetReturn(candidate.target), estimates)
    return posed(problem, question, candidate.aim)


def measured(
    problem: Problem,
    question: FrontierQuestion,
    estimates: Estimates,
    weights: Vector,
    relative_gap: float | None = None,
) -> FrontierPoint:
    """A portfolio's figures; what it leaves of 1 is cash at the risk-free rate."""
    mean = float(estimates.required_mean("a frontier") @ weights)
    excess = mean - problem.risk_free_rate * float(weights.sum())
    risk = Measure(question.measure, problem.confidence_level).of(estimates).value(weights)
    return _placed(weights, problem.risk_free_rate, excess, estimates.volatility(weights), risk, relative_gap)


def _placed(
    weights: Vector, rate: float, excess: float, volatility: float, risk: float, relative_gap: float | None
) -> FrontierPoint:
    ratios = _ratio(excess, volatility), _ratio(excess, risk)
    return FrontierPoint(weights, excess + rate, risk, *ratios, relative_gap)


def _ratio(excess: float, risk: float) -> float | None:
    return excess / risk if risk > 0 and np.isfinite(excess / risk) else None


def _best(points: tuple[FrontierPoint, ...], solved: FrontierPoint | None) -> FrontierPoint:
    """The greatest ratio; the least risk where none has a ratio."""
    listed = points if solved is None else (*points, solved)
    rated = [point for point in listed if point.return_risk_ratio is not None]
    top = max(rated, key=lambda point: point.return_risk_ratio or 0.0, default=points[0])
    if solved is None or solved.return_risk_ratio is None or top.return_risk_ratio is None:
        return top
    return top if top.return_risk_ratio > solved.return_risk_ratio * (1 + 1e-9) else solved


__all__ = ["Aim", "Curve", "EfficientFrontier", "FrontierPoint", "checked", "measured"]
