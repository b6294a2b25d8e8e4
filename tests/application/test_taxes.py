"""What taxes are counted from, in weights."""

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest

from tangency.application.taxes import StatedTax, TaxTerms
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.domain.rebalancing.wash_sales import Purchase

DAY = date(2025, 6, 30)
LOTS = (
    TaxLot("old", "A", 10.0, 60.0, date(2020, 1, 2)),
    TaxLot("year", "A", 5.0, 120.0, date(2024, 6, 30)),
    TaxLot("new", "B", 4.0, 250.0, date(2025, 6, 20)),
)
PRICES = {"A": 100.0, "B": 200.0}
TERMS = TaxTerms(TaxRates(0.3, 0.1), "request", LOTS, LotRule.MIN_TAX, (), Gains(50.0, -20.0), {}, 2.0)


def test_lots_are_weights_and_gains_are_of_the_proceeds_after_costs() -> None:
    told = TERMS.in_weights(PRICES, 4_000.0, 0.01, DAY)
    assert (told["realized_short_term"], told["realized_long_term"]) == (0.0125, -0.005)
    old, year, new = cast(list[dict[str, Any]], told["lots"])
    assert old == {"name": "A", "lot": "old", "weight": 0.25, "gain": pytest.approx(0.39), "long_term": True}
    assert (year["gain"], year["long_term"]) == (pytest.approx(-0.21), False)  # a year, and not more
    assert (new["gain"], new["best_gain"]) == (0.0, pytest.approx(-0.26))  # the purchase itself may wash the loss


def test_an_announced_purchase_makes_a_loss_doubtful() -> None:
    announced = replace(TERMS, purchases=(Purchase("A", 1.0, date(2025, 7, 30)),))
    for terms, gain in ((announced, 0.0), (TERMS, -0.2)):
        lots = cast(list[dict[str, Any]], terms.in_weights(PRICES, 4_000.0, 0.0, DAY)["lots"])
        assert lots[1]["gain"] == pytest.approx(gain)


def test_the_currency_does_not_matter() -> None:
    cents = [replace(lot, cost=100 * lot.cost) for lot in LOTS]
    other = replace(TERMS, lots=cents, realized=Gains(5_000.0, -2_000.0))
    dear = {name: 100 * price for name, price in PRICES.items()}
    assert other.in_weights(dear, 400_000.0, 0.01, DAY) == TERMS.in_weights(PRICES, 4_000.0, 0.01, DAY)


def test_what_is_stated_wins_word_by_word_and_what_is_taken_is_told() -> None:
    standing = {"rates": {"short_term": 0.4, "long_term": 0.2}, "lot_rule": "hifo", "horizon_years": 5.0}
    taken, told = StatedTax(rule=LotRule.FIFO).supplied(standing)
    assert (taken.rates, taken.rates_from) == (TaxRates(0.4, 0.2), "configuration")
    assert (taken.rule, taken.horizon_years) == (LotRule.FIFO, 5.0)
    assert told == {"tax.rates": standing["rates"], "tax.horizon_years": 5.0}
    stated = StatedTax(TaxRates(0.1, 0.1), rule=LotRule.FIFO, horizon_years=1.0)
    kept, nothing = stated.supplied(standing)
    assert (kept.rates, kept.rates_from, kept.rule, kept.horizon_years) == (stated.rates, "request", stated.rule, 1.0)
    assert nothing == {}
