"""From what a request says is uncertain to the terms that its worst case adds to a loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.robust_terms import (
    ROUNDING,
    Deviation,
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
from tangency.plugins.robust.options import CovarianceUncertainty, MeanUncertainty

MEAN: Path = ("method_options", "mean_uncertainty")
COVARIANCE: Path = ("method_options", "covariance_uncertainty")


@dataclass(frozen=True, eq=False)
class MeanSet:
    """Where the annual means may lie.

    Attributes:
        center: shape (n,).
        penalty: what the worst of them costs a portfolio; None where the center is certain.
    """

    center: Vector
    penalty: Deviation | Norm | None = None

    def worst(self, w: Vector) -> Vector:
        """The means of the set that are worst for w; shape (n,)."""
        if self.penalty is None:
            return self.center
        return self.center - self.penalty.slope(w)


@dataclass(frozen=True, eq=False)
class CovarianceSet:
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
        """The worst volatility."""
        if self.corner is not None:
            return Norm(1.0, rows_of(root_of(self.corner)), "volatility")
        return self.box

    @property
    def box(self) -> WorstCovariance:
        """The worst volatility, whatever the signs of the weights."""
        return WorstCovariance(1.0, rows_of(self.center), rows_of(self.half_width), root=True)

    def half_variance(self, weight: float) -> Term:
        """``weight`` / 2 times the worst variance."""
        if self.corner is not None:
            return SquaredNorm(weight, rows_of(root_of(self.corner)), "variance")
        return WorstCovariance(weight, rows_of(self.center), rows_of(self.half_width))


def mean_set(said: MeanUncertainty | None, problem: Problem, estimates: Estimates) -> MeanSet:
    """What is said about the means.

    Raises:
        InvalidInput: figures that do not line up, or that take returns which are not there.
    """
    if said is None:
        return MeanSet(estimates.required_mean("the objective"))
    if said.center is None:
        center = estimates.required_mean("the objective")
    else:
        center = figures.vector(said.center, problem.universe, (*MEAN, "center"))
    if said.kind == "ellipsoid":
        return MeanSet(center, _ellipsoid(said, problem, estimates))
    wide = _half_width(said, problem, estimates)
    zero = (0.0,) * len(center)
    return MeanSet(center, Deviation(tuple(figures.spread(wide, (*MEAN, "half_width")).tolist()), zero, "means"))


def _ellipsoid(said: MeanUncertainty, problem: Problem, estimates: Estimates) -> Norm:
    if said.half_width is not None:
        raise InvalidInput.at((*MEAN, "half_width"), "belongs to a box; give shape or radius, or kind box.", "conflict")
    if said.shape is not None:
        shape = figures.covariance(said.shape, problem.universe, (*MEAN, "shape"))
    elif said.estimate == "bootstrap":
        means = known.resampled_means(_history(estimates, (*MEAN, "estimate")), problem.seed)
        shape = np.cov(means, rowvar=False).reshape(means.shape[1], -1)
    else:
        shape = estimates.covariance.dense() / known.years_of(_history(estimates, (*MEAN, "shape")))
    radius = known.ellipsoid_radius(shape, said.confidence_level) if said.radius is None else said.radius
    return Norm(radius, rows_of(root_of(shape)), "means")


def _half_width(said: MeanUncertainty, problem: Problem, estimates: Estimates) -> Vector:
    if said.half_width is not None:
        return figures.vector(said.half_width, problem.universe, (*MEAN, "half_width"))
    if said.shape is not None:
        raise InvalidInput.at((*MEAN, "shape"), "belongs to an ellipsoid; give half_width.", "conflict")
    if said.estimate == "given":
        raise InvalidInput.at((*MEAN, "half_width"), "is missing; give it, or estimate empirical.", "missing")
    sample = _history(estimates, (*MEAN, "estimate"))
    if said.estimate == "bootstrap":
        return known.spread_of(known.resampled_means(sample, problem.seed), said.confidence_level)
    errors = np.sqrt(estimates.covariance.variances / known.years_of(sample))
    return errors * (known.normal_radius(said.confidence_level) if said.radius is None else said.radius)


def covariance_set(
    said: CovarianceUncertainty | None, problem: Problem, estimates: Estimates, long_only: bool
) -> CovarianceSet | None:
    """What is said about the covariance; None where it is certain.

    Raises:
        InvalidInput: as :func:`mean_set`; or more names than the semidefinite program takes, where one is needed.
    """
    if said is None:
        return None
    center = estimates.covariance.dense()
    if said.center is not None:
        center = figures.covariance(said.center, problem.universe, (*COVARIANCE, "center"))
    wide = figures.spread(_spread(said, problem, estimates, center), (*COVARIANCE, "half_width"))
    found = CovarianceSet(center, wide, long_only)
    if found.corner is None and len(center) > MOST_NAMES:
        detail = (
            f"takes a semidefinite program, and {len(center)} names are too many for it; {MOST_NAMES} at most. Rule "
            "out short positions and give half-widths whose sum with the center is a covariance."
        )
        raise InvalidInput.at((*COVARIANCE, "half_width"), detail, "too_many")
    return found


def _spread(said: CovarianceUncertainty, problem: Problem, estimates: Estimates, center: Matrix) -> Matrix:
    if isinstance(said.half_width, int | float):
        return said.half_width * np.abs(center)
    if said.half_width is not None:
        return figures.matrix(said.half_width, problem.universe, (*COVARIANCE, "half_width"))
    if said.estimate == "given":
        raise InvalidInput.at((*COVARIANCE, "half_width"), "is missing; give it, or estimate empirical.", "missing")
    sample = _history(estimates, (*COVARIANCE, "estimate"))
    if said.estimate == "bootstrap":
        return known.resampled_spread(sample, problem.seed, said.confidence_level)
    errors = known.covariance_errors(center, sample)
    return errors * (known.normal_radius(said.confidence_level) if said.radius is None else said.radius)


def _history(estimates: Estimates, path: Path) -> Scenarios:
    if estimates.scenarios is None:
        detail = "takes the returns of every name, which are not there; give them, or give the set itself."
        raise InvalidInput.at(path, detail, "missing")
    return estimates.scenarios
