"""Names in a tree by how strongly they move together: the tree, the order of its leaves, and clusters cut from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.problem import Problem
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.codependence import Codependence, codependence, riskless

Linkage = Literal["single", "complete", "average", "weighted", "centroid", "median", "ward"]
Distance = Literal["lopez_de_prado", "correlation"]
LeafOrder = Literal["input", "optimal", "canonical"]

DIGITS = 10
"""Of distances: what differs in rounding alone is a tie, settled by the order of the names."""
SQUARES = 12
"""Digits of 1 - correlation: a root makes 1e-8 of what rounding leaves of two names that are the same."""
TIE = 1e-9
"""Relative: clusters whose variances differ by less are alike."""


@dataclass(frozen=True, kw_only=True)
class TreeOptions:
    """How the assets are clustered into a tree.

    Attributes:
        linkage: definition of the distance between two clusters.
        codependence: measure of dependence: ``pearson`` (from the covariance), or ``spearman``, ``kendall`` or
            ``distance`` correlation (from the returns).
        distance: distance between assets with correlation rho. ``correlation``: sqrt((1 - rho) / 2).
            ``lopez_de_prado``: the Euclidean distance between the columns of that matrix, as in the paper.
        leaf_order: order of the leaves of the tree. ``input``: as the linkage returns them. ``optimal``: adjacent
            leaves as close as possible. ``canonical``: at each branch, the cluster whose inverse-variance portfolio has
            the smaller variance comes first, so that the answer does not depend on the order of the assets.
    """

    linkage: Linkage = "single"
    codependence: Codependence = "pearson"
    distance: Distance = "lopez_de_prado"
    leaf_order: LeafOrder = "input"

    def check(self, problem: Problem) -> None:
        """Refuse a codependence or a risk of scenarios where there are none to be.

        Raises:
            InvalidInput: so it is.
        """
        if self.codependence != "pearson":
            problem.market.require_scenarios(f"the codependence {self.codependence!r}")
        measure = getattr(self, "risk_measure", "variance")
        if Measure(measure).needs_scenarios:
            problem.market.require_scenarios(f"risk measure {measure!r}")


@dataclass(frozen=True, kw_only=True)
class ClusterOptions(TreeOptions):
    """How the assets are clustered into a tree, and into how many clusters it is cut.

    Attributes:
        clusters: number of clusters, or ``gap`` to choose it where the dispersion within clusters bends most (two-order
            difference of Yue, Wang and Wei 2008).
        max_clusters: the largest number that ``gap`` may choose.
    """

    clusters: int | Literal["gap"] = "gap"
    max_clusters: int = 10

    def __post_init__(self) -> None:
        if self.clusters != "gap" and self.clusters < 1:
            raise InvalidInput.at(("clusters",), f"is {self.clusters}; give at least 1, or 'gap'.", "range")
        if self.max_clusters < 1:
            raise InvalidInput.at(("max_clusters",), f"is {self.max_clusters}; give at least 1.", "range")

    def refuse_too_many(self, names: int) -> None:
        """There are no more clusters than names.

        Raises:
            InvalidInput: more are asked for.
        """
        if self.clusters != "gap" and self.clusters > names:
            detail = f"is {self.clusters}; there are {names} names, and no more clusters than names."
            raise InvalidInput.at(("method_options", "clusters"), detail, "range")


@dataclass(frozen=True, eq=False)
class Dendrogram:
    """A binary tree over n names.

    Attributes:
        names: in the universe's order; leaf i is names[i].
        merges: shape (n - 1, 4), as scipy writes a linkage: row m makes node n + m of two nodes, left and right, at a
            height, with so many leaves. Later rows are never below earlier ones.
        distances: between names, as they were clustered; shape (n, n).
    """

    names: tuple[str, ...]
    merges: Matrix
    distances: Matrix

    @cached_property
    def members(self) -> list[list[int]]:
        """The leaves of each node, left to right; 2n - 1 lists."""
        leaves = [[i] for i in range(len(self.names))]
        for left, right in self.merges[:, :2].astype(int).tolist():
            leaves.append(leaves[left] + leaves[right])
        return leaves

    @property
    def leaves(self) -> list[int]:
        """The positions of all names, left to right."""
        return self.members[-1]

    def children(self, node: int) -> tuple[int, int]:
        """Left and right; the node is no leaf."""
        left, right = self.merges[node - len(self.names), :2].astype(int).tolist()
        return left, right

    def cut(self, clusters: int) -> list[int]:
        """So many nodes that hold every name once, by undoing the last merges; left to right."""
        top = self.top(clusters)
        nodes = {child for node in top for child in self.children(node)} | {2 * len(self.names) - 2}
        return sorted(nodes - set(top), key=lambda node: self._places[self.members[node][0]])

    def top(self, clusters: int) -> list[int]:
        """The nodes above a cut into so many clusters, the root first."""
        last = 2 * len(self.names) - 1
        return list(range(last - 1, last - clusters, -1))

    def count(self, options: ClusterOptions) -> int:
        """How many clusters the options want."""
        return self.bend(options.max_clusters) if options.clusters == "gap" else options.clusters

    def bend(self, most: int) -> int:
        """The k from 2 to ``most`` with the largest W(k-1) - 2 W(k) + W(k+1).

        W(k) is the dispersion of k clusters: the sum over clusters of all distances within, over twice their number of
        names. (Yue, Wang and Wei 2008; skfolio takes the mean of the distances, Riskfolio-Lib their deviation.)
        """
        largest = min(most, len(self.names) - 1)
        if largest <= 1:
            return max(1, min(most, len(self.names)))
        dispersions = np.array([self._dispersion(k) for k in range(1, largest + 2)])
        bends = dispersions[:-2] - 2 * dispersions[1:-1] + dispersions[2:]
        return int(np.argmax(bends >= bends.max() - TIE * dispersions.max())) + 2

    def _dispersion(self, clusters: int) -> float:
        return sum(self._within(self.members[node]) / (2 * len(self.members[node])) for node in self.cut(clusters))

    def _within(self, names: Sequence[int]) -> float:
        """The sum of the distances of the leaves of a node, which are neighbours in the order of all leaves."""
        first = self._places[names[0]]
        inside = slice(first, first + len(names))
        return float(self._by_leaf[inside, inside].sum())

    @cached_property
    def _places(self) -> dict[int, int]:
        """Where each leaf is, left to right."""
        return {leaf: place for place, leaf in enumerate(self.leaves)}

    @cached_property
    def _by_leaf(self) -> Matrix:
        """Distances in the order of the leaves; shape (n, n)."""
        return self.distances[np.ix_(self.leaves, self.leaves)]

    def described(self, cut: Sequence[int]) -> dict[str, Any]:
        """The finding ``clusters``: names, linkage rows, leaf order, and the names of each cluster of a cut."""
        listed = [[self.names[leaf] for leaf in self.members[node]] for node in cut]
        return {
            "names": list(self.names),
            "linkage": self.merges.tolist(),
            "leaf_order": [self.names[leaf] for leaf in self.leaves],
            "members": listed,
            "membership": {name: number for number, names in enumerate(listed, 1) for name in names},
        }


def dendrogram(options: TreeOptions, estimates: Estimates) -> Dendrogram:
    """Cluster the names of some estimates.

    Raises:
        InvalidInput: the codependence needs scenarios, and there are none or they have probabilities.
    """
    names = estimates.universe.names
    distances = _distances(codependence(options.codependence, estimates), options.distance)
    if len(names) == 1:
        return Dendrogram(names, np.empty((0, 4)), distances)
    if options.leaf_order == "canonical":
        return _canonical(names, distances, options.linkage, estimates)
    merges = _linked(distances, options.linkage, optimal=options.leaf_order == "optimal")
    return Dendrogram(names, merges, distances)


def _distances(rho: Matrix, kind: Distance) -> Matrix:
    roots = np.sqrt(np.round(1.0 - rho, SQUARES) / 2.0)
    if kind == "correlation":
        return roots
    from scipy.spatial.distance import pdist, squareform

    square: Matrix = squareform(pdist(roots))
    return square


def _linked(distances: Matrix, linkage: Linkage, *, optimal: bool = False) -> Matrix:
    """The merges; of distances that are equal but for rounding the first in the order of the names goes first."""
    from scipy.cluster.hierarchy import linkage as linked
    from scipy.spatial.distance import squareform

    merges: Matrix = linked(squareform(np.round(distances, DIGITS), checks=False), linkage, optimal_ordering=optimal)
    return merges


def _canonical(names: tuple[str, ...], distances: Matrix, linkage: Linkage, estimates: Estimates) -> Dendrogram:
    """A tree that is the same whatever the order of the names: clustered in the order of the alphabet, then turned."""
    order = np.argsort(np.array(names), kind="stable")
    merges = _linked(distances[np.ix_(order, order)], linkage)
    children = merges[:, :2].astype(int)
    merges[:, :2] = np.where(children < len(names), order[np.minimum(children, len(names) - 1)], children)
    return Dendrogram(names, _turned(names, merges, estimates), distances)


def _turned(names: tuple[str, ...], merges: Matrix, estimates: Estimates) -> Matrix:
    """The cluster of the smaller inverse-variance portfolio to the left, and of two alike the first in the alphabet."""
    S, none = estimates.covariance.dense(), riskless(estimates.covariance)
    members = Dendrogram(names, merges, S).members
    alphabet = [min(names[leaf] for leaf in leaves) for leaves in members]
    ranked = [sorted(leaves, key=lambda leaf: names[leaf]) for leaves in members]
    variances = [_inverse_variance_risk(S[np.ix_(leaves, leaves)], none[leaves]) for leaves in ranked]
    turned = merges.copy()
    for row, (one, other) in enumerate(merges[:, :2].astype(int).tolist()):
        alike = abs(variances[one] - variances[other]) <= TIE * max(variances[one], variances[other])
        swap = alphabet[other] < alphabet[one] if alike else variances[other] < variances[one]
        turned[row, :2] = (other, one) if swap else (one, other)
    return turned


def _inverse_variance_risk(S: Matrix, none: np.ndarray) -> float:
    """The variance of the inverse-variance portfolio; 0 where a name has none."""
    if none.any():
        return 0.0
    inverse = 1.0 / np.diagonal(S)
    weights = inverse / inverse.sum()
    return float(weights @ S @ weights)
