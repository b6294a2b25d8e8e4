"""Simple returns per period: what is refused, what a gap costs, and what is reported of it."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.returns import LARGEST_RETURN, DataReport, Returns
from tangency.domain.market.universe import Universe

NAN = np.nan


def returns(values: ArrayLike) -> Returns:
    array = np.array(values, dtype=float)
    return Returns(Universe.of([chr(ord("A") + i) for i in range(array.shape[-1])]), array)


def faults_of(values: ArrayLike) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInput) as caught:
        returns(values)
    return caught.value.faults


class TestWhatIsRefused:
    def test_a_loss_of_more_than_everything(self) -> None:
        (fault,) = faults_of([[0.1, 0.1], [0.1, -1.0000001]])
        assert fault.path == ("strategies", 1, "returns", 1)
        assert "-1.0000001" in fault.detail

    def test_the_first_bad_return_of_each_name(self) -> None:
        faults = faults_of([[-2.0, 0.1], [-3.0, -4.0]])
        assert [fault.path for fault in faults] == [("strategies", 0, "returns", 0), ("strategies", 1, "returns", 1)]

    @pytest.mark.parametrize("bad", [np.inf, -np.inf, LARGEST_RETURN])
    def test_an_endless_return(self, bad: float) -> None:
        assert faults_of([[0.1], [bad]])[0].path == ("strategies", 0, "returns", 1)

    def test_a_name_without_a_single_return(self) -> None:
        (fault,) = faults_of([[0.1, NAN], [0.1, NAN]])
        assert fault.path == ("strategies", 1, "returns")
        assert "'B' has no return at all" in fault.detail

    def test_no_rows_at_all(self) -> None:
        assert len(faults_of(np.zeros((0, 2)))) == 2

    @pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 1), (2, 2, 2)])
    def test_not_one_column_per_name(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidInput, match="one column for each of 2 names") as caught:
            Returns(Universe.of(["A", "B"]), np.zeros(shape))
        assert caught.value.faults[0].code == "shape"

    def test_a_total_loss_and_a_gap_are_no_mistakes(self) -> None:
        assert returns([[-1.0, 0.1], [NAN, 0.1]]).values[0, 0] == -1.0


class TestCompleteRows:
    def test_a_row_with_any_gap_goes_for_every_name(self) -> None:
        rows, report = returns([[0.1, 0.2, 0.3], [NAN, 0.2, 0.3], [0.4, 0.5, 0.6], [0.1, 0.1, NAN]]).complete()
        assert rows.tolist() == [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
        assert report == DataReport(given=4, used=2, dropped=2, causes=("A", "C"))

    def test_without_gaps_nothing_goes(self) -> None:
        rows, report = returns([[0.1], [0.2]]).complete()
        assert rows.tolist() == [[0.1], [0.2]]
        assert report == DataReport(2, 2, 0, ())

    def test_fewer_than_two_complete_rows_are_refused_with_the_causes(self) -> None:
        with pytest.raises(InvalidInput, match=r"1 of 3 rows are complete.*gaps are in A, B") as caught:
            returns([[0.1, NAN], [NAN, 0.2], [0.1, 0.2]]).complete()
        assert (caught.value.faults[0].path, caught.value.faults[0].code) == (("strategies",), "too_few_rows")

    def test_a_single_row_is_refused_without_naming_gaps(self) -> None:
        with pytest.raises(InvalidInput, match="1 of 1 rows are complete") as caught:
            returns([[0.1, 0.2]]).complete()
        assert "gaps" not in caught.value.detail
