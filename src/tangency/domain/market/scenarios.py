"""Returns that may happen, each with its probability. History, row by row, is one such set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Indices, Matrix, Vector, frozen

PROBABILITY_ROUNDING = 1e-9
"""By which probabilities may miss a sum of 1; they are divided by their sum."""


@dataclass(frozen=True, eq=False, slots=True)
class Periods:
    """Which of the periods that were given the rows are, so that what else is known of those periods lines up.

    Attributes:
        given: how many periods were given.
        rows: the position of each row among them, 0 being the oldest; shape (T,).
    """

    given: int
    rows: Indices


@dataclass(frozen=True, eq=False, slots=True)
class Moments:
    """Mean and covariance per period where gaps keep them from being those of complete rows.

    Attributes:
        mean: shape (n,).
        covariance: unbiased, not always positive semidefinite; shape (n, n).
        policy: the word for how the gaps were dealt with.
        growth: of each name the mean of ln(1 + r) over the periods that it has; shape (n,). None where gaps were filled
            in the moments alone.
    """

    mean: Vector
    covariance: Matrix
    policy: str
    growth: Vector | None = None


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Simple returns per period, one row per scenario, without gaps; history is oldest first.

    Attributes:
        universe: the names, in column order.
        returns: shape (T, n); without a row only where there are moments.
        probabilities: shape (T,), summing to 1; None where all scenarios are equally likely.
        periods_per_year: how many such periods make a year.
        periods: where the rows stand among the periods given; None where they are of no period, as drawn ones are.
        moments: what to estimate from in place of the rows, where the rows do not say it all.

    Raises:
        InvalidInput: not one column per name, not one probability or period per row, or a probability below 0.
    """

    universe: Universe
    returns: Matrix
    probabilities: Vector | None = None
    periods_per_year: float = 252.0
    periods: Periods | None = None
    moments: Moments | None = None

    def __post_init__(self) -> None:
        path: Path = ("strategies",)
        object.__setattr__(self, "returns", frozen(self.returns, path, ndim=2))
        empty = not len(self.returns) and self.moments is None
        if self.returns.shape[1] != len(self.universe) or empty:
            detail = (
                f"have scenarios of shape {self.returns.shape}; give a column for each of {len(self.universe)} names."
            )
            raise InvalidInput.at(path, detail, "shape")
        if self.probabilities is not None:
            object.__setattr__(self, "probabilities", _checked(self.probabilities, len(self.returns)))
        if self.periods is not None and len(self.periods.rows) != len(self.returns):
            detail = f"have {len(self.returns)} scenarios of {len(self.periods.rows)} periods; a scenario is of one."
            raise InvalidInput.at(path, detail, "shape")

    def __len__(self) -> int:
        return len(self.returns)

    @cached_property
    def weights(self) -> Vector:
        """The probability of each scenario, 1 / T where none are given; shape (T,)."""
        return np.full(len(self), 1.0 / len(self)) if self.probabilities is None else self.probabilities

    @cached_property
    def mean(self) -> Vector:
        """Expected return per period; shape (n,)."""
        if self.moments is not None:
            return self.moments.mean
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
        moments = self.moments
        if moments is not None:
            covariance = moments.covariance[np.ix_(columns, columns)]
            growth = None if moments.growth is None else moments.growth[columns]
            moments = replace(moments, mean=moments.mean[columns], covariance=covariance, growth=growth)
        return replace(self, universe=universe, returns=self.returns[:, columns], moments=moments)

    def alongside(self, values: Matrix, path: Path) -> Matrix:
        """Of figures for every period that was given, those for the rows; shape (T, ...).

        Args:
            values: one row per period given, as a request states them beside the returns.
            path: where they stand in the request, for messages.

        Raises:
            InvalidInput: the rows are of no period, or there is not one figure per period.
        """
        if self.periods is None:
            detail = "cannot be lined up with scenarios that a prior has drawn; leave the prior out."
            raise InvalidInput.at(path, detail, "unsupported")
        refuse_misaligned(len(values), self.periods.given, path)
        return values[self.periods.rows]


def refuse_misaligned(figures: int, periods: int, path: Path) -> None:
    """Refuse figures that stand at ``path`` where there is not one for each period of the returns.

    Raises:
        InvalidInput: there is not.
    """
    if figures != periods:
        detail = f"has {figures} periods and the returns have {periods}; give one for each."
        raise InvalidInput.at(path, detail, "length")


def complete_rows(sample: Scenarios, who: str) -> Scenarios:
    """The sample, for an estimator that needs its rows.

    Raises:
        InvalidInput: gaps were dealt with in the moments, which the rows do not have.
    """
    if sample.moments is not None:
        raise needs_rows(sample.moments.policy, who)
    return sample


def growth(sample: Scenarios, who: str) -> Vector:
    """The expected ln(1 + r) of each name per period, -inf for one that has lost everything; shape (n,).

    Raises:
        InvalidInput: gaps were dealt with in the moments, which say nothing of it.
    """
    if sample.moments is not None and sample.moments.growth is not None:
        return sample.moments.growth
    rows = complete_rows(sample, who)
    with np.errstate(divide="ignore"):
        expected: Vector = rows.weights @ np.log1p(rows.returns)
    return expected


def needs_rows(policy: str, who: str) -> InvalidInput:
    """The error for an estimator that needs rows, where gaps are dealt with in the moments."""
    detail = (
        f"{policy!r} gives moments, and {who!r} estimates from rows without gaps; use 'intersect' or 'proxy', or the "
        "estimator 'sample'."
    )
    return InvalidInput.at(("risk_parameters", "missing_data"), detail, "unsupported")


def equally_likely(sample: Scenarios, who: str) -> Matrix:
    """The returns of a sample, for an estimator that needs its rows and cannot weigh them; shape (T, n).

    Raises:
        InvalidInput: the scenarios have probabilities, or gaps were dealt with in the moments.
    """
    complete_rows(sample, who)
    if sample.probabilities is not None:
        raise cannot_weigh(who)
    return sample.returns


def cannot_weigh(who: str) -> InvalidInput:
    """The error for an estimator that takes all rows for equally likely, where they are not."""
    detail = f"{who!r} cannot weigh scenarios by probabilities; choose another estimator, or no prior."
    return InvalidInput.at(("risk_parameters",), detail, "unsupported")


def _checked(probabilities: Vector, rows: int) -> Vector:
    path: Path = ("method_options", "probabilities")
    values = frozen(probabilities, path, ndim=1)
    if len(values) != rows:
        raise InvalidInput.at(path, f"has {len(values)} figures for {rows} scenarios; give one for each.", "shape")
    total = float(values.sum())
    if float(values.min()) < 0 or abs(total - 1.0) > PROBABILITY_ROUNDING:
        raise InvalidInput.at(path, f"sum to {total:.9g}, the least is {values.min():.6g}; give shares of 1.", "range")
    return frozen(values / total)
