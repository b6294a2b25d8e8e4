"""The Pareto set of several aims, covered evenly.

A point is the least t at which every scaled loss is at most its reference plus t (Pascoletti and Serafini 1984). Two
aims take references at equal steps on the line between the ends of the front (normal boundary intersection, Das and
Dennis 1998): where the losses are convex the front falls, so two neighbours are at least a step apart and at most
sqrt(2) steps. More aims take references on a lattice that reaches beyond the simplex, and of the points found those
that are picked one after another as the furthest from all picked before (Gonzalez 1985), which leaves no neighbours
closer than the last was far.

No point is dominated: by weak duality with the multipliers of its program, what all aims together could still gain
without a loss for any of them is bounded; where that bound is not rounding, the gain is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from time import perf_counter

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.composite_terms import Sum, WorstOf, unpacked
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status, Witness
from tangency.plugins.kernels.solving import solved
from tangency.plugins.multi.aims import Aim
from tangency.plugins.multi.scales import SLACK, Scale

SETTLED = 1e-7
"""Scaled: a gain that may be left where it is."""
ENDS = (0.0, 1.5e-4, 5e-3)
"""Of the line of references: at its very end an aim may count nothing, and its trade-offs have no value."""
LARGEST_GAIN = 1e-6
"""Scaled: what is left to gain at a point that counts as efficient."""
CROWD = 4
"""Points of more than two aims that are computed for each that is kept."""
REACH = 1.5
"""By how much the lattice is larger than the simplex: some of the front lies outside the projection of the latter."""
PROPER = 1e-3
"""Of all prices: at the rim of a surface some aim counts next to nothing, and what is left of it is the solver's."""
STEEP = 1e-2
"""Of another aim's price: one that counts less has no rate in units of the other, but a solver's rounding of one."""
SAME = 1e-6
"""Scaled: points closer together are one."""
SHARE_OF_TIME = 0.8
"""Of the solver's time, after which no further points are begun."""


@dataclass(frozen=True, eq=False)
class Point:
    """An efficient portfolio.

    Attributes:
        weights: shape (n,).
        scaled: each loss from ideal 0 to nadir 1; shape (m,).
        prices: what a unit of each scaled loss is worth in a sum that this portfolio is best for; shape (m,).
        gain: a bound of what all aims together could gain, scaled, none of them losing.
    """

    weights: Vector
    scaled: Vector
    prices: Vector
    gain: float


@dataclass(frozen=True, eq=False)
class Front:
    """The efficient set of some aims.

    Attributes:
        problem: every limit that a portfolio must keep.
        estimates: annual moments, and scenarios.
        aims: m of them.
        scale: ideal and nadir.
    """

    problem: Problem
    estimates: Estimates
    aims: tuple[Aim, ...]
    scale: Scale

    def points(self, count: int) -> list[Point]:
        """So many efficient portfolios, from the end where the first aim is best; fewer where time runs out."""
        started, limit = perf_counter(), SHARE_OF_TIME * self.problem.solver.time_limit_s
        found: list[Point] = []
        for references in _references(len(self.aims), count):
            point = self.first(references)
            if point is not None and all(_distance(point, other) > SAME for other in found):
                found.append(point)
            if perf_counter() - started > limit:
                break
        if len(self.aims) <= 2:  # noqa: PLR2004 - a line needs no picking
            return found
        return _spread([point for point in found if point.prices.min() >= PROPER], count)

    def first(self, references: Sequence[Vector]) -> Point | None:
        """The point of the first of some references, near each other, that is proven; None where none is."""
        points = (self.towards(reference) for reference in references)
        return next((point for point in points if point is not None and point.gain <= LARGEST_GAIN), None)

    def towards(self, reference: Vector) -> Point | None:
        """The portfolio that is furthest below a reference, the same way for every loss, or one that improves on it."""
        proposal = solved(self.problem, Blend("FRONT", (WorstOf(self._parts(reference)),)), self.estimates)
        if proposal.weights is None or proposal.witness is None:
            return None
        prices, *duals = [*unpacked(proposal.witness.cuts.get("objective.worst_of"))] or [None]
        if prices is None or len(duals) != len(self.aims):  # where one portfolio is all there is, nothing has a price
            return self.improved(proposal.weights)
        gain = self._gain(proposal.weights, prices, duals, proposal.witness)
        if gain <= SETTLED:
            return self._point(proposal.weights, prices, gain)
        at_an_end = reference.min() <= 0.0 and len(self.aims) == 2  # noqa: PLR2004 - a line has ends
        return None if at_an_end else self.improved(proposal.weights)

    def improved(self, w: Vector) -> Point | None:
        """A portfolio that is no worse for any aim, and that none can be better than for all together."""
        units, losses = self.scale.units, self._losses(w)
        caps = tuple(
            aim.no_worse_than(loss + SLACK * unit)
            for aim, loss, unit in zip(self.aims, losses.tolist(), units.tolist(), strict=True)
        )
        tied = replace(self.problem, constraints=(*self.problem.constraints, *caps))
        objective = Blend("FRONT", self._parts(np.zeros(len(self.aims))))
        found = solved(tied, objective, self.estimates)
        if found.weights is None or found.witness is None or found.status is not Status.OPTIMAL:
            return None
        proof = certify(replace(tied, objective=objective), self.estimates, found.weights, found.witness)
        given = np.array([max(0.0, found.witness.multipliers.get(cap.id, 0.0)) for cap in caps])
        gain = np.inf if proof.duality_gap is None else proof.duality_gap
        return self._point(found.weights, 1.0 + given * units, gain)

    def _parts(self, reference: Vector) -> tuple[Sum, ...]:
        levels = self.scale.ideal + reference * self.scale.units
        rows = zip(self.aims, levels.tolist(), self.scale.units.tolist(), strict=True)
        return tuple(aim.beyond(level, 1.0 / unit) for aim, level, unit in rows)

    def _losses(self, w: Vector) -> Vector:
        return np.array([aim.loss(w, self.estimates) for aim in self.aims])

    def _point(self, w: Vector, prices: Vector, gain: float) -> Point:
        return Point(w, (self._losses(w) - self.scale.ideal) / self.scale.units, prices / prices.sum(), gain)

    def _gain(self, w: Vector, prices: Vector, duals: Sequence[Vector | None], witness: Witness) -> float:
        """A bound of the gain: what the sum by these prices could fall by, over the least price."""
        least = float(prices.min())
        if least <= 0:
            return np.inf
        rows = zip(self.aims, self.scale.ideal.tolist(), (prices / self.scale.units).tolist(), strict=True)
        parts = tuple(aim.beyond(best, price) for aim, best, price in rows)
        cuts = {part.id: dual for part, dual in zip(parts, duals, strict=True) if dual is not None}
        asked = replace(self.problem, objective=Blend("FRONT", parts))
        proof = certify(asked, self.estimates, w, replace(witness, cuts={**witness.cuts, **cuts}))
        return np.inf if proof.duality_gap is None else proof.duality_gap / least


def trade_offs(point: Point, aims: Sequence[Aim], units: Vector) -> dict[str, dict[str, float | None]]:
    """How each value moves per unit of another along the front, all others as they are; None where it is too steep."""
    worth, prices = point.prices / units, point.prices
    return {
        aim.name: {
            other.name: -aim.sign * other.sign * float(worth[j] / worth[i]) if prices[i] > STEEP * prices[j] else None
            for j, other in enumerate(aims)
            if i != j
        }
        for i, aim in enumerate(aims)
    }


def why_without(rates: Mapping[str, Mapping[str, float | None]]) -> str | None:
    """Why some trade-offs are None; None where none is."""
    steep = [f"{one} per {other}" for one, row in rates.items() for other, rate in row.items() if rate is None]
    if not steep:
        return None
    return (
        f"Here {', '.join(steep)} would move by more than {1 / STEEP:g} times its range for one range of the other: "
        "the front ends or has an edge, and no rate holds on both sides."
    )


def spacing(points: Sequence[Point]) -> dict[str, float] | None:
    """The shortest and the longest scaled distance of neighbours: next in line of two aims, else the nearest."""
    if len(points) < 2:  # noqa: PLR2004 - one point has no neighbour
        return None
    values = np.array([point.scaled for point in points])
    if values.shape[1] == 2:  # noqa: PLR2004 - two aims
        steps = np.linalg.norm(np.diff(values, axis=0), axis=1)
    else:
        apart = _apart(values) + np.diag(np.full(len(values), np.inf))
        steps = apart.min(axis=1)
    shortest, longest = float(steps.min()), float(steps.max())
    return {"shortest": shortest, "longest": longest, "ratio": longest / shortest}


def _references(aims: int, count: int) -> Iterator[list[Vector]]:
    """Where to look for each point; at the ends of a line, in further places a little inside."""
    if aims == 2:  # noqa: PLR2004 - a line
        for share in np.linspace(0.0, 1.0, count):
            inside = [float(np.clip(share, end, 1.0 - end)) for end in (ENDS if share in (0.0, 1.0) else ENDS[:1])]
            yield [np.array([place, 1.0 - place]) for place in inside]
        return
    steps = 1
    while len(_lattice(aims, steps)) < CROWD * count:
        steps += 1
    for corner in _lattice(aims, steps):
        yield [1.0 / aims + REACH * (corner - 1.0 / aims)]


def _lattice(aims: int, steps: int) -> Matrix:
    """Every way of giving ``steps`` equal parts of 1 to the aims; shape (points, aims)."""
    bars = np.array(list(combinations(range(steps + aims - 1), aims - 1)))
    edges = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), steps + aims - 1)])
    return (np.diff(edges, axis=1) - 1.0) / steps


def _spread(points: Sequence[Point], count: int) -> list[Point]:
    """The one that is best for the first aim, and then always the furthest from all that are picked."""
    if not points:
        return []
    values = np.array([point.scaled for point in points])
    apart = _apart(values)
    picked = [int(values[:, 0].argmin())]
    while len(picked) < min(count, len(points)):
        picked.append(int(apart[picked].min(axis=0).argmax()))
    return [points[i] for i in picked]


def _apart(values: Matrix) -> Matrix:
    return np.asarray(np.linalg.norm(values[:, None, :] - values[None, :, :], axis=2))


def _distance(one: Point, other: Point) -> float:
    return float(np.linalg.norm(one.scaled - other.scaled))
