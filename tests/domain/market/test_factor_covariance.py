"""A factor model behind the interface of a covariance is the matrix that it stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import Spectrum
from tangency.domain.market.factor_covariance import FactorCovariance, FactorModel
from tangency.domain.numbers import Matrix


def model(size: int, count: int, seed: int = 0, scale: float = 1.0) -> FactorModel:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(count, count))
    own = rng.uniform(0.01, 0.1, size)
    loadings = rng.normal(size=(size, count))
    names = tuple(f"F{k}" for k in range(count))
    return FactorModel.of(names, loadings, scale * (root @ root.T + 0.1 * np.eye(count)), scale * own)


def whole(of: FactorModel) -> Matrix:
    matrix: Matrix = of.loadings @ of.covariance @ of.loadings.T + np.diag(of.specific)
    return matrix


@given(
    size=st.integers(1, 90),
    count=st.integers(0, 4),
    seed=st.integers(0, 99),
    scale=st.sampled_from([1e-12, 1.0, 1e12]),
)
def test_it_is_the_matrix(size: int, count: int, seed: int, scale: float) -> None:
    parts = model(size, count, seed, scale)
    covariance, dense = FactorCovariance.of(parts), whole(parts)
    x = np.random.default_rng(seed).normal(size=size)
    np.testing.assert_allclose(covariance.dense(), dense, rtol=1e-12, atol=1e-13 * scale)
    np.testing.assert_allclose(covariance.times(x), dense @ x, rtol=1e-9, atol=1e-10 * scale)
    np.testing.assert_allclose(covariance.variances, np.diagonal(dense), rtol=1e-12)
    np.testing.assert_allclose(covariance.factor() @ covariance.factor().T, dense, rtol=1e-9, atol=1e-10 * scale)
    assert covariance.repair is None
    eigenvalues, spectrum = np.linalg.eigvalsh(dense), covariance.spectrum
    slack = 1e-9 * eigenvalues[-1]
    assert spectrum.smallest[0] - slack <= eigenvalues[0] <= spectrum.smallest[1] + slack
    assert spectrum.largest[0] - slack <= eigenvalues[-1] <= spectrum.largest[1] + slack


def test_names_without_a_rest_of_their_own_need_a_repair() -> None:
    parts = FactorModel.of(("market",), np.ones((3, 1)), np.array([[0.04]]), np.zeros(3))
    covariance = FactorCovariance.of(parts)
    assert covariance.repair is not None
    assert 0 < covariance.repair.shift < 1e-12
    np.testing.assert_allclose(covariance.factor() @ covariance.factor().T, np.full((3, 3), 0.04), atol=1e-12)
    assert covariance.repair.distance == pytest.approx(covariance.repair.shift * np.sqrt(3) / 0.12)


def test_nothing_that_moves_is_left_alone() -> None:
    covariance = FactorCovariance.of(FactorModel.of(("m",), np.zeros((2, 1)), np.array([[0.04]]), np.zeros(2)))
    assert covariance.repair is None
    assert not covariance.factor().any()


def test_a_spectrum_that_was_found_out_elsewhere_is_believed() -> None:
    known = Spectrum((1.0, 1.0), (2.0, 2.0))
    assert FactorCovariance(model(3, 1), None, known).spectrum is known


def test_exposures_are_weighted_loadings() -> None:
    parts, weights = model(4, 2), np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(parts.exposures(weights), parts.loadings.T @ weights)


@pytest.mark.parametrize(
    ("factors", "loadings", "covariance", "own", "said"),
    [
        (("m",), np.ones((2, 2)), np.eye(1), np.ones(2), "loadings of shape"),
        (("m",), np.ones((2, 1)), np.eye(2), np.ones(2), "factor covariance of shape"),
        (("m", "m"), np.ones((2, 2)), np.eye(2), np.ones(2), "has the factors m, m; give each a name of its own"),
        (("specific",), np.ones((2, 1)), np.eye(1), np.ones(2), "give each a name of its own, and none 'specific'"),
        (("m",), np.ones((2, 1)), np.eye(1), np.array([1.0, -1e-3]), "specific variance of -0.001"),
        (("m",), np.ones((2, 1)), -np.eye(1), np.ones(2), "not positive semidefinite"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    factors: tuple[str, ...], loadings: Matrix, covariance: Matrix, own: Matrix, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        FactorModel.of(factors, loadings, covariance, own)
