"""Tax lots: every rule by hand, the least tax against linear programs, and wash sales at their edges."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule, Sale, disposed, due
from tangency.domain.rebalancing.gains import Gains, TaxRates, is_long_term
from tangency.domain.rebalancing.wash_sales import Purchase, carried

DAY = date(2025, 6, 30)
RATES = TaxRates(0.35, 0.15)
OLD, NEW = date(2020, 1, 15), date(2025, 2, 3)


def lot(name: str, quantity: float, cost: float, bought: date) -> TaxLot:
    return TaxLot(name, "A", quantity, cost, bought)


LOTS = [lot("1", 100, 40.0, OLD), lot("2", 100, 90.0, date(2021, 5, 1)), lot("3", 100, 70.0, NEW)]


def taken(rule: LotRule, quantity: float = 150.0) -> dict[str, float]:
    found = disposed([Sale("A", quantity, 80.0, DAY)], LOTS, rule, RATES)
    return {disposal.lot.id: disposal.quantity for disposal in found}


def test_each_rule_takes_the_lots_that_it_says() -> None:
    assert taken(LotRule.FIFO) == {"1": 100.0, "2": 50.0}
    assert taken(LotRule.LIFO) == {"3": 100.0, "2": 50.0}
    assert taken(LotRule.HIFO) == {"2": 100.0, "3": 50.0}


def test_chosen_lots_are_taken_as_chosen_and_must_be_there() -> None:
    sale = Sale("A", 50.0, 80.0, DAY, {"1": 20.0, "3": 30.0})
    assert [(d.lot.id, d.quantity) for d in disposed([sale], LOTS, LotRule.SPECIFIC, RATES)] == [
        ("1", 20.0),
        ("3", 30.0),
    ]
    for chosen in ({"1": 50.0, "9": 0.1}, {"1": 101.0}, {"1": 49.0}):
        with pytest.raises(InvalidInput) as caught:
            disposed([Sale("A", 50.0, 80.0, DAY, chosen)], LOTS, LotRule.SPECIFIC, RATES)
        assert caught.value.faults[0].path[:3] == ("tax", "chosen_lots", "A")


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
    found = disposed([Sale("A", 100.0, 30.0, DAY)], LOTS[1:2], LotRule.FIFO, RATES)
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
        [Sale("A", 100.0, 60.0, DAY)], LOTS[1:2], LotRule.FIFO, RATES, [Purchase("A", 40.0, DAY + timedelta(days))]
    )
    expected = 40.0 * 30.0 if abs(days) <= 30 else 0.0
    assert found[0].gain == -3000.0
    assert found[0].disallowed == pytest.approx(expected)
    assert found[0].counted == Gains(0.0, -3000.0 + expected)


def test_units_bought_again_take_over_one_loss_each_and_no_gain() -> None:
    lots = [lot("gain", 10, 50.0, OLD), lot("loss", 10, 90.0, OLD + timedelta(1)), lot("more", 10, 80.0, NEW)]
    found = disposed([Sale("A", 30.0, 60.0, DAY)], lots, LotRule.FIFO, RATES, [Purchase("A", 15.0, DAY)])
    assert [disposal.disallowed for disposal in found] == pytest.approx([0.0, 300.0, 100.0])


def test_a_disallowed_loss_raises_the_cost_of_the_units_that_replace_it() -> None:
    recent = lot("recent", 10, 90.0, DAY - timedelta(10))
    old = lot("old", 20, 100.0, OLD)
    later = Purchase("A", 8.0, DAY + timedelta(20))
    purchases = [later, Purchase("A", 10.0, recent.bought), Purchase("B", 5.0, DAY), Purchase("A", 9.0, OLD)]
    found = disposed([Sale("A", 25.0, 60.0, DAY)], [old, recent], LotRule.FIFO, RATES, purchases)
    assert [each.disallowed for each in found] == pytest.approx([13.0 * 40.0, 0.0])  # 5 of the recent ones stay, 8 come
    told = carried(found, DAY, purchases)
    assert [(each.day, each.quantity, each.amount) for each in told] == [
        (recent.bought, 5.0, 200.0),
        (later.day, 8.0, 320.0),
    ]
    assert sum(each.amount for each in told) == sum(each.disallowed for each in found)


def test_what_is_bought_of_another_name_or_sold_itself_washes_nothing() -> None:
    recent = lot("recent", 10, 90.0, DAY - timedelta(10))
    bought = [Purchase("A", 10.0, recent.bought), Purchase("B", 10.0, DAY)]
    assert disposed([Sale("A", 10.0, 60.0, DAY)], [recent], LotRule.FIFO, RATES, bought)[0].disallowed == 0.0
    half = disposed([Sale("A", 5.0, 60.0, DAY)], [recent], LotRule.FIFO, RATES, bought)[0]
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
    found = disposed([sale], lots, LotRule.MIN_TAX, RATES, realized=realized)
    assert due(found, RATES, realized) == pytest.approx(least_by_programs(lots, sale, realized), abs=1e-6)


@given(cases(), st.integers(0, 60))
def test_no_order_of_lots_owes_less_with_wash_sales_or_without(
    case: tuple[list[TaxLot], Sale, Gains], again: int
) -> None:
    lots, sale, realized = case
    history = [Purchase("A", each.quantity, each.bought) for each in lots]
    for purchases in ([], [*history, Purchase("A", float(again), DAY)]):
        least = due(disposed([sale], lots, LotRule.MIN_TAX, RATES, purchases, realized), RATES, realized)
        for rule in (LotRule.FIFO, LotRule.LIFO, LotRule.HIFO):
            assert least <= due(disposed([sale], lots, rule, RATES, purchases, realized), RATES, realized) + 1e-9
    assert sum(d.quantity for d in disposed([sale], lots, LotRule.MIN_TAX, RATES)) == pytest.approx(sale.quantity)


@given(cases())
def test_no_sequence_of_lots_owes_less(case: tuple[list[TaxLot], Sale, Gains]) -> None:
    lots, sale, realized = case
    least = due(disposed([sale], lots, LotRule.MIN_TAX, RATES, realized=realized), RATES, realized)
    for order in permutations(lots[:5]):
        left, chosen = sale.quantity, {}
        for each in (*order, *lots[5:]):
            part = min(left, each.quantity)
            left -= part
            if part > 1e-9:
                chosen[each.id] = part
        picked = Sale("A", sum(chosen.values()), sale.proceeds, DAY, chosen)
        assert least <= due(disposed([picked], lots, LotRule.SPECIFIC, RATES), RATES, realized) + 1e-6


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[list[TaxLot], list[Sale], Gains, list[Purchase]]:
    """Up to six lots of up to three names."""
    days = st.sampled_from([DAY - timedelta(days) for days in (10, 29, 364, 366, 800)])
    figures = st.tuples(st.sampled_from("ABC"), st.integers(1, 3), st.integers(1, 20), days)
    drawn = draw(st.lists(figures, min_size=1, max_size=6))
    lots = [TaxLot(str(i), name, float(q), float(c), bought) for i, (name, q, c, bought) in enumerate(drawn)]
    sales, purchases = [], []
    for name in sorted({each.instrument_id for each in lots}):
        units = draw(st.integers(1, int(sum(each.quantity for each in lots if each.instrument_id == name))))
        sales.append(Sale(name, float(units), float(draw(st.integers(1, 20))), DAY))
        purchases.append(Purchase(name, float(draw(st.integers(0, 3))), DAY + timedelta(draw(st.integers(25, 35)))))
    realized = Gains(*(float(draw(st.integers(-20, 20))) for _ in range(2)))
    history = [Purchase(each.instrument_id, each.quantity, each.bought) for each in lots]
    return lots, sales, realized, [*history, *purchases]


def whole_units(lots: list[TaxLot], sales: list[Sale]) -> Iterator[list[Sale]]:
    """Every way to sell whole units of the lots."""
    ways = product(*(range(int(each.quantity) + 1) for each in lots))
    for way in ways:
        chosen = {sale.instrument_id: dict[str, float]() for sale in sales}
        for each, units in zip(lots, way, strict=True):
            if units:
                chosen[each.instrument_id][each.id] = float(units)
        if all(sum(chosen[sale.instrument_id].values()) == sale.quantity for sale in sales):
            yield [replace(sale, chosen=chosen[sale.instrument_id]) for sale in sales]


@given(portfolios())
@settings(max_examples=40)
def test_no_choice_of_whole_units_of_several_names_owes_less(
    case: tuple[list[TaxLot], list[Sale], Gains, list[Purchase]],
) -> None:
    lots, sales, realized, _ = case
    least = due(disposed(sales, lots, LotRule.MIN_TAX, RATES, (), realized), RATES, realized)
    for picked in whole_units(lots, sales):
        assert least <= due(disposed(picked, lots, LotRule.SPECIFIC, RATES, (), realized), RATES, realized) + 1e-9


@given(portfolios())
@settings(max_examples=60)
def test_no_rule_owes_less_over_several_names_with_wash_sales(
    case: tuple[list[TaxLot], list[Sale], Gains, list[Purchase]],
) -> None:
    lots, sales, realized, purchases = case
    least = due(disposed(sales, lots, LotRule.MIN_TAX, RATES, purchases, realized), RATES, realized)
    for rule in (LotRule.FIFO, LotRule.LIFO, LotRule.HIFO):
        assert least <= due(disposed(sales, lots, rule, RATES, purchases, realized), RATES, realized) + 1e-9


def test_two_names_may_best_sell_lots_of_different_terms() -> None:
    """Of each name a lot of long and one of short term; neither all of one term nor the dearest lots owe least."""
    lots = [
        *(TaxLot(f"{name}-long", name, 1.0, 80.0 - gain, OLD) for name, gain in (("A", 20.0), ("B", 30.0))),
        *(TaxLot(f"{name}-short", name, 1.0, 70.0, NEW) for name in "AB"),
    ]
    found = disposed([Sale(name, 1.0, 80.0, DAY) for name in "AB"], lots, LotRule.MIN_TAX, RATES)
    assert {each.lot.id for each in found} == {"A-long", "B-short"}
    assert due(found, RATES) == pytest.approx(0.15 * 20.0 + 0.35 * 10.0)


def test_a_loss_of_short_term_is_used_up_before_gains_of_long_term_are_taken() -> None:
    """With 50 lost at short term, five units of each lot: 0.15 x 75. All long owes 15.00, all short 17.50."""
    lots = [lot("long", 10, 65.0, OLD), lot("short", 10, 70.0, NEW)]
    lost = Gains(-50.0, 0.0)
    found = disposed([Sale("A", 10.0, 80.0, DAY)], lots, LotRule.MIN_TAX, RATES, realized=lost)
    assert [each.quantity for each in found] == pytest.approx([5.0, 5.0])
    assert due(found, RATES, lost) == pytest.approx(11.25)


def test_a_choice_that_is_best_for_each_sale_alone_may_not_be_best_together() -> None:
    """Alone, A owes 3.00 on the old lot and 3.50 on the new one; beside the loss of B the new one owes nothing."""
    lots = [lot("old", 1, 60.0, OLD), lot("new", 1, 70.0, NEW), TaxLot("b", "B", 1, 90.0, OLD)]
    sales = [Sale("A", 1.0, 80.0, DAY), Sale("B", 1.0, 80.0, DAY)]
    alone = disposed(sales[:1], lots, LotRule.MIN_TAX, RATES)
    assert [each.lot.id for each in alone] == ["old"]
    assert due(alone, RATES) == pytest.approx(3.0)
    together = disposed(sales, lots, LotRule.MIN_TAX, RATES)
    assert {each.lot.id for each in together} == {"new", "b"}
    assert due(together, RATES) == pytest.approx(0.0)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InvalidInput, match="give a rate"):
        TaxRates(rate, 0.1)
