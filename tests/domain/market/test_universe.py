"""Names: ordered, unique, and the only way to line figures up."""

from copy import deepcopy
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.universe import MAX_NAME_LENGTH, Asset, Universe, labelled

THREE = Universe.of(["AAPL", "MSFT", "XOM"], {"AAPL": "technology", "MSFT": "technology"})


def faults_of(names: list[str]) -> tuple[Fault, ...]:
    with pytest.raises(InvalidInput) as caught:
        Universe.of(names)
    return caught.value.faults


class TestNames:
    def test_an_empty_universe_is_refused(self) -> None:
        (fault,) = faults_of([])
        assert (fault.path, fault.code) == (("strategies",), "empty")

    def test_a_name_that_occurs_twice_is_refused_where_it_recurs(self) -> None:
        first, second = faults_of(["AAPL", "XOM", "AAPL", "AAPL"])
        assert (first.path, first.code) == (("strategies", 2, "name"), "duplicate")
        assert second.path == ("strategies", 3, "name")
        assert "'AAPL' is already the name of strategy 0" in first.detail
        assert "strategy 0" in second.detail

    @pytest.mark.parametrize("name", ["", "  ", "\t", "x" * (MAX_NAME_LENGTH + 1)])
    def test_an_empty_or_overlong_name_is_refused(self, name: str) -> None:
        (fault,) = faults_of(["AAPL", name])
        assert fault.path == ("strategies", 1, "name")
        assert str(MAX_NAME_LENGTH) in fault.detail
        assert len(fault.detail) < 200

    def test_the_longest_name_is_taken(self) -> None:
        assert Universe.of(["x" * MAX_NAME_LENGTH]).names == ("x" * MAX_NAME_LENGTH,)

    def test_every_mistake_is_told_at_once(self) -> None:
        assert len(faults_of(["", "A", "A", " "])) == 3

    def test_names_differ_by_case(self) -> None:
        assert len(Universe.of(["aapl", "AAPL"])) == 2


class TestLookingUp:
    def test_positions_follow_the_order(self) -> None:
        assert [THREE.position(name) for name in THREE.names] == [0, 1, 2]

    def test_an_unknown_name_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(InvalidInput, match="did you mean MSFT") as caught:
            THREE.position("MSTF", ("here",))
        assert caught.value.faults[0].path == ("here",)
        assert caught.value.faults[0].code == "unknown"

    def test_sectors_hold_their_names_and_no_name_without_one(self) -> None:
        assert THREE.sectors == {"technology": ("AAPL", "MSFT")}

    def test_a_mask_marks_members(self) -> None:
        assert THREE.mask(["XOM", "AAPL"]).tolist() == [1.0, 0.0, 1.0]
        assert THREE.mask([]).tolist() == [0.0, 0.0, 0.0]

    def test_a_mask_of_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="AAPK"):
            THREE.mask(["AAPK"])

    def test_an_asset_class_is_kept(self) -> None:
        assert Universe((Asset("AAPL", "technology", "equity"),)).assets[0].asset_class == "equity"

    def test_an_asset_that_many_share_can_be_given_no_scores(self) -> None:
        asset = labelled("AAPL", "technology", None)
        assert asset == Asset("AAPL", "technology")
        with pytest.raises(TypeError):
            cast(dict[str, float], asset.scores)["esg"] = 1.0
        assert deepcopy(asset) == asset  # as whoever keeps an answer may do


class TestJoin:
    @given(st.permutations([("AAPL", 1.0), ("MSFT", 2.0), ("XOM", 3.0)]))
    def test_figures_follow_their_names_whatever_their_order(self, figures: list[tuple[str, float]]) -> None:
        assert THREE.join(dict(figures)).tolist() == [1.0, 2.0, 3.0]

    def test_it_is_undone_by_naming(self) -> None:
        figures = {"XOM": 0.25, "AAPL": 0.5, "MSFT": 0.25}
        assert THREE.named(THREE.join(figures)) == figures
        assert list(THREE.named(np.zeros(3))) == list(THREE.names)

    def test_naming_refuses_another_length(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            THREE.named(np.zeros(2))

    def test_missing_names_are_listed(self) -> None:
        with pytest.raises(InvalidInput, match="AAPL, XOM") as caught:
            THREE.join({"MSFT": 1.0}, ("means",))
        assert (caught.value.faults[0].path, caught.value.faults[0].code) == (("means",), "missing")

    def test_an_unknown_name_is_refused_before_a_missing_one(self) -> None:
        with pytest.raises(InvalidInput, match="did you mean AAPL"):
            THREE.join({"AAPLE": 1.0})

    def test_at_most_a_dozen_missing_names_are_told(self) -> None:
        many = Universe.of([f"N{i:02d}" for i in range(20)])
        with pytest.raises(InvalidInput) as caught:
            many.join({})
        assert "N11;" in caught.value.detail
        assert "N12" not in caught.value.detail

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_is_refused_by_name(self, bad: float) -> None:
        with pytest.raises(InvalidInput, match="'XOM' is ") as caught:
            THREE.join({"AAPL": 1.0, "MSFT": 2.0, "XOM": bad})
        assert caught.value.faults[0].code == "not_finite"
