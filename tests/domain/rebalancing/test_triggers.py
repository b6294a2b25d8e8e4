"""Every trigger on both sides of its limit, and the sentence it gives."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.rebalancing.triggers import (
    AbsoluteBand,
    Calendar,
    CashFlow,
    CostBenefit,
    Drift,
    RelativeBand,
    TrackingErrorBand,
    Trigger,
    VolatilityBand,
    weekdays,
)

DRIFT = Drift(
    weights={"A": 0.36, "B": 0.58},
    target={"A": 0.30, "B": 0.65},
    volatilities={"A": 0.4, "B": 0.1},
    today=date(2025, 7, 1),
    last_rebalance=date(2025, 1, 1),
    tracking_error=0.021,
    total=100_000.0,
    cash=6_000.0,
    gain=0.004,
    cost=300.0,
)
DAYS = weekdays(date(2025, 1, 1), date(2025, 7, 1))
OWN_UNITS = 0.07 / (0.1 * 0.65 * np.sqrt(DAYS / 252))


@pytest.mark.parametrize(
    ("make", "measured", "names"),
    [
        (Calendar, 181, ()),
        (AbsoluteBand, 0.07, ("B",)),
        (RelativeBand, 0.2, ("A",)),
        (VolatilityBand, OWN_UNITS, ("B",)),
        (TrackingErrorBand, 0.021, ()),
        (CashFlow, 0.01, ()),
    ],
)
def test_a_trigger_fires_beyond_its_limit_and_not_within(
    make: type[Trigger], measured: float, names: tuple[str, ...]
) -> None:
    below = int(measured) if make is Calendar else measured * 0.999
    above = int(measured) + 1 if make is Calendar else measured * 1.001
    fired, quiet = (make(limit).look(DRIFT) for limit in (below, above))  # type: ignore[call-arg]
    assert (fired.fires, quiet.fires) == (True, False)
    assert fired.value == pytest.approx(measured)
    assert (fired.names, quiet.names) == (names, ())
    assert fired.reason.endswith(".")


def test_the_trades_must_be_worth_their_cost_within_the_horizon() -> None:
    assert CostBenefit(0.76).look(DRIFT).fires  # 0.004 x 100,000 x 0.76 = 304
    assert not CostBenefit(0.74).look(DRIFT).fires
    assert "cost 300.00" in CostBenefit(0.74).look(DRIFT).reason
    assert not CostBenefit(10.0).look(replace(DRIFT, gain=None)).fires


def test_an_unknown_last_rebalancing_is_told() -> None:
    unknown = replace(DRIFT, last_rebalance=None)
    assert Calendar(90).look(unknown).fires
    assert not VolatilityBand(1.0).look(unknown).fires
    assert "unknown" in VolatilityBand(1.0).look(unknown).reason


def test_a_name_that_is_held_and_not_wanted_is_outside_every_relative_band() -> None:
    stranger = replace(DRIFT, weights={"A": 0.3, "B": 0.01}, target={"A": 0.3, "B": 0.0})
    assert RelativeBand(100.0).look(stranger).names == ("B",)


def test_at_the_target_nothing_that_measures_drift_fires() -> None:
    there = replace(DRIFT, weights=DRIFT.target, cash=5_000.0, tracking_error=0.0)
    drifts: list[Trigger] = [
        AbsoluteBand(0.0),
        RelativeBand(0.0),
        VolatilityBand(0.0),
        TrackingErrorBand(0.0),
        CashFlow(1e-12),
    ]
    assert not any(trigger.look(there).fires for trigger in drifts)


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 800))
def test_weekdays_are_those_of_numpy(first: date, days: int) -> None:
    last = date.fromordinal(first.toordinal() + days)
    assert weekdays(first, last) == int(np.busday_count(first, last)) + ((last.weekday() < 5) - (first.weekday() < 5))
