"""The best witness that a tangent allows: what it proves, and that it proves nothing that is not so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Bounds, Region
from tangency.plugins.kernels.linearised import linear_optimum, without_excess, witness_at
from tests.support.posed import best, estimated, posed

COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
MEANS = [0.05, 0.08, 0.12]
LIMITS: dict[str, tuple[Constraint, ...]] = {
    "bounds": (MaximumWeight(0.4),),
    "target return": (TargetReturn(0.09),),
    "target volatility": (TargetVolatility(0.19),),
    "turnover": (TurnoverLimit(0.1, (0.2, 0.3, 0.5)),),
    "leverage": (MinimumWeight(-1.0), LeverageLimit(1.2)),
}


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(
    "objective",
    [MinimumVolatility(), MaximumUtility(2.0), MaximumSharpe(0.01), MaximumReturn()],
    ids=lambda objective: objective.name,
)
def test_it_proves_the_best_portfolio_best(objective: Objective, limits: str) -> None:
    every = (Budget(), *(() if limits == "leverage" else (LongOnly(),)), *LIMITS[limits])
    problem = posed(COVARIANCE, MEANS, objective, every)
    weights = best(problem).weights
    assert weights is not None
    estimates = estimated(problem)
    certificate = certify(problem, estimates, weights, witness_at(problem, estimates, weights))
    assert certificate.relative_gap is not None
    assert certificate.relative_gap < 1e-7


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3))
def test_the_gap_that_it_leaves_is_above_the_true_one(parts: list[float]) -> None:
    problem = posed(COVARIANCE, MEANS, MaximumUtility(2.0))
    estimates, weights = estimated(problem), np.array(parts) / sum(parts)
    certificate = certify(problem, estimates, weights, witness_at(problem, estimates, weights))
    reached, highest = problem.objective.value(weights, estimates), best(problem).objective_value
    assert highest is not None
    assert certificate.duality_gap is not None
    assert certificate.duality_gap >= highest - reached - 1e-12


def test_a_ratio_without_an_excess_is_told_from_one_that_was_only_not_found() -> None:
    hopeless, hopeful = (posed(COVARIANCE, MEANS, MaximumSharpe(rate)) for rate in (0.2, 0.1))
    told = without_excess(hopeless, estimated(hopeless))
    assert told.status is Status.NOT_APPLICABLE
    assert told.bound == pytest.approx(-0.08)
    assert without_excess(hopeful, estimated(hopeful)).status is Status.NUMERICAL_ERROR
    impossible = posed(COVARIANCE, MEANS, MaximumSharpe(0.2), (Budget(), LongOnly(), MaximumWeight(0.2)))
    assert without_excess(impossible, estimated(impossible)).status is Status.INFEASIBLE
    other = posed(COVARIANCE, MEANS)
    assert without_excess(other, estimated(other)).status is Status.NUMERICAL_ERROR


def test_bounds_that_cross_and_weights_without_a_bound_are_said_to_be_so() -> None:
    crossing = Region.of(1, [Bounds("b", np.array([1.0]), np.array([0.0]))])
    assert linear_optimum(np.ones(1), crossing).ending == "infeasible"
    assert linear_optimum(np.ones(1), Region.of(1, [])).ending == "unbounded"
