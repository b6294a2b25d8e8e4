"""Nested clusters optimization: the best portfolio within each cluster of names, and of those portfolios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly, MinimumWeight
from tangency.domain.optimization.objective import MinimumRisk, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.dendrogram import ClusterOptions, dendrogram
from tangency.plugins.kernels.installed import Inner, ask, unanswered
from tangency.plugins.kernels.naive_risk import ALONG_A_TREE, OF_MOMENTS, known_measure, reading
from tangency.plugins.kernels.parts import estimates_of_portfolios, estimates_of_some, problem_over
from tangency.plugins.kernels.projection import heuristic

OPTIONS: Path = ("method_options",)


@dataclass(frozen=True, kw_only=True)
class NestedClustersOptimizationOptions(ClusterOptions):
    """How the assets are clustered, and the risk that is minimized or shared equally.

    Attributes:
        risk_measure: minimized under MIN_VOLATILITY, shared equally under RISK_PARITY.
    """

    risk_measure: str = "variance"

    def __post_init__(self) -> None:
        ClusterOptions.__post_init__(self)
        known_measure(self.risk_measure)


class NestedClustersOptimization:
    """López de Prado's nested clusters optimization (NCO): optimize within clusters, then across clusters.

    Both steps use minimum variance (``mean_variance``), minimum risk for other measures (``mean_risk``) or equal risk
    contributions (``risk_parity``). Both take the budget and the limits on short positions into account. If the result
    violates another constraint, the answer is the nearest portfolio that satisfies all of them, and the distance
    between the two is reported.
    """

    name = "nested_clusters_optimization"
    citation = (
        "López de Prado, M. (2019). A robust estimator of the efficient frontier. SSRN 3469961; and (2020). Machine "
        "Learning for Asset Managers. Cambridge University Press, section 7."
    )
    capabilities = ALONG_A_TREE
    options: type = NestedClustersOptimizationOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse more clusters than names, and what takes scenarios where there are none."""
        asked = cast(NestedClustersOptimizationOptions, options)
        asked.refuse_too_many(len(problem.universe))
        asked.check(problem)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Cluster, solve within, solve between, and move to the nearest feasible portfolio."""
        asked = cast(NestedClustersOptimizationOptions, options)
        asked.refuse_too_many(len(problem.universe))
        tree = dendrogram(asked, estimates)
        cut = tree.cut(tree.count(asked))
        inner, aim = _chosen(problem, asked.risk_measure)
        limits = _common(problem, estimates)
        within = np.zeros((len(problem.universe), len(cut)))
        for column, node in enumerate(cut):
            names = sorted(tree.members[node])
            found = _solved(problem, estimates_of_some(estimates, names), inner, aim, limits)
            if isinstance(found, Proposal):
                return unanswered(f"Cluster {column + 1}", found)
            within[names, column] = found
        labels = [f"cluster {column}" for column in range(1, len(cut) + 1)]
        between = _solved(problem, estimates_of_portfolios(estimates, within, labels), inner, aim, limits)
        if isinstance(between, Proposal):
            return unanswered("The portfolio of the clusters", between)
        findings = {"clusters": tree.described(cut), "cluster_weights": between.tolist()}
        return heuristic(problem, estimates, within @ between, findings, reading(problem, asked.risk_measure))


def _chosen(problem: Problem, measure: str) -> tuple[Inner, Objective]:
    """The method that solves within and between the clusters, and its aim."""
    if not isinstance(problem.objective, MinimumVolatility):
        return Inner("risk_parity", {"risk_measure": measure}), problem.objective
    if measure in OF_MOMENTS:
        return Inner("mean_variance"), problem.objective
    return Inner("mean_risk", {"risk_measure": measure}), MinimumRisk(Measure(measure, problem.confidence_level))


def _common(problem: Problem, estimates: Estimates) -> tuple[Constraint, ...]:
    """The budget, and how far any name may be sold short: without an end to it, a tail of few scenarios has none."""
    least = float(problem.region(estimates).implied[0].min())
    if least >= 0:
        return (Budget(), LongOnly())
    return (Budget(), MinimumWeight(least)) if np.isfinite(least) else (Budget(),)


def _solved(
    problem: Problem, estimates: Estimates, inner: Inner, aim: Objective, limits: Sequence[Constraint]
) -> Vector | Proposal:
    """Weights, or the proposal that has none; a single name has all the weight without being asked."""
    if len(estimates.universe) == 1:
        return np.ones(1)
    own = replace(problem_over(problem, estimates, limits), objective=aim)
    try:
        proposal = ask(inner, own, estimates, OPTIONS)
    except InvalidInput as error:  # the inner method's options are ours
        ours = len((*OPTIONS, "options"))
        raise InvalidInput([replace(fault, path=(*OPTIONS, *fault.path[ours:])) for fault in error.faults]) from None
    return proposal if proposal.weights is None else proposal.weights
