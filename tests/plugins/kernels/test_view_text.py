"""Views as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.plugins.kernels.view_text import WrittenView, read_view, write_terms

NAMES = ("AAPL", "MSFT", "BRK", "BRK-B", "US Large Growth", "3M", "S&P 500", "A+B")


@pytest.mark.parametrize(
    ("text", "weights", "relation", "value"),
    [
        ("AAPL - MSFT = 0.02", {"AAPL": 1.0, "MSFT": -1.0}, "=", 0.02),
        ("AAPL-MSFT==2%", {"AAPL": 1.0, "MSFT": -1.0}, "=", 0.02),
        ("-AAPL >= -.5", {"AAPL": -1.0}, ">=", -0.5),
        ("0.5 AAPL + 0.5*BRK-B - 3M <= 1e-2", {"AAPL": 0.5, "BRK-B": 0.5, "3M": -1.0}, "<=", 0.01),
        ("BRK - AAPL = 0", {"BRK": 1.0, "AAPL": -1.0}, "=", 0.0),
        ("2 3M = 0.1", {"3M": 2.0}, "=", 0.1),
        ("US Large Growth - S&P 500 = +0.01", {"US Large Growth": 1.0, "S&P 500": -1.0}, "=", 0.01),
        ("A+B = 0.01", {"A+B": 1.0}, "=", 0.01),
    ],
)
def test_a_view_is_read(text: str, weights: dict[str, float], relation: str, value: float) -> None:
    assert read_view(text, NAMES, ()) == WrittenView(weights, relation, pytest.approx(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AAPL outperforms MSFT", "'AAPL outperforms MSFT' is not a view; write for instance 'AAPL - MSFT = 0.02'"),
        ("AAPL = much", "is not a view"),
        ("APPL - MSFT = 0.02", "'APPL' is not a name here; did you mean AAPL"),
        ("AAPL MSFT = 0.02", "'AAPL MSFT' is not a name here"),
        ("AAPL - = 0.02", "'' is not a name here"),
        (" = 0.02", "'' is not a name here"),
        ("AAPL - AAPL = 0.02", "names 'AAPL' twice"),
        ("AAPL = 0.01 = 0.02", "is not a view|is not a name"),
    ],
)
def test_what_is_no_view_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        read_view(text, NAMES, ("views", 3))
    assert [fault.path for fault in refused.value.faults] == [("views", 3)]


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1.0, -1.0, 0.5, -2.0, 3.25]), min_size=1))
def test_what_is_written_reads_the_same(weights: dict[str, float]) -> None:
    assert read_view(f"{write_terms(weights)} = 0.02", NAMES, ()).weights == weights
