"""Hierarchical equal risk contribution: two peers, by hand, and degenerate markets."""

from typing import Any, ClassVar

import numpy as np
import pytest

from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Vector
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.hierarchical_equal_risk_contribution import (
    HierarchicalEqualRiskContribution,
    HierarchicalEqualRiskContributionOptions,
)
from tests.plugins.ten_series import COVARIANCE
from tests.support.history import five_years, of_history, of_sample
from tests.support.posed import estimated, posed

PEERS: dict[str, Any] = {"distance": "correlation", "leaf_order": "optimal"}


def proposed(covariance: Any, **options: Any) -> Proposal:
    problem = posed(covariance)
    asked = HierarchicalEqualRiskContributionOptions(**options)
    return HierarchicalEqualRiskContribution().solve(problem, estimated(problem), asked)


def on_sample(**options: Any) -> Vector:
    problem, estimates = of_sample()
    asked = HierarchicalEqualRiskContributionOptions(**PEERS, **options)
    return weights_of(HierarchicalEqualRiskContribution().solve(problem, estimates, asked))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-12)
    return proposal.weights


class TestThreeClustersAtMost(MethodContract):
    method = "hierarchical_equal_risk_contribution"
    examples = 10
    options: ClassVar[dict[str, object]] = {"max_clusters": 3, "linkage": "ward", "risk_measure": "cvar"}


@pytest.mark.parametrize("linkage", ["single", "ward", "average"])
@pytest.mark.parametrize("clusters", [2, 5, 8])
def test_skfolio_at_its_own_options(linkage: str, clusters: int) -> None:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalEqualRiskContribution as Peer

    tree = HierarchicalClustering(linkage_method=LinkageMethod(linkage), max_clusters=clusters)
    peer = Peer(hierarchical_clustering_estimator=tree).fit(five_years()[1])
    np.testing.assert_allclose(on_sample(linkage=linkage, clusters=clusters), peer.weights_, atol=1e-10)


@pytest.mark.parametrize(("ours", "theirs"), [("variance", "MV"), ("volatility", "vol"), ("mad", "MAD")])
def test_riskfolio_at_its_own_options(ours: str, theirs: str) -> None:
    import pandas as pd
    import riskfolio

    names, rows = five_years()
    peer = riskfolio.HCPortfolio(returns=pd.DataFrame(rows, columns=list(names)))
    expected = peer.optimization(model="HERC", linkage="ward", rm=theirs, k=4)["weights"].to_numpy()
    found = on_sample(linkage="ward", clusters=4, risk_measure=ours)
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_two_clusters_by_hand() -> None:
    # A and B move together, C alone: inverse variances within, then by the risk of each cluster.
    S = np.array([[0.04, 0.054, 0.0], [0.054, 0.09, 0.0], [0.0, 0.0, 0.01]])
    within = np.array([9, 4]) / 13
    pair = within @ S[:2, :2] @ within
    found = proposed(S, clusters=2)
    np.testing.assert_allclose(weights_of(found), [*(0.01 / (pair + 0.01) * within), pair / (pair + 0.01)], rtol=1e-12)
    clusters: Any = found.findings["clusters"]
    assert sorted(map(sorted, clusters["members"])) == [["A", "B"], ["C"]]
    assert clusters["membership"]["A"] == clusters["membership"]["B"] != clusters["membership"]["C"]


def test_one_cluster_is_inverse_variance() -> None:
    inverse = 1 / np.diagonal(COVARIANCE)
    np.testing.assert_allclose(weights_of(proposed(COVARIANCE, clusters=1)), inverse / inverse.sum(), rtol=1e-12)


def test_the_order_of_the_leaves_does_not_matter() -> None:
    first, second = (weights_of(proposed(COVARIANCE, clusters=4, leaf_order=order)) for order in ("input", "canonical"))
    np.testing.assert_allclose(first, second, atol=1e-15)


def test_a_name_without_variance_gets_what_it_does_in_the_limit() -> None:
    S = COVARIANCE.copy()
    S[4, :] = S[:, 4] = 0.0
    limit = S.copy()
    limit[4, 4] = 1e-9
    found = weights_of(proposed(S, clusters=3))
    np.testing.assert_allclose(weights_of(proposed(limit, clusters=3)), found, atol=1e-8)
    assert found[4] > 0.5


def test_one_name_and_few_returns() -> None:
    assert weights_of(proposed([[0.04]])).tolist() == [1.0]
    names, rows = five_years()
    problem, estimates = of_history(rows[:8], names)
    asked = HierarchicalEqualRiskContributionOptions(codependence="kendall")
    assert weights_of(HierarchicalEqualRiskContribution().solve(problem, estimates, asked)).min() > 0


def test_a_negative_risk_is_not_applicable() -> None:
    rows = np.column_stack([five_years()[1][:100, 0], np.full(100, 0.001)])
    problem, estimates = of_history(rows, ["STOCK", "DEPOSIT"])
    asked = HierarchicalEqualRiskContributionOptions(risk_measure="cvar")
    assert HierarchicalEqualRiskContribution().solve(problem, estimates, asked).status is Status.NOT_APPLICABLE


def test_more_clusters_than_names_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"method_options\.clusters: is 11; there are 10 names"):
        proposed(COVARIANCE, clusters=11)


def test_bad_options_are_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a known risk measure"):
        HierarchicalEqualRiskContributionOptions(risk_measure="luck")
    with pytest.raises(InvalidInput, match="clusters: is -1"):
        HierarchicalEqualRiskContributionOptions(clusters=-1)
