"""The data of every row: simple daily returns of the sample's 20 names over its last five years."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tangency import Market, Returns, Universe
from tangency.sample import prices_path

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = NDArray[np.float64]

DAYS = 1260
TRADING_DAYS = 252


@cache
def prices() -> tuple[tuple[str, ...], Array]:
    """The names, and one more close than there are returns."""
    frame = pl.read_parquet(prices_path())
    names = tuple(name for name in frame.columns if name != "Date")
    return names, frame.select(names).to_numpy()[-DAYS - 1 :]


def names() -> tuple[str, ...]:
    return prices()[0]


@cache
def returns(days: int = DAYS) -> Array:
    """Shape (days, 20), oldest first."""
    closes = prices()[1]
    simple: Array = (closes[1:] / closes[:-1] - 1.0)[-days:]
    return simple


@cache
def frame(days: int = DAYS) -> pd.DataFrame:
    """The same as the peers want it."""
    import pandas as pd

    return pd.DataFrame(returns(days), columns=list(names()), index=pd.bdate_range("2018-01-01", periods=days))


@cache
def price_frame() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(prices()[1], columns=list(names()), index=pd.bdate_range("2017-12-29", periods=DAYS + 1))


def market(days: int = DAYS) -> Market:
    universe = Universe.of(names())
    return Market(universe, returns=Returns(universe, returns(days)), periods_per_year=TRADING_DAYS)


@cache
def mean(days: int = DAYS) -> Array:
    annual: Array = TRADING_DAYS * returns(days).mean(axis=0)
    return annual


@cache
def covariance(days: int = DAYS) -> Array:
    annual: Array = TRADING_DAYS * np.cov(returns(days), rowvar=False)
    return annual
