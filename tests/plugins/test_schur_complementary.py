"""Schur-complementary portfolios: hierarchical risk parity at gamma 0, a peer, the valley, and degenerate markets."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.hierarchical_risk_parity import HierarchicalRiskParity, HierarchicalRiskParityOptions
from tangency.plugins.schur_complementary import SchurComplementary, SchurComplementaryOptions, _carry
from tests.plugins.ten_series import COVARIANCE
from tests.support.history import five_years, of_sample
from tests.support.posed import estimated, posed

PEERS: dict[str, Any] = {"distance": "correlation", "leaf_order": "optimal"}


def proposed(covariance: Any, **options: Any) -> Proposal:
    problem = posed(covariance)
    return SchurComplementary().solve(problem, estimated(problem), SchurComplementaryOptions(**options))


def on_sample(**options: Any) -> Proposal:
    problem, estimates = of_sample()
    return SchurComplementary().solve(problem, estimates, SchurComplementaryOptions(**PEERS, **options))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-12)
    return proposal.weights


def peer(gamma: float, keep_monotonic: bool) -> Any:
    from skfolio.optimization import SchurComplementary as Peer

    return Peer(gamma=gamma, keep_monotonic=keep_monotonic).fit(five_years()[1])


class TestWithoutMonotony(MethodContract):
    method = "schur_complementary"
    examples = 10
    options: ClassVar[dict[str, object]] = {"gamma": 0.2, "keep_monotonic": False, "leaf_order": "canonical"}


@pytest.mark.parametrize("order", ["input", "optimal", "canonical"])
def test_gamma_0_is_hierarchical_risk_parity(order: Any) -> None:
    problem = posed(COVARIANCE)
    asked = HierarchicalRiskParityOptions(leaf_order=order)
    plain = HierarchicalRiskParity().solve(problem, estimated(problem), asked)
    np.testing.assert_array_equal(weights_of(proposed(COVARIANCE, gamma=0.0, leaf_order=order)), weights_of(plain))


@pytest.mark.parametrize("gamma", [0.1, 0.3, 0.5])
def test_skfolio_at_its_own_options(gamma: float) -> None:
    found = on_sample(gamma=gamma, keep_monotonic=False, linkage="ward")
    np.testing.assert_allclose(weights_of(found), peer(gamma, False).weights_, atol=1e-10)


def test_the_valley_is_where_skfolio_finds_it_and_no_higher() -> None:
    found, other = on_sample(gamma=1.0, linkage="ward"), peer(1.0, True)
    assert found.findings["effective_gamma"] == pytest.approx(other.effective_gamma_, abs=2e-4)  # its own tolerance
    covariance = of_sample()[1].covariance.dense()
    ours, theirs = (float(w @ covariance @ w) for w in (weights_of(found), other.weights_))
    assert ours <= theirs * (1 + 1e-12)


def test_up_to_the_valley_the_variance_falls() -> None:
    covariance = of_sample()[1].covariance.dense()
    deepest: Any = on_sample(gamma=1.0).findings["effective_gamma"]
    walked = [weights_of(on_sample(gamma=g, keep_monotonic=False)) for g in np.linspace(0, deepest, 6)]
    variances = [float(w @ covariance @ w) for w in walked]
    assert variances == sorted(variances, reverse=True)
    assert on_sample(gamma=0.2).findings["effective_gamma"] == 0.2


def test_past_what_the_covariance_bears_it_is_not_applicable() -> None:
    found = on_sample(gamma=1.0, keep_monotonic=False)
    assert found.status is Status.NOT_APPLICABLE
    assert "Choose a smaller gamma, or set keep_monotonic" in found.message


def test_names_of_one_half_are_carried_over_to_the_other() -> None:
    # Of three names and two: the mean over the three ways to leave one of the three out.
    ways: list[Matrix] = [np.array([[0.5, 0.5], [1, 0], [0, 1]]), np.array([[1, 0], [0.5, 0.5], [0, 1]])]
    ways.append(np.array([[1, 0], [0, 1], [0.5, 0.5]]))
    mean: Matrix = np.mean(ways, axis=0)
    np.testing.assert_allclose(_carry(3, 2), mean, atol=1e-15)
    np.testing.assert_allclose(_carry(2, 3), mean.T * 2 / 3, atol=1e-15)
    np.testing.assert_array_equal(_carry(4, 4), np.eye(4))


def test_a_name_without_variance_gets_everything_whatever_gamma_is() -> None:
    S = COVARIANCE.copy()
    S[4, :] = S[:, 4] = 0.0
    assert weights_of(proposed(S, gamma=0.7)).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_one_name_and_a_perfectly_correlated_market() -> None:
    assert weights_of(proposed([[0.04]])).tolist() == [1.0]
    np.testing.assert_allclose(weights_of(proposed(np.full((4, 4), 0.04))), [0.25] * 4, atol=1e-6)


@pytest.mark.parametrize("gamma", [-0.1, 1.1])
def test_gamma_goes_from_0_to_1(gamma: float) -> None:
    with pytest.raises(InvalidInput, match=f"gamma: is {gamma}; give a number from 0 to 1"):
        SchurComplementaryOptions(gamma=gamma)


def test_a_name_that_is_there_twice_is_split_alike_whatever_the_last_digit() -> None:
    loadings = np.array([0.5, -0.4, 0.8, 0.3, 0.5, -0.4, 0.8, 0.3])
    correlations = np.outer(loadings, loadings)
    np.fill_diagonal(correlations, 1.0)
    order = [*range(8), 0]
    twice = (0.04 * correlations)[np.ix_(order, order)]
    found = weights_of(proposed(twice))
    for seed in range(5):
        digits = np.random.default_rng(seed).integers(-1, 2, twice.shape) * 2.0**-53
        rounded = twice * np.where(np.eye(9) == 1.0, 1.0, 1.0 + digits + digits.T)
        np.testing.assert_allclose(weights_of(proposed(rounded)), found, atol=1e-6)
