"""A function below the objective on the feasible set: a minorant of it, with every limit added at its price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Distance, Region, Row
from tangency.domain.optimization.term import Minorant

SMALLEST_FARKAS_BOUND = 1e-9
"""With multipliers scaled to a largest of 1; below it, rounding could have made the sign."""

BAD_WITNESS = np.errstate(over="ignore", invalid="ignore")
"""Multipliers beyond all measure end in infinity or NaN, which prove nothing: no reason to warn of them."""


@dataclass(frozen=True, eq=False, slots=True)
class Lagrangian:
    """constant + slope'x + sum over distances of price |x - center|: a function below f on the feasible set."""

    constant: float
    slope: Vector
    distances: tuple[tuple[float, Distance], ...]

    @classmethod
    def of(cls, minorant: Minorant, region: Region, witness: Witness) -> Lagrangian:
        """Add every constraint with its multiplier to a minorant. Multipliers of the wrong sign count as zero."""
        constant, slope = minorant.constant, np.array(minorant.slope)
        prices = witness.multipliers
        for row in _rows(region, witness):
            price = _price(prices, row)
            if price:
                constant -= price * row.limit
                slope += price * row.coefficients
        distances = tuple((prices.get(d.id, 0.0), d) for d in region.distances if prices.get(d.id, 0.0) > 0)
        constant -= sum(price * distance.limit for price, distance in distances)
        return cls(constant, slope, distances)

    def at(self, x: Vector) -> Vector:
        """The part of each coordinate; shape (n,)."""
        value = self.slope * x
        for price, distance in self.distances:
            value = value + price * np.abs(x - distance.center)
        return value

    def residual(self, lower: Vector, upper: Vector) -> Vector:
        """The slope of each coordinate that could run off to infinity along it, 0 for the others; shape (n,)."""
        runs_off = (np.isneginf(lower) & (self.slope > 0)) | (np.isposinf(upper) & (self.slope < 0))
        return np.where(runs_off, self.slope, 0.0)

    def without(self, residual: Vector) -> Lagrangian:
        """The same with a residual taken out of its slope."""
        return Lagrangian(self.constant, self.slope - residual, self.distances)

    def minimum(self, lower: Vector, upper: Vector) -> float:
        """The least value on a box, coordinate by coordinate; -inf where it has none."""
        points = [lower, upper]
        if not (np.isfinite(lower) & np.isfinite(upper)).all():
            if self.residual(lower, upper).any():
                return -np.inf
            ends = [np.where(np.isfinite(bound), bound, 0.0) for bound in (lower, upper)]
            # An infinite end is never the better one here: it stands as the other end, or as 0 where both are infinite.
            points = [np.where(np.isfinite(lower), ends[0], ends[1]), np.where(np.isfinite(upper), ends[1], ends[0])]
        points += [np.clip(distance.center, lower, upper) for _, distance in self.distances]
        least = reduce(np.minimum, map(self.at, points))
        return self.constant + float(least.sum())


@BAD_WITNESS
def farkas_bound(region: Region, witness: Witness) -> float:
    """Above 1e-9, a proof that no portfolio satisfies every constraint.

    Rows and multipliers are scaled to a largest figure of 1, so that no unit of returns makes the bound small; a row of
    zeros, such as a target for means that are all zero, by its limit. Where two bounds of one name cross, no multiplier
    is needed: the bound is by how much they do.
    """
    crossing = float((region.lower - region.upper).max())
    if crossing > 0:
        return crossing
    sizes = {row.id: float(np.abs(row.coefficients).max()) or abs(row.limit) for row in _rows(region, witness)}
    largest = max((abs(value) * sizes.get(key, 1.0) for key, value in witness.multipliers.items()), default=0.0)
    if not 0.0 < largest < np.inf:
        return 0.0
    scaled = Witness({key: value / largest for key, value in witness.multipliers.items()}, witness.cuts)
    nothing = Minorant(0.0, np.zeros(region.size), 0.0)
    lower, upper = region.implied
    bound = Lagrangian.of(nothing, region, scaled).minimum(lower, upper)
    return bound if np.isfinite(bound) else -np.inf


def _rows(region: Region, witness: Witness) -> tuple[Row, ...]:
    """The region's rows, and its risk caps as half-spaces where the witness says at which portfolio."""
    cuts = [cap.cut(witness.cuts[cap.id]) for cap in region.caps if cap.id in witness.cuts]
    return (*region.rows, *(cut for cut in cuts if cut is not None))


def _price(prices: Mapping[str, float], row: Row) -> float:
    price = prices.get(row.id, 0.0)
    return price if row.equality else max(0.0, price)
