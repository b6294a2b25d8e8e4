"""The sample portfolio: real prices of twenty large US stocks, 1990-2022, and holdings in them.

Where the prices come from and under which licence is told in the README beside them.
"""

from importlib.resources import files
from pathlib import Path

__all__ = ["holdings_path", "prices_path"]


def prices_path() -> Path:
    """Return where the daily adjusted closes lie: Parquet, `Date` and one column in USD per name, oldest first."""
    return _beside_this_module("prices.parquet")


def holdings_path() -> Path:
    """Return where the holdings lie: CSV a header, quantities in shares, and a row of cash in USD."""
    return _beside_this_module("holdings.csv")


def _beside_this_module(name: str) -> Path:
    """Return the file as a path: wheels are installed unpacked, so a resource of ours always has one."""
    return Path(str(files(__name__) / name))
