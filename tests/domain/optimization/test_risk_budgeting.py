"""The risk budgeting objective: what it proves is so, portfolio by portfolio."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.document import from_document, to_document
from tangency.domain.optimization.proposal import Reading, Witness
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.risk.measure import Measure
from tests.support.posed import estimated, posed

COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
EQUAL = RiskBudgeting((1 / 3, 1 / 3, 1 / 3))
weights = st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3).map(lambda parts: np.array(parts) / sum(parts))


@given(at=weights, x=weights)
def test_no_portfolio_is_better_by_more_than_the_loss_allows(at: np.ndarray, x: np.ndarray) -> None:
    estimates = estimated(posed(COVARIANCE))
    below = EQUAL.minorant(at, estimates)
    better = np.log(EQUAL.value(x, estimates) / EQUAL.value(at, estimates))
    demand = float((np.array(EQUAL.budgets) / at) @ x)
    loss = estimates.volatility(x) / estimates.volatility(at) - demand
    assert below.constant + float(below.slope @ x) <= loss + 1e-9
    assert better >= np.log1p(loss / demand) - 1e-9


def test_the_loss_and_its_minorant_are_zero_where_it_stands() -> None:
    estimates, at = estimated(posed(COVARIANCE)), np.array([0.5, 0.3, 0.2])
    assert EQUAL.loss(at, estimates) == 0.0
    assert float(EQUAL.minorant(at, estimates).slope @ at) == pytest.approx(0.0, abs=1e-15)


def test_the_value_is_the_risk_over_the_geometric_mean_weight() -> None:
    estimates, at = estimated(posed(COVARIANCE)), np.array([0.5, 0.3, 0.2])
    expected = estimates.volatility(at) / np.prod(at) ** (1 / 3)
    assert EQUAL.value(at, estimates) == pytest.approx(expected, rel=1e-14)
    assert EQUAL.gap_in_value(0.01, at, estimates, 0.0) == pytest.approx(0.01 * expected)


@pytest.mark.parametrize(
    ("aim", "at"), [(EQUAL, [0.5, 0.5, 0.0]), (replace(EQUAL, signs=(1.0, 1.0, -1.0)), [0.4, 0.4, 0.2])]
)
def test_a_budget_that_is_not_held_is_infinitely_bad(aim: RiskBudgeting, at: list[float]) -> None:
    estimates = estimated(posed(COVARIANCE))
    assert aim.loss(np.array(at), estimates) == np.inf
    assert aim.value(np.array(at), estimates) == np.inf
    problem = posed(COVARIANCE, objective=aim)
    assert not certify(problem, estimates, np.array(at), Witness()).proves_optimality


def test_a_name_without_a_budget_need_not_be_held() -> None:
    aim = RiskBudgeting((0.5, 0.5, 0.0))
    problem = posed(np.diag([0.04, 0.01, 0.09]), objective=aim)
    certificate = certify(problem, estimated(problem), np.array([1 / 3, 2 / 3, 0.0]), Witness())
    assert certificate.proves_optimality


def test_weights_that_share_the_risk_prove_themselves_and_others_do_not() -> None:
    problem = posed(np.diag([0.04, 0.01, 0.0625]), objective=EQUAL)
    best = np.array([5.0, 10.0, 4.0]) / 19
    assert certify(problem, estimated(problem), best, Witness()).proves_optimality
    assert not certify(problem, estimated(problem), np.full(3, 1 / 3), Witness()).proves_optimality


def test_it_travels_as_a_document() -> None:
    aim = RiskBudgeting((0.5, 0.3, 0.2), Measure("cvar", 0.9), (1.0, -1.0, 1.0))
    problem = posed(COVARIANCE, objective=aim)
    assert from_document(to_document(problem)).objective == aim
    assert aim.parameters == ("confidence_level",)
    assert aim.name == "RISK_PARITY"


def test_a_reading_takes_the_place_of_a_constraint_of_the_same_id() -> None:
    problem = posed(COVARIANCE, limits=(Budget(), LongOnly(), MaximumWeight(0.5)))
    read = Reading(EQUAL, (Budget(0.6),)).of(problem)
    assert read.invested == 0.6
    assert {limit.id for limit in read.constraints} == {limit.id for limit in problem.constraints}
    assert problem.invested == 1.0
