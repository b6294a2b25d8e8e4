"""Which lots of given sales owe the least tax together.

What is due never falls where the gains of a term rise, so that the least lies on the lower edge of the pairs of gains
(short term, long term) that choices of lots can have: at the choice that is best at some rates of the two terms, or
between two neighbouring ones, where a gain, or the sum of both, is 0. Those are all places where the tax stops to be
linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.rebalancing.gains import Gains, TaxRates

HALVINGS = 50
"""Of a right angle: what is left of it is the rounding of an angle."""


@dataclass(frozen=True, eq=False, slots=True)
class LotsOfSales:
    """The lots that sales may take; every array has shape (lots,).

    Attributes:
        sale: the place of each lot's sale.
        quantities: units of the lot.
        wanted: units of that sale.
        gains: per unit.
        long: whether they are of long term.
    """

    sale: np.ndarray
    quantities: Vector
    wanted: Vector
    gains: Vector
    long: np.ndarray

    def in_order(self, keys: Vector) -> Vector:
        """Units of each lot, the lots with the smallest keys of each sale first; ties by the smaller gain."""
        order = np.lexsort((self.gains, keys, self.sale))
        held = self.quantities[order]
        before = np.cumsum(held) - held
        first = np.concatenate([[True], self.sale[order][1:] != self.sale[order][:-1]])
        before -= np.maximum.accumulate(np.where(first, before, 0.0))
        taken = np.empty(len(order))
        taken[order] = np.clip(self.wanted[order] - before, 0.0, held)
        return taken

    def at_rates(self, angle: float) -> Vector:
        """Units of each lot that owe least where the two terms are taxed by the cosine and the sine."""
        return self.in_order(self.gains * np.where(self.long, math.sin(angle), math.cos(angle)))

    def realized(self, taken: Vector) -> Gains:
        """Gains of a choice, before wash sales."""
        gains = taken * self.gains
        return Gains(float(gains[~self.long].sum()), float(gains[self.long].sum()))

    def cheapest(self, rates: TaxRates, realized: Gains) -> Iterator[Vector]:
        """Choices of lots, one of which owes least without wash sales."""
        middle, right = math.pi / 4, math.pi / 2
        for angle in (0.0, math.atan2(rates.long_term, rates.short_term), middle, right):
            yield self.at_rates(angle)
        measures: Sequence[tuple[float, float, Callable[[Gains], float]]] = (
            (0.0, right, lambda gains: gains.short_term),
            (0.0, right, lambda gains: gains.long_term),
            (0.0, middle, lambda gains: gains.short_term + gains.long_term),
            (middle, right, lambda gains: gains.short_term + gains.long_term),
        )
        for low, high, measure in measures:
            yield from self._where_zero(low, high, lambda taken: measure(realized.plus(self.realized(taken))))  # noqa: B023 - used up before the next round

    def _where_zero(self, low: float, high: float, measure: Callable[[Vector], float]) -> Iterator[Vector]:
        """Between two angles the choice at which a measure that only rises or only falls is 0, where it is."""
        ends = [self.at_rates(low), self.at_rates(high)]
        if measure(ends[0]) * measure(ends[1]) >= 0:
            return
        for _ in range(HALVINGS):
            angle = 0.5 * (low + high)
            taken = self.at_rates(angle)
            if measure(taken) * measure(ends[0]) > 0:
                low, ends[0] = angle, taken
            else:
                high, ends[1] = angle, taken
        first, last = measure(ends[0]), measure(ends[1])
        yield ends[0] + (ends[1] - ends[0]) * (first / (first - last))
