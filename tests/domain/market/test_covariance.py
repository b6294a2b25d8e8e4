"""Covariance: what is refused, what is repaired and by how much, and bounds of the spectrum that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.covariance import EXACT_SPECTRUM_SIZE, LARGEST_IN_ONE, PANEL, DenseCovariance, Spectrum
from tangency.domain.numbers import Matrix

EPS = float(np.finfo(float).eps)
LARGE = EXACT_SPECTRUM_SIZE + 1


def fault_of(values: ArrayLike) -> Fault:
    with pytest.raises(InvalidInput) as caught:
        DenseCovariance.of(values, ("covariance",))
    (fault,) = caught.value.faults
    return fault


def random_covariance(seed: int, n: int, condition: float = 1e3) -> Matrix:
    """With logarithmically spread eigenvalues."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(n, n)))[0]
    spread = np.exp(rng.uniform(-np.log(condition), 0.0, n))
    values = (basis * (0.04 * spread)) @ basis.T
    symmetric: Matrix = 0.5 * (values + values.T)
    return symmetric


class TestShape:
    @pytest.mark.parametrize("values", [[[0.04, 0.01]], [0.04], [[[0.04]]], 0.04, [[0.04, 0.01], [0.01]]])
    def test_what_is_not_square_is_refused(self, values: ArrayLike) -> None:
        assert fault_of(values).code == "shape"

    @pytest.mark.parametrize("bad", [np.nan, np.inf, 1e151])
    def test_what_is_not_finite_is_refused_in_its_place(self, bad: float) -> None:
        fault = fault_of([[0.04, 0.01], [bad, 0.09]])
        assert (fault.path, fault.code) == (("covariance", 1, 0), "not_finite")

    def test_one_name_is_enough(self) -> None:
        one = DenseCovariance.of([[0.04]])
        assert (one.size, one.variances.tolist(), one.factor().tolist()) == (1, [0.04], [[0.2]])


class TestSymmetry:
    """The limit is 1e-8 of the largest entry, here 0.09."""

    def test_an_asymmetry_above_the_limit_is_refused_with_both_figures(self) -> None:
        fault = fault_of([[0.04, 0.01], [0.01 + 1.01e-8 * 0.09, 0.09]])
        assert fault.code == "asymmetric"
        assert fault.path in (("covariance", 0, 1), ("covariance", 1, 0))
        assert "0.01 " in fault.detail
        assert "0.0100000009" in fault.detail

    def test_an_asymmetry_below_the_limit_is_averaged(self) -> None:
        found = DenseCovariance.of([[0.04, 0.01], [0.01 + 0.99e-8 * 0.09, 0.09]])
        assert found.dense()[0, 1] == found.dense()[1, 0] == pytest.approx(0.01 + 0.495e-8 * 0.09, rel=1e-15)

    def test_the_worst_asymmetry_is_the_one_named(self) -> None:
        values = np.eye(4)
        values[0, 1], values[3, 2] = 1e-6, 0.1
        assert set(fault_of(values).path[1:]) == {2, 3}

    @pytest.mark.parametrize("scale", [1e-12, 1e12])
    def test_the_limit_is_relative(self, scale: float) -> None:
        assert fault_of(scale * np.array([[0.04, 0.01], [0.01 + 1.01e-8 * 0.09, 0.09]])).code == "asymmetric"
        DenseCovariance.of(scale * np.array([[0.04, 0.01], [0.01 + 0.99e-8 * 0.09, 0.09]]))

    def test_a_symmetric_matrix_is_used_bit_by_bit(self) -> None:
        values = random_covariance(0, 6)
        assert np.array_equal(DenseCovariance.of(values).dense(), values)


class TestDefiniteness:
    """The limit is -1e-8 of the mean variance."""

    @staticmethod
    def with_smallest(share: float, scale: float = 1.0) -> Matrix:
        """Eigenvalues 1 and ``share`` of the mean variance, in a rotated basis."""
        smallest = share / (2 - share)  # (1 + s) / 2 x share = s
        turn = np.array([[0.6, -0.8], [0.8, 0.6]])
        values = (turn * np.array([1.0, smallest])) @ turn.T
        return np.asarray(scale * 0.5 * (values + values.T))

    @pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
    def test_an_indefinite_matrix_is_refused_with_its_smallest_eigenvalue(self, scale: float) -> None:
        fault = fault_of(self.with_smallest(-1.01e-8, scale))
        assert (fault.path, fault.code) == (("covariance",), "indefinite")
        assert f"{-0.505e-8 * scale:.4g}"[:5] in fault.detail

    @pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
    def test_rounding_below_zero_is_repaired_and_reported(self, scale: float) -> None:
        found = DenseCovariance.of(self.with_smallest(-0.99e-8, scale))
        assert found.repair is not None
        assert 0.99 <= found.repair.shift / (0.495e-8 * scale) <= 2.01  # doubled where rounding asks for more
        assert found.repair.distance == pytest.approx(found.repair.shift / scale * np.sqrt(2), rel=1e-6, abs=0)

    def test_a_far_indefinite_matrix_is_refused(self) -> None:
        assert "-1" in fault_of([[1.0, 2.0], [2.0, 1.0]]).detail

    def test_negative_variances_are_refused(self) -> None:
        assert fault_of([[-0.04]]).code == "indefinite"
        assert fault_of(-np.eye(3)).code == "indefinite"

    def test_covariances_without_variances_are_refused(self) -> None:
        assert fault_of([[0.0, 0.01], [0.01, 0.0]]).code == "indefinite"

    def test_a_definite_matrix_needs_no_repair(self) -> None:
        assert DenseCovariance.of(random_covariance(1, 20)).repair is None


class TestRepair:
    SINGULAR = (
        pytest.param(np.outer([0.2, 0.3, 0.1], [0.2, 0.3, 0.1]), id="rank one"),
        pytest.param(np.full((4, 4), 0.04), id="all the same"),
        pytest.param(np.diag([0.04, 0.0, 0.09]), id="a riskless name"),
        pytest.param(np.array([[0.04, 0.01, 0.04], [0.01, 0.09, 0.01], [0.04, 0.01, 0.04]]), id="a name twice"),
        pytest.param(np.cov(np.random.default_rng(3).normal(size=(5, 12)), rowvar=False), id="fewer rows than names"),
    )

    @pytest.mark.parametrize("values", SINGULAR)
    @pytest.mark.parametrize("scale", [2.0**-40, 1.0, 2.0**40])
    def test_a_singular_matrix_gets_the_smallest_shift_that_factors(self, values: Matrix, scale: float) -> None:
        scaled = scale * values
        found = DenseCovariance.of(scaled)
        assert found.repair is not None
        shift, n = found.repair.shift, len(values)
        first = max(-float(np.linalg.eigvalsh(scaled)[0]), EPS * scaled.trace() / n)
        assert (1 - 1e-12) * first <= shift <= 64 * EPS * scaled.trace()
        if shift > 1.5 * first:
            with pytest.raises(np.linalg.LinAlgError):
                np.linalg.cholesky(scaled + 0.5 * shift * np.eye(n))
        np.testing.assert_array_equal(found.dense(), 0.5 * (scaled + scaled.T) + shift * np.eye(n))
        assert found.repair.distance == pytest.approx(shift * np.sqrt(n) / np.linalg.norm(scaled), rel=1e-12, abs=0)

    @pytest.mark.parametrize("values", SINGULAR)
    @pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
    def test_the_factor_is_that_of_what_is_used(self, values: Matrix, scale: float) -> None:
        # Rounding may also leave the last pivot just above zero, and then there is nothing to repair.
        found = DenseCovariance.of(scale * values)
        lower = found.factor()
        np.testing.assert_allclose(lower @ lower.T, found.dense(), rtol=0, atol=1e-14 * scale)
        np.testing.assert_allclose(found.dense(), scale * values, rtol=0, atol=1e-14 * scale)
        assert np.array_equal(lower, np.tril(lower))
        assert (np.diagonal(lower) > 0).all()

    def test_no_variance_at_all_needs_no_repair(self) -> None:
        nothing = DenseCovariance.of(np.zeros((3, 3)))
        assert nothing.repair is None
        assert not nothing.factor().any()
        assert nothing.spectrum == Spectrum((0.0, 0.0), (0.0, 0.0))
        assert nothing.spectrum.condition == (np.inf, np.inf)


class TestValue:
    def test_products_and_variances(self) -> None:
        values = random_covariance(4, 5)
        found, x = DenseCovariance.of(values), np.arange(5.0)
        np.testing.assert_array_equal(found.times(x), values @ x)
        np.testing.assert_array_equal(found.variances, np.diagonal(values))
        assert found.size == 5

    def test_a_product_is_remembered_only_for_what_cannot_change(self) -> None:
        values = random_covariance(4, 5)
        found, fixed, loose = DenseCovariance.of(values), np.arange(5.0), np.ones(5)
        fixed.flags.writeable = False
        assert found.times(fixed) is found.times(fixed)
        assert found.times(loose) is not found.times(loose)
        view = loose[:]
        view.flags.writeable = False
        before = found.times(view)
        loose *= 2.0
        np.testing.assert_allclose(found.times(view), 2.0 * before, rtol=1e-15)
        np.testing.assert_array_equal(found.times(fixed), values @ fixed)
        with pytest.raises(ValueError, match="read-only"):
            found.times(fixed)[0] = 1.0

    def test_nothing_of_it_can_be_written_to(self) -> None:
        for values in (random_covariance(4, 5), np.ones((2, 2))):
            found = DenseCovariance.of(values)
            for array in (found.dense(), found.factor(), found.variances):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 1.0

    @pytest.mark.parametrize("scale", [1e-12, 1e12])
    @pytest.mark.parametrize("n", [7, LARGE])
    def test_everything_scales_along(self, scale: float, n: int) -> None:
        values = random_covariance(5, n)
        plain, scaled = DenseCovariance.of(values), DenseCovariance.of(scale * values)
        assert scaled.repair is None
        root = np.sqrt(scale)
        np.testing.assert_allclose(scaled.factor(), root * plain.factor(), rtol=1e-10, atol=1e-12 * root)
        np.testing.assert_allclose(scaled.spectrum.smallest, np.multiply(scale, plain.spectrum.smallest), rtol=1e-9)
        np.testing.assert_allclose(scaled.spectrum.largest, np.multiply(scale, plain.spectrum.largest), rtol=1e-12)
        np.testing.assert_allclose(scaled.spectrum.condition, plain.spectrum.condition, rtol=1e-9)


class TestSpectrum:
    @pytest.mark.parametrize("n", [1, 2, 40, EXACT_SPECTRUM_SIZE])
    def test_it_is_exact_up_to_a_size(self, n: int) -> None:
        values = random_covariance(n, n)
        true, found = np.linalg.eigvalsh(values), DenseCovariance.of(values).spectrum
        np.testing.assert_allclose(found.smallest, [true[0], true[0]], rtol=1e-10)
        np.testing.assert_allclose(found.largest, [true[-1], true[-1]], rtol=1e-12)
        assert found.condition[0] == found.condition[1] == pytest.approx(true[-1] / true[0], rel=1e-10)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10**6), st.integers(LARGE, 300), st.sampled_from([1.0, 10.0, 1e4, 1e8, 1e12]))
    def test_above_it_is_an_interval_that_holds_the_truth(self, seed: int, n: int, condition: float) -> None:
        values = random_covariance(seed, n, condition)
        true, found = np.linalg.eigvalsh(values), DenseCovariance.of(values).spectrum
        rounding = n * EPS * true[-1]
        assert found.smallest[0] <= true[0] + rounding
        assert found.smallest[1] >= true[0] - rounding
        assert found.largest[0] <= true[-1] * (1 + 1e-12)
        assert found.largest[1] >= true[-1] * (1 - 1e-12)
        assert 0.2 * true[-1] <= found.largest[0] <= found.largest[1] <= np.sqrt(n) * 1.001 * true[-1]
        assert found.condition[0] <= true[-1] / max(true[0], rounding) * (1 + 1e-9) + 1e-9 or true[0] < rounding
        assert found.condition[1] >= true[-1] / true[0] * (1 - 1e-6) or true[0] < 1e3 * rounding

    @pytest.mark.parametrize("diagonal", [np.linspace(0.01, 0.09, LARGE), np.geomspace(1e-8, 1.0, LARGE)])
    def test_both_ends_of_the_smallest_are_near_where_names_are_unrelated(self, diagonal: Matrix) -> None:
        low, high = DenseCovariance.of(np.diag(diagonal)).spectrum.smallest
        assert high == pytest.approx(diagonal.min(), rel=1e-12)
        assert low == pytest.approx(0.1 * diagonal.min(), rel=1e-12)

    @pytest.mark.parametrize("diagonal", [np.linspace(0.09, 0.0001, LARGE), np.geomspace(1.0, 1e-8, LARGE)])
    def test_names_that_vary_more_than_the_others_mislead_no_bound(self, diagonal: Matrix) -> None:
        low, high = DenseCovariance.of(np.diag(diagonal)).spectrum.smallest
        assert high == pytest.approx(diagonal.min(), rel=1e-12)
        assert low == pytest.approx(0.1 * diagonal.min(), rel=1e-12)

    @pytest.mark.parametrize("n", [LARGEST_IN_ONE, LARGEST_IN_ONE + 1, 5 * PANEL, 5 * PANEL + 1])
    def test_block_by_block_the_pivots_are_the_same(self, n: int) -> None:
        values = random_covariance(n, n, condition=4.0)
        low, high = DenseCovariance.of(values).spectrum.smallest
        factor = np.linalg.cholesky(values - low * np.eye(n))
        assert 0 < low <= np.linalg.eigvalsh(values)[0] <= high
        assert high - low == pytest.approx(float(np.diagonal(factor).min()) ** 2, rel=1e-9)

    @pytest.mark.parametrize("n", [70, LARGEST_IN_ONE + 70])
    def test_what_is_barely_indefinite_beyond_the_first_names_is_refused(self, n: int) -> None:
        values = random_covariance(7, n)
        values[-1, -1] -= 1.0 / np.linalg.inv(values)[-1, -1] + 2e-8 * float(np.trace(values))
        assert fault_of(values).code == "indefinite"

    def test_a_riskless_name_among_the_first_is_repaired_as_anywhere(self) -> None:
        for position in (0, LARGE - 1):
            diagonal = np.full(LARGE, 0.04)
            diagonal[position] = 0.0
            found = DenseCovariance.of(np.diag(diagonal))
            assert found.repair is not None
            assert found.repair.shift == pytest.approx(EPS * diagonal.mean(), rel=1e-12)

    def test_a_smallest_eigenvalue_far_below_every_pivot_is_bounded_by_zero(self) -> None:
        # In Kahan's manner: the pivots hide how near to singular it is.
        unit = np.eye(LARGE) - 0.9 * np.triu(np.ones((LARGE, LARGE)), 1)
        lower = (unit * np.geomspace(1.0, 0.5, LARGE)[:, None]).T
        values = lower @ lower.T
        found = DenseCovariance.of(0.5 * (values + values.T))
        assert found.repair is None or found.repair.distance < 1e-8
        assert found.spectrum.smallest[0] == 0.0
        assert found.spectrum.condition[1] == np.inf
        assert found.spectrum.smallest[1] >= np.linalg.eigvalsh(found.dense())[0]

    def test_a_covariance_of_fewer_rows_than_names_has_bounds_too(self) -> None:
        values = np.cov(np.random.default_rng(8).normal(size=(60, 150)), rowvar=False)
        found, true = DenseCovariance.of(values), np.linalg.eigvalsh(values)
        assert found.repair is not None
        assert found.spectrum.smallest[1] <= 1e-10
        assert found.spectrum.largest[0] <= true[-1] * (1 + 1e-12) <= found.spectrum.largest[1] * (1 + 1e-11)

    def test_no_variance_among_many_names(self) -> None:
        assert DenseCovariance.of(np.zeros((LARGE, LARGE))).spectrum == Spectrum((0.0, 0.0), (0.0, 0.0))

    def test_hedges_that_hide_the_largest_eigenvalue_from_the_first_direction(self) -> None:
        values = np.kron(np.eye(65), np.array([[0.04, -0.04], [-0.04, 0.04]]))
        found = DenseCovariance.of(values).spectrum
        assert found.largest[0] <= 0.08 * (1 + 1e-12)
        assert found.largest[1] == pytest.approx(0.08, rel=1e-12)
