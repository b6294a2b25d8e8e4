"""Identities as text, drawdowns, and what trades lead to."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import NotFound
from tangency.domain.optimization.identity import identity_of, spelled
from tangency.domain.optimization.report import maximum_drawdown
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.valuation import Valuation


@given(st.uuids())
def test_an_identity_is_spelled_and_read(identity: UUID) -> None:
    text = spelled(identity)
    assert len(text) == 30
    assert identity_of(text) == identity


@pytest.mark.parametrize(
    "text", ["", "opt-", "opt-" + "8" * 26, "opt-" + "I" * 26, "frt-" + "0" * 26, "opt-é" + "0" * 25]
)
def test_other_texts_are_nobodys_identity(text: str) -> None:
    with pytest.raises(NotFound):
        identity_of(text)


def test_a_drawdown_is_the_largest_fall_from_a_peak_compounded() -> None:
    returns = np.array([[0.10, 0.0], [-0.50, 0.0], [0.20, 0.0], [-0.10, 0.0]])
    assert maximum_drawdown(returns, np.array([1.0, 0.0])) == pytest.approx(1.0 - 0.5)
    assert maximum_drawdown(-returns[1:2], np.array([1.0, 0.0])) == 0.0
    assert maximum_drawdown(returns[1:2], np.array([1.0, 0.0])) == pytest.approx(0.5)  # from the very beginning
    assert maximum_drawdown(returns[:0], np.array([1.0, 0.0])) is None


def test_trades_leave_out_what_is_rounding_and_reach_the_rest_exactly() -> None:
    held = Portfolio("port", (Holding("A", 10.0), Holding("B", -5.0)), 20.0)
    valuation = Valuation.of(held, {"A": 10.0, "B": 4.0, "C": 5.0})
    assert valuation.total == 100.0
    assert valuation.allocation == pytest.approx({"A": 1.0, "B": -0.2, "C": 0.0, "CASH": 0.2})
    reached = valuation.reached({"A": 1.0 + 1e-10, "B": 0.0, "C": 0.1})
    first, second = valuation.trades(reached)
    assert reached["A"] == 1.0
    assert (first.instrument_id, first.action, first.quantity, first.estimated_value) == ("B", "buy", 5.0, 20.0)
    assert (second.instrument_id, second.action, second.weight_change) == ("C", "buy", 0.1)
