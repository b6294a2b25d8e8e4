"""Elastic programs: every limit may give way by a slack of its own, and the slacks are minimised.

Where the least that must give is above zero, its multipliers are a Farkas proof, and the limits that carry one are a
conflict. A cap on volatility or tracking error joins the proof as its half-space at the least risk that the other
limits allow; a cap on another risk as half-spaces that cut off, one after the other, what breaks it (Kelley 1960).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.active_risk import centred
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.elastic_rows import (
    SMALLEST_SLACK,
    ElasticRows,
    add_broken,
    add_cut,
    add_shape,
    proof_of,
    size_of,
    touching,
)
from tangency.domain.optimization.linear_programs import LinearProgram, LinearPrograms, LinearSolution
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Bounds, RiskCap, Semicontinuous, Shape
from tangency.domain.optimization.term import NO_CUTS

LARGEST_WEIGHT = 1e3
"""A weight may be this large in either direction, or as large as a bound that somebody stated: programs with endless
variables lose digits, and one that cuts off what was stated would take its own bound for a contradiction."""
LIGHTEST, HEAVIEST = 1e-5, 1e6
"""Weights of the risk against the relative changes, risk scaled to a largest variance of 1."""
MOST_CUTS = 200
"""Programs for caps on risks that no covariance stands behind: any number of them proves what it proves."""
ENOUGH = 1e-3
"""Sum of relative changes that shows a contradiction without doubt; whatever the least sum is, it is no smaller. With
half-spaces that a method says prove something, any sum will do: hundreds of cuts would make a small one no larger."""
BISECTIONS = 45
"""Of the logarithm of the weight: the last moves it by 1 in 10^12."""
NOTICEABLE, NO_DEARER = 1e-4, 1e-6
"""A share of all changes below the first may be rounding: it is, if doing without it costs no more than the second."""
DECIMALS = 9
"""Limits are reported with as many decimals, rounded to the side that is feasible."""
UNTOLD = 0.05
"""Of the last decimal: what a program leaves of a slack besides, so that a limit that ends before it ends there."""
ROUNDINGS = 8
"""Of a limit, in what is left of it: one of 10^12 that has to be a third says no more than three of its decimals."""


@dataclass(frozen=True, eq=False, slots=True)
class Clash:
    """Multipliers that show members to contradict each other.

    Attributes:
        witness: a Farkas proof.
        support: ids of the constraints whose multipliers are not zero.
    """

    witness: Witness
    support: frozenset[str]


class ElasticPrograms:
    """Programs over the weights and one slack per constraint that may give way.

    Args:
        problem: its constraints.
        estimates: annual moments, and scenarios.
        linear_programs: solves them.
        known: dual vectors by id of a risk cap, whose half-spaces are there from the start.
    """

    def __init__(
        self,
        problem: Problem,
        estimates: Estimates,
        linear_programs: LinearPrograms,
        known: Mapping[str, Vector] = NO_CUTS,
    ) -> None:
        self._problem = problem
        self._size = len(problem.universe)
        self._solver = linear_programs
        self._shapes: dict[str, Shape] = {c.id: c.shape(problem.universe, estimates) for c in problem.constraints}
        self._sizes = {
            c.id: size_of(self._shapes[c.id], c.limit, abs(c.sensitivity), self._size) for c in problem.constraints
        }
        self._known = bool(known)
        self._known_cuts: dict[str, list[Vector]] = {
            cap.id: [known[cap.id]] for cap in self._scenario_caps(problem.constraints) if cap.id in known
        }
        self._reach = max([LARGEST_WEIGHT, *map(_farthest, self._shapes.values())])

    def conflict(self, members: Sequence[Constraint]) -> tuple[Constraint, ...]:
        """A minimal infeasible subset; empty where the members can be satisfied.

        Members are tried for dropping with the bounds of single names first, and the budget and the ban on short
        positions, which are there until then, last: so what stays is as few of the user's own limits as possible.
        """
        found = self._clashing(members)
        if found is None:
            return ()
        kept = [c for c in members if c in found or not c.relaxable]
        for constraint in sorted(kept, key=_dropping_order):
            fewer = self._clashing([c for c in kept if c is not constraint]) if constraint in kept else None
            if fewer is not None:
                kept = [c for c in kept if c is not constraint and (c in fewer or not c.relaxable)]
        return tuple(kept)

    def _clashing(self, members: Sequence[Constraint]) -> list[Constraint] | None:
        clash = self.clash(members)
        return None if clash is None else [c for c in members if c.id in clash.support]

    def clash(self, members: Sequence[Constraint]) -> Clash | None:
        """Let every member give way: where the least that must give is above zero, its multipliers are a proof."""
        rows, slack_of = self._rows(members, members)
        for cap in self._caps(members):
            cut = self._least_risk(members, cap)
            if cut is not None:
                add_cut(rows, cap, slack_of[cap.id], touching(cap, cut))
        cost = self._relative_cost(slack_of, rows.columns)

        enough = SMALLEST_SLACK if self._known else ENOUGH

        def proves_enough(x: Vector) -> bool:
            return float(cost @ x) > enough

        caps = [*self._caps(members), *self._scenario_caps(members)]
        together = caps if len(caps) > 1 or self._scenario_caps(members) else []
        solution = self._cut_off(together, rows, slack_of, lambda: self._minimise(rows, cost), proves_enough)
        if solution is None or solution.status != "optimal" or float(cost @ solution.x) <= SMALLEST_SLACK:
            return None
        return Clash(*proof_of(rows, self._shapes, solution.multipliers))

    def sufficient(self, constraint: Constraint) -> float | None:
        """The value of one limit that makes the whole problem feasible, or None."""
        slacks = self.relax([constraint])
        return None if slacks is None else outward(constraint, slacks[constraint.id])

    def least_relaxation(self) -> Mapping[str, float]:
        """The slacks above zero of the least relaxation; those that only a solver's rounding moved are given back."""
        slacks = self._moved([c for c in self._problem.constraints if c.relaxable])
        total = sum(self._relative(slacks).values())
        large = [key for key, share in self._relative(slacks).items() if share > NOTICEABLE * total]
        fewer = self._moved([self._problem.by_id[key] for key in large]) if len(large) < len(slacks) else {}
        as_good = fewer and sum(self._relative(fewer).values()) <= total * (1.0 + NO_DEARER)
        return fewer if as_good else slacks

    def _relative_cost(self, slack_of: Mapping[str, int], columns: int) -> Vector:
        cost = np.zeros(columns)
        for key, column in slack_of.items():
            cost[column] = 1.0 / self._sizes[key]
        return cost

    def _moved(self, soft: Sequence[Constraint]) -> Mapping[str, float]:
        slacks = self.relax(soft) or {}
        return {key: slacks[key] for key, share in self._relative(slacks).items() if share > SMALLEST_SLACK}

    def _relative(self, slacks: Mapping[str, float]) -> Mapping[str, float]:
        return {key: slack / self._sizes[key] for key, slack in slacks.items()}

    def relax(self, soft: Sequence[Constraint]) -> Mapping[str, float] | None:
        """How much each soft constraint must give, all others as they are, for the least sum of relative changes.

        Returns:
            None where even that does not help.
        """
        members = self._problem.constraints
        rows, slack_of = self._rows(members, soft)
        cost = self._relative_cost(slack_of, rows.columns)

        # One cap is met to the last digit, first of all one that may give; at two, each would forget the other.
        caps = sorted(self._caps(members), key=lambda cap: cap.id not in slack_of)
        cut_off = [*caps[1:], *self._scenario_caps(members)]

        def solved() -> LinearSolution | None:
            solution: LinearSolution | None = self._minimise(rows, cost)
            for cap in caps[:1]:
                price = 1.0 / self._sizes[cap.id] if cap.id in slack_of else np.inf
                solution = self._at_cap(rows, cost, cap, price, solution, alone=[cap.id] == list(slack_of))
            return solution

        solution = self._cut_off(cut_off, rows, slack_of, solved)
        if solution is None or solution.status != "optimal":
            return None
        slacks = {key: float(solution.x[column]) for key, column in slack_of.items()}
        for cap in (*self._caps(soft), *self._scenario_caps(soft)):
            slacks[cap.id] = max(0.0, cap.excess(solution.x[: self._size]))
        return slacks

    def _cut_off(
        self,
        caps: Sequence[RiskCap],
        rows: ElasticRows,
        slack_of: Mapping[str, int],
        solved: Callable[[], LinearSolution | None],
        settled: Callable[[Vector], bool] = lambda _: False,
    ) -> LinearSolution | None:
        """Solve, cutting solutions off that break a cap, until one breaks none.

        Each program in between is looser than the whole, so what its multipliers prove is proven. Half-spaces that were
        hold a solution are there from the start the next time.
        """
        for cap in caps:
            for dual in self._known_cuts.get(cap.id, ()):
                add_cut(rows, cap, slack_of.get(cap.id), dual)
        solution = solved()
        for _ in range(MOST_CUTS):
            if solution is None or solution.status != "optimal" or settled(solution.x):
                break
            added = add_broken(rows, caps, slack_of, solution.x)
            if not added:
                break
            solution = solved()
        if solution is not None and solution.status == "optimal":
            self._keep(caps, rows, solution)
        return solution

    def _keep(self, caps: Sequence[RiskCap], rows: ElasticRows, solution: LinearSolution) -> None:
        """Half-spaces that hold a solution are there from the start the next time."""
        prices = np.abs(solution.multipliers) * rows.row_units()
        for cap in caps:
            known = self._known_cuts.setdefault(cap.id, [])
            for owner, dual, price in zip(rows.owners, rows.points, prices.tolist(), strict=True):
                if (
                    owner == cap.id
                    and dual is not None
                    and price > SMALLEST_SLACK
                    and not any(dual is k for k in known)
                ):
                    known.append(dual)

    def _at_cap(
        self,
        rows: ElasticRows,
        cost: Vector,
        cap: RiskCap,
        price: float,
        without: LinearSolution | None,
        *,
        alone: bool,
    ) -> LinearSolution | None:
        """Add the risk, at the smallest weight at which it meets its cap or costs as much as the cap's own slack.

        The minimiser of cost'v + weight / 2 (x - b)'S(x - b) falls in risk as the weight grows, and weight x risk is
        the price of the cap: so both conditions change once, and bisection finds where.

        Args:
            rows: every other limit.
            cost: of the slacks.
            cap: the risk cap.
            price: cost of a unit of the cap's slack; infinite where it may not give.
            without: the solution with the cap left out.
            alone: whether nothing costs but the cap's own slack, so that any weight has the least risk.
        """
        if without is None or without.status != "optimal" or cap.excess(without.x[: self._size]) <= 0:
            return without
        unit, scaled, pull = _half_square(cap, rows.columns)

        def solved(weight: float) -> tuple[bool, LinearSolution]:
            solution = self._minimise(rows, cost / weight + pull, scaled)
            risk = cap.excess(solution.x[: self._size]) + cap.limit if solution.status == "optimal" else np.inf
            return risk <= cap.limit or weight / unit * risk >= price, solution

        low, high = LIGHTEST, HEAVIEST
        enough, solution = solved(high)
        while solution.status != "optimal" and high > 1.0:
            high /= 10.0
            enough, solution = solved(high)
        if not enough or solution.status != "optimal":
            return None
        if alone:
            return solution
        for _ in range(BISECTIONS):
            middle = float(np.sqrt(low * high))
            enough, candidate = solved(middle)
            low, high = (low, middle) if enough else (middle, high)
            solution = candidate if enough else solution
        return solution

    def _least_risk(self, members: Sequence[Constraint], cap: RiskCap) -> Vector | None:
        """The portfolio of least risk under the other members, where they have one and it is above the cap."""
        rows, _ = self._rows(members, ())
        _, scaled, pull = _half_square(cap, rows.columns)
        least = self._minimise(rows, pull, scaled)
        x = least.x[: self._size]
        return x if least.status == "optimal" and cap.excess(x) > SMALLEST_SLACK * cap.limit else None

    def _caps(self, members: Sequence[Constraint]) -> list[RiskCap]:
        shapes = [self._shapes[c.id] for c in members]
        return [shape for shape in shapes if isinstance(shape, RiskCap) and centred(shape.risk) is not None]

    def _scenario_caps(self, members: Sequence[Constraint]) -> list[RiskCap]:
        shapes = [self._shapes[c.id] for c in members]
        return [shape for shape in shapes if isinstance(shape, RiskCap) and centred(shape.risk) is None]

    def _rows(self, members: Sequence[Constraint], soft: Sequence[Constraint]) -> tuple[ElasticRows, dict[str, int]]:
        """Rows for all members but risk caps, and the column of each soft member's slack."""
        slack_of = {c.id: self._size + position for position, c in enumerate(soft)}
        units = {slack_of[c.id]: power_of_two_near(self._sizes[c.id]) for c in soft}
        rows = ElasticRows(self._size, self._size + len(slack_of), units)
        for constraint in members:
            shape = self._shapes[constraint.id]
            if not isinstance(shape, RiskCap | Semicontinuous):
                add_shape(rows, shape, slack_of.get(constraint.id), abs(constraint.sensitivity))
        return rows, slack_of

    def _minimise(self, rows: ElasticRows, cost: Vector, quadratic: Matrix | None = None) -> LinearSolution:
        """Solve with every row and slack scaled to figures near 1: returns may be in any unit, tolerances are not."""
        row_units, column_units = rows.row_units(), rows.column_units()
        slacks = rows.columns - self._size
        lower = np.concatenate([np.full(self._size, -self._reach), np.zeros(slacks)])
        upper = np.concatenate([np.full(self._size, self._reach), np.full(slacks, np.inf)])
        row, column, value = rows.triplets()
        program = LinearProgram(
            cost * column_units,
            lower,
            upper,
            np.array(rows.lower) / row_units,
            np.array(rows.upper) / row_units,
            (row, column, value * column_units[column] / row_units[row]),
            quadratic,
        )
        found = self._solver.minimise(program)
        return LinearSolution(found.status, found.x * column_units, found.multipliers / row_units)


def _farthest(shape: Shape) -> float:
    """The largest bound of any name, whatever its sign; 0 where there is none."""
    if not isinstance(shape, Bounds):
        return 0.0
    stated = np.abs([*shape.lower, *shape.upper])
    return float(stated[np.isfinite(stated)].max(initial=0.0))


def _half_square(cap: RiskCap, columns: int) -> tuple[float, Matrix, Vector]:
    """Half the square of a cap's risk, but for a constant: its unit, and in that the quadratic and the linear part."""
    form = centred(cap.risk)
    if form is None:
        raise TypeError(f"{cap.id} limits a risk that no covariance stands behind")
    covariance, center = form
    unit = float(covariance.variances.max()) or 1.0
    pull = np.zeros(columns)
    pull[: len(center)] = -covariance.times(center) / unit
    return unit, covariance.dense() / unit, pull


def _dropping_order(constraint: Constraint) -> tuple[bool, bool]:
    return (not constraint.relaxable, not constraint.id.startswith("strategies."))


def outward(constraint: Constraint, slack: float) -> float:
    """The limit moved by a slack to its looser side, rounded on that side to nine decimals, or as many as it has."""
    looser = 1.0 if constraint.sensitivity > 0 else -1.0
    lost = ROUNDINGS * np.finfo(float).eps * abs(constraint.limit)
    exact = round((constraint.limit + looser * max(0.0, slack)) * looser + lost, DECIMALS + 3)
    return float(np.ceil(exact * 10.0**DECIMALS - UNTOLD) / 10.0**DECIMALS) * looser
