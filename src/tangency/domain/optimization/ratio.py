"""The greatest ratio of a gain to a risk, of which the Sharpe ratio is the best known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.term import NO_CUTS, Minorant, RiskOf
from tangency.domain.risk.measure import VOLATILITY, Measure

NO_RISK = 1e-9
"""Of the largest risk of a name: what rounding and a solver's tolerance leave of none."""


def endless(measure: Measure) -> str:
    """What is wrong with a ratio whose risk can be none."""
    return (
        f"A portfolio gains over the risk-free rate, and its {measure.name} is not above 0: the ratio has no largest "
        "value. Raise risk_free_rate or the confidence level, or minimise the risk at a target return."
    )


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
        return float(self.gain(estimates) @ w)

    def gain(self, estimates: Estimates) -> Vector:
        """Mean over the risk-free rate, name by name; shape (n,)."""
        return estimates.required_mean("the Sharpe ratio") - self.risk_free_rate

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The ratio."""
        sigma = estimates.volatility(w)
        return self.excess(w, estimates) / sigma if sigma > 0 else float(np.sign(self.excess(w, estimates))) * np.inf

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """0 at w, by the choice of theta; infinite where w does not beat the risk-free rate: no theta > 0 is its."""
        return 0.0 if self.excess(w, estimates) > 0 else np.inf

    def loss_seen_from(self, z: Vector, w: Vector, estimates: Estimates) -> float:
        """theta volatility(w) - excess(w), theta being the ratio of z; 0 where that is below the ratio of w."""
        theta = max(0.0, self.value(z, estimates))
        return max(0.0, theta * estimates.volatility(w) - self.excess(w, estimates))

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """(theta (Sz) / sigma(z) - excess means)'x, z a dual or w; theta = 0 where w has no risk, or no excess."""
        sigma, gain = estimates.volatility(w), self.excess(w, estimates)
        theta = gain / sigma if gain > 0 and sigma > 0 else 0.0
        below = VOLATILITY.of(estimates).tangent(w, cuts.get(RiskOf(1.0, VOLATILITY).id))
        return Minorant(0.0, theta * below.slope - self.gain(estimates), 0.0)

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


@dataclass(frozen=True)
class MaximumRatio(Objective):
    """Greatest gain / risk, the gain linear in the weights and the risk convex and homogeneous.

    The construction is that of the Sharpe ratio: with theta the ratio reached at w, theta risk(x) - gain(x) is convex,
    0 at w, and negative exactly where a portfolio does better.

    Attributes:
        measure: of the risk.
        risk_free_rate: annual; taken from every mean where the gain is the expected return.
        gains: what each name gains; its mean over the risk-free rate where left out.
        word: the name of the objective.
    """

    measure: Measure = VOLATILITY
    risk_free_rate: float = 0.0
    gains: tuple[float, ...] | None = None
    word: str = "MAX_RATIO"

    @property
    def name(self) -> str:
        """The word given."""
        return self.word

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the measure, and the rate where the gain is a mean."""
        return (*self.measure.parameters, *(("risk_free_rate",) if self.gains is None else ()))

    @property
    def needs_mean(self) -> bool:
        """Unless gains are given."""
        return self.gains is None

    @property
    def risk_measure(self) -> Measure:
        """The one in the denominator."""
        return self.measure

    def gain(self, estimates: Estimates) -> Vector:
        """What each name gains; shape (n,)."""
        if self.gains is not None:
            return np.array(self.gains)
        return estimates.required_mean("the ratio") - self.risk_free_rate

    def gains_without_risk(self, w: Vector, estimates: Estimates) -> bool:
        """Whether there is a gain, and next to no risk: what others have could be nothing but rounding."""
        risk = self.measure.of(estimates)
        largest = max(abs(risk.value(name)) for name in np.eye(len(w)))
        return float(self.gain(estimates) @ w) > 0 and risk.value(w) <= NO_RISK * largest

    def value(self, w: Vector, estimates: Estimates) -> float:
        """The ratio; infinite where a gain carries no risk."""
        gain, risk = float(self.gain(estimates) @ w), self.measure.of(estimates).value(w)
        return gain / risk if risk > 0 else float(np.sign(gain)) * np.inf

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """0 at w by the choice of theta; infinite without a gain, or without a risk that is above 0."""
        gain = float(self.gain(estimates) @ w)
        return 0.0 if gain > 0 and self.measure.of(estimates).value(w) > 0 else np.inf

    def loss_seen_from(self, z: Vector, w: Vector, estimates: Estimates) -> float:
        """theta risk(w) - gain(w), theta being the ratio of z; 0 where that is below the ratio of w."""
        theta, risk = max(0.0, self.value(z, estimates)), self.measure.of(estimates).value(w)
        return max(0.0, theta * risk - float(self.gain(estimates) @ w))

    def minorant(self, w: Vector, estimates: Estimates, cuts: Mapping[str, Vector] = NO_CUTS) -> Minorant:
        """theta times an affine function below the risk, less the gain."""
        risk, gains = self.measure.of(estimates), self.gain(estimates)
        below, reached, gain = risk.tangent(w, cuts.get(RiskOf(1.0, self.measure).id)), risk.value(w), float(gains @ w)
        theta = gain / reached if gain > 0 and reached > 0 else 0.0
        return Minorant(theta * below.constant, theta * below.slope - gains, 0.0)

    def magnitude(self, w: Vector, estimates: Estimates) -> float:
        """theta risk + |gain|, equal at w."""
        return 2 * abs(float(self.gain(estimates) @ w))

    def price(self, w: Vector, estimates: Estimates) -> float:
        """The ratio gains 1 / risk for each unit of the loss."""
        risk = self.measure.of(estimates).value(w)
        return 1.0 / risk if risk > 0 else 0.0

    def residual_cost(self, residual: Vector, w: Vector, estimates: Estimates) -> float:
        """Infinite: nothing is known that curves against a residual."""
        return np.inf

    def gap_in_value(self, gap: float, w: Vector, estimates: Estimates, least_volatility: float) -> float | None:
        """At the margin: gap / risk(w)."""
        risk = self.measure.of(estimates).value(w)
        return gap / risk if risk > 0 else None
