"""Prices as returns over months: what is compounded, and which months count."""

from datetime import date

import numpy as np
import pytest

from tangency.domain.factors.periods import frequency_of, period_returns
from tangency.domain.portfolio.prices import PriceHistory


def history(rows: dict[str, float]) -> PriceHistory:
    dates = tuple(map(date.fromisoformat, rows))
    return PriceHistory(("A",), dates, np.array(list(rows.values()))[:, None])


def test_a_month_leads_from_the_last_price_before_it_to_its_own_last() -> None:
    prices = history(
        {"2020-01-02": 90.0, "2020-01-31": 100.0, "2020-02-03": 120.0, "2020-02-28": 110.0, "2020-03-30": 99.0}
    )
    found = period_returns(prices, [0], "monthly")
    assert found.dates == (date(2020, 2, 29), date(2020, 3, 31))
    assert found.values[:, 0] == pytest.approx([0.1, -0.1], abs=1e-15)
    daily = period_returns(prices, [0], "daily")
    assert np.prod(1.0 + daily.values[1:3, 0]) - 1.0 == pytest.approx(0.1, abs=1e-15)


def test_a_last_month_that_is_not_over_does_not_count() -> None:
    rows = {"2020-01-30": 90.0, "2020-01-31": 100.0, "2020-02-28": 110.0, "2020-03-20": 99.0}
    assert period_returns(history(rows), [0], "monthly").dates == (date(2020, 2, 29),)
    monthly = {day: price for day, price in rows.items() if day != "2020-01-30"}
    assert len(period_returns(history(monthly), [0], "monthly").dates) == 2


def test_a_month_without_a_price_leaves_no_return_across_it() -> None:
    rows = {"2020-01-31": 100.0, "2020-02-28": 110.0, "2020-04-30": 99.0, "2020-05-29": 198.0}
    found = period_returns(history(rows), [0], "monthly")
    assert found.dates == (date(2020, 2, 29), date(2020, 5, 31))
    assert found.values[:, 0] == pytest.approx([0.1, 1.0], abs=1e-15)


def test_a_gap_at_the_end_of_a_month_takes_the_last_price_known() -> None:
    rows = {"2020-01-31": 100.0, "2020-02-27": 110.0, "2020-02-28": np.nan, "2020-03-31": np.nan, "2020-04-30": 99.0}
    found = period_returns(history(rows), [0], "monthly").values[:, 0]
    assert found[0] == pytest.approx(0.1, abs=1e-15)
    assert np.isnan(found[1:]).all()


def test_dates_far_apart_stand_for_months() -> None:
    assert frequency_of([date(2020, 1, 31), date(2020, 2, 28)]) == "monthly"
    assert frequency_of([date(2020, 1, 31), date(2020, 2, 3)]) == "daily"
