"""Clarabel on a sum of convex terms over any region: each term brings its cone, and takes its dual vector from it.

A conditional value at risk alone, over bounds and rows, is a linear program that HiGHS solves many times faster.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Term
from tangency.plugins.kernels.cones import Place, compiled, curved, limited
from tangency.plugins.kernels.conic_program import Builder, Compiled, Expression, Solved, added
from tangency.plugins.kernels.cutting_planes import CompositePoint, Cuts, refined, risks_of
from tangency.plugins.kernels.newton_cuts import Pull, approached
from tangency.plugins.kernels.smooth_steps import least_smooth
from tangency.plugins.kernels.tail_program import at_vertex


def minimise(
    terms: Sequence[Term], region: Region, estimates: Estimates, tolerance: float, time_limit_s: float
) -> CompositePoint:
    """Minimise a sum of terms over a region. Quadratic terms of the sum itself need no cone.

    Args:
        terms: what is summed; each has a cone in ``kernels.cones``.
        region: the feasible set.
        estimates: annual moments, and scenarios.
        tolerance: absolute and relative, on residuals and gap.
        time_limit_s: asked of the solver, which keeps it loosely.

    Raises:
        Unsupported: a term or a risk cap that no cone is known for.
    """

    def solved(cuts: Cuts, left: float, pull: Pull | None = None) -> CompositePoint:
        build = Builder(region.size, estimates, region, cuts=cuts)
        return _minimised(terms, build, tolerance, left, pull)

    region = region.reduced
    vertex = at_vertex(terms, region, estimates, time_limit_s)
    if vertex is not None:
        return vertex
    smooth = least_smooth(terms, region, estimates, time_limit_s)
    if smooth is not None:
        return smooth
    point, cuts = approached(terms, region, estimates, solved, time_limit_s)
    point = point or refined(risks_of(terms, region, estimates), solved, time_limit_s, cuts)
    closer = None if point.weights is None else least_smooth(terms, region, estimates, time_limit_s, point.weights)
    return closer or point


def _minimised(
    terms: Sequence[Term], build: Builder, tolerance: float, time_limit_s: float, pull: Pull | None
) -> CompositePoint:
    region, places = build.region, limited(build)
    parts = [(term.id, in_program(term, build)) for term in terms]
    loss = added([part.expression for _, part in parts])
    if pull is not None:
        build.curve(pull.curvature)
        loss = added([loss, Expression(build.weights, -pull.curvature @ pull.center, 0.0)])
    status, solved, attempt = build.solve(loss, tolerance, time_limit_s)
    if status not in ("solved", "almost_solved"):
        return CompositePoint(status, None, Witness(), attempt)
    weights = np.clip(solved.x[: region.size], region.lower, region.upper)
    return CompositePoint(status, weights, witness_of(places, parts, solved), attempt)


def in_program(term: Term, build: Builder) -> Compiled:
    """A term of the sum itself, which needs no cone where it is quadratic."""
    flat = curved(term, build)
    return compiled(term, build) if flat is None else Compiled(flat)


def witness_of(places: dict[str, Place], parts: list[tuple[str, Compiled]], solved: Solved) -> Witness:
    """Multipliers of limits, and the dual vectors of risk caps and terms."""
    prices = {key: float(solved.prices[place.row]) / place.unit for key, place in places.items()}
    cuts = {key: place.dual(solved, prices[key]) for key, place in places.items()}
    cuts |= {key: part.dual(solved, 1.0) for key, part in parts}
    return Witness(prices, {key: cut for key, cut in cuts.items() if cut is not None and np.isfinite(cut).all()})
