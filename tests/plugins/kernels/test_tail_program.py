"""The simplex method on a few scenarios of the tail: the same least risk as the whole linear program, and a proof."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import Bounds, Distance, Region, RiskCap, Row
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term, Variance
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.newton_cuts import proven_gap
from tangency.plugins.kernels.tail_program import at_vertex
from tests.plugins.mean_risk_questions import estimates_of

PATIENCE_S = 60.0


def simplex(n: int, *rows: Row, most: float = 1.0) -> Region:
    """Long-only and fully invested, within further rows."""
    return Region.of(n, [Bounds("box", np.zeros(n), np.full(n, most)), Row("budget", np.ones(n), 1.0, True), *rows])


def found(terms: Sequence[Term], region: Region, estimates: Estimates) -> CompositePoint:
    """The point, proven to be the least."""
    point = at_vertex(terms, region, estimates, PATIENCE_S)
    assert point is not None
    assert point.weights is not None
    assert (point.attempt.solver, point.attempt.status) == ("highs", "solved")
    loss = sum(term.value(point.weights, estimates) for term in terms)
    assert proven_gap(terms, region, estimates, point, loss) <= 1e-9
    return point


def least(returns: Matrix, level: float, region: Region, slope: Vector) -> float:
    """Rockafellar and Uryasev's linear program over every scenario, by scipy."""
    count, n = returns.shape
    cost = np.concatenate([slope, [1.0], np.full(count, 1.0 / count / (1.0 - level))])
    above = np.hstack([-returns, -np.ones((count, 1)), -np.eye(count)])
    limits = [row for row in region.rows if not row.equality]
    rows = np.array([np.concatenate([row.coefficients, np.zeros(count + 1)]) for row in limits])
    whole, ends = np.vstack([above, *rows]), np.concatenate([np.zeros(count), [row.limit for row in limits]])
    budget = np.concatenate([np.ones(n), np.zeros(count + 1)])[None, :]
    box = [*zip(region.lower, region.upper, strict=True), (None, None), *([(0.0, None)] * count)]
    return float(linprog(cost, whole, ends, budget, [1.0], box).fun)


def drawn(seed: int, count: int, n: int) -> Matrix:
    """Returns with fat tails and a common factor."""
    random = np.random.default_rng(seed)
    returns: Matrix = 0.01 * random.standard_t(3, (count, n)) + 0.01 * random.standard_normal((count, 1))
    return returns


@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.integers(1, 8),
    st.sampled_from([0.05, 0.5, 0.9, 0.95, 0.99]),
    st.sampled_from([1e-8, 1.0, 1e8]),
)
def test_it_is_the_least_over_every_scenario(seed: int, count: int, n: int, level: float, scale: float) -> None:
    returns, region = drawn(seed, count + 1, n), simplex(n)
    point = at_vertex([RiskOf(1.0, Measure("cvar", level))], region, estimates_of(scale * returns), PATIENCE_S)
    assert point is not None
    assert point.weights is not None
    value = Measure("cvar", level).of(estimates_of(returns)).value(point.weights)
    assert value == pytest.approx(least(returns, level, region, np.zeros(n)), abs=1e-9 * float(np.abs(returns).max()))


def test_scenarios_that_the_guess_missed_join() -> None:
    """The crashes of the name that is best to hold hardly show in a portfolio of all names."""
    returns = drawn(1, 400, 30)
    returns[:, 0] = 0.0005
    returns[::10, 0] = -0.004
    estimates, region = estimates_of(returns), simplex(30)
    point = found([RiskOf(1.0, Measure("cvar"))], region, estimates)
    assert point.weights is not None
    value = Measure("cvar").of(estimates).value(point.weights)
    assert value == pytest.approx(least(returns, 0.95, region, np.zeros(30)), rel=1e-9)


def test_returns_and_rows_are_weighed_and_priced() -> None:
    returns = drawn(2, 250, 6)
    estimates, row = estimates_of(returns), Row("sector", np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), 0.2)
    region, terms = simplex(6, row, most=0.4), [RiskOf(3.0, Measure("cvar", 0.9)), Return(-0.01), Linear((0.002,) * 6)]
    point = found(terms, region, estimates)
    assert point.weights is not None
    assert estimates.mean is not None
    slope = (-0.01 * estimates.mean + 0.002) / 3.0
    loss = sum(term.value(point.weights, estimates) for term in terms)
    assert loss == pytest.approx(3.0 * least(returns, 0.9, region, slope), rel=1e-9)
    assert point.witness.multipliers.keys() == {"budget", "sector"}
    assert point.weights[:3].sum() <= 0.2 + 1e-12


def test_without_its_dual_vector_nothing_is_proven() -> None:
    """The proof stands on the witness, not on the solver's word."""
    estimates, region, terms = estimates_of(drawn(3, 250, 6)), simplex(6), [RiskOf(1.0, Measure("cvar"))]
    point = found(terms, region, estimates)
    assert point.weights is not None
    bare = CompositePoint("solved", point.weights, Witness(), point.attempt)
    assert proven_gap(terms, region, estimates, bare, terms[0].value(point.weights, estimates)) > 1e-3


def test_other_problems_are_left_to_other_solvers() -> None:
    returns = drawn(4, 100, 3)
    estimates, tail = estimates_of(returns), RiskOf(1.0, Measure("cvar"))
    near = Region.of(3, [*simplex(3).shapes, Distance("turnover", np.ones(3) / 3, 0.1)])
    capped = Region.of(3, [*simplex(3).shapes, RiskCap("cap", Measure("mad").of(estimates), 0.1)])
    empty = simplex(3, Row("impossible", np.ones(3), 0.5))
    others: list[tuple[Sequence[Term], Region]] = [
        ([tail], near),
        ([tail], capped),
        ([tail], empty),
        ([RiskOf(1.0, Measure("mad"))], simplex(3)),
        ([tail, Variance(1.0)], simplex(3)),
        ([Return(-1.0)], simplex(3)),
    ]
    for terms, region in others:
        assert at_vertex(terms, region, estimates, PATIENCE_S) is None
