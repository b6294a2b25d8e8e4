"""The frozen value between estimation and optimization: annual means and covariance, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol, TypeVar, cast

import numpy as np

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.returns import DataReport, Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import CASH, Universe
from tangency.domain.numbers import Matrix, Vector, frozen

RISKLESS = 1e-12
"""Of the mean variance: a portfolio with less is riskless, since repairs and rounding leave as much."""

Value = TypeVar("Value")

Origin = Literal["given", "estimated", "mixed", "absent", "method"]
"""``method``: the method made them itself, as views do."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where each figure came from."""

    mean: Origin
    covariance: Origin
    mean_estimator: str | None = None
    covariance_estimator: str | None = None
    data: DataReport | None = None
    prior: str | None = None
    """The estimator that made the scenarios out of the returns given, where one did."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Annual means, or None where nobody gave or needs them, and annual covariance of simple returns.

    Attributes:
        universe: the names that both are in the order of.
        mean: shape (n,).
        covariance: over the same n names.
        sources: where each came from.
        scenarios: of all the names, where returns were given for all of them and something asked for them.
    """

    universe: Universe
    mean: Vector | None
    covariance: Covariance
    sources: Sources
    scenarios: Scenarios | None = None
    _known: dict[Hashable, object] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.covariance.size != len(self.universe):
            detail = f"covers {self.covariance.size} names; the problem has {len(self.universe)}."
            raise InvalidInput.at(("risk_parameters", "covariance"), detail, "shape")
        if self.mean is not None:
            object.__setattr__(self, "mean", frozen(self.mean, ("strategies",), ndim=1))
            if len(self.mean) != len(self.universe):
                detail = f"have {len(self.mean)} expected returns; the problem has {len(self.universe)} names."
                raise InvalidInput.at(("strategies",), detail, "shape")
        cash = self.universe.names.index(CASH) if CASH in self.universe.names else None
        if cash is not None and self.covariance.variances[cash] > self._rounding:
            raise InvalidInput(
                [Fault(("strategies", cash, "name"), f"{CASH!r} means cash, whose variance is 0; rename this asset.")]
            )

    @cached_property
    def mean_variance(self) -> float:
        """Of the names: what is small is small next to it."""
        return float(self.covariance.variances.mean())

    @property
    def _rounding(self) -> float:
        """What a repair, and the mean of a constant interest rate, leave of a variance that is zero."""
        repair = self.covariance.repair
        return max(2 * repair.shift if repair else 0.0, RISKLESS * self.mean_variance)

    def required_mean(self, purpose: str) -> Vector:
        """The means; refuses in the name of ``purpose`` where there are none."""
        if self.mean is None:
            detail = f"{purpose} needs an expected_return, or returns to estimate it from, for every name."
            raise InvalidInput.at(("strategies",), detail, "missing")
        return self.mean

    def required_scenarios(self, purpose: str) -> Scenarios:
        """The scenarios; refuses in the name of ``purpose`` where there are none."""
        if self.scenarios is None:
            raise no_scenarios(purpose)
        return self.scenarios

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What ``make`` makes, made the first time that it is asked for under this key and kept from then on."""
        if key not in self._known:
            self._known[key] = make()
        return cast(Value, self._known[key])

    def expected_return(self, weights: Vector) -> float | None:
        """Annual mean of a portfolio; None without means."""
        return None if self.mean is None else float(self.mean @ weights)

    def riskless(self, weights: Vector) -> bool:
        """Whether a portfolio's variance is rounding next to that of the names."""
        variance = float(weights @ self.covariance.times(weights))
        return variance <= RISKLESS * self.mean_variance

    def volatility(self, weights: Vector) -> float:
        """Annual standard deviation of a portfolio."""
        return float(np.sqrt(max(0.0, float(weights @ self.covariance.times(weights)))))


def no_scenarios(purpose: str) -> InvalidInput:
    """The error for something that needs scenarios, where there are none."""
    detail = f"{purpose} needs the returns of every name; give each strategy its own."
    return InvalidInput.at(("strategies",), detail, "missing")


SampleKind = Literal["moments", "own_rows", "rows", "equal_rows"]
"""What an estimator needs: ``moments`` alone; also the growth of each name over its own periods (``own_rows``); rows
without gaps (``rows``); or rows without gaps that are equally likely (``equal_rows``)."""


class Estimator(Protocol):
    """A plugin of group ``tangency.estimators``: annual moments from scenarios, or other scenarios from them.

    A function returns None for what the plugin does not estimate. These are the defaults for classes that inherit from
    this one; a class that does not inherit may leave ``check`` out.
    """

    name: str
    citation: str
    options: type
    """A frozen dataclass; its fields are the options that a request may set."""
    takes: SampleKind = "moments"
    """What ``mean`` and ``covariance`` need of a sample."""
    weighs: bool = False
    """Whether the scenarios that it returns have probabilities."""

    def check(self, returns: Returns, options: object) -> None:
        """Refuse options that do not fit the names and periods of the returns, before anything is estimated.

        Raises:
            InvalidInput: with paths from the top of the request.
        """
        return

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector | None:
        """Annual means, shape (n,). The annual covariance is known by now."""
        return None

    def covariance(self, sample: Scenarios, options: object) -> Covariance | Matrix | None:
        """Annual covariances, shape (n, n), or a covariance with a structure of its own."""
        return None

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios | None:
        """As a prior: scenarios of the same names that replace the sample before anything else is estimated."""
        return None


@dataclass(frozen=True, slots=True)
class EstimatorChoice:
    """Which estimator, with which options."""

    name: str = "sample"
    options: Mapping[str, object] = field(default_factory=dict)
