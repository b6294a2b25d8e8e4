"""Stacking: mixtures by hand, folds against a loop and a peer, limits, and mistakes placed where they were made."""

from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import (
    Budget,
    LongOnly,
    MaximumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import Objective, RiskParity
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.installed import Inner, bind_options
from tangency.plugins.stacking import Stacking, StackingOptions
from tests.support.history import five_years, of_sample
from tests.support.posed import LONG_ONLY, best, estimated, posed

HRP, IVP, MVO = Inner("hierarchical_risk_parity"), Inner("inverse_volatility"), Inner("mean_variance")


def on_sample(objective: Objective | None = None, limits: Any = LONG_ONLY, **options: Any) -> Proposal:
    problem, estimates = of_sample(objective, limits)
    return Stacking().solve(problem, estimates, StackingOptions(**options))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-10)
    return proposal.weights


def least_of_two(S: Matrix) -> Vector:
    """Long-only minimum variance of two."""
    first = (S[1, 1] - S[0, 1]) / (S[0, 0] + S[1, 1] - 2 * S[0, 1])
    return np.array([np.clip(first, 0, 1), 1 - np.clip(first, 0, 1)])


def test_the_mixture_of_two_rules_by_hand() -> None:
    S = np.diag([0.01, 0.04, 0.09])
    problem = posed(S)
    asked = StackingOptions(methods=(Inner("equal_weight"), IVP), folds=0)
    found = Stacking().solve(problem, estimated(problem), asked)
    inverse = 1 / np.sqrt(np.diagonal(S))
    inner = np.column_stack([np.full(3, 1 / 3), inverse / inverse.sum()])
    np.testing.assert_allclose(weights_of(found), inner @ least_of_two(inner.T @ S @ inner), atol=1e-10)


def test_the_portfolios_and_their_weights_are_told() -> None:
    found = on_sample(methods=(HRP, IVP))
    told: Any = found.findings["portfolios"]
    assert [one["method"] for one in told] == ["hierarchical_risk_parity", "inverse_volatility"]
    mixed = sum(one["weight"] * np.array(list(one["weights"].values())) for one in told)
    np.testing.assert_allclose(weights_of(found), mixed, atol=1e-15)
    assert found.findings["projection_distance"] == 0.0


@pytest.mark.parametrize("folds", [2, 5])
def test_folds_are_stretches_of_time_met_by_portfolios_of_the_others(folds: int) -> None:
    rows = five_years()[1]
    earned = []
    for held_out in np.array_split(np.arange(len(rows)), folds):
        others = np.delete(rows, held_out, axis=0)
        inverse = 1 / others.std(axis=0)
        equal = np.full(20, 0.05)
        earned.append(rows[held_out] @ np.column_stack([equal, inverse / inverse.sum()]))
    share = least_of_two(np.cov(np.vstack(earned), rowvar=False))
    found = on_sample(methods=(Inner("equal_weight"), IVP), folds=folds)
    told: Any = found.findings["portfolios"]
    np.testing.assert_allclose([one["weight"] for one in told], share, atol=1e-8)


def test_skfolio_at_its_own_options() -> None:
    from skfolio.optimization import InverseVolatility, MeanRisk, StackingOptimization
    from sklearn.model_selection import KFold

    peer = StackingOptimization([("mvo", MeanRisk()), ("ivp", InverseVolatility())], MeanRisk(), cv=KFold(5))
    expected = peer.fit(five_years()[1]).weights_
    np.testing.assert_allclose(weights_of(on_sample(methods=(MVO, IVP))), expected, atol=2e-4)  # its solver's tolerance


def test_one_method_is_that_method() -> None:
    least = best(posed(of_sample()[1].covariance.dense(), names=five_years()[0])).weights
    assert least is not None
    np.testing.assert_allclose(weights_of(on_sample(methods=(MVO,))), least, atol=1e-9)


@pytest.mark.parametrize("objective", [MaximumSharpe(), RiskParity()], ids=lambda aim: aim.name)
def test_each_aim_has_a_final_method_and_inner_ones_take_what_they_can(objective: Objective) -> None:
    assert weights_of(on_sample(objective)).min() >= 0


def test_a_mixture_keeps_the_limits_that_its_portfolios_keep() -> None:
    held = tuple(np.full(20, 0.05).tolist())
    limits = (Budget(), LongOnly(), MaximumWeight(0.08), TurnoverLimit(0.2, held), TargetVolatility(0.25))
    found = on_sample(limits=limits)
    assert found.findings["projection_distance"] == pytest.approx(0.0, abs=1e-9)
    weights = weights_of(found)
    assert weights.max() <= 0.08 + 1e-10
    assert np.abs(weights - 0.05).sum() / 2 <= 0.2 + 1e-10


def test_what_a_rule_breaks_the_projection_mends() -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.06))
    found = on_sample(limits=limits, methods=(IVP, HRP))
    assert weights_of(found).max() <= 0.06 + 1e-10
    distance: Any = found.findings["projection_distance"]
    assert distance > 0.01


def test_limits_on_means_hold_for_the_estimates_and_not_for_each_fold() -> None:
    estimates = of_sample()[1]
    floor = float(np.quantile(estimates.required_mean("this test"), 0.9))
    found = on_sample(limits=(Budget(), LongOnly(), TargetReturn(floor)), methods=(MVO, IVP))
    assert weights_of(found) @ estimates.required_mean("this test") >= floor - 1e-9


def test_what_no_portfolio_satisfies_is_infeasible_and_the_method_is_named() -> None:
    found = on_sample(limits=(Budget(), LongOnly(), MaximumWeight(0.04)))
    assert found.status is Status.INFEASIBLE
    assert "Inner method 1, mean_variance" in found.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"methods": (Inner("magic"),)}, r"method_options\.methods\.0\.method: 'magic' is not a known method"),
        ({"final": Inner("hope")}, r"method_options\.final\.method: 'hope' is not a known method"),
        ({"folds": 700}, r"method_options\.folds: is 700; of 1260 returns a fold has less than 2"),
    ],
)
def test_mistakes_are_placed_where_they_were_made(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        on_sample(**options)


def test_a_misspelt_field_of_an_inner_method_is_refused() -> None:
    asked = {"methods": [{"method": "mean_variance", "optoins": {}}]}
    with pytest.raises(
        InvalidInput, match=r"methods\.0\.optoins: 'optoins' is not a known option; did you mean options"
    ):
        bind_options(StackingOptions, asked, ("method_options",))


def test_the_final_method_must_take_the_aim_itself() -> None:
    words = r"final\.objective: method 'hierarchical_risk_parity' does not take MAX_SHARPE"
    with pytest.raises(InvalidInput, match=words):
        on_sample(MaximumSharpe(), final=HRP)


def test_folds_need_returns() -> None:
    problem = posed(np.diag([0.01, 0.04]))
    with pytest.raises(InvalidInput, match=r"set folds to 0 to do without\) needs the returns of every name"):
        Stacking().solve(problem, estimated(problem), StackingOptions())


@pytest.mark.parametrize(("options", "words"), [({"methods": ()}, "is empty"), ({"folds": 1}, "is 1; give 2 or more")])
def test_bad_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        StackingOptions(**options)
