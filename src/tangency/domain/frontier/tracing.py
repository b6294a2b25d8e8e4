"""How candidates for a frontier are found: by a method's own way of tracing one, or by solving again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np

from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion, posed
from tangency.domain.frontier.spacing import EVEN, evenly, steps, unevenness
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
ROUNDS_OF_PIECES = 4
"""The same where there are gaps, whose edges are found to a twentieth of a step."""
SAME = 1e-9
"""Relative: returns that differ by no more are one."""
NEARER = 1.02
"""Aimed at while placing, so that what is found is within ``EVEN``."""

NARROW = 1e-4
"""Of the span of returns: what is as near to a point of the front is taken for that point."""
FINER = 3
"""Times as many points as are asked for show where a frontier that is not convex has gaps."""

Point: TypeAlias = tuple[float, float, Candidate]
"""Return, risk and candidate."""
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
    known: list[Point] = field(default_factory=list)

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
        convex = self.question.convex and not self.problem.region(self.estimates).positions
        placed = self._on_a_curve(low, high) if convex else self._on_pieces(low, high)
        return [candidate for _, _, candidate in placed]

    def _on_a_curve(self, low: float, high: float) -> list[Point]:
        points = self.question.points
        placed = self._all(_crowded_at_the_ends(low, high, points))
        for _ in range(ROUNDS):
            returns, risks = _figures(placed)
            if len(placed) == points and unevenness(returns, risks) <= NEARER:
                break
            knots = efficient(self.known)
            curve = _through(*_figures(knots))
            placed = self._all(evenly(curve, knots[0][0], high, points))
        return placed

    def _on_pieces(self, low: float, high: float) -> list[Point]:
        """Where the least risk may fall as the return grows, the frontier has gaps: points are even beside them."""
        self._all(np.linspace(low, high, FINER * self.question.points))
        placed: list[Point] = []
        for _ in range(ROUNDS_OF_PIECES):
            self._all(edges(efficient(self.known), self.known))
            placed = self._all(even_beside_gaps(efficient(self.known), self.known, self.question.points))
        undominated = {id(candidate) for _, _, candidate in efficient(self.known)}
        return [point for point in placed if id(point[2]) in undominated]

    def _all(self, returns: Vector) -> list[Point]:
        """The points at given returns; those known already are not solved for again."""
        found = []
        for target in returns.tolist():
            scale = SAME * max(abs(returns[0]), abs(returns[-1]))
            near = next((point for point in self.known if abs(point[0] - target) <= scale), None)
            found.append(near or self._remember(self._solved(Aim.LEAST_RISK_FOR_RETURN, target)))
        return efficient([point for point in found if point is not None])

    def _remember(self, candidate: Candidate) -> Point | None:
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


def _figures(points: Sequence[Point]) -> tuple[Vector, Vector]:
    return np.array([point[0] for point in points]), np.array([point[1] for point in points])


def efficient(points: Sequence[Point]) -> list[Point]:
    """Those of which no other has at least the return with at most the risk, from the least return on."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (-p[0], p[1])):
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    return kept[::-1]


def _crowded_at_the_ends(low: float, high: float, count: int) -> Vector:
    returns: Vector = low + (high - low) * (1.0 - np.cos(np.linspace(0.0, np.pi, count))) / 2.0
    return returns


def even_beside_gaps(front: Sequence[Point], known: Sequence[Point], count: int) -> Vector:
    """Returns of points that are equally far from each other along a front, its gaps not counted.

    Args:
        front: the efficient ones of those known.
        known: a return between two neighbours of the front that is not on it tells of a gap.
        count: of points, both ends included.
    """
    returns, risks = _figures(front)
    first, _ = _beaten(front, known)
    along = np.concatenate([[0.0], np.cumsum(np.where(np.isnan(first), steps(returns, risks), 0.0))])
    placed: Vector = np.interp(np.linspace(0.0, along[-1], count), along, returns)
    return placed


def edges(front: Sequence[Point], known: Sequence[Point]) -> Vector:
    """Returns that tell more of where each gap of a front begins and ends."""
    returns, (first, last) = _figures(front)[0], _beaten(front, known)
    tried = np.concatenate([0.5 * (returns[:-1] + first), 0.5 * (last + returns[1:])])
    found: Vector = np.sort(tried[~np.isnan(tried)])
    return found


def _beaten(front: Sequence[Point], known: Sequence[Point]) -> tuple[Vector, Vector]:
    """Between each two neighbours of a front the first and the last known return that is not on it; NaN without any."""
    returns = _figures(front)[0]
    others = np.array(sorted({point[0] for point in known} - set(returns.tolist())))
    place = np.clip(np.searchsorted(returns, others), 1, len(returns) - 1)
    apart = np.minimum(np.abs(others - returns[place - 1]), np.abs(others - returns[place]))
    off = others[apart > NARROW * np.ptp(returns)]
    begin, end = np.searchsorted(off, returns[:-1]), np.searchsorted(off, returns[1:])
    padded = np.append(off, np.nan)
    return np.where(end > begin, padded[begin], np.nan), np.where(end > begin, padded[end - 1], np.nan)


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


__all__ = ["EVEN", "Traced", "efficient", "even_beside_gaps", "trace"]
