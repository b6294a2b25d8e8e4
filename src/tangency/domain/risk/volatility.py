"""Annual volatility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.factor_covariance import FactorModel, factor_model_of
from tangency.domain.numbers import Vector
from tangency.domain.risk.risk import Affine, Risk

CLEAR = 1e-4
"""Of the volatilities of a portfolio's parts: a bound by a smaller risk would raise their rounding above 1 in 10^11."""


@dataclass(frozen=True, eq=False, slots=True)
class Volatility(Risk):
    """sqrt(x'Sx). Its dual vectors are portfolios z, as they are or with a figure after them.

    A figure that is above the volatility of z takes its place. Where the best portfolio has no risk, what proves it is
    less steep than any portfolio as such.
    """

    covariance: Covariance

    def value(self, x: Vector) -> float:
        """sqrt(x'Sx)."""
        return volatility(self.covariance, x)

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
        slope = slope_below(self.covariance, dual[:size], float(dual[size:].sum()))
        return None if slope is None else Affine(0.0, slope)

    def marginal(self, x: Vector, dual: Vector | None = None) -> Vector:
        """Sx / sqrt(x'Sx), however little that is."""
        risk = self.value(x)
        return self.covariance.times(x) / risk if risk > 0 else self.tangent(x, dual).slope

    @property
    def steepness(self) -> float:
        """Risk >= sqrt(least eigenvalue) |x|; 0 where that eigenvalue may be rounding."""
        spectrum = self.covariance.spectrum
        least = spectrum.smallest[0] - self.covariance.size * np.finfo(float).eps * spectrum.largest[1]
        return float(np.sqrt(max(0.0, least)))


def volatility(covariance: Covariance, x: Vector) -> float:
    """sqrt(x'Sx); 0 where nothing but the rounding of terms that cancel is left of it."""
    return _root(float(x @ covariance.times(x)), _uncancelled(covariance, x), covariance.size)


def _root(variance: float, parts: float, size: int) -> float:
    rounding = size * np.finfo(float).eps * parts * parts
    return float(np.sqrt(variance)) if variance > rounding else 0.0


def slope_below(covariance: Covariance, z: Vector, least: float = 0.0) -> Vector | None:
    """Sz / sqrt(z'Sz), the slope of a linear function that is below the volatility of every portfolio.

    Where the parts of z cancel, the division would raise the rounding of Sz to a slope along portfolios without risk,
    which are below no such function: there it is by more, and the function does not touch the volatility of z.

    Args:
        covariance: S.
        z: shape (n,).
        least: to be divided by where the volatility of z is smaller.

    Returns:
        Shape (n,); None for z without risk, and nothing to divide by.
    """
    image, parts = covariance.times(z), _uncancelled(covariance, z)
    norm = max(least, _root(float(z @ image), parts, covariance.size))
    return image / max(norm, CLEAR * parts) if norm > 0 else None


def _uncancelled(covariance: Covariance, x: Vector) -> float:
    """The volatility if every part added to it; what x'Sx is made of is nowhere above its square."""
    return float(np.sqrt(np.maximum(covariance.variances, 0.0)) @ np.abs(x))


def covariance_of(risk: Risk) -> Covariance:
    """The covariance behind a volatility, for whoever handles only that measure.

    Raises:
        TypeError: it is another measure.
    """
    if not isinstance(risk, Volatility):
        raise TypeError(f"{type(risk).__name__} stands on no covariance")
    return risk.covariance
