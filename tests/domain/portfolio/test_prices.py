"""Prices line up by date and name, and give simple returns."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.prices import PriceHistory

DATES = (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4))


def history(values: Any, names: tuple[str, ...] = ("A", "B"), dates: tuple[date, ...] = DATES) -> PriceHistory:
    return PriceHistory(names, dates, np.array(values, dtype=float))


def test_returns_are_simple_and_per_period() -> None:
    returns = history([[100, 10], [110, 9], [99, 9]]).returns()
    assert returns.tolist() == pytest.approx(np.array([[0.1, -0.1], [-0.1, 0.0]]))


def test_a_missing_price_costs_the_two_returns_beside_it() -> None:
    returns = history([[100, 10], [np.nan, 9], [99, 9]]).returns()
    assert np.isnan(returns).tolist() == [[True, False], [True, False]]


def test_the_latest_price_is_the_last_one_known() -> None:
    assert history([[100, 10], [110, 9], [np.nan, 8]]).latest() == {"A": 110.0, "B": 8.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [[1, 1], [1, 1]]}, r"shape \(2, 2\)"),
        ({"values": [[1, 1]], "dates": DATES[:1]}, "at least 2"),
        ({"values": [[1, 1], [0, 1], [1, 1]]}, "'A' is 0.0 on 2024-01-03; a price is above 0"),
        ({"values": [[1, 1], [1, -2], [1, 1]]}, "'B' is -2.0"),
        ({"values": [[1, 1], [1, np.inf], [1, 1]]}, "'B' is inf"),
        ({"values": [[1, np.nan], [1, np.nan], [1, np.nan]]}, "'B' has no price at all"),
        ({"values": np.ones((3, 2)), "names": ("A", "A")}, "given twice"),
        ({"values": np.ones((3, 2)), "names": ("A", "")}, "1 to 100 characters"),
        ({"values": np.ones((3, 0)), "names": ()}, "no column"),
        ({"values": np.ones((3, 2)), "dates": (DATES[0], DATES[2], DATES[1])}, "dates ascend"),
        ({"values": np.ones((3, 2)), "dates": (DATES[0], DATES[0], DATES[1])}, "each once"),
    ],
)
def test_what_is_no_history_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        history(**changes)
