"""The greatest ratio of a gain to a risk, as one conic program.

Portfolios are counted as y / k: every limit b stands as b k, the gain of y is fixed at 1, and the risk of y / k, times
k, is minimised (Charnes and Cooper 1962, Programming with linear fractional functionals; Schaible 1974 for convex
risks). Its multipliers over its least value are those of theta risk - gain, theta the ratio reached: the loss that the
certificate stands on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import clarabel
import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector, power_of_two_near
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import RiskOf
from tangency.plugins.kernels.composite import witness_of
from tangency.plugins.kernels.cones import compiled, limited
from tangency.plugins.kernels.conic_program import Builder, Expression, Sparse, added
from tangency.plugins.kernels.cutting_planes import CompositePoint, Cuts, refined, risks_of
from tangency.plugins.kernels.smooth_steps import greatest_over_smooth

VANISHING = 1e-8
"""A scale k below this, next to a y of order 1, is a portfolio that runs away: the best ratio is not reached."""


def maximise_ratio(
    gain: Vector, risk: RiskOf, region: Region, estimates: Estimates, tolerance: float, time_limit_s: float
) -> CompositePoint:
    """Maximise gain'x / risk(x) over a region.

    Args:
        gain: what each name gains; shape (n,).
        risk: by any convex measure.
        region: the feasible set.
        estimates: annual moments, and scenarios where a measure asks for them.
        tolerance: absolute and relative, on residuals and gap.
        time_limit_s: asked of the solver, which keeps it loosely.

    Returns:
        The portfolio, with multipliers and dual vectors for the loss theta risk(x) - gain'x. Its status is "infeasible"
        where no feasible portfolio gains, "riskless" where one gains and its risk is not above 0, "unbounded" where the
        best ratio is not reached.

    Raises:
        Unsupported: a measure that no cone is known for.
    """

    def solved(cuts: Cuts, left: float) -> CompositePoint:
        return _maximised(gain, risk, region, estimates, tolerance, left, cuts)

    region = region.reduced
    smooth = greatest_over_smooth(gain, risk, region, estimates, time_limit_s)
    if smooth is not None:
        return smooth
    point = refined(risks_of([risk], region, estimates), solved, time_limit_s)
    if point.weights is None or point.status == "riskless":
        return point
    return greatest_over_smooth(gain, risk, region, estimates, time_limit_s, point.weights) or point


def _maximised(
    gain: Vector,
    risk: RiskOf,
    region: Region,
    estimates: Estimates,
    tolerance: float,
    time_limit_s: float,
    cuts: Cuts,
) -> CompositePoint:
    build, unit = Homogeneous(region.size, estimates, region, cuts=cuts), power_of_two_near(float(np.abs(gain).max()))
    build.normalise(gain / unit)
    places, part = limited(build), compiled(risk, build)
    loss = build.homogeneous(part.expression)
    status, found, attempt = build.solve(loss, tolerance, time_limit_s)
    if status not in ("solved", "almost_solved"):
        return CompositePoint("riskless" if status == "unbounded" else status, None, Witness(), attempt)
    y, scale = found.x[: region.size], float(found.x[build.scale])
    if scale <= VANISHING * max(1.0, float(np.abs(y).max())):
        return CompositePoint("unbounded", None, Witness(), attempt)
    weights = np.clip(y / scale, region.lower, region.upper)
    least = float(loss.coefficients @ found.x[loss.columns])
    if least <= 0.0:
        return CompositePoint("riskless", weights, Witness(), attempt)
    witness = witness_of(places, [(risk.id, part)], found)
    priced = {key: price * unit / least for key, price in witness.multipliers.items()}
    return CompositePoint(status, weights, Witness(priced, witness.cuts), attempt)


@dataclass(eq=False)
class Homogeneous(Builder):
    """A program over y and k, its last variable of the first n + 1, in which the limit of every row is times k."""

    scale: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.scale = int(self.variables(1)[0])

    def add(self, cone: Sparse, entries: Sequence[tuple[Vector, Vector, Vector]], limits: Vector) -> Vector:
        """Demand that k limits - A v lie in a cone; gives the new rows."""
        rows = np.flatnonzero(limits)
        own: tuple[NDArray[Any], NDArray[Any], Vector] = (rows, np.full(len(rows), self.scale), -limits[rows])
        return super().add(cone, [*entries, own], np.zeros(len(limits)))

    def normalise(self, gain: Vector) -> None:
        """gain'y = 1, and k >= 0."""
        super().add(clarabel.ZeroConeT(1), [(np.zeros(self.n, int), self.weights, gain)], np.ones(1))
        sign = (np.zeros(1, int), np.array([self.scale]), -np.ones(1))
        super().add(clarabel.NonnegativeConeT(1), [sign], np.zeros(1))

    def homogeneous(self, expression: Expression) -> Expression:
        """The same with its constant multiplied by k."""
        own = Expression(np.array([self.scale]), np.array([expression.constant]), 0.0)
        return added([expression._replace(constant=0.0), own])
