"""The bus of the embedded service."""

import asyncio

from tangency.adapters.bus import InProcessBus
from tangency.domain.event import Dispatch, Event
from tests.contracts.test_outbox import number_of, told


def test_a_listener_that_fails_stops_nobody() -> None:
    def fail(event: Event) -> None:
        raise ValueError(event)

    async def work() -> list[int]:
        bus, numbers = InProcessBus(), list[int]()
        bus.listen(fail)
        bus.listen(lambda event: numbers.append(number_of(event)))
        assert await bus.publish([told("p", 1), told("p", 2)]) == Dispatch(2)
        return numbers

    assert asyncio.run(work()) == [1, 2]
