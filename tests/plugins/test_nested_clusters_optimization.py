"""Nested clusters: blocks, closed forms, two peers, risk parity and other risks within, and degenerate markets."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight
from tangency.domain.optimization.objective import Objective, RiskParity
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.nested_clusters_optimization import NestedClustersOptimization, NestedClustersOptimizationOptions
from tests.plugins.ten_series import COVARIANCE
from tests.support.history import five_years, of_history, of_sample
from tests.support.posed import best, estimated, posed

PEERS: dict[str, Any] = {"distance": "correlation", "leaf_order": "optimal", "linkage": "ward"}
UNBOUNDED = (Budget(), MinimumWeight(-10.0))


def proposed(covariance: Any, limits: Any = None, objective: Objective | None = None, **options: Any) -> Proposal:
    problem = posed(covariance, objective=objective, **({} if limits is None else {"limits": limits}))
    asked = NestedClustersOptimizationOptions(**options)
    return NestedClustersOptimization().solve(problem, estimated(problem), asked)


def on_sample(objective: Objective | None = None, **options: Any) -> Vector:
    problem, estimates = of_sample(objective)
    asked = NestedClustersOptimizationOptions(**PEERS, **options)
    return weights_of(NestedClustersOptimization().solve(problem, estimates, asked))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-10)
    return proposal.weights


def blocks() -> Matrix:
    """Three groups of names that have nothing to do with each other."""
    S = np.zeros((9, 9))
    for first, correlation in ((0, 0.9), (3, 0.7), (6, 0.5)):
        S[first : first + 3, first : first + 3] = correlation + (1 - correlation) * np.eye(3)
    sigma = np.array([0.2, 0.21, 0.19, 0.3, 0.28, 0.33, 0.1, 0.12, 0.11])
    return S * np.outer(sigma, sigma)


class TestTwoClusters(MethodContract):
    examples = 10
    method = "nested_clusters_optimization"
    options: ClassVar[dict[str, object]] = {"max_clusters": 2, "linkage": "average"}


@pytest.mark.parametrize("limits", [None, UNBOUNDED], ids=["long", "short"])
def test_blocks_as_clusters_give_the_global_minimum_variance(limits: Any) -> None:
    found = proposed(blocks(), limits, clusters=3)
    clusters: Any = found.findings["clusters"]
    assert {frozenset(names) for names in clusters["members"]} == {frozenset(names) for names in ("ABC", "DEF", "GHI")}
    least = best(posed(blocks(), **({} if limits is None else {"limits": limits})))
    assert least.weights is not None
    np.testing.assert_allclose(weights_of(found), least.weights, atol=1e-10)


def test_gap_finds_the_blocks() -> None:
    np.testing.assert_allclose(
        weights_of(proposed(blocks(), linkage="ward")), weights_of(proposed(blocks(), clusters=3)), atol=1e-12
    )


@pytest.mark.parametrize("clusters", [1, 2, 4, 7])
def test_without_bounds_it_is_the_closed_form_twice(clusters: int) -> None:
    found = proposed(COVARIANCE, UNBOUNDED, clusters=clusters)

    def least(S: Matrix) -> Vector:
        inverse = np.linalg.solve(S, np.ones(len(S)))
        weights: Vector = inverse / inverse.sum()
        return weights

    told: Any = found.findings["clusters"]
    within = np.zeros((10, clusters))
    for column, names in enumerate(told["members"]):
        places = ["ABCDEFGHIJ".index(name) for name in names]
        within[places, column] = least(COVARIANCE[np.ix_(places, places)])
    between = least(within.T @ COVARIANCE @ within)
    np.testing.assert_allclose(weights_of(found), within @ between, atol=1e-9)
    outer: Any = found.findings["cluster_weights"]
    np.testing.assert_allclose(outer, between, atol=1e-9)


def variance(weights: Vector) -> float:
    return float(weights @ of_sample()[1].covariance.dense() @ weights)


@pytest.mark.parametrize("clusters", [2, 4])
def test_skfolio_at_its_own_options(clusters: int) -> None:
    from skfolio.cluster import HierarchicalClustering
    from skfolio.distance import PearsonDistance
    from skfolio.optimization import NestedClustersOptimization as Peer

    tree = HierarchicalClustering(max_clusters=clusters)
    peer = Peer(cv="ignore", distance_estimator=PearsonDistance(), clustering_estimator=tree).fit(five_years()[1])
    ours = on_sample(clusters=clusters)
    np.testing.assert_allclose(ours, peer.weights_, atol=2e-4)  # its solver stops at 1e-8 of a daily variance
    assert variance(ours) == pytest.approx(variance(peer.weights_), rel=5e-6)


@pytest.mark.parametrize(("objective", "theirs"), [(None, "MinRisk"), (RiskParity(), "ERC")])
def test_riskfolio_at_its_own_options(objective: Objective | None, theirs: str) -> None:
    import pandas as pd
    import riskfolio

    names, rows = five_years()
    peer = riskfolio.HCPortfolio(returns=pd.DataFrame(rows, columns=list(names)))
    found = peer.optimization(model="NCO", linkage="ward", rm="MV", obj=theirs, k=4)
    np.testing.assert_allclose(on_sample(objective, clusters=4), found["weights"].to_numpy(), atol=2e-5)


def test_risk_is_shared_equally_within_each_cluster_and_between_them() -> None:
    found = proposed(blocks(), objective=RiskParity(), clusters=3)
    weights = weights_of(found)
    shares = weights * (blocks() @ weights)
    np.testing.assert_allclose(shares / shares.sum(), 1 / 9, atol=1e-9)  # apart from each other, that is one step


def test_a_bound_is_met_by_the_nearest_portfolio() -> None:
    found = proposed(blocks(), (Budget(), LongOnly(), MaximumWeight(0.2)), clusters=3)
    assert weights_of(found).max() <= 0.2 + 1e-12
    raw: Any = found.findings["raw_weights"]
    assert max(raw.values()) > 0.2
    assert found.findings["projection_distance"] == pytest.approx(
        np.linalg.norm(weights_of(found) - np.array(list(raw.values())))
    )


def test_one_name_two_names_and_a_riskless_one() -> None:
    assert weights_of(proposed([[0.04]])).tolist() == [1.0]
    np.testing.assert_allclose(weights_of(proposed(np.diag([0.04, 0.09]))), [9 / 13, 4 / 13], atol=1e-12)
    assert weights_of(proposed(np.diag([0.04, 0.0, 0.09]), clusters=2))[1] == pytest.approx(1.0, abs=1e-9)


def test_cash_is_without_variance_in_its_cluster_too() -> None:
    rows = five_years()[1][:60, :4].copy()
    rows[:, 3] = 0.0
    problem, estimates = of_history(rows, ["A", "B", "C", "CASH"])
    asked = NestedClustersOptimizationOptions(clusters=3)
    assert weights_of(NestedClustersOptimization().solve(problem, estimates, asked))[3] == pytest.approx(1.0, abs=1e-9)


def test_fewer_returns_than_names() -> None:
    problem, estimates = of_history(five_years()[1][:8])
    asked = NestedClustersOptimizationOptions(codependence="distance", clusters=5)
    assert weights_of(NestedClustersOptimization().solve(problem, estimates, asked)).min() >= 0


def test_a_tail_of_few_scenarios_has_an_end_where_shorts_have_one() -> None:
    problem, estimates = of_history(five_years()[1][:4, :6], limits=(Budget(), MinimumWeight(-0.2)))
    asked = NestedClustersOptimizationOptions(risk_measure="cvar", clusters=2)
    assert weights_of(NestedClustersOptimization().solve(problem, estimates, asked)).min() >= -0.2 - 1e-9


def test_bad_options_are_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a known risk measure"):
        NestedClustersOptimizationOptions(risk_measure="luck")
    with pytest.raises(InvalidInput, match="there are 10 names"):
        proposed(COVARIANCE, clusters=12)


def test_what_the_method_inside_refuses_is_told_of_our_own_option() -> None:
    with pytest.raises(InvalidInput, match=r"method_options\.risk_measure: is 'var'; give 'volatility' or"):
        proposed(COVARIANCE, objective=RiskParity(), risk_measure="var", clusters=3)
