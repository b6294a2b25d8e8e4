"""Covariances that outliers do not move, and covariances with few partial correlations, by scikit-learn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, power_of_two_near
from tangency.plugins.kernels.correlations import apart, of_moving_names, together

PATH: Path = ("risk_parameters", "covariance_estimator")
COLLINEAR = 1e-10
"""Smallest eigenvalue of the correlations of names of which one is no combination of others."""
SEARCH = {"tol": 1e-8, "enet_tol": 1e-10, "max_iter": 1000}
"""For scikit-learn. Its own tolerances of 1e-4 leave errors of 3e-3 in the covariances of the sample's twenty stocks,
or do not settle at all, depending on the last bits of what they begin with."""


@dataclass(frozen=True, slots=True)
class DeterminantOptions:
    """How the core of the sample is found.

    Attributes:
        support_fraction: fraction of the periods in the core. Default: (T + n + 1) / 2 periods.
        seed: of the random subsets from which the search starts.
    """

    support_fraction: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.support_fraction is not None and not 0 < self.support_fraction <= 1:
            detail = f"is {self.support_fraction}; give a fraction of the rows, at most 1."
            raise InvalidInput.at(("support_fraction",), detail, "range")
        if self.seed < 0:
            raise InvalidInput.at(("seed",), f"is {self.seed}; give 0 or more.", "range")


class MinimumCovarianceDeterminant(Estimator):
    """Minimum covariance determinant: a robust covariance that ignores outlying periods.

    It uses the periods whose covariance has the smallest determinant, and corrects for the others. Computed by
    scikit-learn's ``MinCovDet``, reweighted, with ``random_state`` set to the seed. Use it if the data contain errors
    or extreme events that should not determine the estimate. It needs many more periods than assets.
    """

    name = "minimum_covariance_determinant"
    citation = (
        "Rousseeuw, P., Van Driessen, K. (1999). A fast algorithm for the minimum covariance determinant estimator. "
        "Technometrics 41(3), 212-223."
    )
    options: type = DeterminantOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, or every core has a determinant of 0, as where there are no
                more rows than names, or a name is a combination of others.
        """
        chosen, returns = cast(DeterminantOptions, options), equally_likely(sample, self.name)
        annual: Matrix = of_moving_names(returns, lambda moving: _core(moving, chosen)) * sample.periods_per_year
        return annual


def _core(returns: Matrix, options: DeterminantOptions) -> Matrix:
    from sklearn.covariance import MinCovDet

    rows, size = returns.shape
    least = float(np.linalg.eigvalsh(apart(np.atleast_2d(np.cov(returns, rowvar=False)))[1])[0])
    if rows <= size + 1 or least <= COLLINEAR:
        why = f"{rows} rows of {size} names" if rows <= size + 1 else "names that are combinations of others"
        detail = f"has no determinant to minimise: there are {why}; use a shrunk covariance, such as 'ledoit_wolf'."
        raise InvalidInput.at(PATH, detail, "singular")
    unit = power_of_two_near(float(np.abs(returns).max()))
    found = MinCovDet(support_fraction=options.support_fraction, random_state=options.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn warns where a core is singular, and goes on
        try:
            core: Matrix = found.fit(returns / unit).covariance_
        except (RuntimeWarning, UserWarning, ValueError) as error:
            raise InvalidInput.at(PATH, f"finds no core of the rows: {error}", "singular") from None
    return core * unit**2


@dataclass(frozen=True, slots=True)
class LassoOptions:
    """How strongly partial correlations are penalized.

    Attributes:
        penalty: on each off-diagonal entry of the inverse covariance; scikit-learn's ``alpha``.
        standardise: whether the penalty applies to correlations, which makes it independent of the unit of returns,
            with the tightest convergence possible. If false, it applies to covariances per period, with scikit-learn's
            defaults.
    """

    penalty: float = 0.1
    standardise: bool = True

    def __post_init__(self) -> None:
        if not self.penalty > 0:
            raise InvalidInput.at(("penalty",), f"is {self.penalty}; give a number above 0.", "range")


class GraphicalLasso(Estimator):
    """Covariance with a sparse inverse: maximum likelihood (divisor T) with a penalty on partial correlations.

    Computed by scikit-learn's ``graphical_lasso``. Use it with many assets and few observations, if most pairs of
    assets are related only through others.
    """

    name = "graphical_lasso"
    citation = (
        "Friedman, J., Hastie, T., Tibshirani, R. (2008). Sparse inverse covariance estimation with the graphical "
        "lasso. Biostatistics 9(3), 432-441."
    )
    options: type = LassoOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, or the penalty is too small for so few rows.
        """
        chosen, returns = cast(LassoOptions, options), equally_likely(sample, self.name)
        annual: Matrix = of_moving_names(returns, lambda moving: _sparse(moving, chosen)) * sample.periods_per_year
        return annual


def _sparse(returns: Matrix, options: LassoOptions) -> Matrix:
    moments = np.atleast_2d(np.cov(returns, rowvar=False, bias=True))
    if len(moments) == 1:
        return moments
    if not options.standardise:
        return _lasso(moments, options.penalty)
    volatilities, correlations = apart(moments)
    return together(volatilities, _lasso(correlations, options.penalty, **SEARCH))


def _lasso(moments: Matrix, penalty: float, **search: float) -> Matrix:
    from sklearn.covariance import graphical_lasso

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            sparse: Matrix = graphical_lasso(moments, alpha=penalty, **search)[0]
        except (FloatingPointError, RuntimeWarning, UserWarning) as error:
            detail = f"does not settle at a penalty of {penalty:g}; give a larger one. ({str(error).splitlines()[0]})"
            raise InvalidInput.at((*PATH, "options", "penalty"), detail, "range") from None
    return 0.5 * (sparse + sparse.T)
