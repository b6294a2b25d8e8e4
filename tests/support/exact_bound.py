"""A proof of infeasibility computed again in exact rationals, from what the constraints mean.

Another implementation of weak duality: it shares neither shapes nor floating point with the one it checks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness

ZERO, ONE = Fraction(0), Fraction(1)


def square_root_above(value: Fraction) -> Fraction:
    """A rational whose square is at least the value, and hardly more."""
    scaled = value * 2**200
    return Fraction(isqrt(-(-scaled.numerator // scaled.denominator)) + 1, 2**100)


def exact_bound(problem: Problem, members: Iterable[str], witness: Witness) -> Fraction | None:
    """The least of the sum of y (a'x - b) over the box of all weights, y being the multipliers of the members.

    Above zero, it excludes every portfolio. None where some weight can run off.
    """
    box = _Box.of(problem)
    function = _Function([ZERO] * len(box.sides))
    for constraint in [problem.by_id[key] for key in members]:
        price = Fraction(witness.multipliers.get(constraint.id, 0.0))
        if price > 0 or isinstance(constraint, Budget):
            function.add(problem, constraint, price, witness.cuts.get(constraint.id))
    return function.least(box)


def bounds_cross(problem: Problem) -> bool:
    """Whether two bounds of one name contradict each other, so that no multiplier is needed."""
    return any(low is not None and high is not None and low > high for low, high in _Box.of(problem).sides)


@dataclass(eq=False)
class _Box:
    """The lower and upper bound of each weight; None where there is none."""

    sides: list[tuple[Fraction | None, Fraction | None]]

    @classmethod
    def of(cls, problem: Problem) -> "_Box":
        box = cls([(None, None)] * len(problem.universe))
        for constraint in problem.constraints:
            box.confine(problem, constraint)
        for constraint in problem.constraints:
            box.imply(constraint)
        if any(isinstance(constraint, Budget) for constraint in problem.constraints):
            box.leave_the_rest()
        return box

    def confine(self, problem: Problem, constraint: Constraint) -> None:
        """Bounds of names."""
        limit = Fraction(constraint.limit)
        for i, name in enumerate(problem.universe.names):
            short = isinstance(constraint, LongOnly) and name not in constraint.exempt
            if short or (isinstance(constraint, MinimumWeight) and constraint.name in (None, name)):
                self.narrow(i, limit, None)
            elif isinstance(constraint, MaximumWeight) and constraint.name in (None, name):
                self.narrow(i, None, limit)

    def imply(self, constraint: Constraint) -> None:
        """For a weight without bounds: a leverage L bounds it by L, a turnover T by the current weight and 2 T."""
        if isinstance(constraint, LeverageLimit | TurnoverLimit):
            turning = isinstance(constraint, TurnoverLimit)
            reach = Fraction(constraint.limit) * (2 if turning else 1)
            current = constraint.current if isinstance(constraint, TurnoverLimit) else (0.0,) * len(self.sides)
            for i, (low, high) in enumerate(self.sides):
                center = Fraction(current[i])
                self.narrow(i, center - reach if low is None else None, center + reach if high is None else None)

    def narrow(self, i: int, low: Fraction | None, high: Fraction | None) -> None:
        self.sides[i] = _tighter(max, self.sides[i][0], low), _tighter(min, self.sides[i][1], high)

    def leave_the_rest(self) -> None:
        """Of a budget of 1, each name can have no more than the least of the others leaves."""
        lows = [low for low, _ in self.sides if low is not None]
        if len(lows) == len(self.sides):
            for i, (low, (_, high)) in enumerate(zip(lows, self.sides, strict=True)):
                self.narrow(i, None, ONE - sum(lows) + low if high is None else None)


def _tighter(
    pick: Callable[[Fraction, Fraction], Fraction], known: Fraction | None, limit: Fraction | None
) -> Fraction | None:
    return pick(known, limit) if known is not None and limit is not None else limit if known is None else known


@dataclass(eq=False)
class _Function:
    """constant + slope'x + sum of price |x - center|."""

    slope: list[Fraction]
    constant: Fraction = ZERO
    kinks: list[tuple[Fraction, list[Fraction]]] = field(default_factory=list)

    def add(self, problem: Problem, constraint: Constraint, price: Fraction, cut: Vector | None) -> None:
        """One constraint with its multiplier; bounds are in the box already."""
        limit, market = Fraction(constraint.limit), problem.market
        if isinstance(constraint, Budget):
            self.linear(price, [ONE] * len(self.slope), limit)
        elif isinstance(constraint, SectorLimit):
            inside = [Fraction(asset.sector == constraint.sector) for asset in market.universe.assets]
            self.linear(price, inside, limit)
        elif isinstance(constraint, TargetReturn) and market.mean is not None:
            self.linear(price, [-Fraction(mean) for mean in market.mean.tolist()], -limit)
        elif isinstance(constraint, LeverageLimit):
            self.absolute(price, [ZERO] * len(self.slope), limit)
        elif isinstance(constraint, TurnoverLimit):
            current = [Fraction(weight) for weight in constraint.current]
            self.absolute(price, current, 2 * limit - abs(ONE - sum(current)))
        elif isinstance(constraint, TargetVolatility) and cut is not None:
            self.half_space(price, np.asarray(market.covariance), cut, limit)

    def half_space(self, price: Fraction, covariance: Vector, cut: Vector, limit: Fraction) -> None:
        """(Sz)'x <= sqrt(z'Sz) sqrt(x'Sx) <= sqrt(z'Sz) limit; any price will do, so one without a root."""
        z = [Fraction(value) for value in cut.tolist()]
        rows = [[Fraction(value) for value in row] for row in covariance.tolist()]
        image = [sum((a * b for a, b in zip(row, z, strict=True)), ZERO) for row in rows]
        root = square_root_above(sum((a * b for a, b in zip(image, z, strict=True)), ZERO))
        self.linear(price / root, image, limit * root)

    def linear(self, price: Fraction, coefficients: Sequence[Fraction], limit: Fraction) -> None:
        self.constant -= price * limit
        self.slope = [slope + price * a for slope, a in zip(self.slope, coefficients, strict=True)]

    def absolute(self, price: Fraction, center: list[Fraction], limit: Fraction) -> None:
        self.constant -= price * limit
        self.kinks.append((price, center))

    def least(self, box: _Box) -> Fraction | None:
        parts = [self.least_of(i, low, high) for i, (low, high) in enumerate(box.sides)]
        known = [part for part in parts if part is not None]
        return self.constant + sum(known, ZERO) if len(known) == len(parts) else None

    def least_of(self, i: int, low: Fraction | None, high: Fraction | None) -> Fraction | None:
        """Of one weight: at an end of its side or at a kink."""
        if (low is None and self.slope[i] > 0) or (high is None and self.slope[i] < 0):
            return None
        points = [end for end in (low, high) if end is not None] or [ZERO]
        for _, center in self.kinks:
            inside = center[i] if low is None else max(low, center[i])
            points.append(inside if high is None else min(high, inside))
        return min(self.slope[i] * x + sum((p * abs(x - c[i]) for p, c in self.kinks), ZERO) for x in points)
