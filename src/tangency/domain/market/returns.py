"""Simple returns per period, and what happens to rows with gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix

FEWEST_ROWS = 2
"""A sample covariance divides by T - 1."""

LARGEST_RETURN = 1e6
"""A hundred million percent in one period is a broken price."""

MissingData = Literal["intersect", "pairwise", "em", "proxy"]
"""What happens to a row with a gap.

``intersect`` drops it for every name. ``pairwise`` takes each moment from the rows that its one or two names share.
``em`` takes the moments that make what was observed most likely if returns are normal. ``proxy`` fills the gap with
what a regression on another name says, and drops the row where that one has a gap too.
"""


@dataclass(frozen=True, slots=True)
class DataReport:
    """What became of the rows that were given.

    Attributes:
        given: rows.
        used: rows of which something was used.
        dropped: the others.
        causes: the names whose gaps cost a row, or would have.
        filled: how many gaps of a name were filled; names without one are left out.
        method: how gaps were dealt with.
        scenarios: rows that measures of scenarios see, where those are not all that were used: pairs of returns give
            moments, and a scenario has a return of every name.
    """

    given: int
    used: int
    dropped: int
    causes: tuple[str, ...]
    filled: Mapping[str, int] = field(default_factory=dict)
    method: MissingData = "intersect"
    scenarios: int | None = None


@dataclass(frozen=True, eq=False)
class Returns:
    """Simple returns per period, oldest first; NaN marks a gap.

    Attributes:
        universe: the names, in column order.
        values: shape (T, n).

    Raises:
        InvalidInput: not one column per name, a name without a single return, or a return below -1.
    """

    universe: Universe
    values: Matrix

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.universe):  # noqa: PLR2004 - rows and columns
            detail = (
                f"have returns of shape {self.values.shape}; give one column for each of {len(self.universe)} names."
            )
            raise InvalidInput.at(("strategies",), detail, "shape")
        gaps = np.isnan(self.values)
        wrong = ~gaps & ~((self.values >= -1) & (self.values < LARGEST_RETURN))
        suspects = np.flatnonzero(gaps.all(axis=0) | wrong.any(axis=0)).tolist()
        if suspects:
            raise InvalidInput([self._fault(column, wrong[:, column]) for column in suspects])

    def _fault(self, column: int, wrong: NDArray[np.bool_]) -> Fault:
        """What is the matter with a name, some of whose returns are wrong, or none there."""
        name, path = self.universe.names[column], ("strategies", column, "returns")
        if not wrong.any():
            return Fault(path, f"{name!r} has no return at all; leave the name out or give its returns.")
        row = int(np.flatnonzero(wrong)[0])
        detail = f"is {self.values[row, column]}; a simple return is a fraction, and none is below -1."
        return Fault((*path, row), detail)

    def complete(self) -> tuple[Matrix, DataReport]:
        """The rows without a gap, and what was dropped.

        Returns:
            The complete rows, shape (t, n) with t <= T, and the report.

        Raises:
            InvalidInput: fewer than two complete rows.
        """
        gaps = np.isnan(self.values)
        kept: NDArray[np.bool_] = ~np.asarray(gaps.any(axis=1))
        causes = tuple(np.array(self.universe.names)[gaps.any(axis=0)].tolist())
        report = DataReport(len(kept), int(kept.sum()), int((~kept).sum()), causes)
        if report.used < FEWEST_ROWS:
            because = f"; the gaps are in {', '.join(causes[:12])}" if causes else ""
            detail = f"{report.used} of {report.given} rows are complete, and an estimate needs {FEWEST_ROWS}{because}."
            raise InvalidInput.at(("strategies",), detail, "too_few_rows")
        return self.values[kept], report
