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
SLOW = 1e-12
"""Relative: what moves more slowly than this while another moves is held where it is; the movement is rounding."""
BEYOND = 1e-7
"""Relative: how far past the end of a piece the family is asked where the next one was not found."""
INSIDE = 1e-9
"""How far a piece may begin outside of a bound: rounding."""
STILL, SMALL = 1e-9, 1e-3
"""Relative growth of the mean along the last piece that is rounding, and the least mean that it is relative to."""
MOST_IN_PLACE = 50
"""Changes at one tau before they count as going in circles."""


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
        starts = np.array([stretch.line.start for stretch in self.stretches])
        directions = np.array([stretch.line.direction for stretch in self.stretches])
        return self.family.linears(starts), self.family.linears(directions)

    @cached_property
    def _variances(self) -> tuple[Vector, Vector]:
        """Of each stretch: the variance is fixed + tau^2 growing."""
        lines = [stretch.line for stretch in self.stretches]
        fixed = np.array([p.start @ p.image_start for p in lines])
        return fixed, np.array([p.direction @ p.image_direction for p in lines])

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

    def members(self, means: Vector) -> list[Member]:
        """The members that have given means, in the family's own scale."""
        places, taus = self.taus(means)
        pairs = zip(places.tolist(), taus.tolist(), strict=True)
        return [self.family.on(self.stretches[place].line, tau) for place, tau in pairs]

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
    stretches = list(_Walk(family).stretches(line))
    return CriticalLine(family, tuple(stretches)) if stretches and np.isinf(stretches[-1].high) else None


class _Walk:
    """From one piece of a family to the next."""

    def __init__(self, family: Family) -> None:
        region = family.polyhedron
        self.family, self.region = family, region
        held = region.lower < region.upper
        self.floor, self.ceiling = (np.where(held, bound, np.nan) for bound in (region.lower, region.upper))
        self.below, self.above = region.lower - INSIDE, region.upper + INSIDE
        self.unequal = not region.equality.all()
        self.most = MOST_PIECES * (len(region.lower) + len(region.limits))

    def stretches(self, line: Piece) -> Iterator[Stretch]:
        """One after the other, for as long as the next is found."""
        low, in_place, family = 0.0, 0, self.family
        for _ in range(self.most):
            high, following = self._end(line, low)
            if high > low * (1.0 + FLAT) or following is None:
                yield Stretch(line, low, high)
                in_place = 0
            if following is None:
                return
            in_place += 1
            after = family.piece_on(following, line.start) if in_place <= MOST_IN_PLACE else None
            if after is None or not self._begins(after, high):
                after, in_place = family.piece_at(high * (1.0 + BEYOND) + FLAT), 0
            if after is None:
                return
            line, low = after, high

    def _begins(self, line: Piece, tau: float) -> bool:
        """Whether a piece is inside of every bound where it begins."""
        x = line.start + tau * line.direction
        return bool(((x >= self.below) & (x <= self.above)).all())

    def _end(self, line: Piece, low: float) -> tuple[float, Leaning | None]:
        """The tau from which a piece no longer holds, and what the next leans on; infinite and None for the last."""
        high, name, parked = self._name_moves(line, low)
        earlier, row = self._row_changes(line, low) if self.unequal else (np.inf, 0)
        if earlier < high:
            return earlier, _with_row(line.leaning, row)
        return high, None if np.isinf(high) else _with_name(line.leaning, name, parked)

    def _name_moves(self, line: Piece, low: float) -> tuple[float, int, float]:
        """The first tau at which a free name reaches a bound or a parked one is let go, which, and where it is then."""
        region, parked = self.region, line.leaning.parked
        free = np.isnan(parked)
        bound = np.where(line.direction < 0.0, region.lower, region.upper)
        slope, turn = _slope(region, line)
        start = np.where(free, line.start - bound, slope)
        change = np.where(free, _moving(line.direction), _moving(turn, 1.0))
        falls, rises = change < 0.0, change > 0.0
        ends = (falls & (free | (parked == self.floor))) | (rises & (free | (parked == self.ceiling)))
        high, name = _first_zero(start, change, ends, low)
        return high, name, float(bound[name]) if free[name] else np.nan

    def _row_changes(self, line: Piece, low: float) -> tuple[float, int]:
        """The first tau at which a row that binds lets go or another one binds, and which."""
        region, tight = self.region, line.leaning.rows
        start = np.where(tight, line.row_start, region.limits - region.rows @ line.start)
        fastest = float(np.abs(line.direction).max())
        approach = _moving(-(region.rows @ line.direction), fastest)
        change = np.where(tight, _moving(line.row_direction, 1.0), approach)
        return _first_zero(start, change, ~region.equality & (change < 0.0), low)


def _with_name(before: Leaning, name: int, parked: float) -> Leaning:
    names = before.parked.copy()
    names[name] = parked
    return Leaning(names, before.rows, before.distances)


def _with_row(before: Leaning, row: int) -> Leaning:
    """A row that binds lets go, another one binds."""
    rows = before.rows.copy()
    rows[row] = not rows[row]
    return Leaning(before.parked, rows, before.distances)


def _slope(region: Polyhedron, line: Piece) -> tuple[Vector, Vector]:
    """S x - tau m + A'y at tau = 0, and its change with tau."""
    return (
        line.image_start + line.row_start @ region.rows,
        line.image_direction - line.mean + line.row_direction @ region.rows,
    )


def _moving(changes: Vector, fastest: float = 0.0) -> Vector:
    """Changes without those that are slow next to the fastest of them, and to another figure; shape (k,)."""
    return np.where(np.abs(changes) > SLOW * max(fastest, float(np.abs(changes).max(initial=0.0))), changes, 0.0)


def _first_zero(start: Vector, change: Vector, counts: np.ndarray, low: float) -> tuple[float, int]:
    """The first tau from ``low`` on at which start + tau change is 0 somewhere that counts, and where."""
    places = counts.nonzero()[0]
    if not len(places):
        return np.inf, 0
    taus = start[places] / -change[places]
    first = int(taus.argmin())
    return max(float(taus[first]), low), int(places[first])
