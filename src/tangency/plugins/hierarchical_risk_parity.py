"""Hierarchical risk parity: weights split in two again and again, along the leaves of a tree of correlations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.kernels.dendrogram import TreeOptions, dendrogram
from tangency.plugins.kernels.naive_risk import (
    ALONG_A_TREE,
    NaiveRisk,
    NoNaiveRisk,
    known_measure,
    reading,
    share_of_first,
)
from tangency.plugins.kernels.projection import heuristic

MOST_DESCRIBED = 10
"""Clusters that the answer speaks of at most; the weights follow from the order of the leaves, not from them."""


@dataclass(frozen=True, kw_only=True)
class HierarchicalRiskParityOptions(TreeOptions):
    """How the assets are clustered, and which risk is split.

    Attributes:
        risk_measure: the risk of an asset and of a cluster; the paper uses the variance.
    """

    risk_measure: str = "variance"

    def __post_init__(self) -> None:
        known_measure(self.risk_measure)


class HierarchicalRiskParity:
    """López de Prado's hierarchical risk parity (HRP): cluster the assets, then split the weight by inverse risk.

    The risk of a group of assets is that of its inverse-risk portfolio. If the result violates a constraint, the answer
    is the nearest portfolio that satisfies all of them, and the distance between the two is reported.
    """

    name = "hierarchical_risk_parity"
    citation = (
        "López de Prado, M. (2016). Building diversified portfolios that outperform out of sample. Journal of "
        "Portfolio Management 42(4), 59-69."
    )
    capabilities = ALONG_A_TREE
    options: type = HierarchicalRiskParityOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what takes scenarios where there are none."""
        cast(HierarchicalRiskParityOptions, options).check(problem)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Cluster, bisect, and move to the nearest feasible portfolio."""
        asked = cast(HierarchicalRiskParityOptions, options)
        tree = dendrogram(asked, estimates)
        risk = NaiveRisk(asked.risk_measure, problem.confidence_level, estimates)
        try:
            raw = bisected(tree.leaves, lambda left, right: share_of_first(risk.of(left), risk.of(right)))
        except NoNaiveRisk as refusal:
            return Proposal(Status.NOT_APPLICABLE, message=str(refusal))
        findings = {"clusters": tree.described(tree.cut(tree.bend(MOST_DESCRIBED)))}
        return heuristic(problem, estimates, raw, findings, reading(problem, asked.risk_measure))


def bisected(leaves: Sequence[int], share: Callable[[list[int], list[int]], float]) -> Vector:
    """Weights that sum to 1, from a list of leaves halved until each stands alone; shape (n,).

    Args:
        leaves: positions of the names.
        share: of the weight of two neighbouring halves, what goes to the first.
    """
    weights, pending = np.ones(len(leaves)), [list(leaves)]
    while pending:
        whole = pending.pop()
        if len(whole) == 1:
            continue
        left, right = whole[: len(whole) // 2], whole[len(whole) // 2 :]
        first = share(left, right)
        weights[left] *= first
        weights[right] *= 1.0 - first
        pending += [left, right]
    return weights
