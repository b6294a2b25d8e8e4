"""Rules and hierarchical methods: the same procedure at the same options gives the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tangency import Budget, LongOnly, MinimumVolatility, Problem
from tangency.domain.optimization.objective import Objective, RiskParity
from validation.case import Case
from validation.peers import riskfolio_tree, skfolio_weights
from validation.sample import Array, frame, market, names, returns

LIMITS = (Budget(), LongOnly())
PAPER = "clusters by the distances of assets; our default, as in the paper: distances between columns of that matrix"


def rules() -> Iterator[Case]:
    """Weights from the data alone."""
    yield Case("1 / n", _asked("equal_weight"), {"skfolio": lambda: skfolio_weights(_skfolio("EqualWeighted"))})
    yield Case(
        "1 / volatility",
        _asked("inverse_volatility"),
        {"skfolio": lambda: skfolio_weights(_skfolio("InverseVolatility"))},
    )
    yield Case("1 / variance", _asked("inverse_variance"), {"numpy": lambda: _inverse_variance()})


def hierarchies() -> Iterator[Case]:
    """Each peer's variant, by our options for it."""
    yield Case(
        "single linkage, input order, correlation distance",
        _asked("hierarchical_risk_parity", linkage="single", leaf_order="input", distance="correlation"),
        {"PyPortfolioOpt": lambda: _pypfopt_tree()},
    )
    yield Case(
        "ward linkage, optimal order, correlation distance",
        _asked("hierarchical_risk_parity", linkage="ward", leaf_order="optimal", distance="correlation"),
        {
            "skfolio": lambda: skfolio_weights(_skfolio("HierarchicalRiskParity", **_seriation("ward"))),
            "Riskfolio-Lib": lambda: riskfolio_tree("HRP", linkage="ward", rm="MV", leaf_order=True),
        },
    )
    yield Case(
        "the defaults, as in the paper",
        _asked("hierarchical_risk_parity"),
        {
            "PyPortfolioOpt": lambda: _pypfopt_tree(),
            "skfolio": lambda: skfolio_weights(_skfolio("HierarchicalRiskParity")),
            "Riskfolio-Lib": lambda: riskfolio_tree("HRP", rm="MV"),
        },
        remarks={
            "PyPortfolioOpt": PAPER,
            "skfolio": f"{PAPER}; ward linkage, optimal order",
            "Riskfolio-Lib": f"{PAPER}; optimal order",
        },
    )
    four: dict[str, Any] = {"linkage": "ward", "clusters": 4, "distance": "correlation", "leaf_order": "optimal"}
    yield Case(
        "ward linkage, 4 clusters",
        _asked("hierarchical_equal_risk_contribution", **four),
        {
            "skfolio": lambda: skfolio_weights(_skfolio("HierarchicalEqualRiskContribution", **_clusters(4))),
            "Riskfolio-Lib": lambda: riskfolio_tree("HERC", linkage="ward", rm="MV", k=4),
        },
    )
    yield Case(
        "ward linkage, 4 clusters, minimum variance twice",
        _asked("nested_clusters_optimization", **four),
        {"skfolio": lambda: _skfolio_nested(), "Riskfolio-Lib": lambda: _riskfolio_nested("MinRisk")},
        remarks={
            "skfolio": "its solver stops at 1e-8 of a daily variance, of the order of 1e-4",
            "Riskfolio-Lib": "to the precision of its solver",
        },
    )
    yield Case(
        "ward linkage, 4 clusters, risk parity twice",
        _asked("nested_clusters_optimization", RiskParity(), **four),
        {"Riskfolio-Lib": lambda: _riskfolio_nested("ERC")},
        remarks={"Riskfolio-Lib": "to the precision of its solver"},
    )
    yield Case(
        "gamma 0.5, ward linkage",
        _asked(
            "schur_complementary",
            gamma=0.5,
            keep_monotonic=False,
            linkage="ward",
            distance="correlation",
            leaf_order="optimal",
        ),
        {"skfolio": lambda: skfolio_weights(_skfolio("SchurComplementary", gamma=0.5, keep_monotonic=False))},
    )


def _asked(method: str, objective: Objective | None = None, **options: object) -> Problem:
    return Problem(market(), objective or MinimumVolatility(), LIMITS, method, options=options)


def _skfolio(kind: str, **options: Any) -> Any:
    import skfolio.optimization

    return getattr(skfolio.optimization, kind)(**options)


def _inverse_variance() -> Array:
    inverse = 1.0 / returns().var(axis=0, ddof=1)
    return np.array(inverse / inverse.sum())


def _clusters(count: int) -> dict[str, Any]:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod

    tree = HierarchicalClustering(linkage_method=LinkageMethod.WARD, max_clusters=count)
    return {"hierarchical_clustering_estimator": tree}


def _seriation(linkage: str) -> dict[str, Any]:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.seriation import HierarchicalSeriation

    tree = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    return {"seriation_estimator": HierarchicalSeriation(hierarchical_clustering_estimator=tree)}


def _skfolio_nested() -> Array:
    from skfolio.cluster import HierarchicalClustering
    from skfolio.distance import PearsonDistance

    tree = HierarchicalClustering(max_clusters=4)
    options = {"cv": "ignore", "distance_estimator": PearsonDistance(), "clustering_estimator": tree}
    return skfolio_weights(_skfolio("NestedClustersOptimization", **options))


def _riskfolio_nested(objective: str) -> Array:
    return riskfolio_tree("NCO", linkage="ward", rm="MV", obj=objective, k=4)


def _pypfopt_tree() -> Array:
    from pypfopt import HRPOpt

    weights = HRPOpt(returns=frame()).optimize("single")
    return np.array([weights[name] for name in names()])
