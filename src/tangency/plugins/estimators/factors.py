"""Covariances kept as factor models, and means that factors explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.factors.regression import Regression, regress
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.factor_covariance import FactorCovariance, FactorModel
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.correlations import STILL, apart
from tangency.plugins.kernels.factor_returns import FactorOptions, FactorReturns, check_factors, factor_returns
from tangency.plugins.kernels.random_matrices import descending, signals

COVARIANCE: Path = ("risk_parameters", "covariance_estimator", "options")
MEAN: Path = ("risk_parameters", "expected_return_estimator", "options")


class FactorRegression(Estimator):
    """Expected returns from a factor model: risk-free rate plus factor loadings times factor means.

    The loadings are regression slopes; the intercepts (alphas) are dropped. Use it when you trust the premiums of
    factors, but not the alphas of single assets.
    """

    name = "factor_regression"
    citation = "Fama, E., French, K. (1993). Common risk factors in the returns on stocks and bonds. JFE 33(1), 3-56."
    options: type = FactorOptions
    takes: SampleKind = "equal_rows"

    def check(self, returns: Returns, options: object) -> None:
        """Refuse factors of other periods."""
        check_factors(cast(FactorOptions, options), len(returns.values), MEAN)

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        """Annual means; shape (n,).

        Raises:
            InvalidInput: factors that do not line up with the rows, or that are combinations of each other.
        """
        found, factors = _regressed(sample, cast(FactorOptions, options), self.name, MEAN)
        per_period = factors.risk_free.mean() + factors.values.mean(axis=0) @ found.coefficients[1:]
        means: Vector = sample.periods_per_year * per_period
        return means


class TimeSeriesFactor(Estimator):
    """Factor model covariance: asset returns regressed on given factor returns.

    S = B F B' + D, with the slopes B, the sample covariance F of the factors and the residual variances D. All divisors
    are T - 1, so that every asset keeps its sample variance. Use it if you have factor returns, such as those of Fama
    and French; the covariance is kept in factor form, which allows factor budgets and exposures.
    """

    name = "time_series_factor"
    citation = "Sharpe, W. (1963). A simplified model for portfolio analysis. Management Science 9(2), 277-293."
    options: type = FactorOptions
    takes: SampleKind = "equal_rows"

    def check(self, returns: Returns, options: object) -> None:
        """Refuse factors of other periods."""
        check_factors(cast(FactorOptions, options), len(returns.values), COVARIANCE)

    def covariance(self, sample: Scenarios, options: object) -> Covariance:
        """Annual covariances, kept as a factor model; n names.

        Raises:
            InvalidInput: factors that do not line up with the rows, or that are combinations of each other.
        """
        found, factors = _regressed(sample, cast(FactorOptions, options), self.name, COVARIANCE)
        return FactorCovariance.of(model_of(found, factors, sample.periods_per_year))


def model_of(found: Regression, factors: FactorReturns, periods_per_year: float) -> FactorModel:
    """The factor model that a regression of every name on the factors stands for."""
    annual = periods_per_year / (len(factors.values) - 1.0)
    around = factors.values - factors.values.mean(axis=0)
    own = annual * (found.residuals**2).sum(axis=0)
    own = np.where(own > STILL * annual * (found.residuals**2).sum(axis=0).max(initial=0.0), own, 0.0)
    return FactorModel.of(factors.names, found.coefficients[1:].T, annual * (around.T @ around), own)


def _regressed(sample: Scenarios, options: FactorOptions, who: str, path: Path) -> tuple[Regression, FactorReturns]:
    returns = equally_likely(sample, who)
    factors = factor_returns(sample, options, path)
    try:
        return regress(returns - factors.risk_free[:, None], factors.values), factors
    except InvalidInput as error:
        raise InvalidInput.at((*path, "factors"), error.faults[0].detail, error.faults[0].code) from None


@dataclass(frozen=True, slots=True)
class StatisticalOptions:
    """The number of factors.

    Attributes:
        count: number of factors. Default: the eigenvalues larger than noise alone would produce, at least one.
    """

    count: int | None = None

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise InvalidInput.at(("count",), f"is {self.count}; give 1 or more.", "range")


class StatisticalFactor(Estimator):
    """Statistical factor model: principal components of the sample correlations as factors.

    Every asset keeps its sample variance. Use it for many assets without factor data; the covariance is kept in factor
    form, which speeds up optimization and allows factor budgets and exposures.
    """

    name = "statistical_factor"
    citation = "Connor, G., Korajczyk, R. (1988). Risk and return in an equilibrium APT. JFE 21(2), 255-289."
    options: type = StatisticalOptions
    takes: SampleKind = "equal_rows"

    def check(self, returns: Returns, options: object) -> None:
        """Refuse more factors than names."""
        _refuse_too_many(cast(StatisticalOptions, options).count, len(returns.universe))

    def covariance(self, sample: Scenarios, options: object) -> Covariance:
        """Annual covariances, kept as a factor model; n names.

        Raises:
            InvalidInput: the scenarios have probabilities, or there are fewer names than factors.
        """
        returns, count = equally_likely(sample, self.name), cast(StatisticalOptions, options).count
        _refuse_too_many(count, returns.shape[1])
        moments = np.atleast_2d(np.cov(returns, rowvar=False)) * sample.periods_per_year
        return FactorCovariance.of(principal_components(moments, count, len(returns)))


def _refuse_too_many(count: int | None, names: int) -> None:
    if count is not None and count > names:
        detail = f"is {count}, and there are {names} names; give no more than that."
        raise InvalidInput.at((*COVARIANCE, "count"), detail, "range")


def principal_components(covariance: Matrix, count: int | None, rows: int | None = None) -> FactorModel:
    """The factor model of the largest principal components of a covariance's correlations.

    Args:
        covariance: annual; shape (n, n).
        count: of components; None for those above what noise among ``rows`` would have, or one.
        rows: from which the covariance was estimated.
    """
    volatilities, correlations = apart(covariance)
    eigenvalues, vectors = descending(correlations)
    if count is None:
        count = 1 if rows is None else max(1, signals(eigenvalues, rows, fitted=False))
    kept, spread = vectors[:, :count], np.maximum(eigenvalues[:count], 0.0)
    own = np.maximum(1.0 - (kept**2) @ spread, 0.0)
    own[own <= STILL] = 0.0
    names = tuple(f"PC{k + 1}" for k in range(count))
    return FactorModel.of(names, volatilities[:, None] * kept, np.diag(spread), volatilities**2 * own)
