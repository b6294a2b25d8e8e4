"""Sales lot by lot, and the tax on them as four linear cases.

The tax of a year is rs S + rl L on gains S of short and L of long term, where both are above 0. A loss of one term nets
the gain of the other first, and a net loss owes nothing: the plane of (S, L) has four cones with one linear tax each.
Where rs > rl the tax is not convex: it rises by rs with L below 0 and by rl above. But on each cone it is linear, and
S and L are linear in what is sold of each lot: the best of four convex programs is the best there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tangency.domain.numbers import Matrix, Vector


@dataclass(frozen=True, eq=False, slots=True)
class Sales:
    """What may be sold, in parts: one for each name, or one for each lot.

    Attributes:
        owner: the place of each part's name; shape (m,).
        most: of each part, in weight; shape (m,).
        price: what each sold unit of weight takes from the objective; shape (m,).
        constant: what is taken whatever is sold.
        rows: rows u <= limits, in the case that prices are for; shape (r, m).
        limits: shape (r,).
    """

    owner: np.ndarray
    most: Vector
    price: Vector
    constant: float
    rows: Matrix
    limits: Vector

    @classmethod
    def of_names(cls, n: int) -> Sales:
        """One part for each name, free of tax."""
        return cls(np.arange(n), np.full(n, np.inf), np.zeros(n), 0.0, np.zeros((0, n)), np.zeros(0))

    def by_name(self, n: int) -> Matrix:
        """From parts to names; shape (n, m)."""
        owned: Matrix = (np.arange(n)[:, None] == self.owner).astype(float)
        return owned


@dataclass(frozen=True, eq=False, slots=True)
class Lots:
    """Tax lots in weights.

    Attributes:
        owner: the place of each lot's name; shape (m,).
        weights: shape (m,).
        gains: on a unit of weight sold; shape (m,).
        long: whether of long term; shape (m,).
        rates: of short and of long term.
        realized: gains of the year so far, of short and of long term, over the portfolio's value.
        horizon_years: over which the tax is spread.
    """

    owner: np.ndarray
    weights: Vector
    gains: Vector
    long: np.ndarray
    rates: tuple[float, float]
    realized: tuple[float, float]
    horizon_years: float

    def cases(self) -> Iterator[Sales]:
        """Sales in each of the four cones; together they are all sales there are."""
        short, long = self.gains * ~self.long, self.gains * self.long
        near, far = self.realized
        rs, rl = self.rates
        both, total = short + long, near + far
        yield self._case(rs, rl, [-short, -long], [near, far])
        yield self._case(rl, rl, [short, -both], [-near, total])
        yield self._case(rs, rs, [long, -both], [-far, total])
        yield self._case(0.0, 0.0, [both], [-total])

    def _case(self, short: float, long: float, rows: list[Vector], limits: list[float]) -> Sales:
        price = self.gains * np.where(self.long, long, short) / self.horizon_years
        near, far = self.realized
        constant = (short * near + long * far - self._due(near, far)) / self.horizon_years
        return Sales(self.owner, self.weights, price, constant, np.array(rows), np.array(limits))

    def _due(self, near: float, far: float) -> float:
        rs, rl = self.rates
        if near < 0 < far:
            return rl * max(near + far, 0.0)
        if far < 0 < near:
            return rs * max(near + far, 0.0)
        return rs * max(near, 0.0) + rl * max(far, 0.0)
