"""The factors of Fama and French that come with arch: three, by month, from 1926-07 to 2018-11."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tangency.domain.factors.history import FactorHistory
from tangency.domain.factors.sets import THREE

PERCENT = 0.01
NAMES = ("Mkt-RF", "SMB", "HML")
"""The last column of the file is the risk-free rate."""


class BundledFactors:
    """Sets of factors that come with the product's libraries."""

    def published(self, name: str) -> FactorHistory | None:
        """The whole history of a set, or None where it does not come with the product."""
        return _three() if name == THREE else None


def _three() -> FactorHistory:
    table = np.loadtxt(_file(), delimiter=",", skiprows=1)
    stamps = table[:, 0].astype(int).tolist()  # 192607
    dates = tuple(date(stamp // 100, stamp % 100, monthrange(stamp // 100, stamp % 100)[1]) for stamp in stamps)
    values = PERCENT * table[:, 1:]
    return FactorHistory(NAMES, dates, values[:, :-1], "monthly", values[:, -1])


def _file() -> Path:
    """Where arch keeps them; to import arch for it takes seconds."""
    found = find_spec("arch")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("arch is not installed; it brings the factors")
    return Path(found.origin).parent / "data" / "frenchdata" / "frenchdata.csv.gz"
