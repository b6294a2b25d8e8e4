"""Tails of losses: conditional and entropic value at risk, the worst scenario; and value at risk, not convex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Vector
from tangency.domain.risk.envelope import Envelope
from tangency.domain.risk.risk import Affine, Risk

ROUNDING = 1e-9
"""Of a scenario: (1 - 0.95) x 100 is 5.000000000000004, and is meant to be 5."""
FLATTEST, STEEPEST = 1e-9, 1e18
"""Exponents of the tilt of an entropic tail, losses scaled to a range of 1: the mean, and the worst scenario."""
TILTS = 100
"""Steps to find the tilt: bisection of its logarithm alone needs 60 for the last bit."""


@dataclass(frozen=True, eq=False)
class Tail(Envelope):
    """The average of the worst 1 - level of the probability, a fraction of a scenario included.

    Conditional value at risk (Rockafellar and Uryasev 2000, Optimization of conditional value-at-risk, equation 4);
    at level 0 the mean. Members: 0 <= u <= p / (1 - level), sum u = 1.
    """

    level: float

    @property
    def caps(self) -> Vector:
        """The most that a scenario can weigh; shape (T,)."""
        return self.probabilities / (1.0 - self.level)

    def value(self, losses: Vector) -> float:
        """The average of the tail."""
        return float(self.worst(losses) @ losses)

    def worst(self, losses: Vector) -> Vector:
        """Every scenario of the tail at its cap, and of the next the fraction that makes a sum of 1."""
        order = np.argsort(-losses, kind="stable")
        caps = self.caps[order]
        weights = np.empty_like(losses)
        weights[order] = np.diff(np.minimum(np.cumsum(caps), 1.0), prepend=0.0)
        return weights

    def member(self, dual: Vector) -> Vector:
        """Clipped; scaled down to a sum of 1, or lifted towards the caps."""
        weights = np.clip(dual, 0.0, self.caps)
        total = float(weights.sum())
        if total >= 1.0:
            return weights / total
        room = self.caps - weights
        most = float(room.sum())  # by rounding 0 where nothing but a rounding is missing
        return weights + room * min(1.0, (1.0 - total) / most) if most > 0 else weights


@dataclass(frozen=True, eq=False)
class Worst(Envelope):
    """The largest loss that is possible. Members: u >= 0 where p > 0, sum u = 1."""

    def value(self, losses: Vector) -> float:
        """The largest loss."""
        return float(losses[self.probabilities > 0].max())

    def worst(self, losses: Vector) -> Vector:
        """1 for that scenario."""
        weights = np.zeros_like(losses)
        weights[int(np.argmax(np.where(self.probabilities > 0, losses, -np.inf)))] = 1.0
        return weights

    def member(self, dual: Vector) -> Vector:
        """Clipped and divided by the sum."""
        return _shares(dual, self.probabilities)


@dataclass(frozen=True, eq=False)
class EntropicTail(Envelope):
    """Entropic value at risk (Ahmadi-Javid 2012, Entropic value-at-risk, definition 3.1 and theorem 3.3).

    The least over z > 0 of z ln(E exp(L / z) / (1 - level)). Members: u in the simplex with
    sum u ln(u / p) <= -ln(1 - level).
    """

    level: float

    @property
    def entropy(self) -> float:
        """The largest relative entropy of a member, -ln(1 - level)."""
        return -float(np.log1p(-self.level))

    def value(self, losses: Vector) -> float:
        """By the exponent at which it is least: an error of the exponent counts squared."""
        return self.attained(losses)[0]

    def worst(self, losses: Vector) -> Vector:
        """The probabilities tilted by the losses."""
        return self.attained(losses)[1]

    def attained(self, losses: Vector) -> tuple[float, Vector, float]:
        """The value, the probabilities tilted by the losses, and the z at which it has it; 0 or infinite at an end."""
        scaled, top, spread = self._scaled(losses)
        tilt = self._tilt(scaled) if spread > 0 else 0.0
        if tilt == 0.0:
            return float(self.probabilities @ losses), self.probabilities, np.inf
        if not np.isfinite(tilt):
            return top, _shares(np.where(scaled == 0.0, self.probabilities, 0.0), self.probabilities), 0.0
        moment = float(np.log(self.probabilities @ np.exp(tilt * scaled)))
        value = top + spread * min(0.0, (moment + self.entropy) / tilt)
        return value, _tilted(self.probabilities, scaled, tilt), spread / tilt

    def member(self, dual: Vector) -> Vector:
        """A share of the simplex, mixed with the probabilities where its entropy is too large.

        By Newton's step for the entropy along the mixture, and what that leaves by proportion: entropy is convex.
        """
        weights = _shares(dual, self.probabilities)
        entropy = _entropy(weights, self.probabilities)
        if entropy <= self.entropy:
            return weights
        some = weights > 0
        steepness = float((weights - self.probabilities)[some] @ np.log(weights[some] / self.probabilities[some]))
        nearly = self._mixed(weights, 1.0 - (entropy - self.entropy) / max(steepness, entropy))
        entropy = _entropy(nearly, self.probabilities)
        return nearly if entropy <= self.entropy else self._mixed(nearly, self.entropy / entropy)

    def _mixed(self, weights: Vector, share: float) -> Vector:
        return share * weights + (1.0 - share) * self.probabilities

    def _scaled(self, losses: Vector) -> tuple[Vector, float, float]:
        """Losses as (L - largest) / range, -inf where impossible; the largest, and the range."""
        possible = losses[self.probabilities > 0]
        top = float(possible.max())
        spread = top - float(possible.min())
        scaled = (losses - top) / (spread if spread > 0 else 1.0)
        return np.where(self.probabilities > 0, scaled, -np.inf), top, spread

    def _tilt(self, scaled: Vector) -> float:
        """The exponent whose tilted probabilities have just the entropy; infinite where even the worst has less."""
        if self.level == 0.0:
            return 0.0
        if self.entropy >= -float(np.log(self.probabilities[scaled == 0.0].sum())):
            return np.inf
        low, high = np.log(FLATTEST), np.log(STEEPEST)
        place = 0.5 * np.log(2.0 * self.entropy)
        for _ in range(TILTS):
            tilt = float(np.exp(place))
            weights = _tilted(self.probabilities, scaled, tilt)
            missing = self.entropy - _entropy(weights, self.probabilities)
            low, high = (place, high) if missing > 0 else (low, place)
            slope = tilt * tilt * _variance(weights, scaled)
            newton = place + missing / slope if slope > 0 else np.inf
            following = newton if low < newton < high else 0.5 * (low + high)
            if abs(following - place) <= 1e-15 * max(1.0, abs(place)):
                break
            place = following
        return float(np.exp(place))


@dataclass(frozen=True, eq=False, slots=True)
class ValueAtRisk(Risk):
    """The least loss that is exceeded with a probability of at most 1 - level. No affine function lies below it.

    With T equally likely scenarios the (k + 1)-th largest loss, k = floor((1 - level) T + 1e-9).
    """

    scenarios: Scenarios
    level: float

    def value(self, x: Vector) -> float:
        """The loss at that place."""
        losses = -(self.scenarios.returns @ x)
        return float(losses[self._place(losses)])

    def worst_case(self, x: Vector) -> Vector:
        """1 for the scenario at that place; shape (T,)."""
        losses = -(self.scenarios.returns @ x)
        weights = np.zeros(len(losses))
        weights[self._place(losses)] = 1.0
        return weights

    def below(self, dual: Vector) -> Affine | None:
        """None: it is not convex."""
        return None

    def marginal(self, x: Vector, dual: Vector | None = None) -> Vector:
        """The losses of the names in the scenario at that place; shape (n,)."""
        return -(self.worst_case(x) @ self.scenarios.returns)

    @property
    def exceedances(self) -> float:
        """By how many of T scenarios it may be exceeded, before rounding down."""
        return (1.0 - self.level) * len(self.scenarios) + ROUNDING

    def _place(self, losses: Vector) -> int:
        weights = self.scenarios.weights
        order = np.argsort(-losses, kind="stable")
        order = order[weights[order] > 0]
        if self.scenarios.probabilities is None:
            return int(order[min(int(self.exceedances), len(losses) - 1)])
        before = np.cumsum(weights[order]) - weights[order]
        return int(order[np.flatnonzero(before <= self.exceedances / len(losses))[-1]])


def _shares(dual: Vector, probabilities: Vector) -> Vector:
    """The positive part over its sum, where scenarios are possible; the probabilities where nothing is left."""
    weights = np.where(probabilities > 0, np.maximum(dual, 0.0), 0.0)
    total = float(weights.sum())
    return weights / total if 0.0 < total < np.inf else probabilities


def _tilted(probabilities: Vector, scaled: Vector, tilt: float) -> Vector:
    weights = probabilities * np.exp(tilt * scaled)
    return weights / float(weights.sum())


def _entropy(weights: Vector, probabilities: Vector) -> float:
    """Sum of u ln(u / p), 0 ln 0 being 0."""
    some = weights > 0
    return float(weights[some] @ np.log(weights[some] / probabilities[some]))


def _variance(weights: Vector, values: Vector) -> float:
    some = weights > 0
    mean = float(weights[some] @ values[some])
    return float(weights[some] @ (values[some] - mean) ** 2)
