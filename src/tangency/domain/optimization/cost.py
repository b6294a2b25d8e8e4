"""What answering costs, guessed from the shape of a problem before anybody solves it.

Each figure below was fitted to solves of 20 to 500 names on a processor core of our day, and is right to a factor of
two or three; what machines and methods add to that, workers learn (their pace). ``python -m benchmarks.estimates``
compares the guesses with what orders take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from tangency.domain.errors import InvalidInput, Path, TangencyError
from tangency.domain.optimization.constraint import (
    AssetClassLimit,
    Budget,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
)
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.queue import Queue

QUICK_S = 0.07
"""Whatever its size: handing over, proving, keeping."""
SOLVE_S = 0.0035
"""A solve of a few names."""
PER_PRODUCT_S, PER_CUBE_S = 2e-10, 2e-10
"""For each product that a covariance of returns sums; for each cube of names, in factors and proofs."""
PER_CUT_S = 2e-8
"""For each name and constraint."""
PER_FIGURE_S = 3e-7
"""For each return, to write it down for an order and to read it again."""
PER_CHOICE = 0.35
"""Times the rest, for each name that is held in a smallest size or not at all: a part of them is branched on."""
PER_TAXED = 3.0
"""Times the rest, for each name whose sales are taxed: 0.1 to 4 s at 30 names, by how many have lots at a loss."""
BEND = 0.02
"""Times the rest, for each name, where a limit is none of straight lines."""
PER_FOLLOWED_POINT_S = 5e-4
"""A point of a frontier that is followed along its corners."""
SOLVES_PER_POINT, SOLVES_PER_POINT_WITH_GAPS = 3.0, 7.0
"""Of a frontier that is solved for again and again, until its points are evenly spread."""
PER_PRODUCT_OF_FACTORS_S = 2e-9
"""For each product that a regression, or a decomposition into statistical factors, sums."""

VOLATILITY = "volatility"
STRAIGHT = {
    Budget,
    LongOnly,
    MinimumWeight,
    MaximumWeight,
    SectorLimit,
    AssetClassLimit,
    TargetReturn,
    MinimumPosition,
}
"""Limits between whose corners a frontier can be followed, once it is known which names are held."""

Program = Callable[[int, int], float]


def _by_cuts(names: int, periods: int) -> float:
    """Few of the periods are ever looked at."""
    return periods * (4e-6 + 2.2e-7 * names)


def _conic(names: int, periods: int) -> float:
    """A row for each period."""
    return periods * (2e-5 + 8e-8 * names**2)


def _by_steps(names: int, periods: int) -> float:
    """A product of the returns with themselves for each of some ten steps."""
    return periods * (2e-5 + 2.5e-9 * names**2)


def _by_steps_of_drawdowns(names: int, periods: int) -> float:
    """And variables and rows for peaks about as high as each other."""
    return periods * (6e-5 + 4e-9 * names**2)


def _pairwise(names: int, periods: int) -> float:
    """Every period against every other."""
    return 2e-6 * periods**2 + _by_cuts(names, periods)


PROGRAMS: Mapping[str, Program] = {
    VOLATILITY: lambda _names, _periods: 0.0,
    "variance": lambda _names, _periods: 0.0,
    "cvar": _by_cuts,
    "var": _by_cuts,
    "worst_realization": _by_cuts,
    "evar": _by_steps,
    "edar": _by_steps_of_drawdowns,
    "ulcer_index": _by_steps_of_drawdowns,
    "gini_mean_difference": _pairwise,
}
"""Seconds of the program over periods that a measure of risk leads to; every other measure has a conic one."""


class TooExpensive(InvalidInput):
    """A problem that this service does not take on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a problem decides on its cost.

    Attributes:
        scenarios: periods of returns that it brings.
        choices: names that are held in a smallest size or not at all.
        measure: of the risk that it is solved for.
        straight: whether every limit is one of straight lines.
        taxed: names whose sales are taxed; frontiers are before tax.
    """

    names: int
    constraints: int = 0
    scenarios: int = 0
    choices: int = 0
    measure: str = VOLATILITY
    straight: bool = True
    taxed: int = 0

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The shape of a problem."""
        returns, limits = problem.market.returns, problem.constraints
        names = len(problem.universe)
        kinds = set(map(type, limits))
        choices = names if MinimumPosition in kinds else 0
        return cls(
            names,
            len(limits),
            0 if returns is None else len(returns.values),
            choices,
            problem.risk_measure,
            kinds <= STRAIGHT,
            names if problem.options.get("tax") else 0,
        )

    @property
    def solve_s(self) -> float:
        """A solve, on a processor core of our day."""
        n, periods = self.names, self.scenarios
        moments = PER_PRODUCT_S * periods * n**2 + PER_CUBE_S * n**3 + PER_CUT_S * n * self.constraints
        program = PROGRAMS.get(self.measure, _conic)(n, periods)
        bent = 1.0 if self.straight else 1.0 + BEND * n
        return (SOLVE_S + moments + program) * bent * (1.0 + PER_CHOICE * self.choices + PER_TAXED * self.taxed)

    def trace_s(self, points: int) -> float:
        """A frontier of so many points within the same limits, before tax."""
        if self.taxed:
            return replace(self, taxed=0).trace_s(points)
        if self.measure == VOLATILITY and self.straight and not self.choices:
            return self.solve_s + PER_FOLLOWED_POINT_S * points
        return points * self.solve_s * (SOLVES_PER_POINT_WITH_GAPS if self.choices else SOLVES_PER_POINT)

    def __str__(self) -> str:
        told = f"{self.names:,} names, {self.constraints:,} constraints, {self.scenarios:,} periods of returns"
        told = f"{told}, {self.choices:,} choices" if self.choices else told
        return f"{told}, {self.taxed:,} taxed" if self.taxed else told


@dataclass(frozen=True, slots=True)
class Cost:
    """A guess.

    Attributes:
        seconds: on a processor core of our day, with nobody else there.
        told: of what.
    """

    seconds: float
    told: str

    @classmethod
    def of_answer(cls, problem: Problem) -> Self:
        """Of an answer at once."""
        shape = Shape.of(problem)
        return cls(QUICK_S + shape.solve_s, f"the problem ({shape})")

    @classmethod
    def of_order(cls, problem: Problem, points: int, most_s: float) -> Self:
        """Of an order: its answer, and the frontier beside it, which is given up after ``most_s`` seconds."""
        shape = Shape.of(problem)
        kept_s = QUICK_S + PER_FIGURE_S * shape.scenarios * shape.names
        return cls(kept_s + shape.solve_s + min(most_s, shape.trace_s(points)), f"the problem ({shape})")

    @classmethod
    def of_frontier(cls, problem: Problem, points: int) -> Self:
        """Of a frontier of so many points."""
        shape = Shape.of(problem)
        return cls(QUICK_S + shape.trace_s(points), f"the frontier ({shape}, {points:,} points)")

    @classmethod
    def of_plan(cls, problem: Problem, chosen: bool, rounds: int) -> Self:
        """Of a rebalance plan.

        Args:
            problem: of its target.
            chosen: whether each name is traded in a smallest size or not at all, or only so many are.
            rounds: so often it is solved at most.
        """
        shape = replace(Shape.of(problem), taxed=0)  # by four programs, and not by sides of names
        choices = len(problem.universe) if chosen else 0
        seconds = rounds * shape.solve_s * (1.0 + PER_CHOICE * choices)
        told = f"{shape}, {choices:,} choices of trades" if chosen else str(shape)
        return cls(QUICK_S + seconds, f"the plan ({told})")

    @classmethod
    def of_analysis(cls, names: int, periods: int, factors: int) -> Self:
        """Of a factor analysis; 0 factors are statistical ones, which are to be found first."""
        columns = factors or min(names, periods)
        seconds = PER_PRODUCT_OF_FACTORS_S * periods * columns * (names + columns)
        told = f"{names:,} names, {periods:,} periods of returns, {factors or 'statistical'} factors"
        return cls(QUICK_S + seconds, f"the analysis ({told})")


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What costs too much.

    Attributes:
        light_s: seconds up to which a problem is light.
        most_s: seconds above which it is refused.
    """

    light_s: float = 5.0
    most_s: float = 300.0

    def queue(self, cost: Cost) -> Queue:
        """Where what costs so much waits."""
        return Queue.LIGHT if cost.seconds <= self.light_s else Queue.HEAVY

    def refuse(self, cost: Cost, path: Path = ()) -> None:
        """Nothing, up to the ceiling.

        Raises:
            TooExpensive: above it, with the numbers.
        """
        if cost.seconds > self.most_s:
            detail = (
                f"{cost.told} is estimated at {cost.seconds:,.0f} seconds, and this service takes up to "
                f"{self.most_s:,.0f}; ask for fewer names, periods, points or choices."
            )
            raise TooExpensive.at(path, detail, "too_expensive")

    def refuse_to_wait(self, cost: Cost, remedy: str) -> None:
        """Nothing, up to the ceiling of what is solved while somebody waits.

        Args:
            cost: of what was asked for.
            remedy: what to ask for in its place.

        Raises:
            TooExpensive: above the other ceiling.
            TooHeavy: above this one, with the numbers and the remedy.
        """
        self.refuse(cost)
        if self.queue(cost) is Queue.HEAVY:
            raise TooHeavy(cost, self.light_s, remedy)


class TooHeavy(TangencyError):
    """It would take too long to be waited for, and there is another way to ask."""

    def __init__(self, cost: Cost, light_s: float, remedy: str) -> None:
        self.cost, self.light_s, self.remedy = cost, light_s, remedy
        super().__init__(
            f"{cost.told} is estimated at {cost.seconds:,.1f} seconds, and what is waited for may take {light_s:g}; "
            f"{remedy}"
        )
