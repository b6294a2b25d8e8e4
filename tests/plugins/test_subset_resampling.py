"""Subset resampling: every subset by hand, a loop written apart, seeds, limits, and what is refused."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight, SectorLimit
from tangency.domain.optimization.objective import Objective, RiskParity
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.installed import Inner
from tangency.plugins.subset_resampling import SubsetResampling, SubsetResamplingOptions
from tests.support.history import five_years, of_history, of_sample
from tests.support.posed import best, estimated, posed

IVP = Inner("inverse_volatility")
VARIANCES = np.array([0.01, 0.02, 0.04, 0.08])


def proposed(problem: Problem, **options: Any) -> Proposal:
    return SubsetResampling().solve(problem, estimated(problem), SubsetResamplingOptions(**options))


def on_sample(objective: Objective | None = None, seed: int = 0, **options: Any) -> Proposal:
    problem, estimates = of_sample(objective)
    return SubsetResampling().solve(replace(problem, seed=seed), estimates, SubsetResamplingOptions(**options))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-10)
    return proposal.weights


def test_many_subsets_come_to_the_mean_over_all_pairs() -> None:
    expected = np.zeros(4)
    for pair in combinations(range(4), 2):
        inverse = 1 / VARIANCES[list(pair)]
        expected[list(pair)] += inverse / inverse.sum() / 6
    found = weights_of(proposed(posed(np.diag(VARIANCES)), subsets=20_000))
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_subset_of_every_name_is_the_method_itself() -> None:
    problem = posed(np.diag(VARIANCES))
    found = proposed(problem, size=1.0, subsets=3)
    np.testing.assert_allclose(weights_of(found), best(problem).weights, atol=1e-12)  # type: ignore[arg-type]
    deviations: Any = found.findings["weight_deviations"]
    assert max(deviations.values()) <= 1e-15


def test_a_loop_written_apart_draws_the_same() -> None:
    names, rows = five_years()
    random, sigma = np.random.default_rng(7), rows.std(axis=0)
    alphabet = sorted(range(20), key=lambda place: names[place])
    expected = np.zeros(20)
    for _ in range(12):
        drawn = [alphabet[i] for i in np.sort(random.choice(20, 5, replace=False))]
        expected[drawn] += (1 / sigma[drawn]) / (1 / sigma[drawn]).sum() / 12
    found = on_sample(seed=7, method=IVP, size=0.25, subsets=12)
    np.testing.assert_allclose(weights_of(found), expected, atol=1e-12)
    assert found.findings["subsets"] == {"made": 12, "names": 5, "without_limits": 0, "left_out": 0}


def test_the_seed_decides_and_the_order_of_the_names_does_not() -> None:
    first, again, other = (weights_of(on_sample(seed=seed, subsets=8)) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).max() > 1e-3
    S, names = np.diag(VARIANCES), ["D", "B", "A", "C"]
    one = weights_of(proposed(posed(S, names=names), subsets=5))
    back = weights_of(proposed(posed(S[::-1, ::-1], names=names[::-1]), subsets=5))
    np.testing.assert_array_equal(back[::-1], one)


def test_the_bootstrap_draws_returns_too() -> None:
    rows = five_years()[1]
    random, expected = np.random.default_rng(0), np.zeros(20)
    for _ in range(4):
        random.choice(20, 20, replace=False)  # the subset, which is everything
        sigma = rows[random.integers(1260, size=1260)].std(axis=0)
        expected += (1 / sigma) / (1 / sigma).sum() / 4
    found = on_sample(method=IVP, size=1.0, subsets=4, periods="bootstrap")
    np.testing.assert_allclose(weights_of(found), expected, atol=1e-12)


def test_the_bootstrap_needs_a_covariance_that_follows_from_returns() -> None:
    problem, estimates = of_history(five_years()[1][:, :3])
    market = replace(problem.market, covariance=np.eye(3))
    asked = SubsetResamplingOptions(periods="bootstrap")
    with pytest.raises(InvalidInput, match=r"method_options\.periods: is 'bootstrap', and the covariance is given"):
        SubsetResampling().solve(replace(problem, market=market), estimates, asked)


def test_limits_hold_in_the_mean() -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.4), SectorLimit(0.5, "x"), MinimumWeight(0.1, "D"))
    problem = posed(np.diag(VARIANCES), limits=limits, sectors=["x", "y", "x", "y"])
    found = proposed(problem, size=0.75)
    weights = weights_of(found)
    assert max(shape.excess(weights) for shape in problem.region(estimated(problem)).shapes) <= 1e-10
    distance: Any = found.findings["projection_distance"]
    assert distance > 1e-3  # without D in some subsets, its mean is below its floor


@pytest.mark.parametrize("objective", [None, RiskParity()], ids=["least risk", "risk parity"])
def test_caps_that_contradict_each_other_in_a_subset_are_counted_and_hold_in_the_mean(objective: Any) -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.3))
    problem = posed(np.diag(VARIANCES), objective=objective, limits=limits)
    found = proposed(problem, size=0.5, subsets=9)
    told: Any = found.findings["subsets"]
    assert told["without_limits"] == 9
    assert weights_of(found).max() <= 0.3 + 1e-10


def test_subsets_that_beat_no_riskless_rate_are_left_out() -> None:
    mean = [0.05, -0.01, -0.02, -0.03]
    found = proposed(posed(np.diag(VARIANCES), mean, MaximumSharpe()), subsets=30)
    told: Any = found.findings["subsets"]
    assert told["left_out"] == 30 - told["made"] > 0
    assert weights_of(found)[0] > 0.9
    nothing = proposed(posed(np.diag(VARIANCES), [-0.01] * 4, MaximumSharpe()))
    assert nothing.status is Status.NOT_APPLICABLE
    assert "Every subset, mean_variance: the objective has no best portfolio there" in nothing.message


def test_risk_parity_has_its_own_method() -> None:
    found = proposed(posed(np.diag(VARIANCES), objective=RiskParity()), size=1.0, subsets=1)
    inverse = 1 / np.sqrt(VARIANCES)
    np.testing.assert_allclose(weights_of(found), inverse / inverse.sum(), atol=1e-9)


def test_what_no_portfolio_satisfies_is_infeasible() -> None:
    problem = posed(np.diag(VARIANCES), limits=(Budget(), LongOnly(), MaximumWeight(0.2)))
    assert proposed(problem).status is Status.INFEASIBLE


@pytest.mark.parametrize("size", [1e-9, 0.25, 0.26, 1.0])
def test_a_share_of_the_names_is_rounded_up(size: float) -> None:
    told: Any = proposed(posed(np.diag(VARIANCES)), size=size, subsets=1).findings["subsets"]
    assert told["names"] == {1e-9: 1, 0.25: 1, 0.26: 2, 1.0: 4}[size]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subsets": 0}, "subsets: is 0; give at least 1"),
        ({"size": 0.0}, r"size: is 0\.0; give a share above 0"),
        ({"size": 1.5}, r"size: is 1\.5"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        SubsetResamplingOptions(**options)


def test_an_unknown_method_is_refused_in_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"method_options\.method\.method: 'magic' is not a known method"):
        on_sample(method=Inner("magic"))
