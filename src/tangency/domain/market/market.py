"""What is known about the assets when a problem is posed: figures given, returns to estimate from, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimates, Estimator, EstimatorChoice, Origin, Sources
from tangency.domain.market.returns import DataReport, MissingData, Returns
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector

FindEstimator = Callable[[str, Path], Estimator]
"""From a name, and where it stands in the request, for the error when there is none."""
BindOptions = Callable[[type, Mapping[str, object], Path], object]
"""From the type of an estimator's options, what was asked, and where it stands in the request."""


@dataclass(frozen=True, eq=False)
class Market:
    """Evidence about the assets. A figure given wins over an estimated one.

    Attributes:
        mean: annual means given, NaN where not given; shape (n,). None where none was.
        covariance: annual covariances given; shape (n, n). None where they are to be estimated.
        returns: simple returns per period to estimate the rest from.
    """

    universe: Universe
    mean: Vector | None = None
    covariance: Matrix | None = None
    returns: Returns | None = None
    mean_estimator: EstimatorChoice = field(default_factory=EstimatorChoice)
    covariance_estimator: EstimatorChoice = field(default_factory=EstimatorChoice)
    missing_data: MissingData = "intersect"
    periods_per_year: float = 252.0

    def estimate(self, find: FindEstimator, bind: BindOptions, needs_mean: bool) -> Estimates:
        """Annual means and covariance.

        Args:
            find: gives the estimator of that name.
            bind: makes an estimator's typed options from what was asked.
            needs_mean: whether the objective or a constraint uses means; where not, names without one are no error.

        Raises:
            InvalidInput: neither figures nor returns for something that is needed.
        """
        rows, report = self._rows()
        covariance, covariance_origin = self._covariance(rows, find, bind)
        mean, mean_origin = self._mean(rows, find, bind, needs_mean)
        estimated_mean = mean_origin in ("estimated", "mixed")
        sources = Sources(
            mean=mean_origin,
            covariance=covariance_origin,
            mean_estimator=self.mean_estimator.name.lower() if estimated_mean else None,
            covariance_estimator=self.covariance_estimator.name.lower() if covariance_origin == "estimated" else None,
            data=report if estimated_mean or covariance_origin == "estimated" else None,
        )
        return Estimates(self.universe, mean, covariance, sources)

    def _rows(self) -> tuple[Matrix | None, DataReport | None]:
        wanted = self.covariance is None or self.mean is None or bool(np.isnan(self.mean).any())
        if self.returns is None or not wanted:
            return None, None
        return self.returns.complete()

    def _covariance(self, rows: Matrix | None, find: FindEstimator, bind: BindOptions) -> tuple[Covariance, Origin]:
        if self.covariance is not None:
            return DenseCovariance.of(self.covariance), "given"
        if rows is None or self.returns is None or set(self.returns.universe.names) != set(self.universe.names):
            detail = "is missing, and not every name has returns to estimate it from."
            raise InvalidInput.at(("risk_parameters", "covariance"), detail, "missing")
        choice, path = self.covariance_estimator, ("risk_parameters", "covariance_estimator")
        estimator = find(choice.name, path)
        options = bind(estimator.options, choice.options, (*path, "options"))
        columns = [self.returns.universe.position(name) for name in self.universe.names]
        values = estimator.covariance(rows[:, columns], self.periods_per_year, options)
        if values is None:
            raise InvalidInput.at(path, f"{choice.name!r} estimates no covariance; choose another.")
        return DenseCovariance.of(values, path), "estimated"

    def _mean(
        self, rows: Matrix | None, find: FindEstimator, bind: BindOptions, needed: bool
    ) -> tuple[Vector | None, Origin]:
        given = np.full(len(self.universe), np.nan) if self.mean is None else self.mean
        absent = np.isnan(given)
        if not absent.any():
            return given, "given"
        covered = () if rows is None or self.returns is None else self.returns.universe.names
        uncovered = [i for i in np.flatnonzero(absent).tolist() if self.universe.names[i] not in covered]
        if uncovered or rows is None:
            if not needed:
                return None, "absent"
            detail = "is missing, and there are no returns to estimate it from."
            raise InvalidInput([Fault(("strategies", i, "expected_return"), detail, "missing") for i in uncovered])
        choice, path = self.mean_estimator, ("risk_parameters", "expected_return_estimator")
        estimator = find(choice.name, path)
        options = bind(estimator.options, choice.options, (*path, "options"))
        estimated = estimator.mean(rows, self.periods_per_year, options)
        if estimated is None:
            raise InvalidInput.at(path, f"{choice.name!r} estimates no means; choose another.")
        lined_up = given.copy()
        lined_up[[self.universe.position(name) for name in covered]] = estimated
        return np.where(absent, lined_up, given), "estimated" if absent.all() else "mixed"
