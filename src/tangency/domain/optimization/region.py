"""The set of portfolios that satisfy every constraint, in the four shapes that a constraint can have.

A constraint knows its shape; everything else (the certificate, infeasibility, the solver kernels) works on shapes and
never asks which constraint it came from. A new constraint that has one of these shapes needs no edit here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

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


Shape: TypeAlias = Bounds | Row | Distance | RiskCap


@dataclass(frozen=True, eq=False)
class Region:
    """An intersection of shapes over n names."""

    size: int
    bounds: tuple[Bounds, ...]
    rows: tuple[Row, ...]
    distances: tuple[Distance, ...]
    caps: tuple[RiskCap, ...]

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
        )

    def with_row(self, row: Row) -> Region:
        """The same with one row more; the bounds that were found for its names still hold."""
        narrowed = Region(self.size, self.bounds, (*self.rows, row), self.distances, self.caps)
        narrowed.__dict__.update(lower=self.lower, upper=self.upper, implied=self.implied)
        return narrowed

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Every shape, bounds first."""
        return (*self.bounds, *self.rows, *self.distances, *self.caps)

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
        # A bound that follows and crosses one that was given says that nothing is feasible. It stops at the given one:
        # any box holds the empty set, and only one that is not empty has a minimum to prove that with.
        upper = np.where(self.upper > FAR, np.minimum(np.maximum(lower, upper), self.upper), upper)
        return np.where(self.lower < -FAR, np.maximum(np.minimum(lower, upper), self.lower), lower), upper


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
