"""How candidates for a frontier are found: by a method's own way of tracing one, or by solving again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion, posed
from tangency.domain.frontier.spacing import EVEN, evenly, unevenness
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.judgement import Outcome, propose
from tangency.domain.optimization.linear_programs import LinearPrograms
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.risk.measure import Measure

ROUNDS = 6
"""Of placing the points anew; two or three make them even."""
SAME = 1e-9
"""Relative: returns that differ by no more are one."""
NEARER = 1.02
"""Aimed at while placing, so that what is found is within ``EVEN``."""

Tracer = Callable[[Problem, Estimates, object, FrontierQuestion], Sequence[Candidate] | None]


@dataclass(frozen=True, eq=False, slots=True)
class Traced:
    """What tracing brought, before any of it is checked.

    Attributes:
        least: of the problem of least risk; without weights, it says why there is no frontier.
        candidates: from least risk to most return.
        best: the one of the best ratio; None where nothing beats the risk-free rate, or nobody looked.
    """

    least: Outcome
    candidates: tuple[Candidate, ...] = ()
    best: Candidate | None = None


def trace(
    problem: Problem,
    estimates: Estimates,
    method: OptimizationMethod,
    options: object,
    question: FrontierQuestion,
    programs: LinearPrograms,
) -> Traced:
    """Find the candidates.

    A method may have an attribute ``trace`` that takes the problem, the estimates, its options and the question, and
    gives the candidates from the least risk on; where it has none, or gives None, the problems are solved one by one.

    Args:
        problem: least risk within the limits.
        estimates: annual moments, with means.
        method: solves the problem, also with a target return, for the greatest return and for the best ratio.
        options: the method's own.
        question: what is asked of the frontier.
        programs: to find out why nothing is feasible.

    Raises:
        Unsupported: the method cannot honour the objective or a limit.
        InvalidInput: an end is out of reach.
    """
    estimates.required_mean("a frontier")
    least = propose(problem, estimates, method, options, programs)
    if least.proposal.weights is None or least.infeasibility is not None:
        return Traced(least)
    own = cast(Tracer | None, getattr(method, "trace", None))
    candidates = None if own is None else own(problem, estimates, options, question)
    if candidates is None:
        candidates = _Solving(problem, estimates, method, options, question).candidates(least.proposal)
    best = method.solve(posed(problem, question, Aim.BEST_RATIO), estimates, options)
    found = best.status.answered and best.weights is not None
    return Traced(least, tuple(candidates), Candidate(Aim.BEST_RATIO, best) if found else None)


@dataclass(eq=False)
class _Solving:
    """Solves for points of a frontier and remembers them."""

    problem: Problem
    estimates: Estimates
    method: OptimizationMethod
    options: object
    question: FrontierQuestion
    known: list[tuple[float, float, Candidate]] = field(default_factory=list)
    """Return, risk and candidate."""

    def candidates(self, least: Proposal) -> list[Candidate]:
        """From least risk to most return, evenly spread."""
        greatest = self._solved(Aim.GREATEST_RETURN)
        if not _answered(greatest.proposal):
            self.question.refuse_out_of_reach(None, self._risk(least))
            return [greatest]
        low, high = self._mean(least), self._mean(greatest.proposal)
        self.question.refuse_out_of_reach(high, self._risk(least))
        first = Candidate(Aim.LEAST_RISK, least)
        wanted = self.question.min_return
        if wanted is not None and wanted > low:
            low, first = wanted, self._solved(Aim.LEAST_RISK_FOR_RETURN, wanted)
        self._remember(first)
        if high - low <= SAME * max(abs(low), abs(high)):
            return [first]
        self._remember(greatest)
        return self._spread(low, high)

    def _spread(self, low: float, high: float) -> list[Candidate]:
        points = self.question.points if self.question.convex else 2 * self.question.points
        span = np.linspace(0.0, np.pi, points)
        placed = self._all(low + (high - low) * (1.0 - np.cos(span)) / 2.0)
        for _ in range(ROUNDS if self.question.convex else 0):
            returns, risks = _figures(placed)
            if len(placed) == points and unevenness(returns, risks) <= NEARER:
                break
            knots = efficient(self.known)
            curve = _through(*_figures(knots))
            placed = self._all(evenly(curve, knots[0][0], high, points))
        placed = placed if self.question.convex else thinned(placed, self.question.points)
        return [candidate for _, _, candidate in placed]

    def _all(self, returns: Vector) -> list[tuple[float, float, Candidate]]:
        """The points at given returns; those known already are not solved for again."""
        found = []
        for target in returns.tolist():
            scale = SAME * max(abs(returns[0]), abs(returns[-1]))
            near = next((point for point in self.known if abs(point[0] - target) <= scale), None)
            found.append(near or self._remember(self._solved(Aim.LEAST_RISK_FOR_RETURN, target)))
        return efficient([point for point in found if point is not None])

    def _remember(self, candidate: Candidate) -> tuple[float, float, Candidate] | None:
        if not _answered(candidate.proposal):
            return None
        point = self._mean(candidate.proposal), self._risk(candidate.proposal), candidate
        self.known.append(point)
        return point

    def _solved(self, aim: Aim, target: float = 0.0) -> Candidate:
        asked = posed(self.problem, self.question, aim, target)
        return Candidate(aim, self.method.solve(asked, self.estimates, self.options), target)

    def _mean(self, proposal: Proposal) -> float:
        return float(self.estimates.required_mean("a frontier") @ cast(Vector, proposal.weights))

    def _risk(self, proposal: Proposal) -> float:
        measure = Measure(self.question.measure, self.problem.confidence_level)
        return measure.of(self.estimates).value(cast(Vector, proposal.weights))


def _answered(proposal: Proposal) -> bool:
    return proposal.status.answered and proposal.weights is not None


def _figures(points: Sequence[tuple[float, float, Candidate]]) -> tuple[Vector, Vector]:
    return np.array([point[0] for point in points]), np.array([point[1] for point in points])


def efficient(points: Sequence[tuple[float, float, Candidate]]) -> list[tuple[float, float, Candidate]]:
    """Those of which no other has at least the return with at most the risk, from the least return on."""
    kept: list[tuple[float, float, Candidate]] = []
    for point in sorted(points, key=lambda p: (-p[0], p[1])):
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    return kept[::-1]


def thinned(points: list[tuple[float, float, Candidate]], count: int) -> list[tuple[float, float, Candidate]]:
    """At most so many of them, as even as they allow, with both ends."""
    if len(points) <= count:
        return points
    returns, risks = _figures(points)
    scaled = [(values - values.min()) / (np.ptp(values) or 1.0) for values in (returns, risks)]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(axis) for axis in scaled)))])
    places = {int(np.argmin(np.abs(along - at))) for at in np.linspace(0.0, along[-1], count)}
    return [points[place] for place in sorted(places)]


def _through(returns: Vector, risks: Vector) -> Callable[[Vector], Vector]:
    """A smooth curve through points (cubic Hermite, with slopes from the neighbours)."""
    if len(returns) <= 2:  # noqa: PLR2004 - a straight line
        return lambda at: np.interp(at, returns, risks)
    slopes = np.gradient(risks, returns)

    def curve(at: Vector) -> Vector:
        left = np.clip(np.searchsorted(returns, at, side="right") - 1, 0, len(returns) - 2)
        width = returns[left + 1] - returns[left]
        t = (at - returns[left]) / width
        rise = width * slopes[left] * t * (1 - t) ** 2 - width * slopes[left + 1] * t**2 * (1 - t)
        smooth: Vector = risks[left] * (1 + 2 * t) * (1 - t) ** 2 + risks[left + 1] * t**2 * (3 - 2 * t) + rise
        return smooth

    return curve


__all__ = ["EVEN", "Traced", "efficient", "thinned", "trace"]
