"""Why nothing is feasible: a smallest set of limits that contradict each other, and the least that must give way.

Both come from elastic linear programs: every limit may give by a slack of its own, and the slacks are minimised. The
multipliers at the optimum are a Farkas proof, and the limits that carry one are a conflict; dropping its members one by
one makes it minimal. A risk cap joins the proof as its half-space at the least risk that the other limits allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.certificate import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.linear_programs import LinearProgram, LinearPrograms, LinearSolution
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Bounds, Distance, RiskCap, Row, Shape
from tangency.domain.risk.volatility import Volatility, covariance_of

SMALLEST_SLACK = 1e-9
"""The linear programs are solved to 1e-10."""
LARGEST_WEIGHT = 1e3
"""A weight without a bound may be this large in either direction: programs with endless variables lose digits."""
LIGHTEST, HEAVIEST = 1e-5, 1e6
"""Weights of the risk against the relative changes, risk scaled to a largest variance of 1."""
BISECTIONS = 60
"""Of the logarithm of the weight: the last moves it by 1 in 10^16."""
NOTICEABLE, NO_DEARER = 1e-4, 1e-6
"""A share of all changes below the first may be rounding: it is, if doing without it costs no more than the second."""
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
        proof: multipliers of members of the conflict whose bound over the box of every weight is above zero.
        bound: by how much; see ``farkas_bound``.
    """

    conflict: tuple[Conflicting, ...]
    relaxation: tuple[Relaxation, ...]
    proof: Witness
    bound: float


def explain_infeasibility(
    problem: Problem, estimates: Estimates, linear_programs: LinearPrograms
) -> Infeasibility | None:
    """Find out whether any portfolio satisfies every constraint, and if none does, why.

    Returns:
        None where the constraints can be satisfied within 1e-9, or where the solver of linear programs failed.
    """
    elastic = _Elastic(problem, estimates, linear_programs)
    conflict = elastic.conflict(problem.constraints)
    clash = elastic.clash(conflict) if conflict else None
    if clash is None:
        return None
    bound = farkas_bound(problem.region(estimates), clash.witness)
    if bound <= SMALLEST_FARKAS_BOUND:
        return None
    members = tuple(
        Conflicting(c.id, c.sentence(), c.limit, elastic.sufficient(c) if c.relaxable else None) for c in conflict
    )
    slacks = elastic.least_relaxation()
    relaxation = tuple(
        Relaxation(c.id, c.limit, _outward(c, slacks[c.id])) for c in problem.constraints if c.id in slacks
    )
    return Infeasibility(members, relaxation, clash.witness, bound)


@dataclass(eq=False)
class _Rows:
    """A linear program under construction, over weights, slacks in units near their limits, and absolute values."""

    columns: int
    slack_units: Mapping[int, float]
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

    def row_units(self) -> Vector:
        """Powers of two near the largest coefficient of each row, slacks aside; shape (rows,)."""
        largest = [0.0] * len(self.lower)
        for row, column, value in self.triplets:
            largest[row] = max(largest[row], abs(value) if column not in self.slack_units else 0.0)
        return np.array([power_of_two_near(value) for value in largest])

    def column_units(self) -> Vector:
        """What each variable is measured in; shape (columns,)."""
        return np.array([self.slack_units.get(column, 1.0) for column in range(self.columns)])


@dataclass(frozen=True, eq=False, slots=True)
class _Clash:
    """Multipliers that show members to contradict each other, and whose they are."""

    witness: Witness
    support: frozenset[str]


class _Elastic:
    """Programs over the weights and one slack per constraint that may give way."""

    def __init__(self, problem: Problem, estimates: Estimates, linear_programs: LinearPrograms) -> None:
        self._problem = problem
        self._size = len(problem.universe)
        self._solver = linear_programs
        self._shapes: dict[str, Shape] = {c.id: c.shape(problem.universe, estimates) for c in problem.constraints}

    def conflict(self, members: Sequence[Constraint]) -> tuple[Constraint, ...]:
        """A minimal infeasible subset; empty where the members can be satisfied.

        Members are tried for dropping with the bounds of single names first and the budget and the ban on short
        positions last, so that what stays is as few of the user's own limits as possible.
        """
        found = self._clashing(members)
        if found is None:
            return ()
        for constraint in sorted(found, key=_dropping_order):
            if constraint in found:
                found = self._clashing([c for c in found if c is not constraint]) or found
        return tuple(c for c in members if c in found)

    def _clashing(self, members: Sequence[Constraint]) -> list[Constraint] | None:
        clash = self.clash(members)
        return None if clash is None else [c for c in members if c.id in clash.support]

    def clash(self, members: Sequence[Constraint]) -> _Clash | None:
        """Let every member give way: where the least that must give is above zero, its multipliers are a proof."""
        rows, slack_of = self._rows(members, members)
        for cap in self._caps(members):
            cut = self._least_risk(members, cap)
            if cut is not None:
                _add_cut(rows, cap, slack_of[cap.id], cut)
        cost = _relative_cost(members, slack_of, rows.columns)
        solution = self._minimise(rows, cost)
        if solution.status != "optimal" or float(cost @ solution.x) <= SMALLEST_SLACK:
            return None
        return self._clash(rows, solution)

    def sufficient(self, constraint: Constraint) -> float | None:
        """The value of one limit that makes the whole problem feasible, or None."""
        slacks = self.relax([constraint])
        return None if slacks is None else _outward(constraint, slacks[constraint.id])

    def least_relaxation(self) -> Mapping[str, float]:
        """The slacks above zero of the least relaxation; those that only a solver's rounding moved are given back."""
        slacks = self._moved([c for c in self._problem.constraints if c.relaxable])
        total = sum(self._relative(slacks).values())
        large = [key for key, share in self._relative(slacks).items() if share > NOTICEABLE * total]
        fewer = self._moved([self._problem.by_id[key] for key in large]) if len(large) < len(slacks) else {}
        as_good = fewer and sum(self._relative(fewer).values()) <= total * (1.0 + NO_DEARER)
        return fewer if as_good else slacks

    def _moved(self, soft: Sequence[Constraint]) -> Mapping[str, float]:
        slacks = self.relax(soft) or {}
        return {key: slacks[key] for key, share in self._relative(slacks).items() if share > SMALLEST_SLACK}

    def _relative(self, slacks: Mapping[str, float]) -> Mapping[str, float]:
        return {key: slack / (abs(self._problem.by_id[key].limit) or 1.0) for key, slack in slacks.items()}

    def relax(self, soft: Sequence[Constraint]) -> Mapping[str, float] | None:
        """How much each soft constraint must give, all others as they are, for the least sum of relative changes.

        Returns:
            None where even that does not help.
        """
        members = self._problem.constraints
        rows, slack_of = self._rows(members, soft)
        cost = _relative_cost(soft, slack_of, rows.columns)
        solution: LinearSolution | None = self._minimise(rows, cost)
        for cap in self._caps(members):
            price = 1.0 / cap.limit if cap.id in slack_of else np.inf
            solution = self._at_cap(rows, cost, cap, price, solution)
        if solution is None or solution.status != "optimal":
            return None
        slacks = {key: float(solution.x[column]) for key, column in slack_of.items()}
        for cap in self._caps(soft):
            slacks[cap.id] = max(0.0, cap.excess(solution.x[: self._size]))
        return slacks

    def _at_cap(
        self, rows: _Rows, cost: Vector, cap: RiskCap, price: float, without: LinearSolution | None
    ) -> LinearSolution | None:
        """Add the risk, at the smallest weight at which it meets its cap or costs as much as the cap's own slack.

        The minimiser of cost'v + weight / 2 x'Sx falls in risk as the weight grows, and weight x risk is the price of
        the cap: so both conditions change once, and bisection finds where.

        Args:
            rows: every other limit.
            cost: of the slacks.
            cap: the risk cap.
            price: cost of a unit of the cap's slack; infinite where it may not give.
            without: the solution with the cap left out.
        """
        if without is None or without.status != "optimal" or cap.excess(without.x[: self._size]) <= 0:
            return without
        unit = float(covariance_of(cap.risk).variances.max()) or 1.0
        scaled = covariance_of(cap.risk).dense() / unit

        def solved(weight: float) -> tuple[bool, LinearSolution]:
            solution = self._minimise(rows, cost / weight, scaled)
            risk = cap.excess(solution.x[: self._size]) + cap.limit if solution.status == "optimal" else np.inf
            return risk <= cap.limit or weight / unit * risk >= price, solution

        low, high = LIGHTEST, HEAVIEST
        enough, solution = solved(high)
        while solution.status != "optimal" and high > 1.0:
            high /= 10.0
            enough, solution = solved(high)
        if not enough or solution.status != "optimal":
            return None
        for _ in range(BISECTIONS):
            middle = float(np.sqrt(low * high))
            enough, candidate = solved(middle)
            low, high = (low, middle) if enough else (middle, high)
            solution = candidate if enough else solution
        return solution

    def _least_risk(self, members: Sequence[Constraint], cap: RiskCap) -> Vector | None:
        """The portfolio of least risk under the other members, where they have one and it is above the cap."""
        rows, _ = self._rows(members, ())
        unit = float(covariance_of(cap.risk).variances.max()) or 1.0
        least = self._minimise(rows, np.zeros(rows.columns), covariance_of(cap.risk).dense() / unit)
        x = least.x[: self._size]
        return x if least.status == "optimal" and cap.excess(x) > SMALLEST_SLACK * cap.limit else None

    def _caps(self, members: Sequence[Constraint]) -> list[RiskCap]:
        shapes = [self._shapes[c.id] for c in members]
        return [shape for shape in shapes if isinstance(shape, RiskCap) and isinstance(shape.risk, Volatility)]

    def _rows(self, members: Sequence[Constraint], soft: Sequence[Constraint]) -> tuple[_Rows, dict[str, int]]:
        """Rows for all members but risk caps, and the column of each soft member's slack."""
        slack_of = {c.id: self._size + position for position, c in enumerate(soft)}
        units = {slack_of[c.id]: power_of_two_near(abs(c.limit)) for c in soft}
        rows = _Rows(self._size + len(slack_of), units)
        for constraint in members:
            shape = self._shapes[constraint.id]
            if not isinstance(shape, RiskCap):
                _add_shape(rows, shape, slack_of.get(constraint.id), abs(constraint.sensitivity))
        return rows, slack_of

    def _minimise(self, rows: _Rows, cost: Vector, quadratic: Matrix | None = None) -> LinearSolution:
        """Solve with every row and slack scaled to figures near 1: returns may be in any unit, tolerances are not."""
        row_units, column_units = rows.row_units(), rows.column_units()
        slacks = rows.columns - self._size
        lower = np.concatenate([np.full(self._size, -LARGEST_WEIGHT), np.zeros(slacks)])
        upper = np.concatenate([np.full(self._size, LARGEST_WEIGHT), np.full(slacks, np.inf)])
        row, column, value = np.array(rows.triplets, dtype=float).reshape(-1, 3).T
        places = row.astype(np.int32), column.astype(np.int32)
        program = LinearProgram(
            cost * column_units,
            lower,
            upper,
            np.array(rows.lower) / row_units,
            np.array(rows.upper) / row_units,
            (*places, value * column_units[places[1]] / row_units[places[0]]),
            quadratic,
        )
        found = self._solver.minimise(program)
        return LinearSolution(found.status, found.x * column_units, found.multipliers / row_units)

    def _clash(self, rows: _Rows, solution: LinearSolution) -> _Clash:
        """Row multipliers gathered by constraint: with f = 0 and y >= 0 for a'x <= b, the sign is minus the LP's."""
        multipliers: dict[str, float] = {}
        cuts: dict[str, Vector] = {}
        support = set()
        found = zip(rows.owners, rows.points, solution.multipliers.tolist(), rows.row_units().tolist(), strict=True)
        for owner, point, price, unit in found:
            if abs(price) * unit <= SMALLEST_SLACK or owner == _LINK:
                continue
            support.add(owner)
            shape = self._shapes[owner]
            if point is not None:
                cuts[owner] = point
            if not isinstance(shape, Bounds):
                multipliers[owner] = multipliers.get(owner, 0.0) - price
        return _Clash(Witness(multipliers, cuts), frozenset(support))


_LINK = ""
"""Owns the rows that tie a distance's absolute values to the weights: they belong to no limit, and no id is empty."""


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
            rows.add(_LINK, {first + i: 1.0, i: -1.0}, -center, np.inf)
            rows.add(_LINK, {first + i: 1.0, i: 1.0}, center, np.inf)
        total = dict.fromkeys(range(first, first + len(shape.center)), 1.0)
        rows.add(shape.id, {**total, **give}, -np.inf, shape.limit)


def _relative_cost(soft: Sequence[Constraint], slack_of: Mapping[str, int], columns: int) -> Vector:
    cost = np.zeros(columns)
    for constraint in soft:
        cost[slack_of[constraint.id]] = 1.0 / (abs(constraint.limit) or 1.0)
    return cost


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
