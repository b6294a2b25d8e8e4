"""Risk that is counted from somewhere: against a benchmark, or with each name's weight in a unit of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tangency.domain.errors import Fault, Path
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.objective import SumOfTerms
from tangency.domain.optimization.region import RiskCap
from tangency.domain.optimization.term import Minorant, Term
from tangency.domain.risk.risk import Affine, Risk
from tangency.domain.risk.volatility import Volatility, slope_below, volatility


@dataclass(frozen=True)
class ActiveVariance(Term):
    """``weight`` / 2 times d'Sd, d = (x - center) / units name by name; weight > 0.

    Attributes:
        center: weights that d is counted from; 0 where left out.
        units: what a weight of each name is divided by, above 0; 1 where left out.
    """

    kind: ClassVar[str] = "active_variance"
    weight: float = 1.0
    center: tuple[float, ...] | None = None
    units: tuple[float, ...] | None = None

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight / 2 d'Sd."""
        away = self._away(w)
        return 0.5 * self.weight * float(away @ estimates.covariance.times(away))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """The tangent at w. Its curvature is that of the variance only where no weight has a unit of its own."""
        away = self._away(w)
        image = self.weight * estimates.covariance.times(away)
        slope = image if self.units is None else image / np.array(self.units)
        curvature = self.weight if self.units is None else 0.0
        return Minorant(0.5 * float(away @ image) - float(slope @ w), slope, curvature)

    def matrix(self, estimates: Estimates) -> Matrix:
        """M with d'Sd = (x - center)'M(x - center); shape (n, n)."""
        dense = estimates.covariance.dense()
        return dense if self.units is None else dense / np.outer(self.units, self.units)

    def middle(self, size: int) -> Vector:
        """The center; shape (n,)."""
        return np.zeros(size) if self.center is None else np.array(self.center)

    def _away(self, w: Vector) -> Vector:
        away = w - self.middle(len(w))
        return away if self.units is None else away / np.array(self.units)


@dataclass(frozen=True)
class MinimumActiveRisk(SumOfTerms):
    """Least tracking error; or, with units, least volatility if every name were as volatile as its unit makes it.

    Attributes:
        center: the benchmark; 0 where left out.
        units: what a weight of each name is divided by; 1 where left out.
    """

    name: ClassVar[str] = "MIN_RISK"
    needs_mean: ClassVar[bool] = False
    center: tuple[float, ...] | None = None
    units: tuple[float, ...] | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """Half the active variance."""
        return (ActiveVariance(1.0, self.center, self.units),)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The root of twice the loss."""
        return float(np.sqrt(max(0.0, 2.0 * self.loss(w, estimates))))

    def price(self, w: Vector, estimates: Estimates) -> float:
        """d te = d(te^2 / 2) / te."""
        error = self.value(w, estimates)
        return 1.0 / error if error > 0 else 0.0

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """2 gap / (te + sqrt(te^2 - 2 gap)); no more than all of it."""
        error = self.value(w, estimates)
        below = float(np.sqrt(max(0.0, error**2 - 2 * gap)))
        return min(error, 2 * gap / (error + below)) if error > 0 else 0.0


@dataclass(frozen=True, eq=False, slots=True)
class TrackingError(Risk):
    """sqrt((x - b)'S(x - b)) for a benchmark b. Its dual vectors are active weights."""

    covariance: Covariance
    benchmark: Vector

    def value(self, x: Vector) -> float:
        """The annual volatility of x against the benchmark."""
        away = x - self.benchmark
        return volatility(self.covariance, away)

    def worst_case(self, x: Vector) -> Vector:
        """The active weights, scaled to a tracking error of 1: means of such vectors are dual vectors that say more."""
        away, error = x - self.benchmark, self.value(x)
        return away / error if error > 0 else away

    def below(self, dual: Vector) -> Affine | None:
        """(Sz)'(x - b) / sqrt(z'Sz), by Cauchy-Schwarz; 0 for active weights without risk, which no risk is below."""
        if dual.shape != self.benchmark.shape:
            return None
        slope = slope_below(self.covariance, dual)
        if slope is None:
            slope = np.zeros_like(dual)
        return Affine(-float(slope @ self.benchmark), slope)


def centred(risk: Risk) -> tuple[Covariance, Vector] | None:
    """S and b where the risk is sqrt((x - b)'S(x - b)); None where it is another."""
    if isinstance(risk, Volatility):
        return risk.covariance, np.zeros(risk.covariance.size)
    return (risk.covariance, risk.benchmark) if isinstance(risk, TrackingError) else None


@dataclass(frozen=True)
class TrackingErrorLimit(Constraint):
    """The annual tracking error against a benchmark may not be above the limit."""

    kind: ClassVar[str] = "tracking_error_limit"
    benchmark: tuple[float, ...] = field(default=(), repr=False)
    """Weights in the universe's order."""

    @property
    def id(self) -> str:
        """Always ``method_options.tracking_error_limit``."""
        return "method_options.tracking_error_limit"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("method_options", "tracking_error_limit")

    def faults(self, universe: Universe) -> list[Fault]:
        """A tracking error is not negative, and its benchmark has a weight for every name."""
        if len(self.benchmark) != len(universe):
            detail = f"needs {len(universe)} benchmark weights, one per name; there are {len(self.benchmark)}."
            return [Fault(self.path, detail, "missing")]
        if self.limit < 0:
            return [Fault(self.path, f"is {self.limit}; a tracking error is at least 0.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> RiskCap:
        """sqrt((x - b)'S(x - b)) <= limit."""
        return RiskCap(self.id, TrackingError(estimates.covariance, np.array(self.benchmark)), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The annual tracking error against the benchmark is at most {self.limit:.6g}."
