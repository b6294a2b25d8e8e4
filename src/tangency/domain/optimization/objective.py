"""What a portfolio is asked to be best at.

Terms add and scale; an objective is a sum of terms to minimise, or, for the Sharpe ratio, a ratio of two. Each gives a
linear function that lies below it everywhere and touches it at a point: the minorant that the certificate stands on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector

SMALLEST_SCALE = 1e-8
"""Of the mean variance: what the relative gap is measured against where every term of the objective vanishes."""


class Minorant(NamedTuple):
    """constant + slope'x <= f(x) for all x, and f(x) - that >= curvature / 2 (x - w)'S(x - w)."""

    constant: float
    slope: Vector
    curvature: float


class Term(ABC):
    """A convex function of the weights."""

    @abstractmethod
    def value(self, w: Vector, estimates: Estimates) -> float:
        """The term at w."""

    @abstractmethod
    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """Its tangent at w."""


@dataclass(frozen=True)
class Return(Term):
    """``weight`` times the annual mean. Linear, so any sign is convex."""

    weight: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight mean'w."""
        return self.weight * float(estimates.required_mean("the objective") @ w)

    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """Itself."""
        return Minorant(0.0, self.weight * estimates.required_mean("the objective"), 0.0)


@dataclass(frozen=True)
class Variance(Term):
    """``weight`` / 2 times the annual variance; weight > 0."""

    weight: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight / 2 w'Sw."""
        return 0.5 * self.weight * float(w @ estimates.covariance.times(w))

    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """weight (Sw)'x - weight / 2 w'Sw."""
        image = self.weight * estimates.covariance.times(w)
        return Minorant(-0.5 * float(w @ image), image, self.weight)


@dataclass(frozen=True)
class Objective(ABC):
    """A named aim.

    ``value`` is in the user's unit (a ratio, a volatility, a mean, a utility); ``loss`` is what is minimised; the
    certificate proves a gap of the loss, which ``gap_in_value`` translates.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ()
    """The risk parameters that it uses."""
    needs_mean: ClassVar[bool] = True

    @abstractmethod
    def value(self, w: Vector, estimates: Estimates) -> float:
        """The objective at w, in the user's unit."""

    @abstractmethod
    def loss(self, w: Vector, estimates: Estimates) -> float:
        """What is minimised, at w."""

    @abstractmethod
    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """A linear function below the loss everywhere that touches it at w."""

    @abstractmethod
    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """The sum of the absolute terms of the loss at w."""

    def scale(self, w: Vector, estimates: Estimates) -> float:
        """What a gap is compared with: the magnitude, and a trace of the mean variance."""
        return self.magnitude(w, estimates) + SMALLEST_SCALE * float(estimates.covariance.variances.mean())

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

    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """The sum of the terms' tangents at w."""
        parts = [term.minorant(w, estimates) for term in self.terms]
        slope = np.sum([part.slope for part in parts], axis=0)
        return Minorant(sum(part.constant for part in parts), slope, sum(part.curvature for part in parts))

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """-r'w + |r|^2 / (2 curvature lambda_min), the least of -r'x with the curvature left over by the tangent."""
        curvature = sum(term.minorant(w, estimates).curvature for term in self.terms)
        held = curvature * estimates.covariance.spectrum.smallest[0]
        return float(residual @ residual) / (2 * held) - float(residual @ w) if held > 0 else np.inf

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """The sum of the terms' absolute values at w."""
        return sum(abs(term.value(w, estimates)) for term in self.terms)


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


@dataclass(frozen=True)
class MaximumSharpe(Objective):
    """Greatest (mean - risk_free_rate) / volatility.

    With theta the ratio reached at w, theta volatility(x) - excess(x) is convex, 0 at w, and negative exactly where a
    portfolio does better: a proof that it is nowhere below -gap is a proof about the ratio.
    """

    name: ClassVar[str] = "MAX_SHARPE"
    parameters: ClassVar[tuple[str, ...]] = ("risk_free_rate",)
    risk_free_rate: float = 0.0

    def excess(self, w: Vector, estimates: Estimates) -> float:
        """Mean over the risk-free rate of a fully invested portfolio."""
        return float(self.excess_means(estimates) @ w)

    def excess_means(self, estimates: Estimates) -> Vector:
        """Mean over the risk-free rate, name by name; shape (n,)."""
        return estimates.required_mean("the Sharpe ratio") - self.risk_free_rate

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The ratio."""
        sigma = estimates.volatility(w)
        return self.excess(w, estimates) / sigma if sigma > 0 else float(np.sign(self.excess(w, estimates))) * np.inf

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """0 at w, by the choice of theta; infinite where w does not beat the risk-free rate: no theta > 0 is its."""
        return 0.0 if self.excess(w, estimates) > 0 else np.inf

    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
        """(theta / sigma (Sw) - excess means)'x; with theta = 0 where w has no risk, or no excess."""
        sigma, gain = estimates.volatility(w), self.excess(w, estimates)
        theta_over_sigma = gain / sigma**2 if gain > 0 and sigma > 0 else 0.0
        slope = theta_over_sigma * estimates.covariance.times(w) - self.excess_means(estimates)
        return Minorant(0.0, slope, 0.0)

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """|r| / sqrt(lambda_min) x sigma(w): r'x >= -|r| / sqrt(lambda_min) sigma(x), which raises theta by as much."""
        smallest = estimates.covariance.spectrum.smallest[0]
        norm = float(np.linalg.norm(residual))
        return norm / float(np.sqrt(smallest)) * estimates.volatility(w) if smallest > 0 else np.inf

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """theta sigma + |excess|, equal at w."""
        return 2 * abs(self.excess(w, estimates))

    def price(self, w: Vector, estimates: Estimates) -> float:
        """The ratio gains 1 / sigma for each unit of the loss."""
        sigma = estimates.volatility(w)
        return 1.0 / sigma if sigma > 0 else 0.0

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """Gap / s, s a proven lower bound of volatility; None where none is above zero."""
        return gap / least_volatility if least_volatility > 0 else None


class _Unmeasured(Objective):
    """An aim without a figure of its own yet. Methods that optimise refuse it by name; a rule takes any aim."""

    needs_mean: ClassVar[bool] = False

    def value(self, w: Vector, estimates: Estimates) -> float:
        """NaN: there is nothing to state."""
        return float("nan")

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """Infinite, so that nobody's witness proves anything about it."""
        return np.inf

    def minorant(self, w: Vector, estimates: Estimates) -> Minorant:
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
    """Every name carries the same share of the risk."""

    name: ClassVar[str] = "RISK_PARITY"


@dataclass(frozen=True)
class MultiObjective(_Unmeasured):
    """Several aims at once."""

    name: ClassVar[str] = "MULTI_OBJECTIVE"
