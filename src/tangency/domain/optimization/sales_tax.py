"""The tax on what is sold to get from the current weights to others, by tax lots.

The tax of a year is rs S + rl L on gains S of short and L of long term, where both are above 0. A loss of one term nets
the gain of the other first, and a net loss owes nothing. Of the two terms call the one that is taxed more the dear one,
with gains D, and the other the cheap one, with gains C. The tax is convex on either half of the plane:

    max(0, rc (D + C), rd D + rc C)    where C >= 0,
    max(0, rd (D + C))                 where C <= 0,

and is nowhere below max(0, rc (D + C)). S and L are linear in the units u that are sold of each lot. So the least tax
at weights x is convex in x over each :class:`SalesCase`: a half, and a side for every name. On it the multipliers of
the smallest program give a linear function below the tax, whatever the multipliers are; any portfolio of the case is
bounded by that, as it is by the tangent of a risk.

Where a lot has a loss, a program would sell it and buy the name back at once. Nobody may: on a side a name is bought or
kept, and no unit of it is sold, or it is sold or kept, and as many units are sold as it loses. Without a side a name is
at most a mixture of the two: with a share z of selling, no lot is sold by more than z of it, and

    weight + sold <= z current + (1 - z) largest weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Constant, Sum
from tangency.domain.optimization.region import Region, Sides
from tangency.domain.optimization.term import Linear, Minorant, Term
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.domain.rebalancing.least_tax import LotsOfSales

KEPT = 8
"""Portfolios whose least tax is remembered."""
DUST = 1e-12
"""Of the portfolio's value: a smaller sale is rounding."""


class Half(IntEnum):
    """What is settled of the gains of the term that is taxed less: nothing; at least 0; at most 0."""

    ANY = 0
    GAIN = 1
    LOSS = 2


class Trade(IntEnum):
    """What is settled of a name: nothing; that it is bought or kept; that it is sold or kept."""

    ANY = 0
    BUY = 1
    SELL = 2


@dataclass(frozen=True, eq=False, slots=True)
class SalesCase:
    """A part of the portfolios over which the least tax is convex, or something convex below it.

    Attributes:
        half: of the plane of gains.
        trades: a :class:`Trade` for every name; shape (n,).
    """

    half: Half
    trades: Sides

    @classmethod
    def whole(cls, n: int) -> Self:
        """Nothing is settled."""
        return cls(Half.ANY, np.full(n, Trade.ANY, np.int8))


@dataclass(frozen=True)
class TaxOnSales(Term):
    """The least tax on what is sold, over ``horizon_years``; not convex.

    Its dual over a case has a rate for gains of the dear and of the cheap term, then for every name what a unit sold of
    it is worth, and the price of its mixture, and for every lot what it costs that z is no larger; shape (2 + 2n + m,).

    Attributes:
        owners: the place of each lot's name.
        lots: in weights.
        gains: on a unit of weight sold.
        long: 1 for a lot of long term, 0 for one of short term.
        current: weights in the universe's order.
        realized_short_term, realized_long_term: gains of the year so far, over the portfolio's value.
    """

    kind: ClassVar[str] = "tax"
    short_term: float
    long_term: float
    realized_short_term: float
    realized_long_term: float
    horizon_years: float
    owners: tuple[float, ...]
    lots: tuple[float, ...]
    gains: tuple[float, ...]
    long: tuple[float, ...]
    current: tuple[float, ...]

    @cached_property
    def figures(self) -> Figures:
        """The lots as arrays, the terms as the dear and the cheap one."""
        return Figures.of(self)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """What the sales owe by the lots that owe least, a year of the horizon."""
        return self.owed(self.taken(w))

    @property
    def before(self) -> float:
        """What is due on the gains of the year so far."""
        return self._realized.tax(self._rates)

    def owed(self, taken: Vector) -> float:
        """What units of lots owe, a year of the horizon; in weight, shape (lots,)."""
        return (self._gains(taken).tax(self._rates) - self.before) / self.horizon_years

    def taken(self, w: Vector) -> Vector:
        """Of each lot what is sold on the way to w, where that owes least; in weight, shape (lots,), not to be changed.

        Searches and proofs ask for the same few portfolios again and again.
        """
        key = w.tobytes()
        if key not in self._known:
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = self._cheapest(w)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[bytes, Vector]:
        return {}

    def _cheapest(self, w: Vector) -> Vector:
        own = self.figures
        sold = np.where(own.held, np.clip(own.current - w, 0.0, np.maximum(own.current, 0.0)), 0.0)
        wanted = np.where(sold > DUST, sold, 0.0)[own.owners]
        choices = LotsOfSales(own.owners, own.lots, wanted, own.gains, own.long).cheapest(self._rates, self._realized)
        return min(choices, key=self.owed)

    def case_of(self, w: Vector) -> SalesCase:
        """The case that a portfolio is in, settled for the names for which that matters."""
        own = self.figures
        side = np.where(w < own.current, Trade.SELL, Trade.BUY)
        cheap = own.realized_cheap + float((self.taken(w) * own.gains)[~own.dear].sum())
        trades = np.where(own.harvestable, side, Trade.ANY).astype(np.int8)
        return SalesCase(Half.GAIN if cheap >= 0 else Half.LOSS, trades)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """Minus the tax on what was realized before: no losses save more. Cases say more: see ``below``."""
        return Minorant(-self.before / self.horizon_years, np.zeros_like(w), 0.0)

    def below(self, case: SalesCase, dual: Vector | None, region: Region) -> Sum:
        """A linear function that the tax of no portfolio of the case is below.

        Args:
            case: what is settled.
            dual: see the class; anything proves something. 0 where left out.
            region: the portfolios; what is sold beyond a weight of 0 is sold of no lot, and the largest weight bounds
                what can be sold and bought back.
        """
        size = 2 + 2 * region.size + len(self.lots)
        multipliers = np.zeros(size) if dual is None or dual.shape != (size,) else dual
        constant, slope = self._below(case, multipliers, *region.implied)
        return Sum((Constant(constant), Linear(tuple(slope.tolist()))), (1.0, 1.0), "tax")

    def _below(self, case: SalesCase, dual: Vector, lower: Vector, upper: Vector) -> tuple[float, Vector]:
        own, n = self.figures, len(self.current)
        dear, cheap = own.rates(case.half, float(dual[0]), float(dual[1]))
        sells, open_ = case.trades == Trade.SELL, case.trades == Trade.ANY
        counted = own.held & (lower >= 0.0) & (sells | open_)
        worth = np.where(counted, np.where(sells, dual[2 : 2 + n], np.maximum(dual[2 : 2 + n], 0.0)), 0.0)
        mixes = open_ & own.mixes(lower, upper)
        mixed = np.where(mixes, np.maximum(dual[2 + n : 2 + 2 * n], 0.0), 0.0)
        shared = np.where(mixes[own.owners], np.maximum(dual[2 + 2 * n :], 0.0), 0.0)
        price = own.gains * np.where(own.dear, dear, cheap) + (mixed - worth)[own.owners] + shared
        sellable = np.where((own.held & (sells | open_))[own.owners], own.lots, 0.0)
        largest = np.where(mixes, upper, 0.0)
        selling = mixed * (largest - own.current) - np.bincount(own.owners, shared * own.lots, n)
        constant = dear * own.realized_dear + cheap * own.realized_cheap - self.before
        constant += float(np.minimum(price * sellable, 0.0).sum()) + float(np.minimum(selling, 0.0).sum())
        constant += float(worth @ own.current) - float(mixed @ largest)
        slope = mixed - worth
        return constant / self.horizon_years, slope / self.horizon_years

    @property
    def _rates(self) -> TaxRates:
        return TaxRates(self.short_term, self.long_term)

    @property
    def _realized(self) -> Gains:
        return Gains(self.realized_short_term, self.realized_long_term)

    def _gains(self, taken: Vector) -> Gains:
        own = self.figures
        gains = taken * own.gains
        return self._realized.plus(Gains(float(gains[~own.long].sum()), float(gains[own.long].sum())))


@dataclass(frozen=True, eq=False, slots=True)
class Figures:
    """Lots in weights; arrays of shape (lots,), but for ``current`` and ``held`` of shape (n,).

    Attributes:
        lots: made to hold all of a name where they miss some of it.
        held: whether there are lots of a name that is held long.
        dear: whether a lot is of the term that is taxed more.
        high, low: the rates of the two terms.
    """

    owners: NDArray[np.int64]
    lots: Vector
    gains: Vector
    long: NDArray[np.bool_]
    dear: NDArray[np.bool_]
    current: Vector
    held: NDArray[np.bool_]
    high: float
    low: float
    realized_dear: float
    realized_cheap: float

    @classmethod
    def of(cls, tax: TaxOnSales) -> Self:
        """Those of a tax."""
        owners, long = np.array(tax.owners, dtype=int), np.array(tax.long, dtype=bool)
        current, lots = np.array(tax.current), np.array(tax.lots, dtype=float)
        by_rate = [(tax.short_term, tax.realized_short_term), (tax.long_term, tax.realized_long_term)]
        long_is_dear = tax.long_term > tax.short_term
        (high, dear), (low, cheap) = by_rate[::-1] if long_is_dear else by_rate
        known = np.bincount(owners, lots, len(current))
        held = (known > 0) & (current > 0)
        lots = lots * np.maximum(1.0, np.divide(current, known, out=np.ones_like(known), where=held))[owners]
        gains = np.array(tax.gains, dtype=float)
        return cls(owners, lots, gains, long, long == long_is_dear, current, held, high, low, dear, cheap)

    def pieces(self, half: Half) -> list[tuple[float, float]]:
        """The rates of the linear functions of dear and cheap gains whose largest is the tax of a half."""
        if half is Half.LOSS:
            return [(0.0, 0.0), (self.high, self.high)]
        return [(0.0, 0.0), (self.low, self.low), *([(self.high, self.low)] if half is Half.GAIN else [])]

    def rates(self, half: Half, dear: float, cheap: float) -> tuple[float, float]:
        """The nearest rates at which gains are taxed nowhere above the tax of a half."""
        if half is Half.LOSS:
            dear = min(max(dear, 0.0), self.high)
            return dear, max(cheap, dear)
        if half is Half.GAIN:
            dear = min(max(dear, 0.0), self.high)
            return dear, min(cheap, dear, self.low)
        both = min(max(0.5 * (dear + cheap), 0.0), self.low)
        return both, both

    def mixes(self, lower: Vector, upper: Vector) -> NDArray[np.bool_]:
        """Names that can be held as they are: buying and selling them are both open; shape (n,)."""
        return self.held & (lower >= 0.0) & np.isfinite(upper) & (upper >= self.current)

    @property
    def harvestable(self) -> NDArray[np.bool_]:
        """Names with a lot that has a loss: of them it matters which side they are on; shape (n,)."""
        losing = np.zeros(len(self.current), dtype=bool)
        losing[self.owners[self.gains < 0]] = True
        return losing & self.held
