"""The least tax on sales over one case of them, as a part of a conic program.

Every lot has a variable for what is sold of it, and the tax an epigraph. The multipliers of these rows are the dual
that the domain proves with; see ``domain.optimization.sales_tax``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import clarabel
import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.proposal import SolverAttempt, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.sales_tax import Half, SalesCase, TaxOnSales, Trade
from tangency.domain.optimization.term import Term
from tangency.plugins.kernels.composite import in_program, witness_of
from tangency.plugins.kernels.cones import limited
from tangency.plugins.kernels.conic_program import Builder, Compiled, Entry, Expression, Places, Solved, added


@dataclass(frozen=True, eq=False, slots=True)
class TaxedPoint:
    """Where the solver ended.

    Attributes:
        weights: shape (n,); None without a point.
        taken: of each lot what is sold, in weight; shape (lots,).
        tax: what is counted for it.
        witness: multipliers of limits, and dual vectors of caps, terms and the tax; where nothing is feasible, a ray
            of them.
    """

    status: str
    weights: Vector | None
    taken: Vector
    tax: float
    witness: Witness
    attempt: SolverAttempt


def least_after_tax(
    terms: Sequence[Term],
    tax: TaxOnSales,
    case: SalesCase,
    region: Region,
    estimates: Estimates,
    tolerance: float,
    time_limit_s: float,
) -> TaxedPoint:
    """Minimise a sum of terms and the tax over a case.

    Args:
        terms: what is summed beside the tax; each has a cone.
        tax: by lots.
        case: what is settled of sales.
        region: the portfolios of the case.
        estimates: annual moments.
        tolerance: absolute and relative, on residuals and gap.
        time_limit_s: asked of the solver, which keeps it loosely.
    """
    build = Builder(region.size, estimates, region)
    places = limited(build)
    parts = [(term.id, in_program(term, build)) for term in terms]
    cone = _LotCone(tax, case, build)
    loss = added([*(part.expression for _, part in parts), cone.owed])
    status, solved, attempt = build.solve(loss, tolerance, time_limit_s)
    witness = witness_of(places, [*parts, (tax.id, Compiled(cone.owed, cone.dual))], solved)
    taken = cone.taken(solved)
    if status not in ("solved", "almost_solved"):
        return TaxedPoint(status, None, taken, 0.0, witness, attempt)
    weights = np.clip(solved.x[: region.size], region.lower, region.upper)
    owed = cone.owed.constant + float(cone.owed.coefficients @ solved.x[cone.owed.columns])
    return TaxedPoint(status, weights, taken, owed, witness, attempt)


class _LotCone:
    """Variables u of the lots that can be sold, and t of the tax; rows between them and the weights."""

    def __init__(self, tax: TaxOnSales, case: SalesCase, build: Builder) -> None:
        self.tax, self.case, self.build = tax, case, build
        own, n = tax.figures, build.n
        lower, upper = build.region.implied
        counted = own.held & (lower >= 0.0) & (case.trades != Trade.BUY)
        self.lots = np.flatnonzero((own.held & (case.trades != Trade.BUY))[own.owners])
        self.owners, self.gains, self.dear = own.owners[self.lots], own.gains[self.lots], own.dear[self.lots]
        self.sold, self.top = build.variables(len(self.lots)), build.variables(1)
        self.owed = Expression(self.top, np.full(1, 1.0 / tax.horizon_years), -tax.before / tax.horizon_years)
        self._within_lots(own.lots[self.lots])
        self.sells = np.flatnonzero(counted & (case.trades == Trade.SELL))
        self.open = np.flatnonzero(counted & (case.trades == Trade.ANY))
        self.mixed = np.flatnonzero((case.trades == Trade.ANY) & own.mixes(lower, upper) & own.harvestable)
        minus = np.full(n, -1.0)
        self.rows = {
            "sells": self._coupled(self.sells, minus, minus, -own.current, clarabel.ZeroConeT),
            "open": self._coupled(self.open, minus, minus, -own.current, clarabel.NonnegativeConeT),
        }
        self._share(upper)
        self.pieces = own.pieces(case.half)
        self.rows["pieces"] = np.concatenate([self._below_top(dear, cheap) for dear, cheap in self.pieces])
        self.side = None if case.half is Half.ANY else self._halved(1.0 if case.half is Half.LOSS else -1.0)

    def taken(self, solved: Solved) -> Vector:
        """Of every lot; shape (lots of the tax,)."""
        taken = np.zeros(len(self.tax.lots))
        taken[self.lots] = np.clip(solved.x[self.sold], 0.0, None)
        return taken

    def dual(self, solved: Solved, _price: float) -> Vector:
        """What the domain proves with; in units of the tax before it is spread over the horizon."""
        n, prices = self.build.n, self.tax.horizon_years * solved.prices
        shares = prices[self.rows["pieces"]]
        dear, cheap = (float(shares @ np.array(rates)) for rates in zip(*self.pieces, strict=True))
        if self.side is not None:
            cheap += float(prices[self.side]) * (1.0 if self.case.half is Half.LOSS else -1.0)
        worth, mixed = np.zeros(n), np.zeros(n)
        worth[self.sells], worth[self.open] = prices[self.rows["sells"]], prices[self.rows["open"]]
        mixed[self.mixed] = prices[self.rows["mixed"]]
        shared = np.zeros(len(self.tax.lots))
        shared[self.lots[self.shared]] = prices[self.rows["shared"]]
        return np.concatenate([[dear, cheap], worth, mixed, shared])

    def _share(self, upper: Vector) -> None:
        """Shares z <= 1 of selling: u <= z lot, x + sum u <= z current + (1 - z) upper, for names that are mixed."""
        own, count, build = self.tax.figures, len(self.mixed), self.build
        shares, place = build.variables(count), np.full(build.n, -1)
        place[self.mixed] = np.arange(count)
        self.shared = np.flatnonzero(place[self.owners] >= 0)
        none = np.zeros(0, dtype=int)
        self.rows |= {"mixed": none, "shared": none}
        if not count:
            return
        each, mine = np.arange(count), place[self.owners[self.shared]]
        build.add(clarabel.NonnegativeConeT(count), [(each, shares, np.ones(count))], np.ones(count))
        lots, rows = own.lots[self.lots[self.shared]], np.arange(len(self.shared))
        entries: list[Entry] = [(rows, self.sold[self.shared], np.ones(len(rows))), (rows, shares[mine], -lots)]
        self.rows["shared"] = build.add(clarabel.NonnegativeConeT(len(rows)), entries, np.zeros(len(rows)))
        largest = upper[self.mixed]
        mixture: list[Entry] = [
            (each, self.mixed, np.ones(count)),
            (mine, self.sold[self.shared], np.ones(len(mine))),
            (each, shares, largest - own.current[self.mixed]),
        ]
        self.rows["mixed"] = build.add(clarabel.NonnegativeConeT(count), mixture, largest)

    def _within_lots(self, lots: Vector) -> None:
        count = len(lots)
        for sign, limits in ((-1.0, np.zeros(count)), (1.0, lots)):
            if count:
                entries: list[Entry] = [(np.arange(count), self.sold, np.full(count, sign))]
                self.build.add(clarabel.NonnegativeConeT(count), entries, limits)

    def _coupled(self, names: Places, weight: Vector, unit: Vector, limit: Vector, cone: type) -> Places:
        """weight x + unit (sum of what is sold) <= limit, or ==, for some names."""
        if not len(names):
            return np.zeros(0, dtype=int)
        row = np.full(self.build.n, -1)
        row[names] = np.arange(len(names))
        mine = row[self.owners] >= 0
        entries: list[Entry] = [
            (np.arange(len(names)), names, weight[names]),
            (row[self.owners[mine]], self.sold[mine], unit[self.owners[mine]]),
        ]
        return self.build.add(cone(len(names)), entries, limit[names])

    def _below_top(self, dear: float, cheap: float) -> Places:
        """Dear x gains of the dear term + cheap x those of the cheap one <= t."""
        own = self.tax.figures
        price = self.gains * np.where(self.dear, dear, cheap)
        entries: list[Entry] = [
            (np.zeros(len(self.lots), int), self.sold, price),
            (np.zeros(1, int), self.top, -np.ones(1)),
        ]
        realized = dear * own.realized_dear + cheap * own.realized_cheap
        return self.build.add(clarabel.NonnegativeConeT(1), entries, np.array([-realized]))

    def _halved(self, sign: float) -> int:
        """Sign x gains of the cheap term <= 0."""
        entries: list[Entry] = [(np.zeros(len(self.lots), int), self.sold, sign * self.gains * ~self.dear)]
        limit = np.array([-sign * self.tax.figures.realized_cheap])
        return int(self.build.add(clarabel.NonnegativeConeT(1), entries, limit)[0])
