"""What an order is expected to take: its own cost, behind what is ahead of it, at the pace of those who work."""

from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from tangency.application.activity import Activity
from tangency.application.estimate import expected_seconds
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.fleet import Load
from tangency.domain.optimization.queue import Queue
from tests.support.service import Door

COST = Cost(2.0, "the problem")


@dataclass(frozen=True)
class Met:
    """What a new order meets."""

    found: Load

    async def load(self, queue: Queue, since: datetime) -> Load:
        return self.found


@pytest.mark.parametrize(
    ("met", "seconds"),
    [
        (Load(open=0, ahead_s=0.0, slots=4, pace=1.0), 2.0),
        (Load(open=3, ahead_s=30.0, slots=4, pace=1.0), 2.0),
        (Load(open=4, ahead_s=40.0, slots=4, pace=1.0), 12.0),
        (Load(open=8, ahead_s=80.0, slots=4, pace=1.5), 33.0),
        (Load(open=8, ahead_s=80.0, slots=0, pace=1.0), 42.0),
    ],
    ids=["alone", "a free slot", "no free slot", "a slow machine", "nobody there yet"],
)
def test_an_order_waits_for_what_is_ahead_of_it_where_no_slot_is_free(door: Door, met: Load, seconds: float) -> None:
    context = replace(door.service.context, fleet=Met(met), side_by_side=2)  # type: ignore[arg-type]
    assert door.run(lambda: expected_seconds(COST, Queue.LIGHT, context)) == pytest.approx(seconds)


def test_the_pace_follows_what_orders_take_as_a_ratio() -> None:
    activity = Activity()
    activity.learn(expected_s=1.0, taken_s=10.0)
    activity.learn(expected_s=1.0, taken_s=0.1)
    assert activity.pace == pytest.approx(10.0 ** (0.2 * 0.8 - 0.2))
    for _ in range(50):
        activity.learn(expected_s=1.0, taken_s=3.0)
    assert activity.pace == pytest.approx(3.0, rel=1e-3)
