"""From what a request says about the means to what their worst case adds to a loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.robust_terms import Deviation, Norm, root_of, rows_of
from tangency.plugins.kernels import uncertainty_sets as known
from tangency.plugins.robust import figures
from tangency.plugins.robust.options import MeanUncertainty

MEAN: Path = ("method_options", "mean_uncertainty")


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


def check_means(said: MeanUncertainty | None, problem: Problem) -> None:
    """Refuse what :func:`mean_set` refuses, as far as it shows before anybody estimates.

    Raises:
        InvalidInput: the same.
    """
    if said is None or not problem.objective.needs_mean:
        return
    if said.center is not None:
        figures.vector(said.center, problem.universe, (*MEAN, "center"))
    if said.shape is not None:
        figures.covariance(said.shape, problem.universe, (*MEAN, "shape"))
    if said.half_width is not None:
        wide = figures.vector(said.half_width, problem.universe, (*MEAN, "half_width"))
        figures.spread(wide, (*MEAN, "half_width"))


def _ellipsoid(said: MeanUncertainty, problem: Problem, estimates: Estimates) -> Norm:
    if said.shape is not None:
        shape = figures.covariance(said.shape, problem.universe, (*MEAN, "shape"))
    elif said.estimate == "bootstrap":
        means = known.resampled_means(history(estimates, (*MEAN, "estimate")), problem.seed)
        shape = np.cov(means, rowvar=False).reshape(means.shape[1], -1)
    else:
        shape = estimates.covariance.dense() / known.years_of(history(estimates, (*MEAN, "shape")))
    radius = known.ellipsoid_radius(shape, said.confidence_level) if said.radius is None else said.radius
    return Norm(radius, rows_of(root_of(shape)), "means")


def _half_width(said: MeanUncertainty, problem: Problem, estimates: Estimates) -> Vector:
    if said.half_width is not None:
        return figures.vector(said.half_width, problem.universe, (*MEAN, "half_width"))
    sample = history(estimates, (*MEAN, "estimate"))
    if said.estimate == "bootstrap":
        return known.spread_of(known.resampled_means(sample, problem.seed), said.confidence_level)
    errors = np.sqrt(estimates.covariance.variances / known.years_of(sample))
    return errors * (known.normal_radius(said.confidence_level) if said.radius is None else said.radius)


def history(estimates: Estimates, path: Path) -> Scenarios:
    """The returns of every name.

    Raises:
        InvalidInput: there are none; ``path`` says what takes them.
    """
    if estimates.scenarios is None:
        detail = "takes the returns of every name, which are not there; give them, or give the set itself."
        raise InvalidInput.at(path, detail, "missing")
    return estimates.scenarios
