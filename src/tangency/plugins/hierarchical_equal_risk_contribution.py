"""Hierarchical equal risk contribution: weights split along a tree of clusters, and by inverse risk within each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.kernels.dendrogram import ClusterOptions, Dendrogram, dendrogram
from tangency.plugins.kernels.naive_risk import (
    ALONG_A_TREE,
    NaiveRisk,
    NoNaiveRisk,
    known_measure,
    reading,
    share_of_first,
)
from tangency.plugins.kernels.projection import heuristic


@dataclass(frozen=True, kw_only=True)
class HierarchicalEqualRiskContributionOptions(ClusterOptions):
    """How the assets are clustered, and which risk is split.

    Attributes:
        risk_measure: the risk of an asset and of a cluster.
    """

    risk_measure: str = "variance"

    def __post_init__(self) -> None:
        ClusterOptions.__post_init__(self)
        known_measure(self.risk_measure)


class HierarchicalEqualRiskContribution:
    """Raffinot's hierarchical equal risk contribution (HERC): split weight by risk down to clusters of assets.

    The weight is split at each branch of the cluster tree above the clusters; within a cluster, the assets have their
    inverse-risk weights. The risk of a branch is the sum of the risks of its clusters, each at its inverse-risk
    weights. The order of the leaves does not matter.
    """

    name = "hierarchical_equal_risk_contribution"
    citation = (
        "Raffinot, T. (2018). The hierarchical equal risk contribution portfolio. SSRN 3237540; clusters by Yue, S., "
        "Wang, X., Wei, M. (2008). Application of two-order difference to gap statistic. Transactions of Tianjin "
        "University 14(3), 217-221."
    )
    capabilities = ALONG_A_TREE
    options: type = HierarchicalEqualRiskContributionOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse more clusters than names, and what takes scenarios where there are none."""
        asked = cast(HierarchicalEqualRiskContributionOptions, options)
        asked.refuse_too_many(len(problem.universe))
        asked.check(problem)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Cluster, split down the tree, and move to the nearest feasible portfolio."""
        asked = cast(HierarchicalEqualRiskContributionOptions, options)
        asked.refuse_too_many(len(problem.universe))
        tree = dendrogram(asked, estimates)
        count = tree.count(asked)
        cut = tree.cut(count)
        risk = NaiveRisk(asked.risk_measure, problem.confidence_level, estimates)
        try:
            raw = _split(tree, tree.top(count), cut, risk)
        except NoNaiveRisk as refusal:
            return Proposal(Status.NOT_APPLICABLE, message=str(refusal))
        return heuristic(
            problem, estimates, raw, {"clusters": tree.described(cut)}, reading(problem, asked.risk_measure)
        )


def _split(tree: Dendrogram, top: Sequence[int], cut: Sequence[int], risk: NaiveRisk) -> Vector:
    """Weights that sum to 1; shape (n,).

    Args:
        tree: over the names.
        top: the nodes above the clusters, the root first.
        cut: the nodes that are the clusters.
        risk: of a cluster.
    """
    risks = {node: risk.of(tree.members[node]) for node in cut}
    for node in reversed(top):
        left, right = tree.children(node)
        risks[node] = risks[left] + risks[right]
    shares = {2 * len(tree.names) - 2: 1.0}
    for node in top:
        left, right = tree.children(node)
        shares[left] = shares[node] * share_of_first(risks[left], risks[right])
        shares[right] = shares[node] - shares[left]
    weights = np.zeros(len(tree.names))
    for node in cut:
        weights[tree.members[node]] = shares[node] * risk.weights(tree.members[node])
    return weights
