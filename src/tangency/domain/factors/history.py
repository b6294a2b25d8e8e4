"""Returns of factors, period by period, from wherever they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np

from tangency.domain.errors import MOST_NAMES, InvalidInput, Path
from tangency.domain.numbers import Matrix, Vector

Frequency = Literal["daily", "monthly"]

PATH: Path = ("factors",)


@dataclass(frozen=True, eq=False)
class FactorHistory:
    """Simple returns of factors, oldest first; NaN marks a gap.

    Attributes:
        names: of the factors.
        dates: of the periods' ends; of a month, its last day.
        values: fractions per period; shape (T, k).
        frequency: which dates stand for a period: each, or its month.
        risk_free: per period, where it came with the factors; shape (T,).

    Raises:
        InvalidInput: a factor named twice, dates that do not rise, or shapes that do not fit.
    """

    names: tuple[str, ...]
    dates: tuple[date, ...]
    values: Matrix
    frequency: Frequency
    risk_free: Vector | None = None

    def __post_init__(self) -> None:
        shape = (len(self.dates), len(self.names))
        if self.values.shape != shape:
            detail = f"have shape {self.values.shape}; {shape[0]} periods of {shape[1]} factors need {shape}."
            raise InvalidInput.at(PATH, detail, "shape")
        twice = [name for name in set(self.names) if self.names.count(name) > 1]
        if twice:
            raise InvalidInput.at(PATH, f"name {twice[0]!r} twice; keep one.", "duplicate")
        falls = [after for before, after in pairwise(self.dates) if after <= before]
        if falls:
            detail = f"have {falls[0]} after a date that is not before it; dates ascend, each once."
            raise InvalidInput.at(PATH, detail, "order")

    @property
    def by_name(self) -> dict[str, list[float]]:
        """The returns as a request states them: by factor, one figure per period.

        Raises:
            InvalidInput: a factor has a gap.
        """
        gaps = np.isnan(self.values)
        if gaps.any():
            row, column = np.argwhere(gaps)[0].tolist()
            detail = f"{self.names[column]!r} has no return on {self.dates[row]}; choose other periods."
            raise InvalidInput.at((*PATH, self.names[column]), detail, "missing")
        return {name: self.values[:, column].tolist() for column, name in enumerate(self.names)}

    def covers(self, day: date) -> bool:
        """Whether there is a return of every factor in the period that a date lies in."""
        row = self._rows.get(self._key(day))
        free = None if self.risk_free is None or row is None else self.risk_free[row]
        return row is not None and not np.isnan([*self.values[row], 0.0 if free is None else free]).any()

    def on(self, dates: Sequence[date]) -> FactorHistory:
        """The returns of the periods that these dates lie in, in their order.

        Raises:
            InvalidInput: some of the periods are not here.
        """
        missing = [day for day in dates if self._key(day) not in self._rows]
        if missing:
            shown = ", ".join(map(str, missing[:MOST_NAMES]))
            detail = f"begin on {self.dates[0]}, end on {self.dates[-1]}, and have nothing for {shown}."
            raise InvalidInput.at(PATH, detail, "missing")
        rows = [self._rows[self._key(day)] for day in dates]
        risk_free = None if self.risk_free is None else self.risk_free[rows]
        return replace(self, dates=tuple(dates), values=self.values[rows], risk_free=risk_free)

    @cached_property
    def _rows(self) -> dict[tuple[int, ...], int]:
        return {self._key(day): row for row, day in enumerate(self.dates)}

    def _key(self, day: date) -> tuple[int, ...]:
        return (day.year, day.month) if self.frequency == "monthly" else (day.year, day.month, day.day)
