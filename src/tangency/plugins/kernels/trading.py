"""The best portfolio that a set of trades leads to, as one quadratic program in purchases and sales.

With purchases b >= 0 and sales s >= 0, of names or of their tax lots, the weights are k current + b - s. Limits on
turnover, on cash and on the number of trades are linear in (b, s), and so is each case of the tax. k is 1, except for a
ratio: there k and the weights grow until the excess return is 1, and the least variance then belongs to the greatest
ratio (Cornuejols and Tutuncu, Optimization Methods in Finance, section 8.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from time import perf_counter

import numpy as np
import piqp

from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Region, Row, Shape
from tangency.plugins.kernels.taxed_sales import Sales

MOST_ITERATIONS = 200
"""PIQP needs 8 to 40 on what has a solution."""

DUST = 1e-9
"""Of the portfolio's value: a smaller trade is the solver's rounding."""
CHURN = 1e-10
"""What a sale of lots costs the scaled objective, so that nothing is sold and bought again for nothing."""
ROUNDING = 1e-14
"""Of the sum of the weights."""


class Side(IntEnum):
    """What may be done with a name."""

    OPEN = 0
    KEEP = 1
    BUY = 2
    SELL = 3


@dataclass(frozen=True, eq=False, slots=True)
class Load:
    """buying'b + selling's <= limit, whatever the name: a limit on trades.

    Attributes:
        id: under which its price is told.
    """

    id: str
    buying: float
    selling: float
    limit: float


@dataclass(frozen=True, eq=False, slots=True)
class Aim:
    """1/2 (x - center)'S(x - center) - gain'x; or, for a ratio, 1/2 x'Sx at gain'x = 1.

    Attributes:
        S: shape (n, n).
        center: shape (n,).
        gain: shape (n,).
    """

    S: Matrix
    center: Vector
    gain: Vector
    ratio: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Point:
    """Where the solver ended.

    Attributes:
        weights: shape (n,).
        loss: of the aim; smaller is better.
        prices: of rows and loads, by id, in units of the loss.
        tax: that the loss counts.
        churned: of each name, what is sold and bought again, which no set of trades may do; shape (n,).
    """

    weights: Vector
    loss: float
    prices: Mapping[str, float]
    tax: float = 0.0
    churned: Vector = field(default_factory=lambda: np.zeros(1))


@dataclass(frozen=True, eq=False)
class Trading:
    """The trades that are allowed, and what they are for.

    Attributes:
        current: weights; shape (n,).
        region: bounds and rows on the weights.
        loads: limits on purchases and sales.
        smallest: no trade is smaller, in weight.
        most: how many names may be traded.
        sales: what may be sold of each lot, and the tax on it; None where there are no lots.
    """

    aim: Aim
    current: Vector
    region: Region
    loads: Sequence[Load]
    smallest: float
    most: int | None
    tolerance: float
    sales: Sales | None = None
    attempts: list[SolverAttempt] = field(default_factory=list)

    def wish(self) -> Point | None:
        """The center itself, where it is what the aim asks for and the limits allow it: nothing is nearer to it."""
        aim, x = self.aim, self.aim.center
        if self.sales is not None or aim.ratio or aim.gain.any():
            return None
        change = x - self.current
        bought, sold = float(change[change > 0].sum()), -float(change[change < 0].sum())
        loads = [load.buying * bought + load.selling * sold - load.limit for load in self.loads]
        shapes: tuple[Shape, ...] = (*self.region.bounds, *self.region.rows)
        if max([*loads, *(shape.excess(x) for shape in shapes)], default=0.0) > ROUNDING:
            return None
        prices = {row.id: 0.0 for row in self.region.rows} | {load.id: 0.0 for load in self.loads}
        return Point(x.copy(), 0.0, prices)

    def best(self, sides: np.ndarray) -> Point | None:
        """The best portfolio where each name is on one of its sides; None where there is none.

        Names that are open may be traded by less than the smallest trade, and in parts as far as their number goes.
        """
        program = _Program(self, sides)
        if not program.possible:
            return None
        if len(program.columns) == 1:
            return program.still()
        started = perf_counter()
        solver = piqp.DenseSolver()
        for setting in ("eps_abs", "eps_rel", "eps_duality_gap_abs", "eps_duality_gap_rel"):
            setattr(solver.settings, setting, self.tolerance)
        solver.settings.max_iter = MOST_ITERATIONS
        solver.setup(*program.arguments())
        status = solver.solve()
        solved = status == piqp.PIQP_SOLVED
        word = "solved" if solved else "infeasible" if status == piqp.PIQP_PRIMAL_INFEASIBLE else "stopped"
        spent = 1e3 * (perf_counter() - started)
        self.attempts.append(SolverAttempt("piqp", word, solver.result.info.iter, spent))
        return program.read(solver.result) if solved else None


class _Program:
    """The variables (b, u, k) of one call: purchases by name, sales by part, and the scale of the weights."""

    def __init__(self, trading: Trading, sides: np.ndarray) -> None:
        self.trading, self.sides, self.n = trading, sides, len(trading.current)
        self.sold = trading.sales or Sales.of_names(self.n)
        self.by_name = self.sold.by_name(self.n)
        lower, upper = trading.region.implied
        plain = [load for load in trading.loads if min(load.buying, load.selling) >= 0]
        bought = min((load.limit / load.buying for load in plain if load.buying > 0), default=np.inf)
        sold = min((load.limit / load.selling for load in plain if load.selling > 0), default=np.inf)
        self.most_bought = np.clip(np.minimum(upper - trading.current, bought), 0.0, None)
        self.most_sold = np.clip(np.minimum(trading.current - lower, sold), 0.0, None)
        least = max(trading.smallest, 0.0)
        self.buys = (
            ((sides == Side.OPEN) | (sides == Side.BUY)) & (self.most_bought >= least) & (self.most_bought > DUST)
        )
        self.sells = ((sides == Side.OPEN) | (sides == Side.SELL)) & (self.most_sold >= least) & (self.most_sold > DUST)
        self.forced = np.concatenate([sides == Side.BUY, sides == Side.SELL])
        self.possible = not (self.forced & ~np.concatenate([self.buys, self.sells])).any()
        scale = max(float(np.diag(trading.aim.S).max(initial=0.0)), float(np.abs(trading.aim.gain).max(initial=0.0)))
        self.scale = scale if scale > 0 and not trading.aim.ratio else 1.0
        self.largest = float(np.abs(trading.aim.gain).max(initial=0.0)) or 1.0
        self.spread = (float(np.diag(trading.aim.S).mean()) if trading.aim.ratio else 0.0) or 1.0
        parts = self.sells[self.sold.owner] & (self.sold.most > 0)
        self.size = self.n + len(parts) + 1
        self.columns = np.flatnonzero(np.concatenate([self.buys, parts, [True]]))

    def still(self) -> Point | None:
        """Where nothing may be traded: the current weights, if they are allowed."""
        trading, x = self.trading, self.trading.current
        shapes: tuple[Shape, ...] = (*trading.region.bounds, *trading.region.rows)
        limits = [*(load.limit for load in trading.loads), *self.sold.limits.tolist()]
        broken = any(shape.excess(x) > DUST for shape in shapes) or min(limits, default=0.0) < -DUST
        nothing = trading.aim.ratio and float(trading.aim.gain @ x) <= 0
        if broken or nothing or (trading.most or 0) < 0:
            return None
        ids = [row.id for row in trading.region.rows] + [load.id for load in trading.loads]
        tax = self.sold.constant
        return Point(x.copy(), self._loss(x, tax), dict.fromkeys(ids, 0.0), tax)

    def weights(self) -> Matrix:
        """From the variables to k times the weights; shape (n, variables)."""
        return np.hstack([np.eye(self.n), -self.by_name, self.trading.current[:, None]])

    def tax(self) -> Vector:
        """From the variables to k times the tax; shape (variables,)."""
        return np.concatenate([np.zeros(self.n), self.sold.price, [self.sold.constant]])

    def arguments(self) -> tuple[Matrix | Vector | None, ...]:
        aim = self.trading.aim
        to_weights = self.weights()
        away = to_weights.copy()
        away[:, -1] -= 0.0 if aim.ratio else aim.center
        P = away.T @ aim.S @ away / (self.spread if aim.ratio else self.scale)
        q = np.zeros(self.size) if aim.ratio else (self.tax() - aim.gain @ to_weights) / self.scale
        q[self.n : -1] += CHURN if self.trading.sales else 0.0
        A, b = self._equalities(to_weights)
        G, h = self._inequalities(to_weights)
        c = self.columns
        return (
            P[np.ix_(c, c)], q[c], A[:, c], b, G[:, c], np.full(len(h), -np.inf), h,
            np.zeros(len(c)), np.full(len(c), np.inf),
        )  # fmt: skip

    def _equalities(self, to_weights: Matrix) -> tuple[Matrix, Vector]:
        rows, limits = [], []
        if self.trading.aim.ratio:
            rows, limits = [(self.trading.aim.gain @ to_weights - self.tax()) / self.largest], [1.0]
        else:
            rows, limits = [np.eye(self.size)[-1]], [1.0]
        for row in self.trading.region.rows:
            if row.equality:
                rows.append(_of_weights(row, to_weights))
                limits.append(0.0)
        return np.array(rows), np.array(limits)

    def _inequalities(self, to_weights: Matrix) -> tuple[Matrix, Vector]:
        n, m, region = self.n, self.size - self.n - 1, self.trading.region
        rows = [_of_weights(row, to_weights) for row in region.rows if not row.equality]
        rows += [
            _homogeneous(np.concatenate([np.full(n, load.buying), np.full(m, load.selling), [0.0]]), load.limit)
            for load in self.trading.loads
        ]
        rows += [_homogeneous(to_weights[i], region.upper[i]) for i in np.flatnonzero(np.isfinite(region.upper))]
        rows += [_homogeneous(-to_weights[i], -region.lower[i]) for i in np.flatnonzero(np.isfinite(region.lower))]
        rows += [
            _homogeneous(np.concatenate([np.zeros(n), row, [0.0]]), limit)
            for row, limit in (
                *zip(self.sold.rows, self.sold.limits, strict=True),
                *((np.eye(m)[j], self.sold.most[j]) for j in np.flatnonzero(np.isfinite(self.sold.most))),
            )
        ]
        rows += self._discrete()
        return np.array(rows).reshape(len(rows), self.size), np.zeros(len(rows))

    def _discrete(self) -> list[Vector]:
        """A forced trade has at least the smallest size, and the parts of all trades add up to the most."""
        smallest, most = self.trading.smallest, self.trading.most
        trades = np.block(
            [
                [np.eye(self.n), np.zeros_like(self.by_name), np.zeros((self.n, 1))],
                [np.zeros((self.n, self.n)), self.by_name, np.zeros((self.n, 1))],
            ]
        )
        least = [_homogeneous(-trades[i], -smallest) for i in np.flatnonzero(self.forced).tolist()]
        if most is None:
            return least
        largest = np.concatenate([self.most_bought, self.most_sold])
        may = np.concatenate([self.buys, self.sells]) & (largest > 0) & ~self.forced
        parts = np.where(may & np.isfinite(largest), 1.0 / np.where(may, largest, 1.0), 0.0)
        left = most - int(self.forced.sum())
        return [*least, _homogeneous(parts @ trades, left)]

    def read(self, result: piqp.Result) -> Point | None:
        n = self.n
        v = np.zeros(self.size)
        v[self.columns] = result.x
        k = float(v[-1])
        if k <= 0:
            return None
        bought, sold = v[:n] / k, self.by_name @ v[n:-1] / k
        weights = self.trading.current + np.where(self.sides == Side.KEEP, 0.0, bought - sold)
        tax, churned = float(self.tax() @ v) / k, np.minimum(bought, sold) if self.trading.sales else np.zeros(n)
        return Point(weights, self._loss(weights, tax), self._prices(result, weights), tax, churned)

    def _loss(self, weights: Vector, tax: float) -> float:
        """1/2 risk - gain + tax; for a ratio, the ratio with its sign changed."""
        aim = self.trading.aim
        away = weights - (0.0 if aim.ratio else aim.center)
        risk, gain = float(away @ aim.S @ away), float(aim.gain @ weights) - tax
        return -gain / float(np.sqrt(risk)) if aim.ratio and risk > 0 else 0.5 * risk - gain

    def _prices(self, result: piqp.Result, weights: Vector) -> dict[str, float]:
        """For a ratio they are of excess / volatility x volatility - excess, which is 0 where the ratio is best."""
        aim, region, unit = self.trading.aim, self.trading.region, self.scale
        if aim.ratio:
            gain, risk = float(aim.gain @ weights), float(weights @ aim.S @ weights)
            unit = self.spread * gain**2 / (self.largest * risk) if risk > 0 else 0.0
        equal = [(row.id, _unit(row)) for row in region.rows if row.equality]
        below = [(row.id, _unit(row)) for row in region.rows if not row.equality]
        below += [(load.id, 1.0) for load in self.trading.loads]
        told = (*zip(equal, result.y[1:], strict=True), *zip(below, result.z_u[: len(below)], strict=True))
        return {key: unit * float(price) / size for (key, size), price in told}


def _unit(row: Row) -> float:
    """What a row is counted in: returns may be in any unit, the solver's tolerances are not."""
    return power_of_two_near(float(np.abs(row.coefficients).max(initial=0.0)))


def _of_weights(row: Row, to_weights: Matrix) -> Vector:
    return _homogeneous(row.coefficients @ to_weights, row.limit) / _unit(row)


def _homogeneous(coefficients: Vector, limit: float) -> Vector:
    """coefficients'v <= limit k, as a row."""
    row: Vector = coefficients.copy()
    row[-1] -= limit
    return row
