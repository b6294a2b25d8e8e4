"""What a portfolio is asked to be best at.

An objective is a sum of convex terms to minimise, or a ratio of a gain to a risk. Either gives a linear function that
lies below its loss everywhere: the minorant that the certificate stands on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.term import NO_CUTS, SMALLEST_SCALE, Minorant, Return, RiskOf, Term, Variance
from tangency.domain.risk.measure import VOLATILITY, Measure


@dataclass(frozen=True)
class Objective(ABC):
    """A named aim.

    ``value`` is in the user's unit (a ratio, a volatility, a mean, a utility); ``loss`` is what is minimised; the
    certificate proves a gap of the loss, which ``gap_in_value`` translates.
    """

    @property
    def parameters(self) -> tuple[str, ...]:
        """The risk parameters that it uses."""
        return ()

    @property
    @abstractmethod
    def name(self) -> str:
        """The word for it in requests."""

    @property
    def needs_mean(self) -> bool:
        """Whether it uses expected returns."""
        return True

    @property
    def risk_measure(self) -> Measure:
        """The risk that the answer is taken apart by."""
        return VOLATILITY

    @abstractmethod
    def value(self, w: Vector, estimates: Estimates) -> float:
        """The objective at w, in the user's unit."""

    @abstractmethod
    def loss(self, w: Vector, estimates: Estimates) -> float:
        """What is minimised, at w."""

    def loss_seen_from(self, z: Vector, w: Vector, estimates: Estimates) -> float:
        """The loss at w in the terms of a portfolio z whose minorant it is compared with; infinite if unknown."""
        return np.inf

    @abstractmethod
    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """A linear function below the loss everywhere, which touches it at w.

        Args:
            w: shape (n,).
            estimates: annual moments, and scenarios.
            cuts: dual vectors of terms, by the terms' ids.
        """

    @abstractmethod
    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """The sum of the absolute terms of the loss at w."""

    def scale(self, w: Vector, estimates: Estimates) -> float:
        """What a gap is compared with: the magnitude, and a trace of the mean variance."""
        return self.magnitude(w, estimates) + SMALLEST_SCALE * estimates.mean_variance

    def price(self, w: Vector, estimates: Estimates) -> float:
        """How much ``value`` improves when the loss falls by one (at the margin)."""
        return 1.0

    @abstractmethod
    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """By how much at most residual'x can lower the bound, for names without bounds that it could run off along.

        Args:
            residual: what the multipliers leave of the slope, rounding at best; shape (n,).
            w: shape (n,).
            estimates: annual moments; the smallest eigenvalue of the covariance is what holds x back.
        """

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """The gap of the loss as a gap of ``value``; None where it cannot be bounded."""
        return gap


class SumOfTerms(Objective):
    """An objective whose loss is a sum of convex terms."""

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """What is summed and minimised."""

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """The sum at w."""
        return sum(term.value(w, estimates) for term in self.terms)

    def loss_seen_from(self, z: Vector, w: Vector, estimates: Estimates) -> float:
        """The loss at w, which is the same from everywhere."""
        return self.loss(w, estimates)

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """The sum of the terms' tangents at w."""
        parts = [term.minorant(w, estimates, cuts.get(term.id)) for term in self.terms]
        if len(parts) == 1:
            return parts[0]
        slope = np.sum([part.slope for part in parts], axis=0)
        return Minorant(sum(part.constant for part in parts), slope, sum(part.curvature for part in parts))

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """-r'w + |r|^2 / (2 curvature lambda_min), the least of -r'x with the curvature left over by the tangent."""
        curvature = sum(term.minorant(w, estimates).curvature for term in self.terms)
        held = curvature * estimates.covariance.spectrum.smallest[0]
        return float(residual @ residual) / (2 * held) - float(residual @ w) if held > 0 else np.inf

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """The sum of the terms' absolute values at w."""
        return sum(term.size(w, estimates) for term in self.terms)

    def scale(self, w: Vector, estimates: Estimates) -> float:
        """The magnitude, and the largest scale of a term that vanishes."""
        return self.magnitude(w, estimates) + max(term.smallest_scale(estimates) for term in self.terms)


@dataclass(frozen=True)
class MinimumVolatility(SumOfTerms):
    """Least annual volatility."""

    name: ClassVar[str] = "MIN_VOLATILITY"
    needs_mean: ClassVar[bool] = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """Half the variance."""
        return (Variance(1.0),)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The volatility."""
        return estimates.volatility(w)

    def price(self, w: Vector, estimates: Estimates) -> float:
        """d sigma = d(sigma^2 / 2) / sigma."""
        sigma = estimates.volatility(w)
        return 1.0 / sigma if sigma > 0 else 0.0

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """2 gap / (sigma + sqrt(sigma^2 - 2 gap))."""
        sigma = estimates.volatility(w)
        below = float(np.sqrt(max(0.0, sigma**2 - 2 * gap)))
        return 2 * gap / (sigma + below) if sigma > 0 else 0.0


@dataclass(frozen=True)
class MinimumRisk(SumOfTerms):
    """Least risk, by any measure."""

    name: ClassVar[str] = "MIN_RISK"
    needs_mean: ClassVar[bool] = False
    measure: Measure = VOLATILITY

    @property
    def terms(self) -> tuple[Term, ...]:
        """The risk."""
        return (RiskOf(1.0, self.measure),)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the measure."""
        return self.measure.parameters

    @property
    def risk_measure(self) -> Measure:
        """The one minimised."""
        return self.measure

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The risk."""
        return self.loss(w, estimates)


@dataclass(frozen=True)
class Blend(SumOfTerms):
    """Any sum of convex terms, for a method whose options say what is minimised.

    Attributes:
        word: the name of the objective.
        parts: the terms of the loss.
        maximised: whether the user thinks of minus the loss, as of a utility.
        measure: the risk that the answer is taken apart by.
        used: the risk parameters that went into the terms.
    """

    word: str
    parts: tuple[Term, ...]
    maximised: bool = False
    measure: Measure = VOLATILITY
    used: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The word given."""
        return self.word

    @property
    def parameters(self) -> tuple[str, ...]:
        """What went into the terms."""
        return self.used

    @property
    def needs_mean(self) -> bool:
        """Whether some term does."""
        return any(term.needs_mean for term in self.parts)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms given."""
        return self.parts

    @property
    def risk_measure(self) -> Measure:
        """The one given."""
        return self.measure

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The loss, or minus the loss where that is what is maximised."""
        return -self.loss(w, estimates) if self.maximised else self.loss(w, estimates)


@dataclass(frozen=True)
class MaximumReturn(SumOfTerms):
    """Greatest annual mean; among equals, the least variance."""

    name: ClassVar[str] = "MAX_RETURN"

    @property
    def terms(self) -> tuple[Term, ...]:
        """Minus the mean."""
        return (Return(-1.0),)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The mean."""
        return -self.loss(w, estimates)


@dataclass(frozen=True)
class MaximumUtility(SumOfTerms):
    """Greatest mean - risk_aversion / 2 x variance."""

    name: ClassVar[str] = "MAX_UTILITY"
    parameters: ClassVar[tuple[str, ...]] = ("risk_aversion",)
    risk_aversion: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.risk_aversion < np.inf:
            detail = f"is {self.risk_aversion}; give a number above 0 (MAX_RETURN is the case of no aversion at all)."
            raise InvalidInput.at(("risk_parameters", "risk_aversion"), detail)

    @property
    def terms(self) -> tuple[Term, ...]:
        """risk_aversion / 2 x variance - mean."""
        return (Variance(self.risk_aversion), Return(-1.0))

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The utility."""
        return -self.loss(w, estimates)


class _Unmeasured(Objective):
    """An aim without a figure of its own yet. Methods that optimise refuse it by name; a rule takes any aim."""

    needs_mean: ClassVar[bool] = False

    def value(self, w: Vector, estimates: Estimates) -> float:
        """NaN: there is nothing to state."""
        return float("nan")

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """Infinite, so that nobody's witness proves anything about it."""
        return np.inf

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """0 everywhere."""
        return Minorant(0.0, np.zeros_like(w), 0.0)

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """Infinite: nothing curves against a residual."""
        return np.inf

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """0 everywhere."""
        return 0.0


@dataclass(frozen=True)
class RiskParity(_Unmeasured):
    """Every name carries the same share of the risk.

    Attributes:
        measure: of the risk; what the answer is taken apart by.
    """

    name: ClassVar[str] = "RISK_PARITY"
    measure: Measure = VOLATILITY

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the measure."""
        return self.measure.parameters

    @property
    def risk_measure(self) -> Measure:
        """The one that is shared."""
        return self.measure


@dataclass(frozen=True)
class MultiObjective(_Unmeasured):
    """Several aims at once."""

    name: ClassVar[str] = "MULTI_OBJECTIVE"
    needs_mean: ClassVar[bool] = True
