"""Convex terms that a worst case over uncertain figures leaves behind, and distances that portfolios are priced by.

Each is a support function, or the square of one: the largest over a set of linear functions of the weights. A dual
vector names one of them, and is made a member of the set before it stands for anything, so any vector proves a bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.term import Minorant, Term

ROUNDING = 1e-12
"""Of the largest variance: an eigenvalue no further below 0 is one that is 0."""

Rows = tuple[tuple[float, ...], ...]
"""A matrix, row by row, in a value that can be compared, hashed and written down."""


def rows_of(matrix: Matrix) -> Rows:
    """A matrix as a value."""
    return tuple(map(tuple, matrix.tolist()))


def root_of(matrix: Matrix) -> Matrix:
    """F with F F' = matrix, for a positive semidefinite one; triangular where it can be; shape (n, its rank or 1)."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > ROUNDING * max(float(values[-1]), 0.0)
    if kept.all():
        return np.asarray(np.linalg.cholesky(matrix))
    kept[-1] = True
    return np.asarray(vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0)))


class _Labelled(Term):
    label: str

    @property
    def id(self) -> str:
        """By its label."""
        return f"objective.{self.label}"


@dataclass(frozen=True)
class Norm(_Labelled):
    """``weight`` x |F'x|: the worst case over an ellipsoid of means, and the volatility of one scenario.

    Attributes:
        factor: F; shape (n, k). The dual is a vector of the unit ball; shape (k,).
    """

    kind: ClassVar[str] = "norm"
    weight: float
    factor: Rows
    label: str = "norm"

    @cached_property
    def matrix(self) -> Matrix:
        """F as an array."""
        return np.array(self.factor)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight |F'w|."""
        return self.weight * float(np.linalg.norm(w @ self.matrix))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """weight (F u)'x with |u| <= 1."""
        return Minorant(0.0, self.slope(w, dual), 0.0)

    def slope(self, w: Vector, dual: Vector | None = None) -> Vector:
        """A derivative at w; shape (n,)."""
        if dual is None or dual.shape != self.matrix.shape[1:]:
            image = w @ self.matrix
            inside = image / (float(np.linalg.norm(image)) or 1.0)
        else:
            inside = dual / max(1.0, float(np.linalg.norm(dual)))
        return np.asarray(self.weight * (self.matrix @ inside))


@dataclass(frozen=True)
class SquaredNorm(_Labelled):
    """``weight`` / 2 x |F'x|^2: the variance of one scenario.

    Attributes:
        factor: F; shape (n, k). The dual is any vector; shape (k,).
    """

    kind: ClassVar[str] = "squared_norm"
    weight: float
    factor: Rows
    label: str = "squared_norm"

    @cached_property
    def matrix(self) -> Matrix:
        """F as an array."""
        return np.array(self.factor)

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight / 2 |F'w|^2."""
        image = w @ self.matrix
        return 0.5 * self.weight * float(image @ image)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """weight (q'F'x - |q|^2 / 2)."""
        q = w @ self.matrix if dual is None or dual.shape != self.matrix.shape[1:] else dual
        return Minorant(-0.5 * self.weight * float(q @ q), self.weight * (self.matrix @ q), 0.0)


@dataclass(frozen=True)
class Concentration(Term):
    """``weight`` times the sum of squared weights."""

    kind: ClassVar[str] = "concentration"
    weight: float

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight w'w."""
        return self.weight * float(w @ w)

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """weight (2 z'x - z'z), z the dual or w."""
        z = w if dual is None or dual.shape != w.shape else dual
        return Minorant(-self.weight * float(z @ z), 2.0 * self.weight * z, 0.0)


@dataclass(frozen=True)
class Deviation(_Labelled):
    """sum of price x |x - center|: the worst case over a box of means, a turnover, a cost.

    Attributes:
        prices: at least 0, one per name. The dual is where between -1 and 1 each kink is held; shape (n,).
        center: one per name.
    """

    kind: ClassVar[str] = "deviation"
    prices: tuple[float, ...]
    center: tuple[float, ...]
    label: str = "deviation"

    def value(self, w: Vector, estimates: Estimates) -> float:
        """prices'|w - center|."""
        return float(np.array(self.prices) @ np.abs(w - np.array(self.center)))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """sum of price x u (x - center) with -1 <= u <= 1."""
        slope = self.slope(w, dual)
        return Minorant(-float(slope @ np.array(self.center)), slope, 0.0)

    def slope(self, w: Vector, dual: Vector | None = None) -> Vector:
        """A derivative at w; shape (n,)."""
        held = np.sign(w - np.array(self.center)) if dual is None or dual.shape != w.shape else dual
        return np.asarray(np.array(self.prices) * np.clip(held, -1.0, 1.0))


@dataclass(frozen=True)
class LargestWeight(_Labelled):
    """``weight`` times the largest absolute weight: what a distance in the l1 norm is dual to."""

    kind: ClassVar[str] = "largest_weight"
    weight: float
    label: str = "largest_weight"

    def value(self, w: Vector, estimates: Estimates) -> float:
        """weight max |w|."""
        return self.weight * float(np.abs(w).max())

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """weight u'x with sum |u| <= 1."""
        u = np.zeros_like(w) if dual is None or dual.shape != w.shape else dual
        if dual is None:
            u[int(np.abs(w).argmax())] = float(np.sign(w[int(np.abs(w).argmax())]))
        return Minorant(0.0, self.weight * u / max(1.0, float(np.abs(u).sum())), 0.0)


@dataclass(frozen=True)
class WorstCovariance(_Labelled):
    """The largest volatility, or ``weight`` / 2 times the variance, over covariances in a box.

    The box holds every positive semidefinite matrix that is entry by entry within the half-widths of the center. Over
    them x'Cx is at most <xx' + Y, center> + <|xx' + Y|, half-widths> for every positive semidefinite Y, and equal to it
    for the best one: a semidefinite program, whose answer Y is carried along as the ``ceiling``. So ``value`` is
    nowhere below the worst case, and meets it at the portfolio that the ceiling was computed for.

    Attributes:
        weight: of half the variance, or of the volatility where ``root``.
        center: annual covariances; shape (n, n).
        half_width: at least 0; shape (n, n).
        ceiling: Y; shape (n, n). Empty where 0 will do: where the worst entries are a covariance anyway.
        root: whether the volatility is meant.
    """

    kind: ClassVar[str] = "worst_covariance"
    weight: float
    center: Rows
    half_width: Rows
    ceiling: Rows = ()
    root: bool = False
    label: str = "worst_covariance"

    @cached_property
    def box(self) -> tuple[Matrix, Matrix]:
        """Center and half-widths as arrays."""
        return np.array(self.center), np.array(self.half_width)

    def variance(self, w: Vector) -> float:
        """An upper bound of the worst one."""
        center, wide = self.box
        squares = [np.outer(w, w)]
        if self.ceiling:
            squares.append(squares[0] + np.array(self.ceiling))
        return max(0.0, min(float((square * center + np.abs(square) * wide).sum()) for square in squares))

    def value(self, w: Vector, estimates: Estimates) -> float:
        """By the upper bound."""
        worst = self.variance(w)
        return self.weight * float(np.sqrt(worst)) if self.root else 0.5 * self.weight * worst

    def member(self, dual: Vector | None, w: Vector) -> Matrix:
        """A covariance of the box: the dual moved into it, or towards the center until it is one; shape (n, n)."""
        center, wide = self.box
        if dual is None or dual.size < center.size:
            matrix = center + wide * np.sign(np.outer(w, w))
        else:
            matrix = dual[: center.size].reshape(center.shape)
            matrix = np.clip(0.5 * (matrix + matrix.T), center - wide, center + wide)
        tolerated = ROUNDING * float(np.diagonal(center + wide).max())
        least, own = float(np.linalg.eigvalsh(matrix)[0]), max(0.0, float(np.linalg.eigvalsh(center)[0]))
        if least >= -tolerated:
            return np.asarray(matrix)
        share = least / (least - own)  # the least eigenvalue is concave: at this share it is 0 or above
        return np.asarray((1.0 - share) * matrix + share * center)

    def under(self, dual: Vector, w: Vector) -> WorstCovariance:
        """The same with a ceiling from a dual that ends in a matrix above ww'."""
        square = dual[-(len(w) ** 2) :].reshape(len(w), len(w))
        values, vectors = np.linalg.eigh(square - np.outer(w, w))
        return replace(self, ceiling=rows_of((vectors * np.maximum(values, 0.0)) @ vectors.T))

    def minorant(self, w: Vector, estimates: Estimates, dual: Vector | None = None) -> Minorant:
        """The tangent of the risk under one covariance of the box, at w or at the portfolio after it in the dual."""
        z, first = w, len(w) ** 2
        if dual is not None and dual.size >= first + len(w):
            z = dual[first : first + len(w)]
        image = self.member(dual, w) @ z
        variance = max(0.0, float(z @ image))
        if self.root:
            return Minorant(0.0, self.weight * image / (np.sqrt(variance) or 1.0), 0.0)
        return Minorant(-0.5 * self.weight * variance, self.weight * image, 0.0)
