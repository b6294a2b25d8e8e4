"""The whole family x(tau) = argmin 1/2 x'Sx - tau m'x, piece by piece: the critical line of Markowitz.

From tau = 0 on, each piece is left where the first of its limits stops binding or the first other one begins to; what
happens there says which limits the next piece leans on. Where several happen at once and the next piece is not found
that way, the family is asked for the member just beyond.

Markowitz, H., Todd, P. (2000), Mean-Variance Analysis in Portfolio Choice and Capital Markets, chapter 7; Niedermayer,
A., Niedermayer, D. (2010), Applying Markowitz's critical line algorithm, in Handbook of Portfolio Construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from tangency.domain.numbers import Vector
from tangency.plugins.kernels.active_set import Piece
from tangency.plugins.kernels.interior_point import Leaning, Polyhedron
from tangency.plugins.kernels.parametric import Family, Member

MOST_PIECES = 20
"""Per name and row; long-only families of n names have n to 2 n."""
FLAT = 1e-15
"""A figure that falls more slowly than this over a unit of tau does not fall: matrix and mean are scaled to 1."""
BEYOND = 1e-7
"""Relative: how far past the end of a piece the family is asked where the next one was not found."""
INSIDE = 1e-9
"""How far a piece may begin outside of a bound: rounding."""
STILL, SMALL = 1e-9, 1e-3
"""Relative growth of the mean along the last piece that is rounding, and the least mean that it is relative to."""
MOST_IN_PLACE = 50
"""Changes at one tau before they count as going in circles."""


class _Event(IntEnum):
    """What ends a piece."""

    REACHES_LOWER = 0
    REACHES_UPPER = 1
    LEAVES_LOWER = 2
    LEAVES_UPPER = 3
    ROW_LETS_GO = 4
    ROW_BINDS = 5


@dataclass(frozen=True, eq=False, slots=True)
class Stretch:
    """A piece and the tau, in the family's own scale, between which it is the solution; the last one ends nowhere."""

    line: Piece
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class CriticalLine:
    """Every piece of a family, from least variance to greatest mean.

    Attributes:
        stretches: in the order of tau; each begins where the one before ends.
    """

    family: Family
    stretches: tuple[Stretch, ...]

    @cached_property
    def corners(self) -> Vector:
        """The means at the beginning of each stretch, in the family's own scale; they never fall."""
        starts, slopes = self._means
        return np.maximum.accumulate(starts + slopes * self._lows)

    @cached_property
    def _lows(self) -> Vector:
        return np.array([stretch.low for stretch in self.stretches])

    @cached_property
    def _highs(self) -> Vector:
        return np.array([stretch.high for stretch in self.stretches])

    @cached_property
    def _means(self) -> tuple[Vector, Vector]:
        """Of each stretch: the mean is start + tau slope."""
        lines = [stretch.line for stretch in self.stretches]
        starts = np.array([self.family.linear(line.start) for line in lines])
        return starts, np.array([self.family.linear(line.direction) for line in lines])

    @cached_property
    def _variances(self) -> tuple[Vector, Vector]:
        """Of each stretch: the variance is fixed + tau^2 growing."""
        lines = [stretch.line for stretch in self.stretches]
        starts = np.array([float(p.start @ p.image_start) for p in lines])
        return starts, np.array([float(p.direction @ p.image_direction) for p in lines])

    @property
    def endless(self) -> bool:
        """Whether the mean grows without end on the last stretch."""
        last = self.stretches[-1]
        start, slope = float(self._means[0][-1]), float(self._means[1][-1])
        return slope * max(1.0, last.low) > STILL * max(abs(start), SMALL)

    def taus(self, means: Vector) -> tuple[np.ndarray, Vector]:
        """The stretch and the tau at which the family has given means; all in its own scale, shape (k,) each."""
        place = np.clip(np.searchsorted(self.corners, means, side="right") - 1, 0, len(self.stretches) - 1)
        start, slope = self._means[0][place], self._means[1][place]
        lows, highs = self._lows[place], self._highs[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            tau = np.where(slope > FLAT, (means - start) / slope, lows)
        return place, np.clip(tau, lows, np.where(np.isfinite(highs), highs, np.maximum(tau, lows)))

    def variances(self, means: Vector) -> Vector:
        """Least variances at given means, in the family's own scale; shape (k,)."""
        place, tau = self.taus(means)
        fixed, growing = self._variances[0][place], self._variances[1][place]
        found: Vector = fixed + tau**2 * np.where(self._means[1][place] > FLAT, growing, 0.0)
        return found

    def member(self, mean: float) -> Member:
        """The member that has a mean, in the family's own scale."""
        place, tau = self.taus(np.array([mean]))
        return self.family.on(self.stretches[int(place[0])].line, float(tau[0]))

    def mean_at_variance(self, variance: float) -> float:
        """The mean of the member with a variance, in the family's own scale; of the last one where all have less."""
        fixed, growing = self._variances
        for place, stretch in enumerate(self.stretches):
            top = fixed[place] + stretch.high**2 * growing[place] if np.isfinite(stretch.high) else np.inf
            if growing[place] > 0 and top >= variance:
                tau = float(np.sqrt(max(0.0, (variance - fixed[place]) / growing[place])))
                tau = min(max(tau, stretch.low), stretch.high)
                return float(self._means[0][place] + tau * self._means[1][place])
        return float(self.corners[-1])


def critical_line(family: Family) -> CriticalLine | None:
    """Follow a family through all of its pieces.

    Returns:
        None with distances, which this walk does not know, and where a piece was not found.
    """
    if family.polyhedron.distances:
        return None
    line = family.piece_at(0.0)
    if line is None:
        return None
    stretches = list(_walk(family, line))
    return CriticalLine(family, tuple(stretches)) if stretches and np.isinf(stretches[-1].high) else None


def _walk(family: Family, line: Piece) -> Iterator[Stretch]:
    """One stretch after the other, for as long as the next is found."""
    low, in_place, region = 0.0, 0, family.polyhedron
    for _ in range(MOST_PIECES * (len(region.lower) + len(region.limits))):
        high, following = _end(region, line, low)
        if high > low * (1.0 + FLAT) or following is None:
            yield Stretch(line, low, high)
            in_place = 0
        if following is None:
            return
        in_place += 1
        after = family.piece_on(following, line.at(high)[0]) if in_place <= MOST_IN_PLACE else None
        if after is None or not _begins(region, after, high):
            after, in_place = family.piece_at(high * (1.0 + BEYOND) + FLAT), 0
        if after is None:
            return
        line, low = after, high


def _begins(region: Polyhedron, line: Piece, tau: float) -> bool:
    """Whether a piece is inside of every bound where it begins."""
    x = line.at(tau)[0]
    return bool((x >= region.lower - INSIDE).all() and (x <= region.upper + INSIDE).all())


def _end(region: Polyhedron, line: Piece, low: float) -> tuple[float, Leaning | None]:
    """The tau from which a piece no longer holds, and what the next one leans on; infinite and None for the last."""
    parked, tight = line.leaning.parked, line.leaning.rows
    free, held = np.isnan(parked), region.lower < region.upper
    slope, turn = _slope(region, line)
    figures = (
        (line.start - region.lower, line.direction, free),
        (region.upper - line.start, -line.direction, free),
        (slope, turn, ~free & held & (parked == region.lower)),
        (-slope, -turn, ~free & held & (parked == region.upper)),
        (line.row_start, line.row_direction, tight & ~region.equality),
        (region.limits - region.rows @ line.start, -(region.rows @ line.direction), ~tight & ~region.equality),
    )
    start, change, counts = (np.concatenate(parts) for parts in zip(*figures, strict=True))
    high, place = _falls_to_zero(start, change, counts, low)
    if np.isinf(high):
        return high, None
    names, rows = len(parked), len(tight)
    if place < _Event.ROW_LETS_GO * names:
        return high, _after(region, line.leaning, _Event(place // names), place % names)
    place -= _Event.ROW_LETS_GO * names
    return high, _after(region, line.leaning, _Event(_Event.ROW_LETS_GO + place // rows), place % rows)


def _after(region: Polyhedron, before: Leaning, event: _Event, place: int) -> Leaning:
    """What the next piece leans on."""
    names, rows = before.parked.copy(), before.rows.copy()
    match event:
        case _Event.REACHES_LOWER:
            names[place] = region.lower[place]
        case _Event.REACHES_UPPER:
            names[place] = region.upper[place]
        case _Event.LEAVES_LOWER | _Event.LEAVES_UPPER:
            names[place] = np.nan
        case _:
            rows[place] = event is _Event.ROW_BINDS
    return Leaning(names, rows, before.distances)


def _slope(region: Polyhedron, line: Piece) -> tuple[Vector, Vector]:
    """S x - tau m + A'y at tau = 0, and its change with tau."""
    return (
        line.image_start + line.row_start @ region.rows,
        line.image_direction - line.mean + line.row_direction @ region.rows,
    )


def _falls_to_zero(start: Vector, change: Vector, counts: np.ndarray, low: float) -> tuple[float, int]:
    """The first tau from ``low`` on at which start + tau change falls below 0 somewhere, and where."""
    falling = (counts & (change < -FLAT)).nonzero()[0]
    if not len(falling):
        return np.inf, -1
    taus = np.maximum(start[falling] / -change[falling], low)
    first = int(np.argmin(taus))
    return float(taus[first]), int(falling[first])
