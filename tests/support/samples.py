"""Returns and samples to try estimators on: drawn ones, and the real prices of twenty stocks."""

from functools import cache

import numpy as np
import polars as pl

from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.sample import prices_path

DAYS = 252.0


def returns_of(rows: int, names: int, seed: int = 7, scale: float = 0.01) -> Matrix:
    """Daily returns with one factor in common."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(rows, 1))
    drawn: Matrix = scale * (0.05 + factor + rng.normal(size=(rows, names)))
    return drawn


@cache
def stock_returns(rows: int = 1260) -> Matrix:
    """The latest daily returns of the sample's twenty stocks."""
    frame = pl.read_parquet(prices_path())
    prices = frame.select(pl.exclude("Date")).to_numpy()[-rows - 1 :]
    returns: Matrix = prices[1:] / prices[:-1] - 1.0
    return returns


def sample_of(rows: Matrix, per_year: float = DAYS) -> Scenarios:
    """Returns as an estimator gets them: every row, each of its own period."""
    universe = Universe.of([f"A{i}" for i in range(rows.shape[1])])
    history = Market(universe, returns=Returns(universe, rows), periods_per_year=per_year).history()
    assert history is not None
    return history[0]
