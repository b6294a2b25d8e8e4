"""What every measure of risk can do, whatever it measures.

A measure is convex: it is the largest of many affine functions of the weights. One of them, named by a *dual vector* (a
portfolio for the volatility, worst-case weights of the scenarios for a tail), lies below the risk everywhere, so it can
stand for the risk in a proof. A dual vector from a solver is never trusted: the measure makes a valid one of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from tangency.domain.market.factor_covariance import FactorModel
from tangency.domain.numbers import Vector


class Affine(NamedTuple):
    """constant + slope'x; slope has shape (n,)."""

    constant: float
    slope: Vector


class Risk(ABC):
    """A convex function of the weights, over data that it holds; positive is a loss."""

    @abstractmethod
    def value(self, x: Vector) -> float:
        """The risk of weights of shape (n,)."""

    @abstractmethod
    def worst_case(self, x: Vector) -> Vector:
        """A dual vector that attains the risk at x."""

    @abstractmethod
    def below(self, dual: Vector) -> Affine | None:
        """An affine function that is nowhere above the risk; None where the vector stands for none.

        Args:
            dual: of any size and with any figures; what is no valid dual vector is made one, or refused.
        """

    def tangent(self, x: Vector, dual: Vector | None = None) -> Affine:
        """Below the risk everywhere: by a dual vector where one is given and valid, else touching it at x."""
        given = None if dual is None else self.below(dual)
        return given or self.below(self.worst_case(x)) or Affine(0.0, np.zeros_like(x))

    def marginal(self, x: Vector, dual: Vector | None = None) -> Vector:
        """What a unit of each weight adds to the risk, for Euler's decomposition; shape (n,).

        Args:
            x: shape (n,).
            dual: attains the risk, where a proof found one: at a kink, it decides between the derivatives there.
        """
        return self.tangent(x, dual).slope

    @property
    def factor_model(self) -> FactorModel | None:
        """The factors that explain the risk, where it stands on a factor model."""
        return None

    @property
    def steepness(self) -> float:
        """The risk is at least this times any weight; 0 where it bounds none."""
        return 0.0
