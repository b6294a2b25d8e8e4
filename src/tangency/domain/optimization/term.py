"""Convex functions of the weights that add up to a loss.

Each gives a linear function that lies below it everywhere: the minorant that the certificate stands on. A term that is
smooth gives its tangent; one with kinks takes a dual vector from the method's witness, under the term's own ``id``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.risk.measure import Measure

SMALLEST_SCALE = 1e-8
"""Of the mean variance: what the relative gap is measured against where every term of the objective vanishes."""

NO_CUTS: Mapping[str, Vector] = {}


class Minorant(NamedTuple):
    """constant + slope'x <= f(x) for all x, and f(x) - that >= curvature / 2 (x - w)'S(x - w)."""

    constant: float
    slope: Vector
    curvature: float


class Term(ABC):
    """A function of the weights; convex, but for the tax on sales, which has convex cases."""

    kind: ClassVar[str]
    """Its word in documents."""
    needs_mean: ClassVar[bool] = False

    @property
    def id(self) -> str:
        """Under which a witness keeps the dual vector of this term."""
        return f"objective.{self.kind}"

    def smallest_scale(self, estimates: Estimates) -> float:
        """What a gap of the term is measured against where the term vanishes."""
        return SMALLEST_SCALE * estimates.mean_variance

    @abstractmethod
    def value(self, w: Vector, estimates: Estimates) -> float:
        """The term at w."""

    def size(self, w: Vector, estimates: Estimates) -> float:
        """What the term is made of, without signs: what a gap is small or large next to."""
        return abs(self.value(w, estimates))

    @abstractmethod
    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """Nowhere above the term.

        Args:
            w: where the term is to be supported; shape (n,).
            estimates: annual moments, and scenarios.
            dual: what the witness says about this term, if anything; without it, the tangent at w.
        """


@dataclass(frozen=True)
class Return(Term):
    """``weight`` times the annual mean. Linear, so any sign is convex."""

    kind: ClassVar[str] = "return"
    needs_mean: ClassVar[bool] = True
    weight: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight mean'w."""
        return self.weight * float(estimates.required_mean("the objective") @ w)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """Itself."""
        return Minorant(0.0, self.weight * estimates.required_mean("the objective"), 0.0)


@dataclass(frozen=True)
class Variance(Term):
    """``weight`` / 2 times the annual variance; weight > 0."""

    kind: ClassVar[str] = "variance"
    weight: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight / 2 w'Sw."""
        return 0.5 * self.weight * float(w @ estimates.covariance.times(w))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """weight (Sz)'x - weight / 2 z'Sz, the tangent at w, or at the portfolio z that is its dual."""
        z, curvature = (w, self.weight) if dual is None or dual.shape != w.shape else (dual, 0.0)
        image = self.weight * estimates.covariance.times(z)
        return Minorant(-0.5 * float(z @ image), image, curvature)


@dataclass(frozen=True)
class Linear(Term):
    """coefficients'w, of any sign: scores, carry, whatever adds up over the names."""

    kind: ClassVar[str] = "linear"
    coefficients: tuple[float, ...]

    def value(self, w: Vector, estimates: Estimates) -> float:
        """coefficients'w."""
        return float(np.array(self.coefficients) @ w)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """Itself."""
        return Minorant(0.0, np.array(self.coefficients), 0.0)


@dataclass(frozen=True)
class RiskOf(Term):
    """``weight`` times a measure of risk; weight > 0."""

    kind: ClassVar[str] = "risk"
    weight: float
    measure: Measure

    @property
    def id(self) -> str:
        """For instance ``objective.cvar``."""
        return f"objective.{self.measure.name}"

    def smallest_scale(self, estimates: Estimates) -> float:
        """For a risk in the unit of returns, the root of what a variance is measured against, per period like it."""
        least = super().smallest_scale(estimates)
        if self.measure.name == "variance":
            return self.weight * least
        periods = 1.0 if self.measure.name == "volatility" else estimates.required_scenarios("risk").periods_per_year
        return self.weight * float(np.sqrt(least / periods))

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight x risk(w)."""
        return self.weight * self.measure.of(estimates).value(w)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """By the dual vector: for scenarios their worst-case weights."""
        below = self.measure.of(estimates).tangent(w, dual)
        return Minorant(self.weight * below.constant, self.weight * below.slope, 0.0)
