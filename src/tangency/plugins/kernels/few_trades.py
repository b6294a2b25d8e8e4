"""Which names to trade: branch and bound over what may be done with each, on the program of :mod:`trading`.

A node says of some names that they are kept, bought or sold. Its bound is the program in which the others may be traded
by as little as one likes, and count only in part; a set of trades that keeps every limit is a candidate.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from time import monotonic

import numpy as np

from tangency.plugins.kernels.taxed_sales import Lots
from tangency.plugins.kernels.trading import DUST, Point, Side, Trading

NO_BETTER = 1e-9
"""Relative to the loss: a bound that promises less is taken for no promise."""
SMALL = 1e-7
"""Of the portfolio's value: trades below it go where the loss is as good without them."""
FINE = 1e-13
"""Asked of the solver once more at the end: near a target, a gap of 1e-10 is as large as the tracking error."""


@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """What came of it.

    Attributes:
        point: the best found; None where there is none.
        continuous: it is the best even if trades of any number and size were allowed.
        exhausted: the search ended by itself.
        nodes: programs whose bound was taken.
        gap: by how much the loss may be above the least one, over its size, by the solver's word.
        feasible_without_numbers: there are portfolios within all the other limits.
        bound: no loss is below it, by the solver's word; infinite where nothing is allowed.
    """

    point: Point | None
    continuous: bool
    exhausted: bool = True
    nodes: int = 1
    gap: float = 0.0
    feasible_without_numbers: bool = True
    bound: float = np.inf


def fewest_trades(trading: Trading, node_limit: int, time_limit_s: float, known: Point | None = None) -> Search:
    """The best portfolio within every limit on trades; none where it is no better than one that is known."""
    wish = trading.wish()
    if wish is not None and _fits(trading, wish):
        return Search(wish, continuous=True, bound=wish.loss)
    anything = replace(trading, smallest=0.0, most=None)
    root = _settled(anything, np.full(len(trading.current), Side.OPEN))
    if root is None:
        return Search(None, continuous=False, feasible_without_numbers=False)
    if known is not None and root.loss >= known.loss - NO_BETTER * abs(known.loss):
        return Search(None, continuous=False, bound=root.loss)
    if _fits(trading, root):
        return Search(root, continuous=True, bound=root.loss)
    return _Tree(trading, node_limit, monotonic() + time_limit_s, known).search()


@dataclass(frozen=True, eq=False, slots=True)
class Cases:
    """What came of the searches of all cases of the tax.

    Attributes:
        search: the best of them.
        bound: no loss is below it, by the solver's word.
    """

    search: Search
    bound: float


def best_case(trading: Trading, lots: Lots, node_limit: int, time_limit_s: float) -> Cases:
    """The best portfolio where sales are taxed, over the four cases in which the tax is linear."""
    found: list[Search] = []
    known: Point | None = None
    for case in lots.cases():
        found.append(fewest_trades(replace(trading, sales=case), node_limit, time_limit_s, known))
        known = found[-1].point or known
    if known is None:
        return Cases(min(found, key=lambda search: not search.feasible_without_numbers), -np.inf)
    bound = min(known.loss, *(search.bound for search in found))
    told = Search(
        known,
        continuous=False,
        exhausted=all(search.exhausted for search in found),
        nodes=sum(search.nodes for search in found),
        gap=(known.loss - bound) / max(abs(known.loss), 1e-12),
        bound=bound,
    )
    return Cases(told, bound)


def _settled(trading: Trading, sides: np.ndarray) -> Point | None:
    """The best point, once more without the trades that are rounding."""
    point = trading.best(sides)
    if point is None:
        return None
    rounding = (np.abs(point.weights - trading.current) <= DUST) & (sides == Side.OPEN)
    finer = replace(trading, tolerance=FINE)
    settled = finer.best(np.where(rounding, Side.KEEP, sides)) or point
    small = (np.abs(settled.weights - trading.current) <= SMALL) & (sides == Side.OPEN)
    without = finer.best(np.where(small, Side.KEEP, sides))
    no_worse = without is not None and without.loss <= settled.loss + NO_BETTER * abs(settled.loss)
    return without if without is not None and no_worse else settled


def _fits(trading: Trading, point: Point) -> bool:
    size = np.abs(point.weights - trading.current)
    traded = size > DUST
    few = trading.most is None or int(traded.sum()) <= trading.most
    return few and bool((point.churned <= SMALL).all()) and bool((size[traded] >= trading.smallest - DUST).all())


@dataclass(eq=False)
class _Tree:
    """One search, best bound first."""

    trading: Trading
    node_limit: int
    ends_at: float
    known: Point | None = None
    best: Point | None = None
    nodes: int = 0
    open: list[tuple[float, int, np.ndarray, Point]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def search(self) -> Search:
        n = len(self.trading.current)
        self._consider(np.full(n, Side.KEEP))
        self._enter(np.full(n, Side.OPEN))
        while self.open and self._promises(self.open[0][0]):
            if self.nodes >= self.node_limit or monotonic() > self.ends_at:
                break
            _, _, sides, point = heapq.heappop(self.open)
            for child in self._children(sides, point):
                self._enter(child)
        gap, exhausted = 0.0, True
        if self.best is not None and self.open and self._promises(self.open[0][0]):
            gap = (self.best.loss - self.open[0][0]) / max(abs(self.best.loss), 1e-12)
            exhausted = False
        losses = [*(node[0] for node in self.open[:1]), *(() if self.best is None else (self.best.loss,))]
        return Search(self.best, False, exhausted, self.nodes, gap, bound=min(losses, default=np.inf))

    def _promises(self, bound: float) -> bool:
        best = self.best or self.known
        return best is None or bound < best.loss - NO_BETTER * abs(best.loss)

    def _enter(self, sides: np.ndarray) -> None:
        """Take a node's bound; what it suggests is a candidate."""
        most = self.trading.most
        forced = int((sides >= Side.BUY).sum())
        if most is not None and forced >= most:
            sides = np.where(sides == Side.OPEN, Side.KEEP, sides)
            if forced > most:
                return
        point = self.trading.best(sides)
        self.nodes += 1
        if point is None or not self._promises(point.loss):
            return
        self._consider(self._suggested(sides, point))
        if self._promises(point.loss) and (sides == Side.OPEN).any():
            heapq.heappush(self.open, (point.loss, next(self.order), sides, point))

    def _suggested(self, sides: np.ndarray, point: Point) -> np.ndarray:
        """The largest of the trades, as many as there may be, and no other."""
        change = point.weights - self.trading.current
        size = np.where(sides == Side.OPEN, np.abs(change), 0.0)
        chosen = np.where(sides == Side.OPEN, Side.KEEP, sides)
        room = len(size) if self.trading.most is None else self.trading.most - int((sides >= Side.BUY).sum())
        least = max(DUST, 0.5 * self.trading.smallest)
        for i in [i for i in np.argsort(-size).tolist() if size[i] > least][: max(room, 0)]:
            chosen[i] = Side.BUY if change[i] > 0 else Side.SELL
        return chosen

    def _consider(self, sides: np.ndarray) -> None:
        point = self.trading.best(sides)
        if point is not None and _fits(self.trading, point) and self._promises(point.loss):
            self.best = point

    def _children(self, sides: np.ndarray, point: Point) -> Iterator[np.ndarray]:
        """The open name that trades most, or is sold and bought again, is bought, sold or kept."""
        size = np.where(sides == Side.OPEN, np.abs(point.weights - self.trading.current) + point.churned, -1.0)
        name = int(np.argmax(size))
        free = self.trading.most is None and self.trading.smallest == 0.0  # to keep a name is to buy nothing of it
        for side in (Side.BUY, Side.SELL) if free else (Side.BUY, Side.SELL, Side.KEEP):
            child = sides.copy()
            child[name] = side
            yield child
