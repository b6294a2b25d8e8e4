"""Codependence against SciPy, and against the definition of the distance correlation."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from tangency.domain.errors import InvalidInput
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Vector
from tangency.plugins.kernels.codependence import Codependence, codependence
from tests.support.history import five_years, of_history

ROWS = np.round(five_years()[1][:90, :4], 3)  # rounded, so that there are ties


def _distance_correlation(x: Vector, y: Vector) -> float:
    def centred(values: Vector) -> Vector:
        apart = np.abs(np.subtract.outer(values, values))
        means: Vector = apart.mean(axis=0)
        return apart - means - means[:, None] + float(means.mean())

    a, b = centred(x), centred(y)
    return float(np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean())))


@pytest.mark.parametrize(
    ("kind", "peer"),
    [
        ("pearson", lambda x, y: np.corrcoef(x, y)[0, 1]),
        ("spearman", lambda x, y: spearmanr(x, y).statistic),
        ("kendall", lambda x, y: kendalltau(x, y).statistic),
        ("distance", _distance_correlation),
    ],
)
def test_each_kind_pair_by_pair(kind: Codependence, peer: object) -> None:
    found = codependence(kind, of_history(ROWS)[1])
    assert callable(peer)
    for i, j in combinations(range(4), 2):
        assert found[i, j] == pytest.approx(peer(ROWS[:, i], ROWS[:, j]), abs=1e-12)
    assert (found == found.T).all()
    assert (np.diagonal(found) == 1).all()


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall", "distance"])
def test_a_name_without_variance_moves_with_nothing(kind: Codependence) -> None:
    rows = ROWS.copy()
    rows[:, 1] = 0.0001
    found = codependence(kind, of_history(rows)[1])
    assert found[1].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("kind", ["spearman", "kendall", "distance"])
def test_a_name_that_is_there_twice_moves_with_itself(kind: Codependence) -> None:
    found = codependence(kind, of_history(ROWS[:, [0, 1, 0]])[1])
    assert found[0, 2] == pytest.approx(1.0, abs=1e-12)


def test_blocks_of_scenarios_add_up() -> None:
    rows = five_years()[1][:, :3]  # more than one block
    found = codependence("kendall", of_history(rows)[1])
    assert found[0, 1] == pytest.approx(kendalltau(rows[:, 0], rows[:, 1]).statistic, abs=1e-12)


def test_scenarios_with_probabilities_have_no_ranks() -> None:
    estimates = of_history(ROWS)[1]
    weighed = Scenarios(estimates.universe, ROWS, np.full(len(ROWS), 1 / len(ROWS)))
    object.__setattr__(estimates, "scenarios", weighed)
    with pytest.raises(InvalidInput, match="'kendall' cannot weigh scenarios by probabilities"):
        codependence("kendall", estimates)
