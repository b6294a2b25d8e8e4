"""Texts that read alike are one text."""

import pytest

from tangency.domain.composed import composed, composed_text
from tangency.domain.errors import InvalidInput

APART, JOINED = "e\u0301", "\u00e9"


def test_every_text_is_composed_wherever_it_stands() -> None:
    assert composed({APART: [APART, {"x": APART}, 1.5, None, True]}) == {
        JOINED: [JOINED, {"x": JOINED}, 1.5, None, True]
    }
    assert composed_text("AAPL") == "AAPL"
    assert composed_text("\u212b") == "\u00c5"  # the sign of the unit is the letter


def test_two_keys_that_read_alike_are_refused_at_their_place() -> None:
    with pytest.raises(InvalidInput) as caught:
        composed({"budgets": [{APART: 1, JOINED: 2}]})
    assert caught.value.faults[0].path == ("budgets", 0, JOINED)
