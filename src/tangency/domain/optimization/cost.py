"""What a problem costs, guessed from its shape before anybody solves it."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.queue import Queue

QUICK_S = 0.05
"""Whatever its size: handing over, proving, keeping."""
PER_PRODUCT_S, PER_CUBE_S = 4e-10, 3e-10
"""For each product that a covariance of returns sums; for each cube of names, in factors and proofs."""
PER_FIGURE_S, PER_CUT_S = 1.5e-7, 2e-8
"""For each return of a period, in programs over scenarios; for each name and constraint."""
PER_CHOICE = 0.05
"""Times the rest, for each name that is held in a smallest size or not at all: a part of them is branched on."""

Path = tuple[str | int, ...]


class TooExpensive(InvalidInput):
    """A problem that this service does not take on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a problem decides on its cost.

    Attributes:
        scenarios: periods of returns that it brings.
        choices: names that are held in a smallest size or not at all.
    """

    names: int
    constraints: int = 0
    scenarios: int = 0
    choices: int = 0

    @classmethod
    def of(cls, problem: Problem) -> Shape:
        """The shape of a problem."""
        returns, limits = problem.market.returns, problem.constraints
        names = len(problem.universe)
        choices = names if any(isinstance(limit, MinimumPosition) for limit in limits) else 0
        return cls(names, len(limits), 0 if returns is None else len(returns.values), choices)

    @property
    def seconds(self) -> float:
        """A guess, on a processor core of our day."""
        n, periods = self.names, self.scenarios
        convex = PER_PRODUCT_S * periods * n**2 + PER_CUBE_S * n**3 + PER_FIGURE_S * periods * n
        return (QUICK_S + convex + PER_CUT_S * n * self.constraints) * (1.0 + PER_CHOICE * self.choices)

    def __str__(self) -> str:
        told = f"{self.names:,} names, {self.constraints:,} constraints, {self.scenarios:,} periods of returns"
        return f"{told}, {self.choices:,} choices" if self.choices else told


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What costs too much.

    Attributes:
        light_s: seconds up to which a problem is light.
        most_s: seconds above which it is refused.
    """

    light_s: float = 5.0
    most_s: float = 300.0

    def queue(self, shape: Shape) -> Queue:
        """Where a problem of that shape waits."""
        return Queue.LIGHT if shape.seconds <= self.light_s else Queue.HEAVY

    def refuse(self, shape: Shape, path: Path = ()) -> None:
        """Nothing, up to the ceiling.

        Raises:
            TooExpensive: above it, with the numbers.
        """
        if shape.seconds > self.most_s:
            detail = (
                f"the problem ({shape}) is estimated at {shape.seconds:,.0f} seconds, and this service takes up to "
                f"{self.most_s:,.0f}; ask for fewer names, periods or choices."
            )
            raise TooExpensive.at(path, detail, "too_expensive")
