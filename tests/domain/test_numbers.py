"""The arrays of the domain: finite, unchanging, and scaled without losing a digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import LARGEST, frozen, power_of_two_near


def refused(values: object, ndim: int | None = None) -> tuple[tuple[str | int, ...], str]:
    with pytest.raises(InvalidInput) as caught:
        frozen(values, ("figures",), ndim)  # type: ignore[arg-type]  # the mistake under test
    return caught.value.faults[0].path, caught.value.faults[0].code


class TestFrozen:
    def test_it_cannot_be_written_to(self) -> None:
        array = frozen([1.0, 2.0])
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3.0

    def test_the_array_it_came_from_stays_writeable(self) -> None:
        mine = np.array([1.0, 2.0])
        frozen(mine)
        mine[0] = 3.0
        assert mine[0] == 3.0

    def test_one_that_is_frozen_already_is_itself(self) -> None:
        array = frozen([1.0])
        assert frozen(array) is array

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.0001 * LARGEST, -1.0001 * LARGEST])
    def test_what_is_not_finite_or_overflows_when_squared_is_refused_in_its_place(self, bad: float) -> None:
        assert refused([[0.0, 1.0], [bad, 0.0]]) == (("figures", 1, 0), "not_finite")

    def test_the_largest_magnitude_is_still_taken(self) -> None:
        assert frozen([LARGEST, -LARGEST]).tolist() == [LARGEST, -LARGEST]

    def test_the_number_of_axes_can_be_demanded(self) -> None:
        assert refused([1.0], ndim=2) == (("figures",), "shape")
        assert frozen([[1.0]], ndim=2).shape == (1, 1)

    @pytest.mark.parametrize("ragged", [[[1.0, 2.0], [3.0]], ["one"], [[1.0], [None, {}]]])
    def test_what_is_no_array_of_numbers_is_refused(self, ragged: object) -> None:
        assert refused(ragged) == (("figures",), "shape")

    def test_nothing_is_an_array_too(self) -> None:
        assert frozen([]).shape == (0,)


class TestPowerOfTwo:
    @given(st.floats(1e-300, 1e300))
    def test_it_is_within_a_factor_of_two_below(self, magnitude: float) -> None:
        unit = power_of_two_near(magnitude)
        assert unit <= magnitude * (1 + 1e-15)
        assert magnitude < 2 * unit * (1 + 1e-15)

    @given(st.floats(1e-150, 1e150), st.floats(-1e100, 1e100))
    def test_dividing_by_it_loses_no_digit(self, magnitude: float, figure: float) -> None:
        unit = power_of_two_near(magnitude)
        assert figure / unit * unit == figure or abs(figure / unit) < 1e-290

    def test_nothing_has_the_unit_one(self) -> None:
        assert power_of_two_near(0.0) == 1.0
        assert power_of_two_near(4.0) == 4.0
        assert power_of_two_near(3.9) == 2.0
