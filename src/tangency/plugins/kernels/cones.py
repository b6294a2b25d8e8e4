"""The cone of each convex term, and how its dual vector is read from the multipliers of that cone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import clarabel
import numpy as np

from tangency.domain.errors import Unsupported
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.active_risk import ActiveVariance, TrackingError
from tangency.domain.optimization.composite_terms import Constant, Sum, WorstOf, packed
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.domain.optimization.robust_terms import (
    Concentration,
    Deviation,
    LargestWeight,
    Norm,
    SquaredNorm,
    WorstCovariance,
)
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term, Variance
from tangency.domain.optimization.trade_limit import Traded
from tangency.domain.optimization.worst_loss import WorstLoss
from tangency.domain.risk.drawdown import DrawdownRisk
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.variance import AnnualVariance
from tangency.domain.risk.volatility import Volatility
from tangency.domain.risk.weighing import PricedDistance, SquaredWeights
from tangency.plugins.kernels.conic_program import Builder, Compiled, Dual, Entry, Expression, Solved, added, smooth
from tangency.plugins.kernels.growth_cone import growth_cone
from tangency.plugins.kernels.matrix_cones import worst_covariance
from tangency.plugins.kernels.risk_cones import drawdown_cone, losses_cone

ON_THE_RIM = 1e-9
"""A dual of a norm that is shorter by no more is as long as it can be."""
RISKLESS = 1e-7
"""Of the largest volatility of a portfolio: one with less has none but what a repair lends it."""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """Where a limit stands: its row, the unit it was divided by, and how the cut of a risk cap is read."""

    row: int
    unit: float = 1.0
    dual: Dual = smooth


def limited(build: Builder) -> dict[str, Place]:
    """Add a region's limits; gives the place of each that has a multiplier."""
    region, places = build.region, {}
    for row in region.rows:
        expression = Expression(build.weights, row.coefficients, 0.0)
        places[row.id] = Place(*build.at_most(expression, row.limit, row.equality))
    for sign, bound in ((-1.0, region.lower), (1.0, region.upper)):
        names = np.flatnonzero(np.isfinite(bound))
        if len(names):
            entries = [(np.arange(len(names)), names, np.full(len(names), sign))]
            build.add(clarabel.NonnegativeConeT(len(names)), entries, sign * bound[names])
    for distance in region.distances:
        total = _absolute(np.ones(build.n), distance.center, build).expression
        places[distance.id] = Place(*build.at_most(total, distance.limit))
    for cap in region.caps:
        risk = measured(cap.risk, build)
        places[cap.id] = Place(*build.at_most(risk.expression, cap.limit), risk.dual)
    return places


def curved(term: Term, build: Builder) -> Expression | None:
    """A quadratic term of the loss itself, added to its curvature; None for any other."""
    if isinstance(term, Variance):
        build.curve(term.weight * build.estimates.covariance.dense())
    elif isinstance(term, ActiveVariance):
        return _active_variance(term, build)
    elif isinstance(term, SquaredNorm):
        build.curve(term.weight * (term.matrix @ term.matrix.T))
    elif isinstance(term, Concentration):
        build.curve(2.0 * term.weight * np.eye(build.n))
    elif isinstance(term, RiskOf) and isinstance(risk := term.measure.of(build.estimates), AnnualVariance):
        build.curve(2.0 * term.weight * risk.covariance.dense())
    else:
        return None
    return Expression(np.zeros(0, int), np.zeros(0), 0.0)


def _active_variance(term: ActiveVariance, build: Builder) -> Expression:
    matrix, center = term.weight * term.matrix(build.estimates), term.middle(build.n)
    build.curve(matrix)
    return Expression(build.weights, -matrix @ center, 0.5 * float(center @ matrix @ center))


def compiled(term: Term, build: Builder) -> Compiled:
    """A term as a linear expression, with the cone that holds it up.

    Raises:
        Unsupported: no cone is known for it.
    """
    known = next((cone for kind, cone in _CONES.items() if isinstance(term, kind)), None)
    if known is None:
        raise Unsupported.at(("method_options",), f"{term.kind!r} is not a term that this solver knows.", "unsupported")
    return known(term, build)


def measured(risk: Risk, build: Builder) -> Compiled:
    """A measure of risk likewise.

    Raises:
        Unsupported: no cone is known for it.
    """
    known = next((cone for kind, cone in _RISKS.items() if isinstance(risk, kind)), None)
    if known is None:
        detail = f"{type(risk).__name__} is not a risk that this solver knows; give volatility, variance or cvar."
        raise Unsupported.at(("method_options", "risk_measure"), detail, "unsupported")
    return known(risk, build)


# --- what adds up -------------------------------------------------------------------------------------------------


def _linear(coefficients: Vector, build: Builder) -> Compiled:
    return Compiled(Expression(build.weights, coefficients, 0.0))


def _constant(term: Constant, _build: Builder) -> Compiled:
    return Compiled(Expression(np.zeros(0, int), np.zeros(0), term.amount))


def _return(term: Return, build: Builder) -> Compiled:
    return _linear(term.weight * build.estimates.required_mean("the objective"), build)


def _sum(term: Sum, build: Builder) -> Compiled:
    pairs = [(weight, compiled(part, build)) for weight, part in zip(term.weights, term.parts, strict=True)]

    def dual(solved: Solved, price: float) -> Vector:
        return packed([part.dual(solved, price * weight) for weight, part in pairs])

    return Compiled(added([part.expression.times(weight) for weight, part in pairs]), dual)


def _worst_of(term: WorstOf, build: Builder) -> Compiled:
    """t >= each part."""
    parts = [compiled(part, build) for part in term.parts]
    unit = power_of_two_near(max(float(np.abs(part.expression.coefficients).max(initial=0.0)) for part in parts))
    top = Expression(build.variables(1), np.full(1, unit), 0.0)
    places = [build.at_most(added([part.expression, top.times(-1.0)]), 0.0) for part in parts]

    def dual(solved: Solved, _price: float) -> Vector:
        shares = np.array([float(solved.prices[row]) / own for row, own in places])
        inner = [part.dual(solved, share) for part, share in zip(parts, shares.tolist(), strict=True)]
        return packed([shares, *inner])

    return Compiled(top, dual)


# --- norms --------------------------------------------------------------------------------------------------------


def _images(factor: Matrix, build: Builder, first: int) -> Entry:
    """Rows of a cone, from the first on, that hold F'x."""
    n, k = factor.shape
    return np.repeat(np.arange(k), n) + first, np.tile(build.weights, k), -factor.T.ravel()


def _root(factor: Matrix, build: Builder, center: Vector | None = None) -> Compiled:
    """|F'(x - center)| <= t; the dual is a vector of the unit ball."""
    unit, k = power_of_two_near(float(np.abs(factor).max(initial=0.0))), factor.shape[1]
    t = build.variables(1)
    top = (np.zeros(1, int), t, -np.ones(1))
    limits = np.zeros(k + 1)
    if center is not None:
        limits[1:] = -(factor.T @ center) / unit
    rows = build.add(clarabel.SecondOrderConeT(k + 1), [top, _images(factor / unit, build, 1)], limits)

    def dual(solved: Solved, _price: float) -> Vector | None:
        prices = solved.prices[rows]
        return -prices[1:] / prices[0] if prices[0] > 0 else None

    return Compiled(Expression(t, np.full(1, unit), 0.0), dual)


def _half_square(factor: Matrix, build: Builder) -> Compiled:
    """|F'x|^2 / 2 <= t, as |(F'x, t - 1/2)| <= t + 1/2; the dual is any vector."""
    unit, k = power_of_two_near(float(np.abs(factor).max(initial=0.0))), factor.shape[1]
    t = build.variables(1)
    ends = (np.array([0, 1]), np.repeat(t, 2), -np.ones(2))
    limits = np.concatenate([[0.5, -0.5], np.zeros(k)])
    rows = build.add(clarabel.SecondOrderConeT(k + 2), [ends, _images(factor / unit, build, 2)], limits)

    def dual(solved: Solved, _price: float) -> Vector | None:
        prices = solved.prices[rows]
        worth = float(prices[0] + prices[1])
        return -unit * prices[2:] / worth if worth > 0 else None

    return Compiled(Expression(t, np.full(1, unit**2), 0.0), dual)


def _scaled(part: Compiled, weight: float) -> Compiled:
    return Compiled(part.expression.times(weight), lambda solved, price: part.dual(solved, price * weight))


def _norm(term: Norm, build: Builder) -> Compiled:
    return _scaled(_root(term.matrix, build), term.weight)


def _squared_norm(term: SquaredNorm, build: Builder) -> Compiled:
    return _scaled(_half_square(term.matrix, build), term.weight)


def _variance(term: Variance, build: Builder) -> Compiled:
    """The tangent at the solution will do for a dual."""
    square = _half_square(build.estimates.covariance.factor(), build)
    return Compiled(square.expression.times(term.weight))


def _portfolio(part: Compiled, factor: Matrix) -> Dual:
    """The dual of a norm as a portfolio z with L'z in its direction."""

    def dual(solved: Solved, price: float) -> Vector | None:
        from scipy.linalg import solve_triangular

        direction = part.dual(solved, price)
        if direction is None or not np.diagonal(factor).all():
            return None
        return np.asarray(solve_triangular(factor, direction, lower=True, trans=1, check_finite=False))

    return dual


def _portfolio_or_less(part: Compiled, factor: Matrix) -> Dual:
    """The same where the dual may be shorter than 1, as it may where the best portfolio has no risk."""
    whole = _portfolio(part, factor)

    def dual(solved: Solved, price: float) -> Vector | None:
        inside = part.dual(solved, price)
        short = inside is not None and float(inside @ inside) < 1.0 - ON_THE_RIM
        return _lengthened(inside, factor) if inside is not None and short else whole(solved, price)

    return dual


def _lengthened(inside: Vector, factor: Matrix) -> Vector | None:
    """A portfolio z with L'z = q, and nearly riskless ones in it until z'Sz = 1, or with a 1 after it instead.

    They have so little risk that it takes many of them, and their squares may not leave digits enough for a sum of 1.
    """
    left, sizes, right = np.linalg.svd(factor)
    parts, risky = right @ inside, sizes > RISKLESS * sizes[0]
    if sizes[-1] == 0.0 or risky.all():
        return left @ (parts / sizes) if risky.all() else None
    parts[-1] = np.sqrt(max(0.0, 1.0 - float(parts[:-1] @ parts[:-1])))
    z = left @ (parts / sizes)
    if abs(float(z @ (factor @ factor.T) @ z) - 1.0) <= ON_THE_RIM:
        return np.asarray(z)
    return np.append(left[:, risky] @ (parts[risky] / sizes[risky]), 1.0)


def _volatility(risk: Volatility, build: Builder) -> Compiled:
    factor = risk.covariance.factor()
    part = _root(factor, build)
    return Compiled(part.expression, _portfolio_or_less(part, factor))


def _tracking_error(risk: TrackingError, build: Builder) -> Compiled:
    """|L'(x - benchmark)| <= t."""
    factor = risk.covariance.factor()
    part = _root(factor, build, risk.benchmark)
    return Compiled(part.expression, _portfolio(part, factor))


def _annual_variance(risk: AnnualVariance, build: Builder) -> Compiled:
    factor = risk.covariance.factor()
    part = _half_square(factor, build)
    return Compiled(part.expression.times(2.0), _portfolio(part, factor))


def _squared_weights(_risk: SquaredWeights, build: Builder) -> Compiled:
    part = _half_square(np.eye(build.n), build)
    return _scaled(part, 2.0)


def _concentration(term: Concentration, build: Builder) -> Compiled:
    return _scaled(_squared_weights(SquaredWeights(), build), term.weight)


# --- absolute values ----------------------------------------------------------------------------------------------


def _absolute(prices: Vector, center: Vector, build: Builder) -> Compiled:
    """prices'p with p >= |x - center|; the dual is where between -1 and 1 each kink is held."""
    n, p = build.n, build.variables(build.n)
    sides = []
    for sign in (1.0, -1.0):
        entries: list[Entry] = [(np.arange(n), build.weights, np.full(n, sign)), (np.arange(n), p, -np.ones(n))]
        sides.append(build.add(clarabel.NonnegativeConeT(n), entries, sign * center))

    def dual(solved: Solved, price: float) -> Vector:
        held = solved.prices[sides[0]] - solved.prices[sides[1]]
        return np.divide(held, price * prices, out=np.zeros(n), where=price * prices > 0)

    return Compiled(Expression(p, prices, 0.0), dual)


def _deviation(term: Deviation, build: Builder) -> Compiled:
    return _absolute(np.array(term.prices), np.array(term.center), build)


def _priced_distance(risk: PricedDistance, build: Builder) -> Compiled:
    return _absolute(risk.prices, risk.center, build)


def _traded(risk: Traded, build: Builder) -> Compiled:
    """Half the sum of both factors on |x - current|, and half their difference on x - current."""
    middle, half = 0.5 * (risk.buying - risk.selling), 0.5 * (risk.buying + risk.selling)
    part = _absolute(np.full(build.n, half), risk.current, build)
    linear = Expression(build.weights, np.full(build.n, middle), -middle * float(risk.current.sum()))

    def dual(solved: Solved, price: float) -> Vector | None:
        held = part.dual(solved, price)
        return None if held is None else middle + half * held

    return Compiled(added([part.expression, linear]), dual)


def _largest_weight(term: LargestWeight, build: Builder) -> Compiled:
    """|x| <= t name by name."""
    n, t = build.n, build.variables(1)
    rows = np.arange(n)
    sides = [
        build.add(
            clarabel.NonnegativeConeT(n),
            [(rows, build.weights, np.full(n, sign)), (rows, np.repeat(t, n), -np.ones(n))],
            np.zeros(n),
        )
        for sign in (1.0, -1.0)
    ]

    def dual(solved: Solved, price: float) -> Vector | None:
        held = solved.prices[sides[0]] - solved.prices[sides[1]]
        return held / (price * term.weight) if price * term.weight > 0 else None

    return Compiled(Expression(t, np.full(1, term.weight), 0.0), dual)


def _worst_loss(risk: WorstLoss, build: Builder) -> Compiled:
    linear = _linear(risk.slope, build)
    if risk.penalty is None:
        return linear
    penalty = compiled(risk.penalty, build)
    return Compiled(added([linear.expression, penalty.expression]), penalty.dual)


_CONES: Mapping[type[Term], Callable[[Any, Builder], Compiled]] = {
    Return: _return,
    Linear: lambda term, build: _linear(np.array(term.coefficients), build),
    Constant: _constant,
    Sum: _sum,
    WorstOf: _worst_of,
    Variance: _variance,
    RiskOf: lambda term, build: _scaled(measured(term.measure.of(build.estimates), build), term.weight),
    Norm: _norm,
    SquaredNorm: _squared_norm,
    Concentration: _concentration,
    Deviation: _deviation,
    LargestWeight: _largest_weight,
    WorstCovariance: worst_covariance,
    LogGrowth: growth_cone,
}
_RISKS: Mapping[type[Risk], Callable[[Any, Builder], Compiled]] = {
    Volatility: _volatility,
    TrackingError: _tracking_error,
    AnnualVariance: _annual_variance,
    SquaredWeights: _squared_weights,
    PricedDistance: _priced_distance,
    Traded: _traded,
    WorstLoss: _worst_loss,
    LossRisk: losses_cone,
    DrawdownRisk: drawdown_cone,
}
