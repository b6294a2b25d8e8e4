"""The best portfolio after the tax on what is sold for it: branch and bound over the cases of the sales.

A node settles on which half of the plane the gains of the year are, which names are bought and which are sold, and
where positions have a smallest size which are held; whatever it leaves open is relaxed. What is left is one conic
program, whose multipliers bound the node by the arithmetic of the certificate. A ratio is bounded in the terms of the
best one that was found: that its net gain is nowhere above so many times the risk. Every portfolio that a node suggests
is a candidate at the tax that it owes. The nodes at which the search ends are the cases of the proof.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from time import monotonic

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.after_tax import flat, traded
from tangency.domain.optimization.cases import case_gap
from tangency.domain.optimization.certificate import violations
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Case, Proposal, Reading, SolverAttempt, Status, Witness
from tangency.domain.optimization.region import Region, Side, Sides
from tangency.domain.optimization.sales_tax import Half, SalesCase, TaxOnSales, Trade
from tangency.plugins.kernels.lot_cone import TaxedPoint, least_after_tax
from tangency.plugins.kernels.whole_positions import branches, exact, fewest_leaves, misses

MOST_NODES = 2000
SETTLED = 1e-8
"""Relative: a node that promises less is closed. The certificate asks for 1e-6."""
HELD = 1e-9
"""What a candidate may miss of a limit; the certificate tolerates 1e-8."""
STILL = 1e-7
"""Of the portfolio's value: a smaller trade is left out where that costs nothing."""
MUCH = 0.5
"""Of what a node promises: where the tax makes up so much of it, its case is settled before positions are."""
DIVES = 20
"""Nodes from one search for a better portfolio to the next."""
SHARE_DROPPED = 0.25
"""Of the positions that are too small: so many are given up at once."""
RAYS = (1.0, 1e2, 1e4, 1e6)
"""Multiples of multipliers that show a node to be empty: one of them promises nothing."""

NO_GAIN = (
    "No feasible portfolio gains more than the risk-free rate after costs and taxes. Lower risk_free_rate, lengthen "
    "the horizon of the tax, loosen the limits, or leave the tax out."
)


def best_after_tax(
    problem: Problem,
    objective: Blend | WorstRatio,
    tax: TaxOnSales,
    estimates: Estimates,
    known: list[Vector],
    most_nodes: int = MOST_NODES,
) -> Proposal:
    """The portfolio that is best after tax, proven by cases; ``feasible`` with the gap that is left where time ends.

    Args:
        problem: its limits and solver policy.
        objective: with the tax among its terms.
        tax: that term.
        estimates: annual moments.
        known: portfolios to begin with; those that keep every limit are candidates.
        most_nodes: programs that are solved before the search ends.
    """
    return _Tree(problem, objective, tax, estimates, problem.region(estimates), most_nodes).proposal(known)


@dataclass(eq=False, slots=True)
class _Node:
    """A part of the portfolios.

    Attributes:
        point: of its relaxation; without weights where it is empty or was not solved.
        promise: how far below the best candidate's its loss may be; the larger, the sooner it is looked at.
        against: that candidate.
    """

    case: Case
    point: TaxedPoint
    promise: float = np.inf
    against: Vector | None = None
    children: list[_Node] = field(default_factory=list)

    @property
    def sales(self) -> SalesCase:
        return self.case.sales or SalesCase.whole(len(self.case.sides))


@dataclass(eq=False)
class _Tree:
    """One search."""

    problem: Problem
    objective: Blend | WorstRatio
    tax: TaxOnSales
    estimates: Estimates
    region: Region
    most_nodes: int
    best: Vector | None = None
    value: float = -np.inf
    theta: float = 0.0
    nodes: int = 0
    attempts: list[SolverAttempt] = field(default_factory=list)
    open: list[tuple[float, int, _Node]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.ends_at = monotonic() + self.problem.solver.time_limit_s
        self.harvestable = self.tax.figures.harvestable

    def proposal(self, known: list[Vector]) -> Proposal:
        """What the search comes to."""
        for weights in known:
            self._consider(weights)
        root = self._node(np.full(self.region.size, Side.ANY, np.int8), SalesCase.whole(self.region.size), None)
        self._dive(root)
        self._search(root)
        leaves = tuple(fewest_leaves(root, self._closed))
        settled = all(self._closed(leaf) for leaf in leaves)
        if self.best is None or (isinstance(self.objective, WorstRatio) and self.value <= 0):
            status = Status.NOT_APPLICABLE if self.best is not None and settled else Status.TIME_LIMIT
            return self._ended(Proposal(status, message=NO_GAIN if status is Status.NOT_APPLICABLE else ""))
        return self._ended(self._found(self.best, leaves, settled))

    def _search(self, root: _Node) -> None:
        self._enter(root)
        while self.open and self.nodes < self.most_nodes and monotonic() < self.ends_at:
            _, place, node = heapq.heappop(self.open)
            if self._closes(node):
                continue
            if place % DIVES == DIVES - 1:
                self._dive(node)
            for sides, sales in self._branches(node):
                child = self._node(sides, sales, node)
                node.children.append(child)
                self._enter(child)

    def _closes(self, node: _Node) -> bool:
        """Whether a node is closed, if need be once it is compared with the ratio that has been reached by now."""
        while not self._closed(node):
            if not node.case.theta < self.theta:
                return False
            again = self._node(node.case.sides, node.sales, node)
            if again.case.theta <= node.case.theta:  # its program has no answer, and it keeps the bound that it has
                return False
            node.case, node.point, node.promise, node.against = again.case, again.point, again.promise, again.against
        return True

    def _enter(self, node: _Node) -> None:
        if node.point.weights is not None and not self._closed(node):
            heapq.heappush(self.open, (-node.promise, next(self.order), node))

    def _node(self, sides: Sides, sales: SalesCase, parent: _Node | None) -> _Node:
        """A node with what its relaxation proves; where that is nothing, with what bounds its parent."""
        self.nodes += 1
        theta, point = self.theta, self._relaxed(sides, sales)
        if point.weights is not None:
            self._consider(point.weights)
            return _Node(Case(sides, point.weights, point.witness, sales, theta), point)
        for size in RAYS:
            node = _Node(self._emptied(sides, sales, point.witness, size), point)
            if self._closed(node):
                return node
        inherited = Case(sides, None, Witness(), sales) if parent is None else parent.case
        return _Node(replace(inherited, sides=sides, sales=sales), point)

    def _relaxed(self, sides: Sides, sales: SalesCase) -> TaxedPoint:
        part = traded(self.region.on(sides), sales, self.tax)
        if (part.lower > part.upper).any():
            nothing = SolverAttempt("clarabel", "infeasible", 0, 0.0)
            return TaxedPoint("infeasible", None, np.zeros(len(self.tax.lots)), 0.0, Witness(), nothing)
        terms = [term for term in flat(self.objective, self.theta).parts if term is not self.tax]
        left = max(self.ends_at - monotonic(), 0.1)
        point = least_after_tax(
            terms, self.tax, sales, part, self.estimates, self.problem.solver.tolerance, left
        )  # fmt: skip
        self.attempts.append(point.attempt)
        return point

    def _emptied(self, sides: Sides, sales: SalesCase, ray: Witness, size: float) -> Case:
        """The case of an empty part: bounded from the best portfolio by a multiple of what shows it to be empty."""
        multipliers = {key: size * price for key, price in ray.multipliers.items()}
        cuts = {cap.id: ray.cuts[cap.id] for cap in self.region.caps if cap.id in ray.cuts}
        if self.tax.id in ray.cuts:
            cuts[self.tax.id] = size * ray.cuts[self.tax.id]
        at = self.best if self.best is not None else np.full(self.region.size, 1.0 / self.region.size)
        return Case(sides, at, Witness(multipliers, cuts), sales, self.theta)

    def _gap(self, node: _Node) -> float:
        """The promise of a node, which is compared once with each portfolio that was the best one."""
        if self.best is not None and node.against is not self.best:
            node.promise = case_gap(self.objective, self.estimates, self.region, self.best, node.case)
            node.against = self.best
        return node.promise

    def _closed(self, node: _Node) -> bool:
        """Whether nothing in a node is better than what was found by more than is settled for."""
        if self.best is None:
            return False
        return self._gap(node) <= SETTLED * self.objective.scale(self.best, self.estimates)

    # --- candidates -----------------------------------------------------------------------------------------------

    def _consider(self, weights: Vector) -> None:
        """Take a portfolio that is better than the best one, without trades that are rounding where it can be."""
        if (misses(self.region, weights) > 0).any():
            return
        weights = exact(self.region, weights)
        for candidate in (self._settled(weights), weights):
            broken = max(violations(self.region, candidate).values(), default=0.0) > HELD
            value = self._value(candidate)
            if not broken and value > self.value:
                self.best, self.value = candidate, value
                self.theta = max(value, 0.0) if isinstance(self.objective, WorstRatio) else 0.0

    def _value(self, weights: Vector) -> float:
        """The higher the better."""
        if isinstance(self.objective, WorstRatio):
            return self.objective.value(weights, self.estimates)
        return -self.objective.loss(weights, self.estimates)

    def _settled(self, weights: Vector) -> Vector:
        """Names that hardly move are kept, and the trade with most room makes up for it."""
        part, current = self.region.on(self.region.sides_of(weights)), self.tax.figures.current
        still = np.abs(weights - current) <= STILL
        kept: Vector = np.clip(np.where(still, current, weights), part.lower, part.upper)
        room = np.where(still, -1.0, np.minimum(part.upper - kept, kept - part.lower))
        kept[int(np.argmax(room))] += float((weights - kept).sum())
        return kept

    def _dive(self, node: _Node) -> None:
        """Give up the smallest positions, a few at a time, until all are large enough; then settle the sales."""
        sides, weights = node.case.sides, node.point.weights
        while weights is not None and (small := np.flatnonzero(misses(self.region, weights))).size:
            ranked = small[np.argsort(np.abs(weights[small]), kind="stable")]
            dropped = ranked[: max(1, int(SHARE_DROPPED * len(ranked)))]
            sides, weights = self._given_up(sides, node.sales, dropped, weights)
        if weights is not None:
            self._tried(self.region.sides_of(weights), self.tax.case_of(weights))

    def _given_up(
        self, sides: Sides, sales: SalesCase, names: np.ndarray, weights: Vector
    ) -> tuple[Sides, Vector | None]:
        """Without some names; where that leaves nothing, the largest of those that are too small is held."""
        without = sides.copy()
        without[names] = Side.NONE
        if self.region.sides[names, Side.NONE].all() and (found := self._tried(without, sales)) is not None:
            return without, found
        with_it = sides.copy()
        largest = int(np.argmax(np.where(misses(self.region, weights) > 0, np.abs(weights), -1.0)))
        with_it[largest] = Side.LONG if weights[largest] > 0 else Side.SHORT
        return with_it, self._tried(with_it, sales)

    def _tried(self, sides: Sides, sales: SalesCase) -> Vector | None:
        self.nodes += 1
        weights = self._relaxed(sides, sales).weights
        if weights is not None:
            self._consider(weights)
        return weights

    # --- branching ------------------------------------------------------------------------------------------------

    def _branches(self, node: _Node) -> Iterator[tuple[Sides, SalesCase]]:
        """By the sales where most of what a node promises is their tax, else by positions."""
        weights = node.point.weights
        if weights is None:
            return
        small = misses(self.region, weights)
        missed = self.tax.value(weights, self.estimates) - node.point.tax
        sales = list(self._sales_branches(node, weights))
        if small.any() and (missed < MUCH * node.promise or not sales):
            yield from ((sides, node.sales) for sides in branches(self.region, node.case.sides, small))
        else:
            yield from ((node.case.sides, case) for case in sales)

    def _sales_branches(self, node: _Node, weights: Vector) -> Iterator[SalesCase]:
        """The half, where that says more than any name; or the name that saves most by being sold and kept."""
        sales, own, taken = node.sales, self.tax.figures, node.point.taken
        churned = np.bincount(own.owners, taken, len(weights)) - np.clip(own.current - weights, 0.0, None)
        losses = np.bincount(own.owners, np.maximum(-own.gains, 0.0) * taken, len(weights))
        saved = np.where(self.harvestable & (sales.trades == Trade.ANY), np.minimum(churned, losses) * own.high, -1.0)
        by_half = self.tax.owed(taken) - node.point.tax if sales.half is Half.ANY else -1.0
        name = int(np.argmax(saved))
        if by_half >= 0 and by_half >= saved[name] / self.tax.horizon_years:
            yield from (SalesCase(half, sales.trades) for half in (Half.GAIN, Half.LOSS))
        elif saved[name] >= 0:
            for trade in (Trade.BUY, Trade.SELL):
                trades = sales.trades.copy()
                trades[name] = trade
                yield SalesCase(sales.half, trades)

    # --- what it comes to -----------------------------------------------------------------------------------------

    def _found(self, best: Vector, leaves: tuple[_Node, ...], settled: bool) -> Proposal:
        report = {"nodes": self.nodes, "cases": len(leaves), "exhausted": settled}
        here = self._relaxed(self.region.sides_of(best), self.tax.case_of(best)).witness
        return Proposal(
            Status.OPTIMAL,  # or feasible, by the gap that the cases leave
            best,
            replace(here, cases=tuple(leaf.case for leaf in leaves)),
            findings={"search": report},
        )

    def _ended(self, proposal: Proposal) -> Proposal:
        iterations = sum(attempt.iterations for attempt in self.attempts)
        attempts = tuple(self.attempts[:12])
        return replace(proposal, iterations=iterations, attempts=attempts, reading=Reading(self.objective))
