"""Which names to hold where a position has a smallest size: branch and bound, best bound first.

A node settles of some names that they are left out, or held, long or short; the others are free. What is left of the
problem there is convex, so that the method solves it as any other, and its witness bounds the node by the arithmetic of
the certificate. The nodes at which the search ends are the cases of the proof.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from time import monotonic

import numpy as np

from tangency.domain.errors import Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.cases import case_gap, emptiness
from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import MultiObjective, Objective, RiskParity, SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Case, Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Region, Side, Sides
from tangency.plugins.kernels.perspective import Perspective
from tangency.plugins.kernels.refutation import refuted
from tangency.plugins.kernels.whole_positions import (
    FITS,
    branches,
    exact,
    fewest_leaves,
    misses,
    settled,
    smallest_first,
)

MOST_NODES = 4000
"""As many cases may have to be proven, in a tenth of a second and a few megabytes at 100 names."""
SETTLED = 1e-8
"""Relative: a node that promises less is closed. The certificate asks for 1e-6."""
SAME = 1e-10
"""Relative: portfolios that differ by less are as good as each other, and the first one found stays."""
MUCH = 0.8
"""Of the gap at the root: a stronger relaxation takes longer to solve, and has to leave less of it."""
DIVES = 25
"""Nodes from one search for a better portfolio to the next."""
SHARE_DROPPED = 0.25
"""Of the positions that are too small: so many are given up at once."""

TOO_SMALL = (
    "No portfolio whose positions are large enough has an expected return above the risk-free rate. Lower "
    "risk_free_rate or min_position_size, loosen the limits, or minimise volatility instead."
)
NOT_FOUND = (
    "The search for a portfolio whose positions are large enough ended before it found one. Allow more time, lower "
    "min_position_size, or ask for fewer names."
)

Solve = Callable[[Problem], Proposal]


def refuse_positions(problem: Problem) -> None:
    """Refuse smallest positions with an aim that there is no search over what may be held for.

    Raises:
        Unsupported: both are asked for.
    """
    smallest = any(isinstance(limit, MinimumPosition) for limit in problem.constraints)
    if smallest and isinstance(problem.objective, RiskParity | MultiObjective):
        detail = (
            f"cannot be honoured together with {problem.objective.name}; leave it out, or choose another objective."
        )
        raise Unsupported.at(MinimumPosition(1.0).path, detail, "unsupported")


def held(problem: Problem, estimates: Estimates, solve: Solve) -> Proposal:
    """The best portfolio of large enough positions.

    Args:
        problem: its region is not convex.
        estimates: annual moments.
        solve: finds the best portfolio of a convex part of it, with a witness.
    """
    return _Tree(problem, estimates, problem.region(estimates), solve).proposal()


@dataclass(frozen=True, eq=False, slots=True)
class _Node:
    """A part of the region.

    Attributes:
        case: with what bounds it.
        weights: of its convex part; None where that is empty, or was not solved.
        merit: of the weights, the lower the better.
        barren: its part is empty, or gains nothing.
    """

    case: Case
    weights: Vector | None = None
    merit: float = np.inf
    barren: bool = False
    children: list[_Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False, slots=True)
class _Best:
    """The best portfolio that was found, with what the method said of the part that it is in."""

    weights: Vector
    witness: Witness
    merit: float
    proposal: Proposal


@dataclass(eq=False)
class _Tree:
    """One search."""

    problem: Problem
    estimates: Estimates
    region: Region
    solve: Solve
    best: _Best | None = None
    strong: Perspective | None = None
    nodes: int = 0
    iterations: int = 0
    open: list[tuple[float, int, _Node]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        policy = self.problem.solver
        self.ends_at = monotonic() + policy.time_limit_s
        self.quick = replace(self.problem, solver=replace(policy, sequence=policy.sequence[:1]))
        """With the first solver only: others take their time to see that a part is empty."""

    def proposal(self) -> Proposal:
        """What the search comes to."""
        anything = np.full(self.region.size, Side.ANY, np.int8)
        relaxed = self._solved(anything)
        if relaxed.witness is not None and relaxed.status is Status.INFEASIBLE:
            return replace(relaxed, witness=Witness(cases=(Case(anything, None, relaxed.witness),)))
        if relaxed.weights is None:
            return relaxed
        if self._fits(relaxed.weights):
            return replace(relaxed, weights=exact(self.region, relaxed.weights))
        self.reading = relaxed.reading
        self.objective: Objective = relaxed.reading.of(self.problem).objective
        self.scale = self.objective.scale(relaxed.weights, self.estimates)
        root = self._node(anything, relaxed, None)
        self._dive(root)
        root = self._strengthened(root)
        self._search(root)
        leaves = tuple(fewest_leaves(root, self._closed))
        return self._nothing(leaves) if self.best is None else self._found(leaves, self.best)

    def _strengthened(self, root: _Node) -> _Node:
        """The root by a stronger relaxation, and every node from there on, where that says much more."""
        if self.best is None:
            return root
        strong = Perspective.of(self.objective, self.estimates, self.region, self.problem.solver.tolerance)
        relaxed = None if strong is None else strong.relaxed(root.case.sides)
        if strong is None or relaxed is None or relaxed.witness is None or relaxed.weights is None:
            return root
        stronger = _Node(Case(root.case.sides, relaxed.weights, relaxed.witness), relaxed.weights, root.merit)
        before = self._gap(root, self.best.weights)
        self.strong = strong
        if self._gap(stronger, self.best.weights) < MUCH * before:
            return stronger
        self.strong = None
        return root

    def _search(self, root: _Node) -> None:
        self._enter(root)
        while self.open and self.nodes < MOST_NODES and monotonic() < self.ends_at and not self._endless():
            _, place, node = heapq.heappop(self.open)
            if self._closed(node):
                continue
            if place % DIVES == DIVES - 1:
                self._dive(node)
            for sides in self._branches(node):
                child = self._child(sides, node)
                node.children.append(child)
                self._enter(child)

    def _enter(self, node: _Node) -> None:
        """What is not settled about a node is looked at later."""
        if node.weights is not None and not self._closed(node) and not self._fits(node.weights):
            promise = np.round(node.merit / (SETTLED * self.scale)) if self.scale else node.merit
            heapq.heappush(self.open, (float(promise), next(self.order), node))

    def _child(self, sides: Sides, parent: _Node) -> _Node:
        """By the stronger relaxation where there is one; a candidate where its positions are large enough."""
        proposal = None if self.strong is None or self._empty(sides) else self.strong.relaxed(sides)
        if proposal is None or proposal.weights is None or proposal.witness is None:
            return self._node(sides, self._solved(sides), parent)
        self.nodes += 1
        self.iterations += proposal.iterations
        if self._fits(proposal.weights):
            self._tried(self.region.sides_of(proposal.weights))
        node = _Node(Case(sides, proposal.weights, proposal.witness), proposal.weights)
        merit = max(parent.merit, self._merit(proposal.weights) - self._gap(node, proposal.weights))
        return replace(node, merit=merit)

    def _node(self, sides: Sides, proposal: Proposal, parent: _Node | None) -> _Node:
        """A node with what its solution proves; where that is nothing, with what bounds its parent."""
        self.nodes += 1
        weights = proposal.weights
        if weights is not None:
            self._consider(proposal)
            return _Node(Case(sides, weights, _proof(proposal)), weights, self._merit(weights))
        if proposal.status is Status.NOT_APPLICABLE and proposal.witness is not None:
            return _Node(Case(sides, np.zeros(self.region.size), proposal.witness), barren=True)
        empty = Case(sides, None, proposal.witness or Witness())
        barren = emptiness(self.region, empty) > SMALLEST_FARKAS_BOUND
        return _Node(empty, barren=True) if barren or parent is None else _Node(replace(parent.case, sides=sides))

    def _solved(self, sides: Sides) -> Proposal:
        """The best of a part; one that is seen to be empty is not looked into."""
        if self._empty(sides):
            return Proposal(Status.INFEASIBLE, witness=Witness())
        proposal = self._asked(self.quick, sides)
        if proposal.weights is not None or proposal.witness is not None:
            return proposal
        proof = refuted(self.region.on(sides))
        return self._asked(self.problem, sides) if proof is None else Proposal(Status.INFEASIBLE, witness=proof)

    def _empty(self, sides: Sides) -> bool:
        return emptiness(self.region, Case(sides, None, Witness())) > SMALLEST_FARKAS_BOUND

    def _asked(self, problem: Problem, sides: Sides) -> Proposal:
        proposal = self.solve(problem.on(sides, self.estimates))
        self.iterations += proposal.iterations
        return proposal

    def _consider(self, proposal: Proposal) -> None:
        if proposal.weights is None or not self._fits(proposal.weights):
            return
        weights = exact(self.region, proposal.weights)
        merit = self._merit(weights)
        if self.best is None or merit < self.best.merit - SAME * self.objective.scale(weights, self.estimates):
            self.best = _Best(weights, _proof(proposal), merit, replace(proposal, weights=weights))

    def _merit(self, weights: Vector) -> float:
        if isinstance(self.objective, SumOfTerms):
            return self.objective.loss(weights, self.estimates)
        return -self.objective.value(weights, self.estimates)

    def _endless(self) -> bool:
        """Whether a portfolio without risk was found that earns something: no ratio is larger."""
        if self.best is None or not isinstance(self.objective, MaximumSharpe):
            return False
        return (
            self.estimates.riskless(self.best.weights) and self.objective.excess(self.best.weights, self.estimates) > 0
        )

    def _fits(self, weights: Vector) -> bool:
        return all(shape.excess(weights) <= FITS for shape in self.region.positions)

    def _closed(self, node: _Node) -> bool:
        """Whether nothing in a node is better than what was found by more than is settled for."""
        if node.barren or self.best is None:
            return node.barren
        weights = self.best.weights
        return self._gap(node, weights) <= SETTLED * self.objective.scale(weights, self.estimates)

    def _gap(self, node: _Node, weights: Vector) -> float:
        spread = None if self.strong is None else self.strong.spread
        return case_gap(self.objective, self.estimates, self.region, weights, node.case, spread)

    def _branches(self, node: _Node) -> Iterator[Sides]:
        """The name that is furthest from where it may be is left out, or held."""
        if node.weights is None:
            return
        yield from branches(self.region, node.case.sides, misses(self.region, node.weights))

    def _dive(self, node: _Node) -> None:
        """Give up the smallest positions, a few at a time, until all are large enough."""
        sides, weights = node.case.sides, node.weights
        while weights is not None and (small := np.flatnonzero(misses(self.region, weights))).size:
            ranked = smallest_first(weights, small)
            dropped = ranked[: max(1, int(SHARE_DROPPED * len(ranked)))]
            sides, weights = self._given_up(sides, dropped) or self._kept(sides, weights, int(ranked[-1]))

    def _given_up(self, sides: Sides, names: np.ndarray) -> tuple[Sides, Vector | None] | None:
        if not self.region.sides[names, Side.NONE].all():
            return None
        without = sides.copy()
        without[names] = Side.NONE
        weights = self._tried(without)
        return None if weights is None else (without, weights)

    def _kept(self, sides: Sides, weights: Vector, name: int) -> tuple[Sides, Vector | None]:
        side = Side.LONG if weights[name] > 0 else Side.SHORT
        with_it = settled(sides, name, side)
        return with_it, self._tried(with_it) if self.region.sides[name, side] else None

    def _tried(self, sides: Sides) -> Vector | None:
        proposal = self._solved(sides)
        self._consider(proposal)
        return proposal.weights

    def _found(self, leaves: tuple[_Node, ...], best: _Best) -> Proposal:
        exhausted = all(self._closed(leaf) for leaf in leaves)
        report = {"nodes": self.nodes, "cases": len(leaves), "exhausted": exhausted}
        return replace(
            best.proposal,
            status=Status.OPTIMAL,
            witness=replace(
                best.witness,
                cases=tuple(leaf.case for leaf in leaves),
                spread=None if self.strong is None else self.strong.spread,
            ),
            iterations=self.iterations,
            findings={**best.proposal.findings, "search": report},
        )

    def _nothing(self, leaves: tuple[_Node, ...]) -> Proposal:
        if not all(leaf.barren for leaf in leaves):
            return Proposal(Status.TIME_LIMIT, message=NOT_FOUND, iterations=self.iterations)
        if all(leaf.case.point is None for leaf in leaves):
            proof = Witness(cases=tuple(leaf.case for leaf in leaves))
            return Proposal(Status.INFEASIBLE, None, proof, self.iterations, reading=self.reading)
        return Proposal(Status.NOT_APPLICABLE, message=TOO_SMALL, iterations=self.iterations)


def _proof(proposal: Proposal) -> Witness:
    """What proves a portfolio; nothing proves one without risk, beside which every ratio is small."""
    return proposal.witness or Witness()
