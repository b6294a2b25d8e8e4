"""A base for methods whose aim is a convex expression of cvxpy: write the expression, and the rest is here.

The method minimises (or maximises) the expression within every limit of the request by Clarabel, and hands over what
proves it: the multipliers of the limits, the value, and a linear function below the expression. The domain cannot
recompute an expression that it does not know, so value and linear function are the method's word; that no portfolio
within the limits can do better than they allow is proven as for every method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector, power_of_two_near
from tangency.domain.optimization.certificate import LARGEST_RELATIVE_GAP, certify
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.stated_objective import StatedObjective
from tangency.plugins.kernels.cvxpy_program import CvxpyProgram, Expression, Solved
from tangency.plugins.kernels.limits import EVERY_LIMIT

Options: TypeAlias = Any
"""An instance of the class that the method declares."""

MOST_PROBED = 64
"""Names, towards each of which a linear function is compared with the expression."""
STEPS = (1.0, 0.5, 1e-2, 1e-4)
"""Of the way: a slope that is wrong is wrong right beside the weights."""
BELOW = 1e-7
"""Of the expression's size: by which a linear function that lies below it may be above it where rounding says so."""


class CvxpyObjective(ABC):
    """A method that is best at an expression.

    Attributes:
        name: of the entry point.
        citation: where the aim was published.
        capabilities: which objective of a request it answers to, and with ``needs_mean`` whether the expression uses
            means; the limits are all that the base honours.
        options: a frozen dataclass, handed to the expression.
        maximised: whether the expression is concave and more of it is better.
    """

    name: str
    citation: str
    capabilities: Capabilities = Capabilities(
        objectives=frozenset({"MIN_RISK"}),
        constraints=EVERY_LIMIT,
    )
    options: type = NoOptions
    maximised: ClassVar[bool] = False

    @abstractmethod
    def expression(self, x: Expression, estimates: Estimates, options: Options) -> Expression:
        """What to minimise, or maximise.

        Args:
            x: a ``cvxpy.Variable`` of shape (n,): the weights, in the order of the names.
            estimates: annual moments, and scenarios where ``uses_scenarios`` is among the capabilities.
            options: an instance of the options.

        Returns:
            A scalar ``cvxpy.Expression`` of x that follows cvxpy's rules of convexity: convex, or concave where
            ``maximised``.
        """

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The best weights for the expression, and what proves them.

        Raises:
            InvalidInput: the expression is not one number, or not convex by cvxpy's rules.
        """
        import cvxpy

        region = problem.region(estimates)
        if (region.lower > region.upper).any():
            return Proposal(Status.INFEASIBLE)
        x: Expression = cvxpy.Variable(region.size)
        stated = self.expression(x, estimates, options)
        self._refuse(stated)
        aim = _Aim(x, -stated if self.maximised else stated, self.name, self.maximised)
        solved = CvxpyProgram(x, region).minimise(aim.loss, aim.unit(region), problem.solver)
        proposal = Proposal(solved.status, iterations=solved.attempt.iterations, attempts=(solved.attempt,))
        if solved.weights is None:
            return proposal
        return _proven(replace(proposal, weights=solved.weights), aim, solved, problem, estimates)

    def _refuse(self, stated: Expression) -> None:
        wanted = "concave" if self.maximised else "convex"
        if getattr(stated, "size", None) != 1 or not getattr(stated, "variables", list)():
            detail = f"{self.name!r} has an expression that is not one number of the weights; return a scalar of x."
            raise InvalidInput.at(("method",), detail, "not_scalar")
        if not (stated.is_concave() if self.maximised else stated.is_convex()):
            detail = (
                f"{self.name!r} has an expression that is {stated.curvature.lower()} by cvxpy's rules, and a best "
                f"portfolio is proven for a {wanted} one only; write it in atoms that cvxpy knows to be {wanted}."
            )
            raise InvalidInput.at(("method",), detail, "not_convex")


@dataclass(frozen=True, eq=False, slots=True)
class _Aim:
    """The loss as an expression of x, and as a function of weights."""

    x: Expression
    loss: Expression
    name: str
    maximised: bool

    def at(self, weights: Vector) -> float:
        """The loss; infinite where it is not defined."""
        self.x.value = weights
        with np.errstate(all="ignore"):
            value = self.loss.value
        return np.inf if value is None or not np.isfinite(value).all() else float(np.ravel(value)[0])

    def unit(self, region: Region) -> float:
        """Of the loss: the size that it has around the region."""
        equal = np.full(region.size, 1.0 / region.size)
        sizes = [abs(self.at(point)) for point in _around(region, equal, (1.0,))]
        return power_of_two_near(max((size for size in sizes if np.isfinite(size)), default=1.0))

    def gradient(self, weights: Vector) -> Vector | None:
        """Where the expression has one that cvxpy knows."""
        self.x.value = weights
        with np.errstate(all="ignore"):
            found = self.loss.grad.get(self.x)
        slope = None if found is None else np.ravel(found.toarray() if hasattr(found, "toarray") else found)
        return slope if slope is not None and np.isfinite(slope).all() else None

    def stated(self, weights: Vector, slope: Vector) -> StatedObjective:
        """The loss at the weights, and the linear function of this slope that touches it there."""
        value = self.at(weights)
        constant = value - float(slope @ weights)
        word, own = self.name.upper(), -value if self.maximised else value
        return StatedObjective(word, own, constant, tuple(slope.tolist()), self.maximised)

    def above(self, objective: StatedObjective, region: Region, weights: Vector) -> bool:
        """Whether the loss is nowhere below its linear function, as far as it is looked at."""
        slope = np.array(objective.slope)
        for point in _around(region, weights, STEPS):
            size = max(abs(objective.stated), float(np.abs(slope) @ (np.abs(point) + np.abs(weights))))
            if self.at(point) < objective.constant + float(slope @ point) - BELOW * size:
                return False
        return True


def _around(region: Region, weights: Vector, steps: tuple[float, ...]) -> Iterator[Vector]:
    """The weights, and points on the way from them to all in one name and to nothing in it."""
    yield weights
    names = np.unique(np.linspace(0, region.size - 1, MOST_PROBED).astype(int)).tolist()
    for i in names:
        alone, without = np.zeros(region.size), weights.copy()
        alone[i], without[i] = 1.0, 0.0
        for step in steps:
            yield weights + step * (alone - weights)
            yield weights + step * (without - weights)


def _proven(proposal: Proposal, aim: _Aim, solved: Solved, problem: Problem, estimates: Estimates) -> Proposal:
    """With the linear function that closes the gap most: the gradient, or at a kink the slope of the multipliers."""
    weights, region = solved.weights, problem.region(estimates)
    if weights is None or not np.isfinite(aim.at(weights)):
        return replace(proposal, status=Status.NUMERICAL_ERROR, weights=None)
    slopes = [slope for slope in (aim.gradient(weights), solved.slope) if slope is not None]
    stated = [aim.stated(weights, slope) for slope in slopes]
    sound = [Reading(objective) for objective in stated if aim.above(objective, region, weights)]
    if not sound:
        nothing_known = aim.stated(weights, np.zeros(region.size))
        return replace(proposal, status=Status.FEASIBLE, reading=Reading(nothing_known))
    gaps = [_gap(reading, problem, estimates, weights, solved.witness) for reading in sound]
    closest = int(np.argmin(gaps))
    status = Status.OPTIMAL if gaps[closest] <= LARGEST_RELATIVE_GAP else Status.FEASIBLE
    return replace(proposal, status=status, witness=solved.witness, reading=sound[closest])


def _gap(reading: Reading, problem: Problem, estimates: Estimates, weights: Vector, witness: Witness) -> float:
    gap = certify(reading.of(problem), estimates, weights, witness).relative_gap
    return np.inf if gap is None else gap
