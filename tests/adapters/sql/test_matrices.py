"""Matrices and problems are frozen and thawed to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tangency.adapters.sql.matrices import freeze, freeze_matrix, references, thaw, thaw_matrix
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tests.support.problems import problems

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
SMALL = Problem(Market(Universe.of(["A", "B"]), covariance=np.eye(2)), MinimumVolatility(), ())
MATRICES = hnp.arrays(np.float64, SHAPES, elements=st.floats())


def through(matrix: Matrix) -> Matrix:
    frozen = freeze_matrix(matrix)
    assert frozen.data is not None
    return thaw_matrix(frozen.height, frozen.width, frozen.encoding, frozen.data)


@given(MATRICES)
def test_any_matrix_comes_back_bit_by_bit(matrix: Matrix) -> None:
    assert through(matrix).tobytes() == np.ascontiguousarray(matrix).tobytes()


@given(hnp.arrays(np.float64, (5, 5), elements=st.floats()))
def test_a_symmetric_matrix_is_kept_as_its_triangle_and_comes_back_bit_by_bit(matrix: Matrix) -> None:
    rows, columns = np.tril_indices(5)
    matrix[columns, rows] = matrix[rows, columns]
    assert freeze_matrix(matrix).encoding == "symmetric"
    assert through(matrix).tobytes() == matrix.tobytes()


def test_signs_of_zero_are_no_symmetry() -> None:
    assert freeze_matrix(np.array([[1.0, 0.0], [-0.0, 1.0]])).encoding == "full"


def test_memory_layout_is_no_content_and_shape_is() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    assert freeze_matrix(np.asfortranarray(matrix)).digest == freeze_matrix(matrix).digest
    assert freeze_matrix(matrix.reshape(3, 2)).digest != freeze_matrix(matrix).digest


def test_what_is_kept_already_is_not_compressed_again() -> None:
    matrix = np.eye(3)
    digest = freeze_matrix(matrix).digest
    assert freeze_matrix(matrix, {digest}).data is None


@given(problems())
def test_any_problem_comes_back_with_the_same_content(problem: Problem) -> None:
    frozen = freeze(problem)
    kept = {m.digest: thaw_matrix(m.height, m.width, m.encoding, m.data) for m in frozen.matrices if m.data is not None}
    assert set(references(frozen.document)) <= set(kept)
    assert content_hash(thaw(frozen.document, kept)) == content_hash(problem)


def test_options_that_look_like_a_reference_are_options() -> None:
    market = Market(Universe.of(["A"]), covariance=np.eye(1))
    problem = replace(SMALL, market=market, options={"matrix_sha256": "x", "values": {"matrix_sha256": "y"}})
    frozen = freeze(problem)
    assert len(references(frozen.document)) == 1
    assert thaw(frozen.document, {frozen.matrices[0].digest: np.eye(1)}).options == problem.options


def test_a_matrix_that_is_gone_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        thaw(freeze(SMALL).document, {})
