"""Small problems from figures, and their solutions by mean-variance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.method import NoOptions, OptimizationMethod
from tangency.domain.optimization.objective import MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.mean_variance import MeanVariance

LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())


def posed(
    covariance: ArrayLike,
    mean: ArrayLike | None = None,
    objective: Objective | None = None,
    limits: Sequence[Constraint] = LONG_ONLY,
    names: Sequence[str] | None = None,
    sectors: Sequence[str | None] | None = None,
) -> Problem:
    """A problem over given figures; names are A, B, C, ... unless given."""
    values = np.asarray(covariance, dtype=float)
    listed = names or [chr(ord("A") + i) for i in range(len(values))]
    groups = sectors or [None] * len(values)
    universe = Universe(tuple(Asset(name, sector) for name, sector in zip(listed, groups, strict=True)))
    means = None if mean is None else np.asarray(mean, dtype=float)
    return Problem(Market(universe, means, values), objective or MinimumVolatility(), tuple(limits))


def estimated(problem: Problem) -> Estimates:
    """The figures that the problem came with."""
    market = problem.market
    assert market.covariance is not None
    origin = Sources("absent" if market.mean is None else "given", "given")
    return Estimates(market.universe, market.mean, DenseCovariance.of(market.covariance), origin)


def answer(problem: Problem, method: OptimizationMethod | None = None) -> Solution:
    """What comes of it, whatever it is."""
    return solve_with(problem, estimated(problem), method or MeanVariance(), NoOptions(), HighsLinearPrograms())


def best(problem: Problem) -> Solution:
    """The solution of a problem that has a proven best portfolio."""
    solution = answer(problem)
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    return solution
