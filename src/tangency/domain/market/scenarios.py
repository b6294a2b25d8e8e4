"""Returns that may happen, each with its probability. History, row by row, is one such set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector, frozen

PROBABILITY_ROUNDING = 1e-9
"""By which probabilities may miss a sum of 1; they are divided by their sum."""


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Simple returns per period, one row per scenario, without gaps; history is oldest first.

    Attributes:
        universe: the names, in column order.
        returns: shape (T, n).
        probabilities: shape (T,), summing to 1; None where all scenarios are equally likely.
        periods_per_year: how many such periods make a year.

    Raises:
        InvalidInput: not one column per name, not one probability per row, or one that is below 0.
    """

    universe: Universe
    returns: Matrix
    probabilities: Vector | None = None
    periods_per_year: float = 252.0

    def __post_init__(self) -> None:
        path: Path = ("strategies",)
        object.__setattr__(self, "returns", frozen(self.returns, path, ndim=2))
        if self.returns.shape[1] != len(self.universe) or not len(self.returns):
            detail = (
                f"have scenarios of shape {self.returns.shape}; give a column for each of {len(self.universe)} names."
            )
            raise InvalidInput.at(path, detail, "shape")
        if self.probabilities is not None:
            object.__setattr__(self, "probabilities", _checked(self.probabilities, len(self.returns)))

    def __len__(self) -> int:
        return len(self.returns)

    @cached_property
    def weights(self) -> Vector:
        """The probability of each scenario, 1 / T where none are given; shape (T,)."""
        return np.full(len(self), 1.0 / len(self)) if self.probabilities is None else self.probabilities

    @cached_property
    def mean(self) -> Vector:
        """Expected return per period; shape (n,)."""
        return self.returns.mean(axis=0) if self.probabilities is None else self.probabilities @ self.returns

    @cached_property
    def centred(self) -> Matrix:
        """Returns less their mean; shape (T, n)."""
        return self.returns - self.mean

    @cached_property
    def unbiased(self) -> float:
        """What an average of squared deviations is divided by: 1 - 1/T, or 1 - sum p^2 with probabilities."""
        return 1.0 - float(self.weights @ self.weights)

    def only(self, universe: Universe) -> Scenarios:
        """The same scenarios for some of the names, in another order."""
        if universe.names == self.universe.names:
            return self
        columns = [self.universe.position(name) for name in universe.names]
        return replace(self, universe=universe, returns=self.returns[:, columns])


def equally_likely(sample: Scenarios, who: str) -> Matrix:
    """The returns of a sample, for an estimator that cannot weigh them; shape (T, n).

    Raises:
        InvalidInput: the scenarios have probabilities.
    """
    if sample.probabilities is not None:
        detail = f"{who!r} cannot weigh scenarios by probabilities; choose another estimator, or no prior."
        raise InvalidInput.at(("risk_parameters",), detail, "unsupported")
    return sample.returns


def _checked(probabilities: Vector, rows: int) -> Vector:
    path: Path = ("probabilities",)
    values = frozen(probabilities, path, ndim=1)
    if len(values) != rows:
        raise InvalidInput.at(path, f"has {len(values)} figures for {rows} scenarios.", "shape")
    total = float(values.sum())
    if float(values.min()) < 0 or abs(total - 1.0) > PROBABILITY_ROUNDING:
        raise InvalidInput.at(path, f"sum to {total:.9g}, the least is {values.min():.6g}; give shares of 1.", "range")
    return frozen(values / total)
