"""Annual volatility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.factor_covariance import FactorModel, factor_model_of
from tangency.domain.numbers import Vector
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class Volatility(Risk):
    """sqrt(x'Sx). Its dual vectors are portfolios z, as they are or with a figure after them.

    A figure that is above the volatility of z takes its place. Where the best portfolio has no risk, what proves it is
    less steep than any portfolio as such.
    """

    covariance: Covariance

    def value(self, x: Vector) -> float:
        """sqrt(x'Sx)."""
        return float(np.sqrt(max(0.0, float(x @ self.covariance.times(x)))))

    @property
    def factor_model(self) -> FactorModel | None:
        """That of the covariance, where it is one."""
        return factor_model_of(self.covariance)

    def worst_case(self, x: Vector) -> Vector:
        """The portfolio itself."""
        return x

    def below(self, dual: Vector) -> Affine | None:
        """(Sz)'x / sqrt(z'Sz), by Cauchy-Schwarz below sqrt(x'Sx) for every portfolio z that carries risk."""
        size = self.covariance.size
        if dual.shape not in ((size,), (size + 1,)):
            return None
        z, least = dual[:size], float(dual[size:].sum())
        image = self.covariance.times(z)
        norm = max(least, float(np.sqrt(max(0.0, float(z @ image)))))
        return Affine(0.0, image / norm) if norm > 0 else None

    @property
    def steepness(self) -> float:
        """Risk >= sqrt(least eigenvalue) |x|; 0 where that eigenvalue may be rounding."""
        spectrum = self.covariance.spectrum
        least = spectrum.smallest[0] - self.covariance.size * np.finfo(float).eps * spectrum.largest[1]
        return float(np.sqrt(max(0.0, least)))


def covariance_of(risk: Risk) -> Covariance:
    """The covariance behind a volatility, for whoever handles only that measure.

    Raises:
        TypeError: it is another measure.
    """
    if not isinstance(risk, Volatility):
        raise TypeError(f"{type(risk).__name__} stands on no covariance")
    return risk.covariance
