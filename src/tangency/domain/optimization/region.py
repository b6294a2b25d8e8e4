"""The set of portfolios that satisfy every constraint, in the five shapes that a constraint can have.

A constraint knows its shape; everything else (the certificate, infeasibility, the solver kernels) works on shapes and
never asks which constraint it came from. A new constraint that has one of these shapes needs no edit here.

Four of the shapes are convex. The fifth is not: a region that has one is a union of convex ones, each with every name
on one :class:`Side`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.risk.risk import Risk

CROSSING = 1e-9
"""Bounds of one name that cross by no more (0.1 + 0.2 above 0.3) hold it in place; more is a contradiction."""
FAR = 1e4
"""A limit of weights beyond it is as good as none: the rounding of a slope, times it, would drown what is proven."""


@dataclass(frozen=True, eq=False, slots=True)
class Bounds:
    """lower <= x <= upper, name by name; shape (n,) each, infinite where a name has none."""

    id: str
    lower: Vector
    upper: Vector

    def excess(self, x: Vector) -> float:
        """By how much the worst name is outside; negative inside."""
        return float(np.maximum(self.lower - x, x - self.upper).max())


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """coefficients' x <= limit, or == limit; coefficients have shape (n,)."""

    id: str
    coefficients: Vector
    limit: float
    equality: bool = False

    def excess(self, x: Vector) -> float:
        """By how much it is broken; negative with room left."""
        over = float(self.coefficients @ x) - self.limit
        return abs(over) if self.equality else over


@dataclass(frozen=True, eq=False, slots=True)
class Distance:
    """sum of |x - center| <= limit; center has shape (n,)."""

    id: str
    center: Vector
    limit: float

    def excess(self, x: Vector) -> float:
        """By how much it is broken; negative with room left."""
        return float(np.abs(x - self.center).sum()) - self.limit


@dataclass(frozen=True, eq=False, slots=True)
class RiskCap:
    """risk(x) <= limit."""

    id: str
    risk: Risk
    limit: float

    def excess(self, x: Vector) -> float:
        """By how much it is broken; negative with room left."""
        return self.risk.value(x) - self.limit

    def cut(self, dual: Vector) -> Row | None:
        """The half-space in which an affine function below the risk meets the limit: it holds all of the set.

        None where the dual vector stands for no such function.
        """
        below = self.risk.below(dual)
        return None if below is None else Row(self.id, below.slope, self.limit - below.constant)

    @property
    def reach(self) -> float:
        """No weight is larger."""
        return self.limit / self.risk.steepness if self.risk.steepness > 0 else np.inf


@dataclass(frozen=True, eq=False, slots=True)
class Semicontinuous:
    """x == 0 or |x| >= least, name by name; least has shape (n,), 0 where any weight will do."""

    id: str
    least: Vector

    def excess(self, x: Vector) -> float:
        """How far the worst name is from the nearest weight that it may have; negative where all have room."""
        size = np.abs(x)
        return float(np.minimum(size, self.least - size).max())


class Side(IntEnum):
    """What is settled of a name: nothing; that it is left out; that it is held, long or short."""

    ANY = 0
    NONE = 1
    LONG = 2
    SHORT = 3


HELD_OR_NOT = (Side.NONE, Side.LONG, Side.SHORT)

Sides: TypeAlias = NDArray[np.int8]
"""A :class:`Side` for every name; shape (n,)."""

Shape: TypeAlias = Bounds | Row | Distance | RiskCap | Semicontinuous


@dataclass(frozen=True, eq=False)
class Region:
    """An intersection of shapes over n names."""

    size: int
    bounds: tuple[Bounds, ...]
    rows: tuple[Row, ...]
    distances: tuple[Distance, ...]
    caps: tuple[RiskCap, ...]
    positions: tuple[Semicontinuous, ...] = ()

    @classmethod
    def of(cls, size: int, shapes: Iterable[Shape]) -> Region:
        """Sort shapes by their kind."""
        listed = tuple(shapes)
        return cls(
            size,
            tuple(shape for shape in listed if isinstance(shape, Bounds)),
            tuple(shape for shape in listed if isinstance(shape, Row)),
            tuple(shape for shape in listed if isinstance(shape, Distance)),
            tuple(shape for shape in listed if isinstance(shape, RiskCap)),
            tuple(shape for shape in listed if isinstance(shape, Semicontinuous)),
        )

    def with_row(self, row: Row) -> Region:
        """The same with one row more; the bounds that were found for its names still hold."""
        narrowed = replace(self, rows=(*self.rows, row))
        narrowed.__dict__.update(lower=self.lower, upper=self.upper, implied=self.implied)
        return narrowed

    def on(self, sides: Sides) -> Region:
        """The convex part of it with the names on given sides."""
        lower, upper = self._sided(self.lower, self.upper, sides)
        part = Region(self.size, (Bounds("", lower, upper),), self.rows, self.distances, self.caps)
        implied = _stopped(*self._sided(*self.implied, sides), lower, upper)
        part.__dict__.update(lower=lower, upper=upper, implied=implied)
        return part

    def _sided(self, lower: Vector, upper: Vector, sides: Sides) -> tuple[Vector, Vector]:
        """Bounds with those of the sides."""
        none, long, short = sides == Side.NONE, sides == Side.LONG, sides == Side.SHORT
        lower = np.where(none, np.maximum(lower, 0.0), np.where(long, np.maximum(lower, self.least), lower))
        upper = np.where(none, np.minimum(upper, 0.0), np.where(short, np.minimum(upper, -self.least), upper))
        rounding = (upper < lower) & (lower - upper <= CROSSING)
        return np.where(rounding & ~short, upper, lower), np.where(rounding & short, lower, upper)

    @cached_property
    def boxed(self) -> bool:
        """Whether every name has a bound on either side that is its own or follows."""
        lower, upper = self.implied
        return bool((np.isfinite(lower) & np.isfinite(upper)).all())

    @cached_property
    def least(self) -> Vector:
        """The smallest size of a name that is held; shape (n,)."""
        smallest: Vector = np.max([each.least for each in self.positions], axis=0, initial=0.0)
        return smallest + np.zeros(self.size)

    @cached_property
    def sides(self) -> NDArray[np.bool_]:
        """Which sides each name can be on within its bounds, a column for each :class:`Side`; shape (n, 4)."""
        none = (self.lower <= 0.0) & (self.upper >= 0.0)
        enough = self.least - CROSSING
        return np.transpose([self.least == 0.0, none, self.upper >= enough, self.lower <= -enough])

    def sides_of(self, weights: Vector) -> Sides:
        """The sides that a portfolio's names are on; of a name that any size will do for, nothing is settled."""
        held = np.where(weights > 0.0, Side.LONG, Side.SHORT)
        settled = np.where(np.abs(weights) < 0.5 * self.least, Side.NONE, held)
        return np.where(self.least > 0.0, settled, Side.ANY).astype(np.int8)

    @cached_property
    def segments(self) -> tuple[tuple[Side, Vector, Vector], ...]:
        """The bounds of every name on each side, crossing where it cannot be there; shape (n,) each."""
        bounds = (self._sided(*self.implied, np.full(self.size, side, np.int8)) for side in HELD_OR_NOT)
        return tuple((side, *each) for side, each in zip(HELD_OR_NOT, bounds, strict=True))

    @cached_property
    def budget(self) -> Row | None:
        """The equality that all weights sum to something by, where there is one."""
        return next((row for row in self.rows if row.equality and (row.coefficients == 1.0).all()), None)

    @cached_property
    def reduced(self) -> Region:
        """The same set without distances that no portfolio in it exceeds, such as a gross of 1 where none is short.

        A solver that is told the budget a second time loses digits.
        """
        needed = tuple(distance for distance in self.distances if distance.limit < self._furthest(distance.center))
        return self if needed == self.distances else replace(self, distances=needed)

    def _furthest(self, center: Vector) -> float:
        """A bound on the sum of |x - center|: by those of the names and, of long ones, by what they sum to."""
        lower, upper = self.implied
        by_name = float(np.maximum(np.abs(lower - center), np.abs(upper - center)).sum())
        if self.budget is None or (lower < 0.0).any():
            return by_name
        return min(by_name, self.budget.limit + float(np.abs(center).sum()))

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Every shape, bounds first."""
        return (*self.bounds, *self.rows, *self.distances, *self.caps, *self.positions)

    @cached_property
    def lower(self) -> Vector:
        """The tightest lower bound of each name; shape (n,)."""
        tightest: Vector = np.max([b.lower for b in self.bounds], axis=0, initial=-np.inf)
        return tightest + np.zeros(self.size)

    @cached_property
    def upper(self) -> Vector:
        """The tightest upper bound of each name, or its lower one where the two cross by rounding; shape (n,)."""
        tightest: Vector = np.min([b.upper for b in self.bounds], axis=0, initial=np.inf)
        rounding = (tightest < self.lower) & (self.lower - tightest <= CROSSING)
        return np.where(rounding, self.lower, tightest + np.zeros(self.size))

    @cached_property
    def coefficients(self) -> Matrix:
        """The rows stacked; shape (m, n)."""
        return np.array([row.coefficients for row in self.rows]).reshape(len(self.rows), self.size)

    @cached_property
    def implied(self) -> tuple[Vector, Vector]:
        """The bounds of each name, and where one is missing or far off a bound that follows from the rest; (n,) each.

        From a distance: |x_i - center_i| <= limit. From a risk cap: its reach. From an equality or a row whose other
        terms are bounded: what they leave for x_i. Needed where a name has no bound of its own, since the certificate
        minimises over a box.
        """
        lower = np.where(self.lower < -FAR, -np.inf, self.lower)
        upper = np.where(self.upper > FAR, np.inf, self.upper)
        if np.isfinite(lower).all() and np.isfinite(upper).all():
            return lower, upper
        for distance in self.distances:
            reach = max(distance.limit, 0.0) if distance.limit <= FAR else np.inf
            lower = np.where(np.isinf(lower), distance.center - reach, lower)
            upper = np.where(np.isinf(upper), distance.center + reach, upper)
        for cap in self.caps:
            lower = np.where(np.isinf(lower), -cap.reach, lower)
            upper = np.where(np.isinf(upper), cap.reach, upper)
        for row in self.rows * len(self.rows):  # what one row bounds may let the next bound more
            lower, upper = _tightened(row.coefficients, row.limit, lower, upper)
            if row.equality:
                lower, upper = _tightened(-row.coefficients, -row.limit, lower, upper)
            if np.isfinite(lower).all() and np.isfinite(upper).all():
                break
        return _stopped(lower, upper, self.lower, self.upper)


def _stopped(lower: Vector, upper: Vector, given_lower: Vector, given_upper: Vector) -> tuple[Vector, Vector]:
    """Bounds of which those that follow stop at those that were given, where they cross them: nothing is feasible then.

    Any box holds the empty set, and only one that is not empty has a minimum to prove that with.
    """
    upper = np.where(given_upper > FAR, np.minimum(np.maximum(lower, upper), given_upper), upper)
    return np.where(given_lower < -FAR, np.maximum(np.minimum(lower, upper), given_lower), lower), upper


def _tightened(a: Vector, limit: float, lower: Vector, upper: Vector) -> tuple[Vector, Vector]:
    """Bounds with those that a'x <= limit implies for names that have none."""
    with np.errstate(invalid="ignore"):
        least = np.where(a == 0, 0.0, np.where(a > 0, a * lower, a * upper))
        endless = np.isneginf(least)
        others = float(least[~endless].sum()) - np.where(endless, 0.0, least)
        others = np.where(endless.sum() - endless > 0, -np.inf, others)
        room = np.divide(limit - others, a, out=np.zeros_like(a), where=a != 0)
    upper = np.where((a > 0) & np.isposinf(upper), room, upper)
    lower = np.where((a < 0) & np.isneginf(lower), room, lower)
    return lower, upper
