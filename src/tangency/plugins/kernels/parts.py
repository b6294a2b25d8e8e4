"""Problems about some of the names, and about portfolios of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Market
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Constraint, LongOnly
from tangency.domain.optimization.problem import Problem


def estimates_of_some(estimates: Estimates, places: Sequence[int]) -> Estimates:
    """The same figures of the names at these places, in their order."""
    listed = list(places)
    universe = Universe(tuple(estimates.universe.assets[place] for place in listed))
    covariance = DenseCovariance.of(_as_estimated(estimates.covariance)[np.ix_(listed, listed)])
    mean = None if estimates.mean is None else estimates.mean[listed]
    scenarios = None if estimates.scenarios is None else estimates.scenarios.only(universe)
    return Estimates(universe, mean, covariance, estimates.sources, scenarios)


def _as_estimated(covariance: Covariance) -> Matrix:
    """The matrix before it was repaired: some names may need no repair, and cash is without variance."""
    matrix = covariance.dense()
    return matrix - covariance.repair.shift * np.eye(covariance.size) if covariance.repair else matrix


def estimates_of_portfolios(estimates: Estimates, weights: Matrix, names: Sequence[str]) -> Estimates:
    """Figures of portfolios as if they were names.

    Args:
        estimates: of n names.
        weights: one portfolio a column; shape (n, k).
        names: of the portfolios.
    """
    universe = Universe.of(names)
    between = weights.T @ estimates.covariance.dense() @ weights
    mean = None if estimates.mean is None else estimates.mean @ weights
    sample = estimates.scenarios
    scenarios = (
        None
        if sample is None
        else Scenarios(universe, sample.returns @ weights, sample.probabilities, sample.periods_per_year)
    )
    covariance = DenseCovariance.of(0.5 * (between + between.T))
    return Estimates(universe, mean, covariance, estimates.sources, scenarios)


def limits_on_some(limits: Sequence[Constraint], universe: Universe) -> tuple[Constraint, ...]:
    """Those limits that mean something for some of the names alone.

    Left out are limits of other names and sectors, and on turnover, which the others are part of.
    """
    own = [
        replace(limit, exempt=limit.exempt & set(universe.names)) if isinstance(limit, LongOnly) else limit
        for limit in limits
    ]
    return tuple(limit for limit in own if not limit.faults(universe))


def problem_over(problem: Problem, estimates: Estimates, limits: Sequence[Constraint]) -> Problem:
    """The aim of a problem over the names of other estimates, within other limits."""
    market = Market(
        estimates.universe,
        estimates.mean,
        estimates.covariance.dense(),
        periods_per_year=problem.market.periods_per_year,
    )
    return replace(problem, market=market, constraints=tuple(limits), current=None)
