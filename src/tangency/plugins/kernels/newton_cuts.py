"""Steps towards the least of a sum with Gini's mean difference in it, which leave the dual vectors that matter there.

Over many scenarios the mean difference is nearly smooth, and nearly a multiple of the standard deviation. Each program
holds the portfolio back by the curvature that this multiple has where it stands (a proximal bundle method, Lemaréchal
1975, in the metric of Newton's), so that a dozen portfolios get as close as hundreds that cutting planes alone would
try; and once the pull is gone, the multipliers are those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.lagrangian import Lagrangian
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Minorant, RiskOf, Term
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.gini import Differences
from tangency.domain.risk.risk import Risk
from tangency.plugins.kernels.cutting_planes import CompositePoint, Cuts

MOST_STEPS = 60
CLOSED = 1e-9
"""Relative gap after which nothing more is tried."""
ROUND = 0.02
"""Of the curvature that is kept where a multiple of a deviation has none, along the portfolio itself."""


class Pull(NamedTuple):
    """1/2 (x - center)' curvature (x - center), added to the loss."""

    curvature: Matrix
    center: Vector


def approached(
    terms: Sequence[Term],
    region: Region,
    estimates: Estimates,
    solved: Callable[[Cuts, float, Pull | None], CompositePoint],
    time_limit_s: float,
) -> tuple[CompositePoint | None, Cuts]:
    """The best portfolio, where the steps get to it, and the dual vectors that they leave.

    Args:
        terms: what is summed and minimised.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        solved: solves the program with the dual vectors given, within the seconds given, held back by the pull.
        time_limit_s: for all of it.
    """
    cuts: Cuts = {}
    spreads = [term for term in terms if isinstance(term, RiskOf) and _is_spread(term.measure.of(estimates))]
    if not spreads or any(_is_spread(cap.risk) for cap in region.caps):
        return None, cuts
    started = perf_counter()
    point = solved(cuts, time_limit_s, None)
    center, least, iterations = point.weights, np.inf, point.attempt.iterations
    for _ in range(MOST_STEPS):
        left = time_limit_s - (perf_counter() - started)
        if point.weights is None or center is None or left <= 0:
            break
        loss = sum(term.value(point.weights, estimates) for term in terms)
        if loss < least:
            center, least = point.weights, loss
        spent = SolverAttempt(point.attempt.solver, point.attempt.status, iterations, 1e3 * (perf_counter() - started))
        here = CompositePoint(point.status, center, point.witness, spent)
        if proven_gap(terms, region, estimates, here, least) <= CLOSED:
            return here, cuts
        for term in spreads:
            risk = term.measure.of(estimates)
            cuts[risk].append(risk.worst_case(point.weights))
        curvature = np.sum([_curvature(term, estimates, center) for term in spreads], axis=0)
        point = solved(cuts, left, Pull(curvature, center))
        iterations += point.attempt.iterations
    return None, cuts


def _is_spread(risk: Risk) -> bool:
    return isinstance(risk, LossRisk) and isinstance(risk.envelope, Differences)


def _curvature(term: RiskOf, estimates: Estimates, x: Vector) -> Matrix:
    """That of c sigma(x), with c sigma(x) = the term; and a little of that of the variance."""
    image = estimates.covariance.times(x)
    variance = float(x @ image)
    if variance <= 0.0:
        return np.zeros((len(x), len(x)))
    held = estimates.covariance.dense() - (1.0 - ROUND) * np.outer(image, image) / variance
    return term.value(x, estimates) / variance * held


def proven_gap(
    terms: Sequence[Term], region: Region, estimates: Estimates, point: CompositePoint, loss: float
) -> float:
    """By how much a loss may miss the least, by the point's witness and relative to the terms; infinite if unknown."""
    if point.weights is None:
        return np.inf
    parts = [term.minorant(point.weights, estimates, point.witness.cuts.get(term.id)) for term in terms]
    below = Minorant(sum(part.constant for part in parts), np.sum([part.slope for part in parts], axis=0), 0.0)
    bound = Lagrangian.of(below, region, point.witness).minimum(*region.implied)
    size = sum(abs(term.value(point.weights, estimates)) for term in terms)
    return (loss - bound) / size if size > 0 else np.inf
