"""Returns of factors as options state them, lined up with a sample's rows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Literal

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.factor_covariance import SPECIFIC
from tangency.domain.market.scenarios import Scenarios, refuse_misaligned
from tangency.domain.numbers import Matrix, Vector, frozen

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
PERCENT = 0.01
FRENCH = ("Mkt-RF", "SMB", "HML")
"""The factors of the source; its last column is the risk-free rate."""


@dataclass(frozen=True, slots=True)
class FactorOptions:
    """The returns of the factors.

    Attributes:
        factors: returns of each factor by name, one for each period of the assets' returns.
        source: in place of ``factors``: the three US factors of Fama and French, monthly from 1926-07 to 2018-11. Asset
            returns are then taken in excess of their risk-free rate.
        first_month: with ``source``: the month of the first asset return, such as 2010-01.
        risk_free_rate: annual; with your own ``factors``, asset returns are taken in excess of it.
    """

    factors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    source: Literal["fama_french_3"] | None = None
    first_month: str | None = None
    risk_free_rate: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.factors) == (self.source is not None):
            raise ValueError("has both or neither of factors and source; give one of the two")
        if self.source is not None and not MONTH.fullmatch(self.first_month or ""):
            raise ValueError(f"has {self.first_month!r} for first_month; give that of the first return, as 2010-01")
        if SPECIFIC in self.factors:
            raise ValueError(f"has a factor {SPECIFIC!r}, which means what no factor explains; rename it")


@dataclass(frozen=True, eq=False, slots=True)
class FactorReturns:
    """Factors beside the rows of a sample.

    Attributes:
        names: of the factors.
        values: per period; shape (T, k).
        risk_free: per period; shape (T,).
    """

    names: tuple[str, ...]
    values: Matrix
    risk_free: Vector


def factor_returns(sample: Scenarios, options: FactorOptions, path: Path) -> FactorReturns:
    """The factors of the sample's rows.

    Args:
        sample: its rows know their periods.
        options: what was stated.
        path: of the options in the request, for messages.

    Raises:
        InvalidInput: another number of periods than the returns have, or months beyond the source.
    """
    if options.source is not None:
        return _bundled(sample, str(options.first_month), path)
    columns = [sample.alongside(np.array(values), (*path, "factors", name)) for name, values in options.factors.items()]
    rate = options.risk_free_rate / sample.periods_per_year
    return FactorReturns(tuple(options.factors), np.column_stack(columns), np.full(len(sample), rate))


def check_factors(options: FactorOptions, periods: int, path: Path) -> None:
    """Refuse factors of other periods than those of the returns.

    Args:
        options: what was stated.
        periods: of the returns given.
        path: of the options in the request, for messages.

    Raises:
        InvalidInput: another number of periods, or months beyond the source.
    """
    if options.source is not None:
        _months(str(options.first_month), periods, path)
    for name, values in options.factors.items():
        refuse_misaligned(len(values), periods, (*path, "factors", name))


def _bundled(sample: Scenarios, first_month: str, path: Path) -> FactorReturns:
    if sample.periods is None:
        sample.alongside(np.zeros((0, 1)), (*path, "source"))  # says why not
        raise InvalidInput.at((*path, "source"), "has no periods to line up with.", "unsupported")
    rows = PERCENT * _months(first_month, sample.periods.given, path)
    values = sample.alongside(rows, (*path, "source"))
    return FactorReturns(FRENCH, values[:, :-1], values[:, -1])


def _months(first_month: str, periods: int, path: Path) -> Matrix:
    """The rows of the source for so many months, in percent; shape (periods, 4), the risk-free rate last."""
    table = _french()
    months = table[:, 0].astype(int)  # 192607
    wanted = int(first_month.replace("-", ""))
    first = int(np.searchsorted(months, wanted))
    if first >= len(months) or months[first] != wanted or first + periods > len(months):
        detail = f"ends in {months[-1] // 100}-{months[-1] % 100:02d}, begins in 1926-07; {periods} months do not fit."
        raise InvalidInput.at((*path, "first_month"), detail, "range")
    rows: Matrix = table[first : first + periods, 1:]
    return rows


@cache
def _french() -> Matrix:
    """The file that comes with arch, which takes seconds to import; month and percent."""
    found = find_spec("arch")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("arch is not installed; it brings the factors")
    file = os.path.join(os.path.dirname(found.origin), "data", "frenchdata", "frenchdata.csv.gz")  # noqa: PTH118, PTH120 - Path is that of a request here
    return frozen(np.loadtxt(file, delimiter=",", skiprows=1))
