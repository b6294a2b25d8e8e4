"""Tax lots: every rule by hand, the least tax against linear programs, and wash sales at their edges."""

from datetime import date, timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.taxes import (
    Gains,
    LotRule,
    Purchase,
    Sale,
    TaxRates,
    disposed,
    due,
    is_long_term,
)

DAY = date(2025, 6, 30)
RATES = TaxRates(0.35, 0.15)
OLD, NEW = date(2020, 1, 15), date(2025, 2, 3)


def lot(name: str, quantity: float, cost: float, bought: date) -> TaxLot:
    return TaxLot(name, "A", quantity, cost, bought)


LOTS = [lot("1", 100, 40.0, OLD), lot("2", 100, 90.0, date(2021, 5, 1)), lot("3", 100, 70.0, NEW)]


def taken(rule: LotRule, quantity: float = 150.0) -> dict[str, float]:
    found = disposed(Sale("A", quantity, 80.0, DAY), LOTS, rule, RATES)
    return {disposal.lot.id: disposal.quantity for disposal in found}


def test_each_rule_takes_the_lots_that_it_says() -> None:
    assert taken(LotRule.FIFO) == {"1": 100.0, "2": 50.0}
    assert taken(LotRule.LIFO) == {"3": 100.0, "2": 50.0}
    assert taken(LotRule.HIFO) == {"2": 100.0, "3": 50.0}


def test_chosen_lots_are_taken_as_chosen_and_must_be_there() -> None:
    sale = Sale("A", 50.0, 80.0, DAY, {"1": 20.0, "3": 30.0})
    assert [(d.lot.id, d.quantity) for d in disposed(sale, LOTS, LotRule.SPECIFIC, RATES)] == [("1", 20.0), ("3", 30.0)]
    for chosen in ({"1": 50.0, "9": 0.1}, {"1": 101.0}, {"1": 49.0}):
        with pytest.raises(InvalidInput, match="lots"):
            disposed(Sale("A", 50.0, 80.0, DAY, chosen), LOTS, LotRule.SPECIFIC, RATES)


def test_more_than_the_lots_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="import the others"):
        taken(LotRule.FIFO, 301.0)


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        (Gains(100.0, 200.0), 65.0),
        (Gains(-100.0, 300.0), 30.0),  # the loss of short term nets the gain of long term
        (Gains(300.0, -100.0), 70.0),
        (Gains(-100.0, 50.0), 0.0),
        (Gains(-100.0, -50.0), 0.0),
    ],
)
def test_losses_net_gains_of_their_term_and_then_across(gains: Gains, expected: float) -> None:
    assert gains.tax(RATES) == pytest.approx(expected)


def test_a_net_loss_saves_tax_only_on_gains_that_were_realized() -> None:
    found = disposed(Sale("A", 100.0, 30.0, DAY), LOTS[1:2], LotRule.FIFO, RATES)
    assert due(found, RATES) == 0.0
    assert due(found, RATES, Gains(0.0, 10_000.0)) == pytest.approx(-0.15 * 6000.0)


@pytest.mark.parametrize(
    ("bought", "sold", "long"),
    [
        (date(2024, 3, 1), date(2025, 3, 1), False),
        (date(2024, 3, 1), date(2025, 3, 2), True),
        (date(2024, 2, 29), date(2025, 3, 1), False),
        (date(2024, 2, 29), date(2025, 3, 2), True),
    ],
)
def test_long_term_is_more_than_a_year(bought: date, sold: date, long: bool) -> None:
    assert is_long_term(bought, sold) is long


@pytest.mark.parametrize("days", [-31, -30, 0, 30, 31])
def test_a_loss_is_washed_within_thirty_days_either_side(days: int) -> None:
    found = disposed(
        Sale("A", 100.0, 60.0, DAY), LOTS[1:2], LotRule.FIFO, RATES, [Purchase("A", 40.0, DAY + timedelta(days))]
    )
    expected = 40.0 * 30.0 if abs(days) <= 30 else 0.0
    assert found[0].gain == -3000.0
    assert found[0].disallowed == pytest.approx(expected)
    assert found[0].counted == Gains(0.0, -3000.0 + expected)


def test_units_bought_again_take_over_one_loss_each_and_no_gain() -> None:
    lots = [lot("gain", 10, 50.0, OLD), lot("loss", 10, 90.0, OLD + timedelta(1)), lot("more", 10, 80.0, NEW)]
    found = disposed(Sale("A", 30.0, 60.0, DAY), lots, LotRule.FIFO, RATES, [Purchase("A", 15.0, DAY)])
    assert [disposal.disallowed for disposal in found] == pytest.approx([0.0, 300.0, 100.0])


def test_what_is_bought_of_another_name_or_sold_itself_washes_nothing() -> None:
    recent = lot("recent", 10, 90.0, DAY - timedelta(10))
    bought = [Purchase("A", 10.0, recent.bought), Purchase("B", 10.0, DAY)]
    assert disposed(Sale("A", 10.0, 60.0, DAY), [recent], LotRule.FIFO, RATES, bought)[0].disallowed == 0.0
    half = disposed(Sale("A", 5.0, 60.0, DAY), [recent], LotRule.FIFO, RATES, bought)[0]
    assert half.disallowed == pytest.approx(150.0)  # the other half is still held


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[TaxLot], Sale, Gains]:
    days = st.sampled_from([DAY - timedelta(days) for days in (10, 100, 364, 366, 800, 2000)])
    figures = st.tuples(st.integers(1, 50), st.integers(20, 120), days)
    lots = [lot(str(i), q, float(c), d) for i, (q, c, d) in enumerate(draw(st.lists(figures, min_size=1, max_size=6)))]
    total = sum(each.quantity for each in lots)
    quantity = draw(st.floats(0.1, 1.0)) * total
    realized = Gains(*(float(draw(st.integers(-2000, 2000))) for _ in range(2)))
    return lots, Sale("A", quantity, float(draw(st.integers(30, 110))), DAY), realized


def least_by_programs(lots: list[TaxLot], sale: Sale, realized: Gains) -> float:
    """What is due is linear on each of four regions of the two gains: the least of four linear programs."""
    gain = np.array([sale.proceeds - each.cost for each in lots])
    long = np.array([is_long_term(each.bought, sale.day) for each in lots])
    near, far = gain * ~long, gain * long
    rs, rl, (a, b) = RATES.short_term, RATES.long_term, (realized.short_term, realized.long_term)
    regions = [
        (rs * near + rl * far, rs * a + rl * b, [(-near, a), (-far, b)]),
        (rl * (near + far), rl * (a + b), [(near, -a), (-far, b), (-near - far, a + b)]),
        (rs * (near + far), rs * (a + b), [(-near, a), (far, -b), (-near - far, a + b)]),
        (0.0 * near, 0.0, [(near + far, -a - b)]),
    ]
    best = []
    for cost, constant, rows in regions:
        found = linprog(
            cost,
            A_ub=np.array([row for row, _ in rows]),
            b_ub=[limit for _, limit in rows],
            A_eq=np.ones((1, len(lots))),
            b_eq=[sale.quantity],
            bounds=[(0, each.quantity) for each in lots],
        )
        if found.status == 0:
            best.append(float(found.fun) + constant)
    return min(best) - realized.tax(RATES)


@given(cases())
def test_the_least_tax_is_that_of_linear_programs(case: tuple[list[TaxLot], Sale, Gains]) -> None:
    lots, sale, realized = case
    found = disposed(sale, lots, LotRule.MIN_TAX, RATES, realized=realized)
    assert due(found, RATES, realized) == pytest.approx(least_by_programs(lots, sale, realized), abs=1e-6)


@given(cases(), st.integers(0, 60))
def test_no_order_of_lots_owes_less_with_wash_sales_or_without(
    case: tuple[list[TaxLot], Sale, Gains], again: int
) -> None:
    lots, sale, realized = case
    history = [Purchase("A", each.quantity, each.bought) for each in lots]
    for purchases in ([], [*history, Purchase("A", float(again), DAY)]):
        least = due(disposed(sale, lots, LotRule.MIN_TAX, RATES, purchases, realized), RATES, realized)
        for rule in (LotRule.FIFO, LotRule.LIFO, LotRule.HIFO):
            assert least <= due(disposed(sale, lots, rule, RATES, purchases, realized), RATES, realized) + 1e-9
    assert sum(d.quantity for d in disposed(sale, lots, LotRule.MIN_TAX, RATES)) == pytest.approx(sale.quantity)


@given(cases())
def test_no_sequence_of_lots_owes_less(case: tuple[list[TaxLot], Sale, Gains]) -> None:
    lots, sale, realized = case
    least = due(disposed(sale, lots, LotRule.MIN_TAX, RATES, realized=realized), RATES, realized)
    for order in permutations(lots[:5]):
        left, chosen = sale.quantity, {}
        for each in (*order, *lots[5:]):
            part = min(left, each.quantity)
            left -= part
            if part > 1e-9:
                chosen[each.id] = part
        picked = Sale("A", sum(chosen.values()), sale.proceeds, DAY, chosen)
        assert least <= due(disposed(picked, lots, LotRule.SPECIFIC, RATES), RATES, realized) + 1e-6


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInput, match="give a rate"):
        TaxRates(rate, 0.1)
