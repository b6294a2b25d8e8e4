"""Five years of the sample's returns, as estimates and as problems."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.sample import prices_path

DAYS = 1260
TRADING_DAYS = 252.0


@cache
def five_years() -> tuple[tuple[str, ...], Matrix]:
    """The 20 names, and their simple daily returns of the last five years, oldest first; shape (1260, 20)."""
    frame = pl.read_parquet(prices_path())
    names = tuple(name for name in frame.columns if name != "Date")
    prices = frame.select(names).to_numpy()
    return names, (prices[1:] / prices[:-1] - 1.0)[-DAYS:]


def of_history(
    rows: Matrix,
    names: Sequence[str] | None = None,
    objective: Objective | None = None,
    limits: Sequence[Constraint] = (Budget(), LongOnly()),
) -> tuple[Problem, Estimates]:
    """A problem over returns per day, and the sample estimates of it; names are N0, N1, ... unless given."""
    universe = Universe.of(names or [f"N{i}" for i in range(rows.shape[1])])
    market = Market(universe, returns=Returns(universe, rows), periods_per_year=TRADING_DAYS)
    covariance = TRADING_DAYS * np.atleast_2d(np.cov(rows, rowvar=False))
    mean = TRADING_DAYS * rows.mean(axis=0)
    origin = Sources("estimated", "estimated", "sample", "sample")
    scenarios = Scenarios(universe, rows, None, TRADING_DAYS)
    estimates = Estimates(universe, mean, DenseCovariance.of(covariance), origin, scenarios)
    return Problem(market, objective or MinimumVolatility(), tuple(limits)), estimates


def of_sample(
    objective: Objective | None = None, limits: Sequence[Constraint] = (Budget(), LongOnly())
) -> tuple[Problem, Estimates]:
    """The same over the sample."""
    names, rows = five_years()
    return of_history(rows, names, objective, limits)
