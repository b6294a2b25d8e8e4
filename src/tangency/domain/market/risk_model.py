"""Covariances that somebody else has estimated, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import MOST_NAMES, InvalidInput, Path
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Matrix, frozen

PATH: Path = ("risk_parameters", "covariance")


@dataclass(frozen=True, eq=False)
class RiskModel:
    """Annual covariances of names, more of them perhaps than a portfolio has.

    Attributes:
        names: unique, in row order.
        covariance: shape (n, n).
        source: where it was read and as of when, for the record; None for what was imported.

    Raises:
        InvalidInput: no name, one twice or overlong, figures that are not finite, or not one row and column per name.
    """

    names: tuple[str, ...]
    covariance: Matrix
    source: str | None = None

    def __post_init__(self) -> None:
        Universe(tuple(map(Asset, self.names)))
        size = len(self.names)
        if self.covariance.shape != (size, size):
            detail = f"has shape {self.covariance.shape}; {size} names need {(size, size)}."
            raise InvalidInput.at(PATH, detail, "shape")
        frozen(self.covariance, PATH)

    def of(self, names: Sequence[str]) -> Matrix:
        """The covariances of some of the names, in their order; shape (n, n).

        Raises:
            InvalidInput: a name that the model does not have.
        """
        rows = {name: row for row, name in enumerate(self.names)}
        missing = [name for name in names if name not in rows]
        if missing:
            named = f"{', '.join(missing[:MOST_NAMES])}{', ...' if len(missing) > MOST_NAMES else ''}"
            detail = f"comes from a risk model that lacks {named}; state it, or a covariance_estimator to use returns."
            raise InvalidInput.at(PATH, detail, "missing")
        order = [rows[name] for name in names]
        return frozen(self.covariance[np.ix_(order, order)], PATH)
