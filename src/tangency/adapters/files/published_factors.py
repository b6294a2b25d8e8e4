"""The factors of Fama and French that come with arch: three, by month, from 1926-07 to 2018-11."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import numpy as np

from tangency.domain.factors.history import FactorHistory
from tangency.domain.factors.sets import THREE

PERCENT = 0.01


class BundledFactors:
    """Sets of factors that come with the product's libraries."""

    def published(self, name: str) -> FactorHistory | None:
        """The whole history of a set, or None where it does not come with the product."""
        return _three() if name == THREE else None


def _three() -> FactorHistory:
    from arch.data import frenchdata

    table = frenchdata.load()
    stamps = table.index.astype("int64").tolist()  # the index says 1970; its integers are YYYYMM
    dates = tuple(date(stamp // 100, stamp % 100, monthrange(stamp // 100, stamp % 100)[1]) for stamp in stamps)
    values = PERCENT * np.asarray(table.to_numpy(), dtype=float)
    return FactorHistory(tuple(map(str, table.columns[:-1])), dates, values[:, :-1], "monthly", values[:, -1])
