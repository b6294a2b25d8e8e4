"""Covariances without the noise in their eigenvalues, or without the market in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimator, SampleKind
from tangency.domain.market.scenarios import Scenarios, equally_likely
from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.kernels.correlations import apart, of_moving_names, together
from tangency.plugins.kernels.random_matrices import descending, signals

NOTHING_LEFT = 1e-12
"""Of a variance: what a market leaves of a name that is nothing but the market."""


@dataclass(frozen=True, slots=True)
class DenoisedOptions:
    """How eigenvalues that are noise are found and treated.

    Attributes:
        method: ``constant_residual`` sets the eigenvalues that are noise to their average; ``targeted_shrinkage``
            shrinks their part of the correlations.
        shrinkage: for ``targeted_shrinkage``: 0 removes the noise part of the correlations, 1 keeps all of it.
        noise: variance of the noise in the Marchenko-Pastur distribution: ``fitted`` to the eigenvalues, or ``unit``
            (1).
    """

    method: Literal["constant_residual", "targeted_shrinkage"] = "constant_residual"
    shrinkage: float = 0.0
    noise: Literal["fitted", "unit"] = "fitted"

    def __post_init__(self) -> None:
        if not 0 <= self.shrinkage <= 1:
            raise InvalidInput.at(("shrinkage",), f"is {self.shrinkage}; give a number from 0 to 1.", "range")


class Denoised(Estimator):
    """Sample covariance with denoised correlations (random matrix theory); variances are unchanged.

    Eigenvalues of the correlation matrix that noise alone could produce are replaced. Use it when the number of assets
    is not small compared with the number of periods.
    """

    name = "denoised"
    citation = "Lopez de Prado, M. (2020). Machine learning for asset managers, 2.5. Cambridge University Press."
    options: type = DenoisedOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities: noise is a matter of the number of rows.
        """
        chosen, returns = cast(DenoisedOptions, options), equally_likely(sample, self.name)

        def estimate(moving: Matrix) -> Matrix:
            volatilities, correlations = apart(np.atleast_2d(np.cov(moving, rowvar=False)))
            return together(volatilities, denoised(correlations, len(moving), chosen))

        annual: Matrix = of_moving_names(returns, estimate) * sample.periods_per_year
        return annual


def denoised(correlations: Matrix, rows: int, options: DenoisedOptions) -> Matrix:
    """Correlations of which the eigenvalues that are noise are made equal, or their part is shrunk; shape (n, n)."""
    eigenvalues, vectors = descending(correlations)
    count = signals(eigenvalues, rows, options.noise == "fitted")
    if options.method == "constant_residual":
        calm = eigenvalues.copy()
        calm[count:] = eigenvalues[count:].mean() if count < len(calm) else 0.0
        return apart((vectors * calm) @ vectors.T)[1]
    signal = (vectors[:, :count] * eigenvalues[:count]) @ vectors[:, :count].T
    noise = correlations - signal
    shrunk: Matrix = signal + options.shrinkage * noise
    np.fill_diagonal(shrunk, 1.0)
    return shrunk


@dataclass(frozen=True, slots=True)
class DetonedOptions:
    """How many components are removed.

    Attributes:
        components: number of largest eigenvalues that represent the market and are removed.
    """

    components: int = 1

    def __post_init__(self) -> None:
        if self.components < 1:
            raise InvalidInput.at(("components",), f"is {self.components}; give 1 or more.", "range")


class Detoned(Estimator):
    """Sample covariance without the market component of its correlations; variances are unchanged.

    Use it to cluster assets by what distinguishes them. The result is singular, so it is not suited to methods that
    need to invert the covariance.
    """

    name = "detoned"
    citation = "Lopez de Prado, M. (2020). Machine learning for asset managers, 2.6. Cambridge University Press."
    options: type = DetonedOptions
    takes: SampleKind = "equal_rows"

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        """Annual covariances; shape (n, n).

        Raises:
            InvalidInput: the scenarios have probabilities, or a name is nothing but the market.
        """
        components = cast(DetonedOptions, options).components

        def estimate(moving: Matrix) -> Matrix:
            volatilities, correlations = apart(np.atleast_2d(np.cov(moving, rowvar=False)))
            rest = detoned(correlations, components)
            return together(volatilities, rest.correlations)

        annual: Matrix = of_moving_names(equally_likely(sample, self.name), estimate) * sample.periods_per_year
        return annual


@dataclass(frozen=True, eq=False, slots=True)
class WithoutMarket:
    """Correlations taken apart into the market and a rest.

    Attributes:
        correlations: of the rest; shape (n, n).
        market: what was removed; shape (n, n).
        scale: of the rest before its variances were made 1; shape (n,).
    """

    correlations: Matrix
    market: Matrix
    scale: Vector

    @property
    def retoned(self) -> Matrix:
        """The correlations as they were; shape (n, n)."""
        return together(self.scale, self.correlations) + self.market


def detoned(correlations: Matrix, components: int = 1) -> WithoutMarket:
    """Take the largest eigenvalues out of correlations.

    Raises:
        InvalidInput: some name has nothing left.
    """
    eigenvalues, vectors = descending(correlations)
    kept = vectors[:, :components]
    market = (kept * eigenvalues[:components]) @ kept.T
    rest = correlations - market
    if np.diagonal(rest).min() <= NOTHING_LEFT:
        detail = f"nothing is left of name {int(np.diagonal(rest).argmin())} without {components} of the components."
        raise InvalidInput.at(("risk_parameters", "covariance_estimator"), detail, "range")
    scale, unit = apart(rest)
    return WithoutMarket(unit, market, scale)
