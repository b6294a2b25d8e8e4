"""The probabilities nearest to given ones, by Kullback-Leibler divergence, that satisfy linear conditions.

Minimise sum q ln(q / p) over A q = b, C q <= d, sum q = 1. The dual is smooth and has one variable per condition: the
least of ln sum p exp(-l'(a - b)), with l >= 0 for inequalities (Meucci 2008, appendix A.2). Newton's method on it, on
the conditions that are not held at l = 0, from 0; the probabilities follow from the multipliers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Matrix, Vector

ITERATIONS = 200
CLOSED = 1e-13
"""Of the spread of a condition's figures: by how much it may be missed, and the gap, before Newton stops."""
ACCEPTED = 1e-10
"""The same for an answer: rounding of many scenarios may keep Newton from the last digits."""
BEYOND = 1e-6
"""By which the dual has to pass the largest divergence there is, for the conditions to be out of reach."""
SMALLEST_STEP = 1e-12


class Condition(NamedTuple):
    """sum of figures x probabilities == limit, or <= limit; figures have shape (T,)."""

    figures: Vector
    limit: float
    equality: bool


@dataclass(frozen=True, eq=False, slots=True)
class Nearest:
    """The nearest probabilities.

    Attributes:
        probabilities: shape (T,).
        divergence: from the prior.
        gap: of the divergence to the dual bound.
    """

    probabilities: Vector
    divergence: float
    gap: float


def nearest(prior: Vector, conditions: Sequence[Condition]) -> Nearest | None:
    """The probabilities nearest to a prior; None where none satisfy the conditions.

    Args:
        prior: all above 0, summing to 1; shape (T,).
        conditions: in any number, also none.
    """
    if not conditions:
        return Nearest(prior, 0.0, 0.0)
    figures = np.array([_scaled(prior, condition) for condition in conditions])
    search = _Dual(np.log(prior), figures, np.array([condition.equality for condition in conditions]))
    return search.run()


def _scaled(prior: Vector, condition: Condition) -> Vector:
    """Figures less limit, in units of their spread: conditions of all measures count alike."""
    distance: Vector = condition.figures - condition.limit
    spread = float(np.sqrt(prior @ (condition.figures - prior @ condition.figures) ** 2))
    unit = spread if spread > 0 else float(np.abs(distance).max())
    return distance / unit if unit > 0 else distance


class _State(NamedTuple):
    value: float
    probabilities: Vector
    excess: Vector


class _Dual:
    def __init__(self, log_prior: Vector, figures: Matrix, equality: NDArray[np.bool_]) -> None:
        self.log_prior, self.figures, self.equality = log_prior, figures, equality
        self.out_of_reach = -float(log_prior.min()) + BEYOND

    def run(self) -> Nearest | None:
        multipliers = np.zeros(len(self.figures))
        state = self._at(multipliers)
        for _ in range(ITERATIONS):
            if -state.value > self.out_of_reach or self._missed(multipliers, state) <= CLOSED:
                break
            moved = self._step(multipliers, state)
            if moved is None:
                break
            multipliers, state = moved
        if -state.value > self.out_of_reach or self._missed(multipliers, state) > ACCEPTED:
            return None
        gap = abs(float(multipliers @ state.excess))
        return Nearest(state.probabilities, -state.value - float(multipliers @ state.excess), gap)

    def _at(self, multipliers: Vector) -> _State:
        exponents = self.log_prior - multipliers @ self.figures
        largest = float(exponents.max())
        shares = np.exp(exponents - largest)
        total = float(shares.sum())
        probabilities = shares / total
        return _State(largest + float(np.log(total)), probabilities, self.figures @ probabilities)

    def _missed(self, multipliers: Vector, state: _State) -> float:
        over = np.where(self.equality, np.abs(state.excess), np.maximum(state.excess, 0.0))
        return float(np.maximum(over, np.abs(multipliers * state.excess)).max())

    def _step(self, multipliers: Vector, state: _State) -> tuple[Vector, _State] | None:
        """Newton on the free multipliers, shortened until the dual falls; None where it falls no more."""
        free = self.equality | (multipliers > 0) | (state.excess > 0)
        centred = self.figures[free] - state.excess[free, None]
        curvature = (centred * state.probabilities) @ centred.T
        direction = np.zeros_like(multipliers)
        direction[free] = np.linalg.lstsq(curvature, state.excess[free], rcond=1e-14)[0]
        length = 1.0
        while length >= SMALLEST_STEP:
            tried = multipliers + length * direction
            tried = np.where(self.equality, tried, np.maximum(tried, 0.0))
            found = self._at(tried)
            if found.value < state.value or self._missed(tried, found) < self._missed(multipliers, state):
                return tried, found
            length *= 0.5
        return None
