"""Current weights follow from quantities, the latest prices and cash."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.portfolio import Holding, Portfolio

QUANTITIES = st.dictionaries(
    st.text("ABCDEF", min_size=1, max_size=4), st.floats(0.0, 1e6), min_size=1, max_size=6
).filter(lambda held: sum(held.values()) > 0)


def portfolio(cash: float = 0.0, **quantities: float) -> Portfolio:
    return Portfolio("p", tuple(Holding(name, quantity) for name, quantity in quantities.items()), cash)


def test_a_weight_is_quantity_times_price_over_the_total_with_cash() -> None:
    weights = portfolio(cash=100.0, A=2, B=5).weights({"A": 50.0, "B": 60.0})
    assert weights == {"A": 0.2, "B": 0.6}


def test_a_short_position_has_a_negative_weight() -> None:
    assert portfolio(A=3, B=-1).weights({"A": 50.0, "B": 50.0}) == {"A": 1.5, "B": -0.5}


def test_borrowed_cash_makes_the_weights_exceed_one() -> None:
    assert portfolio(cash=-50.0, A=3).weights({"A": 50.0}) == {"A": 1.5}


@given(QUANTITIES, st.floats(0.0, 1e6))
def test_weights_and_cash_sum_to_one(held: dict[str, float], cash: float) -> None:
    prices = {name: 1.0 + len(name) for name in held}
    weights = portfolio(cash, **held).weights(prices)
    total = sum(quantity * prices[name] for name, quantity in held.items()) + cash
    assert math.isclose(sum(weights.values()) + cash / total, 1.0, rel_tol=1e-12)


def test_a_name_that_is_held_needs_a_price_and_gets_a_hint() -> None:
    with pytest.raises(InvalidInput, match="'APPL' is held and has no price; did you mean AAPL"):
        portfolio(APPL=1).weights({"AAPL": 10.0})


def test_a_name_with_no_units_needs_no_price() -> None:
    assert portfolio(A=1, B=0).weights({"A": 10.0}) == {"A": 1.0, "B": 0.0}


@pytest.mark.parametrize("cash", [0.0, -50.0])
def test_a_portfolio_that_is_worth_nothing_has_no_weights(cash: float) -> None:
    with pytest.raises(InvalidInput, match="need a total above 0"):
        portfolio(cash, A=1, B=-1).weights({"A": 50.0, "B": 50.0})


@pytest.mark.parametrize(
    ("holdings", "cash", "message"),
    [
        ((), 0.0, "give at least one name"),
        ((Holding("A", 1), Holding("A", 2)), 0.0, "held twice"),
        ((Holding(" ", 1),), 0.0, "1 to 100 characters"),
        ((Holding("CASH", 1),), 0.0, "give the amount as cash"),
        ((Holding("A", math.nan),), 0.0, "give a finite number"),
        ((Holding("A", 1),), math.inf, "give a finite amount"),
    ],
)
def test_what_cannot_be_held_is_refused(holdings: tuple[Holding, ...], cash: float, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Portfolio("p", holdings, cash)


def test_every_mistake_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        Portfolio("p", (Holding("A", math.inf), Holding("A", 1)), math.nan)
    assert [fault.path for fault in caught.value.faults] == [
        ("cash",),
        ("holdings", 0, "quantity"),
        ("holdings", 1, "name"),
    ]
