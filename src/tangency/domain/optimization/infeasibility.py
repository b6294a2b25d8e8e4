"""Why nothing is feasible: a smallest set of limits that contradict each other, and the least that must give way.

Both come from elastic linear programs: every limit may give by a slack of its own, and the slacks are minimised. The
multipliers at the optimum are a Farkas proof, and the limits that carry one are a conflict; dropping its members one by
one makes it minimal. A risk cap joins as half-spaces, added where the last point breaks it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Indices, Vector
from tangency.domain.optimization.certificate import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.region import Bounds, Distance, RiskCap, Row, Shape
from tangency.domain.optimization.solution import Witness

SMALLEST_SLACK = 1e-9
"""The linear programs are solved to 1e-10."""
CUT_TOLERANCE = 1e-8
"""Of the cap: how far a point may be above it before another half-space is cut off."""
MOST_CUTS = 300
DECIMALS = 9
"""Limits are reported with as many decimals, rounded to the side that is feasible."""


@dataclass(frozen=True, slots=True)
class Conflicting:
    """A member of the conflict.

    Attributes:
        sufficient: the value of this limit alone, all others as they are, that would do; None where none would.
    """

    constraint: str
    sentence: str
    limit: float
    sufficient: float | None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A limit that must give way, together with the others in the list."""

    constraint: str
    limit: float
    needed: float


@dataclass(frozen=True, eq=False, slots=True)
class Infeasibility:
    """A minimal conflict, its proof, and the relaxation with the least sum of relative changes.

    Attributes:
        proof: multipliers whose bound over the constraints of the conflict is above zero.
        bound: by how much; the multipliers are scaled to a largest of 1.
    """

    conflict: tuple[Conflicting, ...]
    relaxation: tuple[Relaxation, ...]
    proof: Witness
    bound: float


@dataclass(frozen=True, eq=False, slots=True)
class LinearProgram:
    """Minimise cost'v over row_lower <= A v <= row_upper, lower <= v <= upper; A as (row, column, value) triplets."""

    cost: Vector
    lower: Vector
    upper: Vector
    row_lower: Vector
    row_upper: Vector
    triplets: tuple[Indices, Indices, Vector]


@dataclass(frozen=True, eq=False, slots=True)
class LinearSolution:
    """Where a linear program ended.

    Attributes:
        multipliers: of the rows: change of the least cost per unit of the row's active limit; shape (rows,).
    """

    status: Literal["optimal", "infeasible", "unbounded", "failed"]
    x: Vector
    multipliers: Vector


class LinearPrograms(Protocol):
    """The port behind which a linear programming solver stands."""

    def minimise(self, program: LinearProgram) -> LinearSolution:
        """Solve to feasibility and optimality tolerances of 1e-10."""


def explain_infeasibility(
    problem: Problem, estimates: Estimates, linear_programs: LinearPrograms
) -> Infeasibility | None:
    """Find out whether any portfolio satisfies every constraint, and if none does, why.

    Returns:
        None where the constraints can be satisfied within 1e-9, or where the solver of linear programs failed.
    """
    elastic = _Elastic(problem, estimates, linear_programs)
    every = problem.constraints
    relaxed = elastic.solve(every, [c for c in every if c.relaxable])
    if relaxed is None or relaxed.total <= SMALLEST_SLACK:
        return None
    conflict = elastic.conflict(every)
    if not conflict:
        return None
    proof = elastic.proof(conflict)
    bound = farkas_bound(problem.region(estimates), proof)
    members = tuple(
        Conflicting(c.id, c.sentence(), c.limit, elastic.sufficient(c) if c.relaxable else None) for c in conflict
    )
    relaxation = tuple(
        Relaxation(c.id, c.limit, _outward(c, relaxed.slacks[c.id]))
        for c in every
        if relaxed.slacks.get(c.id, 0.0) > SMALLEST_SLACK * max(1.0, abs(c.limit))
    )
    return Infeasibility(members, relaxation, proof, bound) if bound > SMALLEST_FARKAS_BOUND else None


@dataclass(eq=False)
class _Rows:
    """A linear program under construction."""

    columns: int
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    points: list[Vector | None] = field(default_factory=list)
    triplets: list[tuple[int, int, float]] = field(default_factory=list)

    def add(
        self, owner: str, entries: Mapping[int, float], lower: float, upper: float, point: Vector | None = None
    ) -> None:
        row = len(self.lower)
        self.lower.append(lower)
        self.upper.append(upper)
        self.owners.append(owner)
        self.points.append(point)
        self.triplets += [(row, column, value) for column, value in entries.items() if value != 0.0]


@dataclass(frozen=True, eq=False, slots=True)
class _Relaxed:
    total: float
    slacks: Mapping[str, float]
    witness: Witness
    support: frozenset[str]


class _Elastic:
    """Linear programs over the weights and one slack per constraint that may give way."""

    def __init__(self, problem: Problem, estimates: Estimates, linear_programs: LinearPrograms) -> None:
        self._problem = problem
        self._size = len(problem.universe)
        self._solver = linear_programs
        self._shapes: dict[str, Shape] = {c.id: c.shape(problem.universe, estimates) for c in problem.constraints}

    def conflict(self, members: Sequence[Constraint]) -> tuple[Constraint, ...]:
        """A minimal infeasible subset.

        Members are tried for dropping with the bounds of single names first and the budget and the ban on short
        positions last, so that what stays is as few of the user's own limits as possible.
        """
        found = self._support(members)
        if found is None:
            return ()
        for constraint in sorted(found, key=_dropping_order):
            if constraint in found:
                found = self._support([c for c in found if c is not constraint]) or found
        return tuple(c for c in members if c in found)

    def _support(self, members: Sequence[Constraint]) -> list[Constraint] | None:
        relaxed = self.solve(members, members)
        if relaxed is None or relaxed.total <= SMALLEST_SLACK:
            return None
        return [c for c in members if c.id in relaxed.support]

    def proof(self, members: Sequence[Constraint]) -> Witness:
        relaxed = self.solve(members, members)
        return relaxed.witness if relaxed else Witness()

    def sufficient(self, constraint: Constraint) -> float | None:
        """The value of one limit that makes the whole problem feasible, or None."""
        relaxed = self.solve(self._problem.constraints, [constraint])
        return None if relaxed is None else _outward(constraint, relaxed.slacks[constraint.id])

    def solve(self, members: Sequence[Constraint], soft: Collection[Constraint]) -> _Relaxed | None:
        """Let the soft members give way as little as possible, relative to their limits; the others hold.

        Returns:
            None where even that is infeasible.
        """
        rows = _Rows(self._size)
        slack_of = {c.id: self._size + position for position, c in enumerate(soft)}
        rows.columns += len(slack_of)
        caps = []
        for constraint in members:
            shape, slack = self._shapes[constraint.id], slack_of.get(constraint.id)
            if isinstance(shape, RiskCap):
                caps.append((shape, slack))
            else:
                _add_shape(rows, shape, slack, abs(constraint.sensitivity))
        cost = np.zeros(rows.columns)
        for constraint in soft:
            cost[slack_of[constraint.id]] = 1.0 / (abs(constraint.limit) or 1.0)
        solution = self._cut(rows, caps, cost)
        if solution is None:
            return None
        slacks = {key: self._slack(key, solution, column) for key, column in slack_of.items()}
        return _Relaxed(float(cost @ solution.x), slacks, *self._witness(rows, solution))

    def _slack(self, key: str, solution: LinearSolution, column: int) -> float:
        """What the limit must give: at a risk cap what the point takes, which the half-spaces may fall short of."""
        shape, given = self._shapes[key], float(solution.x[column])
        return max(given, shape.excess(solution.x[: self._size])) if isinstance(shape, RiskCap) else given

    def _cut(
        self, rows: _Rows, caps: Sequence[tuple[RiskCap, int | None]], cost: Vector
    ) -> LinearSolution | None:
        """Solve, and cut off the point as long as it breaks a cap by more than the cap's slack."""
        for cuts_left in range(MOST_CUTS, -1, -1):
            solution = self._minimise(rows, cost)
            if solution.status != "optimal":
                return None
            x = solution.x[: self._size]
            room = [float(solution.x[slack]) if slack is not None else 0.0 for _, slack in caps]
            broken = [
                (cap, slack)
                for (cap, slack), given in zip(caps, room, strict=True)
                if cap.excess(x) - given > CUT_TOLERANCE * cap.limit
            ]
            if not broken or not cuts_left:
                return solution
            for cap, slack in broken:
                _add_cut(rows, cap, slack, x)
        return None

    def _minimise(self, rows: _Rows, cost: Vector) -> LinearSolution:
        padded = np.concatenate([cost, np.zeros(rows.columns - len(cost))])
        lower = np.concatenate([np.full(self._size, -np.inf), np.zeros(rows.columns - self._size)])
        row, column, value = np.array(rows.triplets, dtype=float).reshape(-1, 3).T
        program = LinearProgram(
            padded,
            lower,
            np.full(rows.columns, np.inf),
            np.array(rows.lower),
            np.array(rows.upper),
            (row.astype(np.int32), column.astype(np.int32), value),
        )
        return self._solver.minimise(program)

    def _witness(self, rows: _Rows, solution: LinearSolution) -> tuple[Witness, frozenset[str]]:
        """Row multipliers gathered by constraint: with f = 0 and y >= 0 for a'x <= b, the sign is minus the LP's."""
        multipliers: dict[str, float] = {}
        cuts: dict[str, Vector] = {}
        support = set()
        for owner, point, price in zip(rows.owners, rows.points, solution.multipliers.tolist(), strict=True):
            if abs(price) <= SMALLEST_SLACK or owner.endswith(_LINK):
                continue
            support.add(owner)
            shape = self._shapes[owner]
            if isinstance(shape, RiskCap) and point is not None:
                # Half-spaces at several z add up to one at the sum of z / volatility(z), weighted by their prices.
                part = -price * point / max(shape.excess(point) + shape.limit, np.finfo(float).tiny)
                cuts[owner] = cuts.get(owner, np.zeros(self._size)) + part
            elif not isinstance(shape, Bounds):
                multipliers[owner] = multipliers.get(owner, 0.0) - price
        for owner, z in cuts.items():
            shape = self._shapes[owner]
            multipliers[owner] = shape.excess(z) + shape.limit if isinstance(shape, RiskCap) else 0.0
        return Witness(multipliers, cuts), frozenset(support)


_LINK = "#link"
"""Marks the rows that tie a distance's absolute values to the weights: they belong to no limit of their own."""


def _add_shape(rows: _Rows, shape: Bounds | Row | Distance, slack: int | None, rate: float) -> None:
    """Rows for a shape; with a slack column its limit gives by ``rate`` per unit of slack."""
    give = {} if slack is None else {slack: -rate}
    take = {} if slack is None else {slack: rate}
    if isinstance(shape, Bounds):
        for i in np.flatnonzero(np.isfinite(shape.lower)).tolist():
            rows.add(shape.id, {i: 1.0, **take}, float(shape.lower[i]), np.inf)
        for i in np.flatnonzero(np.isfinite(shape.upper)).tolist():
            rows.add(shape.id, {i: 1.0, **give}, -np.inf, float(shape.upper[i]))
    elif isinstance(shape, Row):
        entries = dict(enumerate(shape.coefficients.tolist()))
        rows.add(shape.id, {**entries, **give}, -np.inf, shape.limit)
        if shape.equality:
            rows.add(shape.id, {**entries, **take}, shape.limit, np.inf)
    else:
        first = rows.columns
        rows.columns += len(shape.center)
        for i, center in enumerate(shape.center.tolist()):
            rows.add(shape.id + _LINK, {first + i: 1.0, i: -1.0}, -center, np.inf)
            rows.add(shape.id + _LINK, {first + i: 1.0, i: 1.0}, center, np.inf)
        total = dict.fromkeys(range(first, first + len(shape.center)), 1.0)
        rows.add(shape.id, {**total, **give}, -np.inf, shape.limit)


def _add_cut(rows: _Rows, cap: RiskCap, slack: int | None, x: Vector) -> None:
    cut = cap.cut(x)
    if cut is not None:
        give = {} if slack is None else {slack: -1.0}
        rows.add(cap.id, {**dict(enumerate(cut.coefficients.tolist())), **give}, -np.inf, cap.limit, x)


def _dropping_order(constraint: Constraint) -> tuple[bool, bool]:
    return (not constraint.relaxable, not constraint.id.startswith("strategies."))


def _outward(constraint: Constraint, slack: float) -> float:
    """The limit moved by a slack to its looser side, rounded to nine decimals on that side."""
    looser = 1.0 if constraint.sensitivity > 0 else -1.0
    exact = round((constraint.limit + looser * max(0.0, slack)) * looser, DECIMALS + 3)
    return float(np.ceil(exact * 10.0**DECIMALS - 1e-6) / 10.0**DECIMALS) * looser
