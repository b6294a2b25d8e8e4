"""From what a request says about the covariance to the risk that its worst case leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.robust_terms import (
    ROUNDING,
    Norm,
    SquaredNorm,
    WorstCovariance,
    root_of,
    rows_of,
)
from tangency.domain.optimization.term import Term
from tangency.plugins.kernels import uncertainty_sets as known
from tangency.plugins.kernels.matrix_cones import MOST_NAMES
from tangency.plugins.robust import figures
from tangency.plugins.robust.mean_sets import history
from tangency.plugins.robust.options import CovarianceUncertainty

COVARIANCE: Path = ("method_options", "covariance_uncertainty")


class CovarianceSet(ABC):
    """Where the annual covariance may lie."""

    @abstractmethod
    def volatility(self) -> Term:
        """The worst volatility."""

    @abstractmethod
    def half_variance(self, weight: float) -> Term:
        """``weight`` / 2 times the worst variance."""

    @abstractmethod
    def worst(self, w: Vector, dual: Vector | None) -> Matrix:
        """The covariance of the set that is worst for w; shape (n, n).

        Args:
            w: shape (n,).
            dual: as the solver found it, where it took a program.
        """


@dataclass(frozen=True, eq=False)
class CovarianceBox(CovarianceSet):
    """The positive semidefinite matrices of a box.

    Attributes:
        center: shape (n, n).
        half_width: shape (n, n).
        long_only: whether no feasible weight is below 0.
    """

    center: Matrix
    half_width: Matrix
    long_only: bool

    @cached_property
    def corner(self) -> Matrix | None:
        """The one covariance that is worst for every portfolio without short positions, where it is a covariance."""
        top = self.center + self.half_width
        sound = float(np.linalg.eigvalsh(top)[0]) >= -ROUNDING * float(np.diagonal(top).max())
        return top if self.long_only and sound else None

    def volatility(self) -> Term:
        """By the corner, or a semidefinite program."""
        return self._program if self.corner is None else _volatility(self.corner)

    def half_variance(self, weight: float) -> Term:
        """By the corner, or a semidefinite program."""
        if self.corner is None:
            return WorstCovariance(weight, rows_of(self.center), rows_of(self.half_width))
        return _half_variance(weight, self.corner)

    def worst(self, w: Vector, dual: Vector | None) -> Matrix:
        """The corner, or what the program found."""
        return self._program.member(dual, w) if self.corner is None else self.corner

    @property
    def _program(self) -> WorstCovariance:
        return WorstCovariance(1.0, rows_of(self.center), rows_of(self.half_width), root=True)


@dataclass(frozen=True, eq=False)
class CovarianceEllipsoid(CovarianceSet):
    """The positive semidefinite C with |F^-1 (C - center) F^-T| <= radius, the norm that of Frobenius, F F' the shape.

    Since w'(C - center)w is the product of F^-1 (C - center) F^-T with F'w w'F, the worst variance of any portfolio is
    w'center w + radius x w'shape w, by Cauchy and Schwarz; it is attained at a matrix above the center, which is a
    covariance therefore. As if the covariance were center + radius x shape, which is no member of the set itself.

    Attributes:
        center: shape (n, n).
        shape: positive semidefinite; shape (n, n).
        radius: at least 0.
    """

    center: Matrix
    shape: Matrix
    radius: float

    @cached_property
    def inflated(self) -> Matrix:
        """The covariance that every portfolio is as risky by as in its own worst case; shape (n, n)."""
        return np.asarray(self.center + self.radius * self.shape)

    def volatility(self) -> Term:
        """By the inflated covariance."""
        return _volatility(self.inflated)

    def half_variance(self, weight: float) -> Term:
        """By the inflated covariance."""
        return _half_variance(weight, self.inflated)

    def worst(self, w: Vector, dual: Vector | None) -> Matrix:
        """center + radius x shape w w' shape / w'shape w."""
        image = self.shape @ w
        length = float(w @ image)
        return self.center + self.radius / length * np.outer(image, image) if length > 0 else self.center


def _volatility(covariance: Matrix) -> Norm:
    return Norm(1.0, rows_of(root_of(covariance)), "volatility")


def _half_variance(weight: float, covariance: Matrix) -> SquaredNorm:
    return SquaredNorm(weight, rows_of(root_of(covariance)), "variance")


def covariance_set(
    said: CovarianceUncertainty | None, problem: Problem, estimates: Estimates, long_only: bool
) -> CovarianceSet | None:
    """What is said about the covariance; None where it is certain.

    Raises:
        InvalidInput: figures that do not line up, or that take returns which are not there; or more names than the
            semidefinite program takes, where one is needed.
    """
    if said is None:
        return None
    center = estimates.covariance.dense()
    if said.center is not None:
        center = figures.covariance(said.center, problem.universe, (*COVARIANCE, "center"))
    if said.kind == "ellipsoid":
        return _ellipsoid(said, problem, estimates, center)
    wide = figures.spread(_half_width(said, problem, estimates, center), (*COVARIANCE, "half_width"))
    return _solvable(CovarianceBox(center, wide, long_only))


def check_covariances(said: CovarianceUncertainty | None, problem: Problem) -> None:
    """Refuse what :func:`covariance_set` refuses, as far as it shows before anybody estimates.

    Raises:
        InvalidInput: the same.
    """
    if said is None:
        return
    for field in ("center", "shape"):
        if getattr(said, field) is not None:
            figures.covariance(getattr(said, field), problem.universe, (*COVARIANCE, field))
    path = (*COVARIANCE, "half_width")
    if isinstance(said.half_width, int | float):
        figures.spread(np.array([said.half_width]), path)
    elif said.half_width is not None:
        figures.spread(figures.matrix(said.half_width, problem.universe, path), path)


def _ellipsoid(
    said: CovarianceUncertainty, problem: Problem, estimates: Estimates, center: Matrix
) -> CovarianceEllipsoid:
    if said.estimate == "bootstrap" and said.shape is None and said.radius is None:
        sample = history(estimates, (*COVARIANCE, "estimate"))
        shape, distances = known.resampled_distances(sample, problem.seed)
        return CovarianceEllipsoid(center, shape, float(np.quantile(distances, said.confidence_level)))
    shape = _shape(said, problem, estimates, center)
    radius = known.matrix_radius(shape, said.confidence_level) if said.radius is None else said.radius
    return CovarianceEllipsoid(center, shape, radius)


def _shape(said: CovarianceUncertainty, problem: Problem, estimates: Estimates, center: Matrix) -> Matrix:
    if said.shape is not None:
        return figures.covariance(said.shape, problem.universe, (*COVARIANCE, "shape"))
    if said.estimate == "given" and said.radius is not None:
        return np.eye(len(center))
    return known.matrix_shape(center, len(history(estimates, (*COVARIANCE, "shape"))))


def _solvable(box: CovarianceBox) -> CovarianceBox:
    if box.corner is None and len(box.center) > MOST_NAMES:
        detail = (
            f"takes a semidefinite program, and {len(box.center)} names are too many for it; {MOST_NAMES} at most. "
            "Give kind ellipsoid; or rule out short positions, and give half-widths that keep the center a covariance."
        )
        raise InvalidInput.at((*COVARIANCE, "half_width"), detail, "too_many")
    return box


def _half_width(said: CovarianceUncertainty, problem: Problem, estimates: Estimates, center: Matrix) -> Matrix:
    if isinstance(said.half_width, int | float):
        return said.half_width * np.abs(center)
    if said.half_width is not None:
        return figures.matrix(said.half_width, problem.universe, (*COVARIANCE, "half_width"))
    sample = history(estimates, (*COVARIANCE, "estimate"))
    if said.estimate == "bootstrap":
        return known.resampled_spread(sample, problem.seed, said.confidence_level)
    errors = known.covariance_errors(center, sample)
    return errors * (known.normal_radius(said.confidence_level) if said.radius is None else said.radius)
