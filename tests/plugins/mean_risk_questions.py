"""Problems over given returns, and what mean_risk answers to them."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tangency.adapters.entry_points.options import bind_options
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.problem import Problem, SolverPolicy
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.mean_risk import MeanRisk, MeanRiskOptions
from tangency.sample import prices_path

LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())


@cache
def sample_returns(days: int) -> Matrix:
    """The last daily returns of the 20 stocks."""
    frame = pl.read_parquet(prices_path())
    prices = frame.select([name for name in frame.columns if name != "Date"]).to_numpy()
    returns: Matrix = prices[1:] / prices[:-1] - 1.0
    return returns[-days:]


def estimates_of(returns: ArrayLike, periods_per_year: float = 252.0) -> Estimates:
    """The sample's own moments, and the returns as scenarios."""
    rows = np.asarray(returns, dtype=float)
    universe = Universe(tuple(Asset(f"N{i}") for i in range(rows.shape[1])))
    sample = Scenarios(universe, rows, None, periods_per_year)
    covariance = DenseCovariance.of(periods_per_year * np.atleast_2d(np.cov(rows, rowvar=False)))
    sources = Sources("estimated", "estimated", "sample", "sample")
    return Estimates(universe, periods_per_year * sample.mean, covariance, sources, sample)


def asked(
    returns: ArrayLike,
    objective: Objective,
    limits: Sequence[Constraint] = LONG_ONLY,
    level: float = 0.95,
    periods_per_year: float = 252.0,
    time_limit_s: float = 60.0,
    **options: object,
) -> Solution:
    """What comes of it, whatever it is."""
    estimates = estimates_of(returns, periods_per_year)
    history = Returns(estimates.universe, np.asarray(returns, dtype=float))
    market = Market(estimates.universe, returns=history, periods_per_year=periods_per_year)
    policy = SolverPolicy(time_limit_s=time_limit_s)
    problem = Problem(market, objective, tuple(limits), "mean_risk", confidence_level=level, solver=policy)
    bound = bind_options(MeanRiskOptions, options)
    return solve_with(problem, estimates, MeanRisk(), bound, HighsLinearPrograms(60.0))


def best(*args: object, **options: object) -> Solution:
    """The solution of a problem that has a proven best portfolio."""
    solution = asked(*args, **options)  # type: ignore[arg-type]
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message, solution.certificate)
    return solution
