"""The tree, its cuts, and how many clusters the dispersion wants, against SciPy and by hand."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, leaves_list

from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix
from tangency.plugins.kernels.dendrogram import ClusterOptions, Dendrogram, TreeOptions, dendrogram
from tests.support.history import of_sample
from tests.support.posed import estimated, posed

LINKAGES = ["single", "complete", "average", "weighted", "centroid", "median", "ward"]


@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("order", ["input", "optimal"])
def test_leaves_stand_as_scipy_lists_them(linkage: str, order: str) -> None:
    tree = dendrogram(TreeOptions(linkage=linkage, leaf_order=order), of_sample()[1])  # type: ignore[arg-type]
    assert tree.leaves == leaves_list(tree.merges).tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_a_cut_is_the_one_of_scipy(count: int) -> None:
    tree = dendrogram(TreeOptions(linkage="ward"), of_sample()[1])
    ours = {frozenset(tree.members[node]) for node in tree.cut(count)}
    labels = fcluster(tree.merges, count, "maxclust")
    assert ours == {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}
    assert [leaf for node in tree.cut(count) for leaf in tree.members[node]] == tree.leaves


def test_the_canonical_tree_is_the_same_tree_turned() -> None:
    estimates = of_sample()[1]
    trees = [dendrogram(TreeOptions(leaf_order=order), estimates) for order in ("input", "canonical")]
    first, second = ({frozenset(leaves) for leaves in tree.members} for tree in trees)
    assert first == second
    assert trees[0].leaves != trees[1].leaves


def test_names_that_are_alike_stand_in_the_order_of_the_alphabet() -> None:
    tree = dendrogram(TreeOptions(leaf_order="canonical"), estimated(posed(0.04 * np.eye(3), names=["C", "A", "B"])))
    assert sorted(tree.names[leaf] for leaf in tree.members[tree.children(4)[0]] + tree.members[tree.children(4)[1]])
    assert [tree.names[leaf] for leaf in tree.members[3]] == ["A", "B"]


def rounded_otherwise(covariance: Matrix, seed: int) -> Matrix:
    """The figures with another last digit, symmetric, and variances as they were."""
    noise = np.random.default_rng(seed).integers(-1, 2, covariance.shape) * 2.0**-53
    changed = covariance * (1.0 + noise + noise.T)
    np.fill_diagonal(changed, np.diagonal(covariance))
    return changed


ALIKE = {
    "correlations of the same size": np.outer(*2 * ([0.5, -0.4, 0.8, 0.5, -0.4, 0.5, 0.8, 0.5],)),
    "all alike": np.full((8, 8), 0.3),
    "names twice": np.kron(0.7 * np.eye(4) + 0.3, np.ones((2, 2))),
}


@pytest.mark.parametrize("order", ["input", "optimal", "canonical"])
@pytest.mark.parametrize("rho", ALIKE.values(), ids=ALIKE)
def test_the_last_digit_decides_no_tie(order: str, rho: Matrix) -> None:
    volatilities = np.array([0.2, 0.1, 0.3, 0.15, 0.2, 0.25, 0.1, 0.3])
    correlations = np.where(np.eye(8) == 1.0, 1.0, rho)
    covariance = correlations * np.outer(volatilities, volatilities)
    for linkage in ("single", "average", "ward"):
        options = TreeOptions(linkage=linkage, leaf_order=order)  # type: ignore[arg-type]
        tree = dendrogram(options, estimated(posed(covariance)))
        for seed in range(5):
            other = dendrogram(options, estimated(posed(rounded_otherwise(covariance, seed))))
            assert other.members == tree.members
            assert other.bend(10) == tree.bend(10)


def test_the_dispersion_bends_at_the_number_of_groups() -> None:
    correlations = np.kron(np.eye(4), np.full((3, 3), 0.9)) + 0.1 * np.eye(12)
    tree = dendrogram(ClusterOptions(linkage="ward"), estimated(posed(correlations)))
    assert tree.bend(10) == 4
    assert tree.count(ClusterOptions()) == 4
    assert tree.count(ClusterOptions(max_clusters=3)) <= 3
    assert tree.count(ClusterOptions(clusters=7)) == 7


def test_dispersion_by_hand() -> None:
    distances = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    tree = Dendrogram(("A", "B", "C"), np.array([[0, 1, 1.0, 2], [2, 3, 4.0, 3]]), distances)
    # W(1) = 20 / 6, W(2) = 2 / 4, W(3) = 0: the only bend there is.
    assert tree._dispersion(1) == pytest.approx(20 / 6)
    assert tree._dispersion(2) == pytest.approx(0.5)
    assert tree.bend(10) == 2


@pytest.mark.parametrize(("size", "most", "count"), [(1, 10, 1), (2, 10, 2), (2, 1, 1), (5, 1, 1)])
def test_with_few_names_there_are_few_clusters(size: int, most: int, count: int) -> None:
    tree = dendrogram(TreeOptions(), estimated(posed(0.04 * np.eye(size))))
    assert tree.bend(most) == count
    assert len(tree.cut(count)) == count


def test_clusters_are_refused_where_they_have_no_meaning() -> None:
    with pytest.raises(InvalidInput, match="clusters: is 0; give at least 1, or 'gap'"):
        ClusterOptions(clusters=0)
    with pytest.raises(InvalidInput, match="max_clusters: is 0"):
        ClusterOptions(max_clusters=0)
    with pytest.raises(InvalidInput, match="is 4; there are 3 names"):
        ClusterOptions(clusters=4).refuse_too_many(3)
