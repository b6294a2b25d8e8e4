"""Volatilities that options are priced at, with the correlations of history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.nearest_correlation import repaired
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix
from tangency.plugins.kernels.correlations import apart, together
from tangency.plugins.sample import Sample

PATH: Path = ("risk_parameters", "covariance_estimator", "options", "volatilities")


@dataclass(frozen=True, slots=True)
class ImpliedOptions:
    """The volatilities.

    Attributes:
        volatilities: annual volatility of every asset, 0.2 for 20 %.
    """

    volatilities: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, volatility in self.volatilities.items():
            if volatility < 0:
                detail = f"is {volatility}; give an annual volatility, such as 0.2."
                raise InvalidInput.at(("volatilities", name), detail, "range")


class ImpliedVolatility(Estimator):
    """Covariance from volatilities that you give and the correlations of the sample.

    Use it for volatilities implied by option prices, or any other forecasts of volatility.
    """

    name = "implied_volatility"
    citation = "DeMiguel, V., Plyakha, Y., Uppal, R., Vilkov, G. (2013). JFQA 48(6), 1813-1845, section III."
    options: type = ImpliedOptions

    def check(self, returns: Returns, options: object) -> None:
        """Refuse volatilities of other names, and names without one."""
        returns.universe.join(cast(ImpliedOptions, options).volatilities, PATH)

    def covariance(self, sample: Scenarios, options: object) -> Covariance:
        """Annual covariances; n names.

        Raises:
            InvalidInput: a name has no volatility, or an unknown one has.
        """
        implied = sample.universe.join(cast(ImpliedOptions, options).volatilities, PATH)
        history = Sample().covariance(sample, options)
        values: Matrix = history if isinstance(history, np.ndarray) else history.dense()
        return repaired(together(implied, apart(values)[1]))
