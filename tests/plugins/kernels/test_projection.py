"""The nearest feasible portfolio, against cvxpy and by the obtuse angle that characterises it."""

from collections.abc import Sequence
from typing import Any

import cvxpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.region import Region
from tangency.plugins.kernels.projection import project
from tests.support.posed import estimated, posed

cp: Any = cvxpy
"""Its operators have no types."""

SIZE = 6
S = np.diag(np.linspace(0.01, 0.09, SIZE))
MEAN = np.linspace(0.02, 0.12, SIZE)
HELD = (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)
LONG = (Budget(), LongOnly())


def region_of(limits: Sequence[Constraint]) -> Region:
    problem = posed(S, MEAN, limits=limits, sectors=["x", "y"] * 3)
    return problem.region(estimated(problem))


LIMITS: dict[str, tuple[Constraint, ...]] = {
    "caps": (*LONG, MaximumWeight(0.2)),
    "floors": (*LONG, MinimumWeight(0.1), SectorLimit(0.4, "x")),
    "turnover": (*LONG, TurnoverLimit(0.1, HELD)),
    "shorts": (Budget(), MinimumWeight(-0.3), LeverageLimit(1.2), MaximumWeight(0.3)),
    "return": (*LONG, TargetReturn(0.1)),
    "volatility": (*LONG, TargetVolatility(0.08), MaximumWeight(0.5, "A")),
}


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_it_is_the_nearest_that_cvxpy_finds(limits: tuple[Constraint, ...]) -> None:
    region, raw = region_of(limits), np.array([0.6, 0.3, 0.05, 0.03, 0.02, 0.0])
    x = cp.Variable(SIZE)
    rules = [x >= np.maximum(region.lower, -9), x <= np.minimum(region.upper, 9)]
    rules += [
        row.coefficients @ x == row.limit if row.equality else row.coefficients @ x <= row.limit for row in region.rows
    ]
    rules += [cp.norm1(x - distance.center) <= distance.limit for distance in region.distances]
    rules += [cp.norm2(np.sqrt(S) @ x) <= cap.limit for cap in region.caps]
    program = cp.Problem(cp.Minimize(cp.sum_squares(x - raw)), rules)
    program.solve(cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    found = project(raw, region, SolverPolicy())
    assert found.status is Status.FEASIBLE
    assert found.weights is not None
    np.testing.assert_allclose(found.weights, x.value, atol=2e-6)
    assert max(shape.excess(found.weights) for shape in region.shapes) <= 1e-9


@st.composite
def portfolios(draw: st.DrawFn) -> Vector:
    parts = np.array(draw(st.lists(st.integers(0, 20), min_size=SIZE, max_size=SIZE)), dtype=float) + 1e-3
    return parts / float(parts.sum())


@given(raw=portfolios(), other=portfolios(), kind=st.sampled_from(["caps", "floors", "turnover", "return"]))
def test_from_the_nearest_no_feasible_portfolio_lies_towards_the_raw_one(raw: Vector, other: Vector, kind: str) -> None:
    region = region_of(LIMITS[kind])
    nearest, feasible = (project(start, region, SolverPolicy()).weights for start in (raw, other))
    assert nearest is not None
    assert feasible is not None
    assert (raw - nearest) @ (feasible - nearest) <= 1e-9


def test_what_is_inside_stays_as_it_is() -> None:
    raw = np.full(SIZE, 1 / SIZE)
    assert project(raw, region_of(LIMITS["caps"]), SolverPolicy()).weights is raw


def test_no_turnover_leaves_the_current_portfolio() -> None:
    pinned = (*LONG, TurnoverLimit(0.0, HELD))
    raw = np.full(SIZE, 1 / SIZE)
    assert project(raw, region_of(pinned), SolverPolicy()).weights == pytest.approx(np.array(HELD))
    contradiction = (*pinned, MaximumWeight(0.4))
    assert project(raw, region_of(contradiction), SolverPolicy()).status is Status.INFEASIBLE


@pytest.mark.parametrize(
    "limits",
    [(*LONG, MaximumWeight(0.1)), (*LONG, TargetReturn(0.2)), (*LONG, TargetVolatility(0.01))],
    ids=["caps", "return", "volatility"],
)
def test_an_empty_region_is_infeasible(limits: tuple[Constraint, ...]) -> None:
    assert project(np.full(SIZE, 1 / SIZE), region_of(limits), SolverPolicy()).status is Status.INFEASIBLE
