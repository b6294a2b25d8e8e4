"""The nearest correlation matrix: a published one, its conditions of optimality, and covariances made sound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.nearest_correlation import nearest_correlation, repaired
from tangency.domain.numbers import Matrix

HIGHAM = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
"""Higham (2002), section 4: nearest at 0.7607, 0.1573, 0.7607, distance 0.5278."""


def symmetric(size: int, seed: int, spread: float) -> Matrix:
    entries = np.random.default_rng(seed).uniform(-spread, spread, (size, size))
    matrix: Matrix = 0.5 * (entries + entries.T)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def test_highams_example() -> None:
    found = nearest_correlation(HIGHAM)
    assert found.values[0, 1] == pytest.approx(0.7607, abs=5e-5)
    assert found.values[0, 2] == pytest.approx(0.1573, abs=5e-5)
    assert found.values[1, 2] == pytest.approx(0.7607, abs=5e-5)
    assert found.distance == pytest.approx(0.5278, abs=5e-5)


@given(size=st.integers(1, 12), seed=st.integers(0, 999), spread=st.sampled_from([0.2, 1.0, 4.0]))
def test_it_is_a_correlation_and_no_other_is_nearer(size: int, seed: int, spread: float) -> None:
    given_one = symmetric(size, seed, spread)
    found = nearest_correlation(given_one)
    assert (np.diagonal(found.values) == 1.0).all()
    assert np.linalg.eigvalsh(found.values)[0] >= -1e-10
    assert found.distance == pytest.approx(np.linalg.norm(found.values - given_one))
    # X = (G + Diag(y))+ means: what was added, less a diagonal, is positive semidefinite and orthogonal to X.
    added = found.values - given_one
    np.fill_diagonal(added, 0.0)
    free = np.array([-(added[i] @ found.values[i]) for i in range(size)])
    excess = added + np.diag(free)
    assert abs(float((excess * found.values).sum())) <= 1e-8 * (1 + found.distance)
    assert np.linalg.eigvalsh(excess)[0] >= -1e-6 * (1 + found.distance)


def test_a_correlation_is_its_own_nearest() -> None:
    one = np.array([[1.0, 0.3], [0.3, 1.0]])
    found = nearest_correlation(one)
    np.testing.assert_allclose(found.values, one, atol=1e-14)
    assert found.distance == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_covariance_keeps_its_variances(scale: float) -> None:
    volatilities = scale * np.array([0.1, 0.2, 0.3])
    indefinite = HIGHAM * np.outer(volatilities, volatilities)
    found = repaired(indefinite)
    np.testing.assert_allclose(found.variances, volatilities**2, rtol=1e-9)
    assert found.repair is not None
    expected = np.linalg.norm(found.values - indefinite) / np.linalg.norm(indefinite)
    assert found.repair.distance == pytest.approx(expected)


def test_a_sound_covariance_is_left_alone() -> None:
    sound = np.array([[0.04, 0.01], [0.01, 0.09]])
    assert np.array_equal(repaired(sound).values, sound)
    assert repaired(sound).repair is None


def test_a_name_that_never_moves_is_no_correlation() -> None:
    found = repaired(np.pad(HIGHAM * 0.04, (0, 1)))
    assert found.variances[3] <= 1e-12
    assert isinstance(found, DenseCovariance)
