"""What is known about the assets when a problem is posed: figures given, returns to estimate from, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import (
    Estimates,
    Estimator,
    EstimatorChoice,
    Origin,
    SampleKind,
    Sources,
    no_scenarios,
)
from tangency.domain.market.missing_data import without_gaps
from tangency.domain.market.returns import DataReport, MissingData, Returns
from tangency.domain.market.scenarios import Scenarios, complete_rows
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector

FindEstimator = Callable[[str, Path], Estimator]
"""From a name, and where it stands in the request, for the error when there is none."""
BindOptions = Callable[[type, Mapping[str, object], Path], object]
"""From the type of an estimator's options, what was asked, and where it stands in the request."""
_OF_GAPS: Mapping[MissingData, SampleKind] = {"pairwise": "own_rows", "em": "moments"}
"""What is left to estimate from by policies that keep rows with gaps."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What somebody is going to ask of the estimates; what nobody needs may be absent."""

    mean: bool = True
    scenarios: bool = False


@dataclass(frozen=True, eq=False)
class Market:
    """Evidence about the assets. A figure given wins over an estimated one.

    Attributes:
        mean: annual means given, NaN where not given; shape (n,). None where none was.
        covariance: annual covariances given; shape (n, n). None where they are to be estimated.
        returns: simple returns per period to estimate the rest from.
        missing_data: what happens to their gaps.
        proxies: by a name with gaps, the one that stands in for it, where that is what happens to them.
        prior: the estimator that turns the returns into the scenarios that everything else is estimated from; None
            where they are used as they are.
        periods_per_year: of the returns; 252 for trading days.

    Raises:
        InvalidInput: the periods per year are not above 0 and finite.
    """

    universe: Universe
    mean: Vector | None = None
    covariance: Matrix | None = None
    returns: Returns | None = None
    mean_estimator: EstimatorChoice = field(default_factory=EstimatorChoice)
    covariance_estimator: EstimatorChoice = field(default_factory=EstimatorChoice)
    missing_data: MissingData = "intersect"
    proxies: Mapping[str, str] = field(default_factory=dict)
    periods_per_year: float = 252.0
    prior: EstimatorChoice | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.periods_per_year < np.inf:
            detail = f"is {self.periods_per_year}; give a finite number above 0, for instance 252 for trading days."
            raise InvalidInput.at(("risk_parameters", "periods_per_year"), detail, "range")

    def estimate(self, find: FindEstimator, bind: BindOptions, needs: Needs = Needs()) -> Estimates:
        """Annual means and covariance, and the scenarios where there are any.

        Args:
            find: gives the estimator of that name.
            bind: makes an estimator's typed options from what was asked.
            needs: whether somebody uses means or scenarios; what nobody uses is no error where it is missing.

        Raises:
            InvalidInput: neither figures nor returns for something that is needed.
        """
        estimation = _Estimation(self, find, bind)
        sample, report = estimation.sample(needs)
        covariance, covariance_origin = estimation.covariance(sample)
        mean, mean_origin = estimation.mean(sample, covariance, needs.mean)
        estimated_mean = mean_origin in ("estimated", "mixed")
        used = estimated_mean or covariance_origin == "estimated" or needs.scenarios
        sources = Sources(
            mean=mean_origin,
            covariance=covariance_origin,
            mean_estimator=self.mean_estimator.name.lower() if estimated_mean else None,
            covariance_estimator=self.covariance_estimator.name.lower() if covariance_origin == "estimated" else None,
            data=report if used else None,
            prior=self.prior.name.lower() if self.prior is not None and sample is not None and used else None,
        )
        return Estimates(self.universe, mean, covariance, sources, self.of_all(sample) if needs.scenarios else None)

    def of_all(self, sample: Scenarios | None) -> Scenarios | None:
        """The rows of a sample in the order of the universe; None where it does not have every name, or no row."""
        if sample is None or not len(sample) or set(sample.universe.names) != set(self.universe.names):
            return None
        return replace(sample.only(self.universe), moments=None)

    def check(self, needs: Needs) -> None:
        """Refuse figures that no returns have or that are missing, and gaps that leave too little.

        Gaps that are dealt with by ``em`` take solving to tell.

        Raises:
            InvalidInput: either.
        """
        if self.covariance is None and not self.has_every_name:
            raise _no_covariance()
        if needs.mean and self.lacks_means:
            _refuse_without_means(_without_means(self.universe, self.given_means, self.named))
        if self.covariance is not None:
            DenseCovariance.of(self.covariance)
        if self.missing_data != "em" and self.samples(needs):
            self.history()

    def sample_kind(self, prior: Estimator | None) -> SampleKind:
        """What estimators will get.

        Args:
            prior: that of the market, where it has one.
        """
        if prior is not None:
            return "rows" if getattr(prior, "weighs", False) else "equal_rows"
        gaps = self.returns is not None and bool(np.isnan(self.returns.values).any())
        return _OF_GAPS.get(self.missing_data, "equal_rows") if gaps else "equal_rows"

    def require_scenarios(self, purpose: str) -> None:
        """Refuse in the name of ``purpose`` where not every name has returns.

        Raises:
            InvalidInput: so it is.
        """
        if not self.has_every_name:
            raise no_scenarios(purpose)

    @property
    def named(self) -> tuple[str, ...]:
        """The names that have returns."""
        return () if self.returns is None else self.returns.universe.names

    @property
    def has_every_name(self) -> bool:
        """Whether every name has returns."""
        return set(self.named) == set(self.universe.names)

    @property
    def given_means(self) -> Vector:
        """Annual means, NaN where none is given; shape (n,)."""
        return np.full(len(self.universe), np.nan) if self.mean is None else self.mean

    @property
    def lacks_means(self) -> bool:
        """Whether some name has neither a mean given nor returns to estimate it from."""
        return bool(_without_means(self.universe, self.given_means, self.named))

    def with_moments(self, mean: Vector | None, covariance: Matrix | None) -> Market:
        """The same with figures where there are none, and nothing to estimate them from."""
        filled, known = self.mean, self.covariance is not None or self.has_every_name
        if mean is not None and self.lacks_means:
            filled, lacking = self.given_means.copy(), _without_means(self.universe, self.given_means, self.named)
            filled[lacking] = mean[lacking]
        return replace(self, mean=filled, covariance=self.covariance if known else covariance)

    @property
    def covariance_is_plain(self) -> bool:
        """Whether the covariance is known to be no factor model: given, or that of the sample."""
        return self.covariance is not None or self.covariance_estimator.name.lower() == EstimatorChoice().name

    @property
    def estimates_means(self) -> bool:
        """Whether a mean is to be estimated, if anything can estimate it."""
        return self.mean is None or bool(np.isnan(self.mean).any())

    def samples(self, needs: Needs) -> bool:
        """Whether something is to be estimated, or asks for scenarios."""
        return self.covariance is None or self.estimates_means or needs.scenarios

    def history(self) -> tuple[Scenarios, DataReport] | None:
        """The returns given, of the names that have any, as equally likely scenarios; None where there are none."""
        if self.returns is None:
            return None
        return without_gaps(self.returns, self.missing_data, self.proxies, self.periods_per_year)


@dataclass(frozen=True, eq=False, slots=True)
class _Estimation:
    """One run of a market's estimators."""

    market: Market
    find: FindEstimator
    bind: BindOptions

    def sample(self, needs: Needs) -> tuple[Scenarios | None, DataReport | None]:
        """The scenarios to estimate from, where something is to be estimated or asks for them."""
        market = self.market
        history = market.history() if market.samples(needs) else None
        if history is None:
            return None, None
        sample, report = history
        if market.prior is None:
            return sample, report
        path: Path = ("risk_parameters", "prior")
        estimator, options = self._found(market.prior, path)
        made = estimator.scenarios(complete_rows(sample, market.prior.name), options)
        if made is None:
            raise InvalidInput.at(path, f"{market.prior.name!r} makes no scenarios; choose another.")
        return made, report

    def covariance(self, sample: Scenarios | None) -> tuple[Covariance, Origin]:
        """Given, or estimated from the returns of every name."""
        market = self.market
        if market.covariance is not None:
            return DenseCovariance.of(market.covariance), "given"
        if sample is None or set(sample.universe.names) != set(market.universe.names):
            raise _no_covariance()
        path: Path = ("risk_parameters", "covariance_estimator")
        estimator, options = self._found(market.covariance_estimator, path)
        values = estimator.covariance(sample.only(market.universe), options)
        if values is None:
            name = market.covariance_estimator.name
            raise InvalidInput.at(path, f"{name!r} estimates no covariance; choose another.")
        return DenseCovariance.of(values, path) if isinstance(values, np.ndarray) else values, "estimated"

    def mean(self, sample: Scenarios | None, covariance: Covariance, needed: bool) -> tuple[Vector | None, Origin]:
        """Given, or estimated, or of each some."""
        universe, given = self.market.universe, self.market.given_means
        absent = np.isnan(given)
        if not absent.any():
            return given, "given"
        covered = () if sample is None else sample.universe.names
        without = _without_means(universe, given, covered)
        if needed:
            _refuse_without_means(without)
        if sample is None or without:
            return None, "absent"
        path: Path = ("risk_parameters", "expected_return_estimator")
        estimator, options = self._found(self.market.mean_estimator, path)
        places = [universe.position(name) for name in covered]
        estimated = estimator.mean(sample, _part(covariance, places), options)
        if estimated is None:
            raise InvalidInput.at(path, f"{self.market.mean_estimator.name!r} estimates no means; choose another.")
        lined_up = given.copy()
        lined_up[places] = estimated
        return np.where(absent, lined_up, given), "estimated" if absent.all() else "mixed"

    def _found(self, choice: EstimatorChoice, path: Path) -> tuple[Estimator, object]:
        estimator = self.find(choice.name, path)
        return estimator, self.bind(estimator.options, choice.options, (*path, "options"))


def _no_covariance() -> InvalidInput:
    detail = "is missing, and not every name has returns to estimate it from."
    return InvalidInput.at(("risk_parameters", "covariance"), detail, "missing")


def _without_means(universe: Universe, given: Vector, covered: Sequence[str]) -> list[int]:
    """The places of names that have neither a mean given nor returns to estimate it from."""
    estimable = set(covered)
    return [i for i in np.flatnonzero(np.isnan(given)).tolist() if universe.names[i] not in estimable]


def _refuse_without_means(places: Sequence[int]) -> None:
    detail = "is missing, and there are no returns to estimate it from; give a number, or returns."
    if places:
        raise InvalidInput([Fault(("strategies", i, "expected_return"), detail, "missing") for i in places])


def _part(covariance: Covariance, places: list[int]) -> Covariance:
    """The covariance of the names at these places, in their order."""
    if places == list(range(covariance.size)):
        return covariance
    return DenseCovariance.of(covariance.dense()[np.ix_(places, places)])
