"""Eigenvectors that no rounding decides, not where eigenvalues are equal nor where a sum is 0."""

import numpy as np
import pytest

from tangency.domain.numbers import Matrix
from tangency.plugins.kernels.random_matrices import descending


def alike(size: int, correlation: float = 0.3) -> Matrix:
    return np.full((size, size), correlation) + (1.0 - correlation) * np.eye(size)


def in_blocks(*sizes: int) -> Matrix:
    found = np.zeros((sum(sizes), sum(sizes)))
    for size, first in zip(sizes, np.cumsum([0, *sizes]), strict=False):
        found[first : first + size, first : first + size] = alike(size)
    return found


CORRELATIONS = {
    "all alike": alike(6),
    "uncorrelated": np.eye(5),
    "blocks of the same size": in_blocks(3, 3, 3),
    "a name twice": alike(4)[np.ix_([0, 1, 2, 3, 1], [0, 1, 2, 3, 1])],
    "against each other": np.array([[1.0, -0.5], [-0.5, 1.0]]),
}


@pytest.mark.parametrize("correlations", CORRELATIONS.values(), ids=CORRELATIONS)
def test_they_are_the_same_whatever_the_last_digit(correlations: Matrix) -> None:
    eigenvalues, vectors = descending(correlations)
    for seed in range(10):
        noise = 1e-15 * np.random.default_rng(seed).normal(size=correlations.shape)
        rounded, others = descending(correlations + noise + noise.T)
        np.testing.assert_allclose(rounded, eigenvalues, atol=1e-13)
        np.testing.assert_allclose(others, vectors, atol=1e-12)


@pytest.mark.parametrize("correlations", CORRELATIONS.values(), ids=CORRELATIONS)
def test_they_are_eigenvectors_of_length_1(correlations: Matrix) -> None:
    eigenvalues, vectors = descending(correlations)
    assert (np.diff(eigenvalues) <= 1e-12).all()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(vectors)), atol=1e-12)
    np.testing.assert_allclose((vectors * eigenvalues) @ vectors.T, correlations, atol=1e-12)
    assert (vectors.sum(axis=0) >= -1e-9).all()


def test_names_come_in_their_order() -> None:
    np.testing.assert_array_equal(descending(np.eye(3))[1], np.eye(3))
    second = descending(alike(4))[1][:, 1]
    np.testing.assert_allclose(second, np.array([3.0, -1.0, -1.0, -1.0]) / np.sqrt(12.0), atol=1e-12)
