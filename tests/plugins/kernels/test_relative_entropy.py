"""The nearest probabilities against another solver, their closed forms, and what is out of reach."""

from typing import Any

import cvxpy
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tangency.domain.numbers import Vector
from tangency.plugins.kernels.relative_entropy import Condition, nearest

cp: Any = cvxpy  # its functions are made when it is imported: no type checker finds them


def uniform(count: int) -> Vector:
    return np.full(count, 1.0 / count)


def divergence(q: Vector, p: Vector) -> float:
    some = q > 0
    return float(q[some] @ np.log(q[some] / p[some]))


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 3))
def test_the_gap_is_closed_and_the_conditions_hold(seed: int, equalities: int, inequalities: int) -> None:
    rng = np.random.default_rng(seed)
    figures = rng.standard_normal((equalities + inequalities, 200)) * 10.0 ** rng.integers(-6, 6)
    prior = rng.dirichlet(np.ones(200))
    inside = rng.dirichlet(np.full(200, 5.0))
    assume(prior.min() > 0)
    conditions = [Condition(row, float(row @ inside), k < equalities) for k, row in enumerate(figures)]
    found = nearest(prior, conditions)
    assert found is not None
    assert found.gap <= 1e-10
    assert found.divergence == pytest.approx(divergence(found.probabilities, prior), abs=1e-10)
    assert found.divergence <= divergence(inside, prior) + 1e-10
    for condition in conditions:
        over = float(condition.figures @ found.probabilities) - condition.limit
        spread = float(np.std(condition.figures))
        assert (abs(over) if condition.equality else over) <= 1e-9 * spread


def test_another_solver_finds_the_same() -> None:
    rng = np.random.default_rng(1)
    figures, prior = rng.standard_normal((3, 60)), rng.dirichlet(np.full(60, 3.0))
    limits = [0.2, -0.1, -0.15]
    found = nearest(
        prior, [Condition(row, limit, k == 0) for k, (row, limit) in enumerate(zip(figures, limits, strict=True))]
    )
    q = cp.Variable(60)
    held = [cp.sum(q) == 1, figures[0] @ q == limits[0], figures[1:] @ q <= limits[1:]]
    tight = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
    cp.Problem(cp.Minimize(cp.sum(cp.rel_entr(q, prior))), held).solve(solver="CLARABEL", **tight)
    assert found is not None
    assert found.divergence == pytest.approx(divergence(q.value / q.value.sum(), prior), abs=1e-8)
    np.testing.assert_allclose(found.probabilities, q.value, atol=5e-6)  # a gap of 1e-10 leaves its root


def test_probabilities_of_parts_are_scaled_parts_of_the_prior() -> None:
    """The closed form of a view on one event."""
    event = np.arange(10) < 3
    found = nearest(uniform(10), [Condition(event.astype(float), 0.6, True)])
    assert found is not None
    np.testing.assert_allclose(found.probabilities, np.where(event, 0.2, 0.4 / 7), rtol=1e-12)


def test_what_is_said_twice_counts_once() -> None:
    row = np.random.default_rng(2).standard_normal(50)
    once, twice = (nearest(uniform(50), [Condition(row, 0.3, True)] * count) for count in (1, 2))
    assert once is not None
    assert twice is not None
    np.testing.assert_allclose(once.probabilities, twice.probabilities, atol=1e-12)


@pytest.mark.parametrize(
    ("limits", "reachable"),
    [((1.0, 1.0), True), ((0.999999, 1.0), True), ((1.0001, 1.0), False), ((0.3, -0.3), True), ((0.3, -0.4), False)],
)
def test_what_no_probabilities_satisfy_is_told(limits: tuple[float, float], reachable: bool) -> None:
    """The first is met exactly, minus the same figures may be at most minus the second's."""
    row = np.linspace(-1.0, 1.0, 101)
    conditions = [Condition(row, limits[0], True), Condition(-row, limits[1], False)]
    assert (nearest(uniform(101), conditions) is not None) is reachable
