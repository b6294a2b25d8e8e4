"""Annual variance, as a measure of risk by its own name."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.factor_covariance import FactorModel, factor_model_of
from tangency.domain.numbers import Vector
from tangency.domain.risk.risk import Affine, Risk


@dataclass(frozen=True, eq=False, slots=True)
class AnnualVariance(Risk):
    """x'Sx. Its dual vectors are portfolios."""

    covariance: Covariance

    def value(self, x: Vector) -> float:
        """x'Sx."""
        return max(0.0, float(x @ self.covariance.times(x)))

    @property
    def factor_model(self) -> FactorModel | None:
        """That of the covariance, where it is one."""
        return factor_model_of(self.covariance)

    def worst_case(self, x: Vector) -> Vector:
        """The portfolio itself."""
        return x

    def below(self, dual: Vector) -> Affine | None:
        """2 (Sz)'x - z'Sz, the tangent at any portfolio z."""
        if dual.shape != (self.covariance.size,):
            return None
        image = self.covariance.times(dual)
        return Affine(-float(dual @ image), 2.0 * image)

    def marginal(self, x: Vector, dual: Vector | None = None) -> Vector:
        """Sx, half the derivative: times the weights it sums to the variance."""
        return self.covariance.times(x)
