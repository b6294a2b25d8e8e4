"""Lots whose loss would save tax: which, how much, and from when they are safe."""

from datetime import date, timedelta

import pytest

from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.domain.rebalancing.harvesting import Harvest, harvests
from tangency.domain.rebalancing.wash_sales import Purchase

DAY, OLD = date(2025, 6, 30), date(2020, 1, 15)
RATES = TaxRates(0.35, 0.15)
LOTS = [
    TaxLot("a", "A", 10.0, 100.0, OLD),
    TaxLot("b", "B", 10.0, 80.0, DAY - timedelta(60)),
    TaxLot("c", "C", 10.0, 40.0, OLD),
]
PRICES = {"A": 60.0, "B": 60.0, "C": 60.0}
HISTORY = [Purchase(lot.instrument_id, lot.quantity, lot.bought) for lot in LOTS]


def harvested(gains: Gains, *purchases: Purchase, lots: list[TaxLot] = LOTS) -> list[Harvest]:
    return list(harvests(lots, PRICES, DAY, RATES, gains, [*HISTORY, *purchases]))


def test_what_saves_tax_is_listed_the_deepest_loss_first_and_gains_are_not() -> None:
    found = harvested(Gains(500.0, 200.0))
    assert [(each.lot.id, each.quantity, each.loss, each.long_term) for each in found] == [
        ("a", 10.0, 400.0, True),
        ("b", 10.0, 200.0, False),
    ]
    before, after_a, after_b = 0.35 * 500 + 0.15 * 200, 0.35 * 300, 0.35 * 100
    assert [each.saving for each in found] == pytest.approx([before - after_a, after_a - after_b])
    assert all(each.wash_safe and each.safe_from == DAY for each in found)
    assert {each.replace_from for each in found} == {DAY + timedelta(31)}


def test_without_gains_there_is_nothing_to_save_and_what_is_used_up_saves_no_more() -> None:
    assert harvested(Gains()) == []
    assert harvested(Gains(-100.0, 50.0)) == []
    assert [each.lot.id for each in harvested(Gains(0.0, 300.0))] == ["a"]


@pytest.mark.parametrize(("days", "safe"), [(-30, False), (-31, True), (30, False), (31, True)])
def test_units_bought_within_thirty_days_take_the_loss_over(days: int, safe: bool) -> None:
    bought = DAY + timedelta(days)
    (found,) = harvested(Gains(0.0, 1e6), Purchase("A", 4.0, bought), lots=LOTS[:1])
    assert found.wash_safe is safe
    assert found.disallowed == (0.0 if safe else 160.0)
    assert found.saving == pytest.approx(0.15 * (400.0 - found.disallowed))
    assert found.safe_from == (DAY if safe else bought + timedelta(31))


def test_a_loss_that_is_all_taken_over_is_no_opportunity() -> None:
    assert harvested(Gains(0.0, 1e6), Purchase("A", 10.0, DAY), lots=LOTS[:1]) == []
