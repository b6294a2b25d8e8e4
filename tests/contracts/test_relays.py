"""Two relays on one database of a server: one works at a time, and the order of each portfolio stays."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.application.relay import Relay
from tangency.domain.errors import StoreUnavailable
from tangency.domain.event import Dispatch, Event
from tests.contracts.test_outbox import keep, told
from tests.contracts.test_store import opened
from tests.support.postgres import Cluster


@dataclass
class Everywhere:
    """A publisher that many relays share, slow enough that they would meet."""

    heard: list[Event] = field(default_factory=list)

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        for event in events:
            await asyncio.sleep(0)
            self.heard.append(event)
        return Dispatch(len(events))

    def in_order(self) -> bool:
        """Whether whoever leaves out what came before sees the events of each portfolio in their order."""
        seen = dict.fromkeys(event.event_id for event in self.heard)
        first = {event.event_id: event for event in reversed(self.heard)}
        numbers: dict[str, list[int]] = {}
        for event_id in seen:
            numbers.setdefault(first[event_id].portfolio_id, []).append(first[event_id].sequence)
        return all(each == list(range(1, len(each) + 1)) for each in numbers.values())

    def distinct(self) -> int:
        return len({event.event_id for event in self.heard})


@pytest.mark.service("postgresql")
def test_of_two_relays_one_works_and_the_other_takes_over_when_it_stops(postgresql: str) -> None:
    settings = Settings(database_url=postgresql)

    async def work() -> Everywhere:
        publisher = Everywhere()
        async with opened(settings) as one, opened(settings) as two, Relay(two.outbox, publisher, nobody).running():
            writing = asyncio.gather(*(write(one, portfolio, 40) for portfolio in "abcde"))
            async with Relay(one.outbox, publisher, nobody).running():
                await until(lambda: len(publisher.heard) > 60)
                async with one.outbox.turn() as third:
                    assert third is None
            await writing
            await until(lambda: publisher.distinct() == 200)
            await until_settled(one)
            assert [event.position for event in await one.events(0, 1000)] == list(range(1, 201))
        return publisher

    publisher = asyncio.run(work())
    assert publisher.in_order()
    assert len(publisher.heard) == 200


@pytest.mark.service("postgresql")
def test_who_lost_the_right_to_publish_settles_nothing_and_the_order_stays(cluster: Cluster, postgresql: str) -> None:
    settings = Settings(database_url=postgresql)
    holder = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"

    async def work() -> Everywhere:
        publisher = Everywhere()
        async with opened(settings) as one, opened(settings) as two:
            await write(one, "a", 3)
            async with one.outbox.turn() as lost:
                assert lost is not None
                taken = await lost.waiting(10)
                await publisher.publish(taken)
                cluster.cut(postgresql, holder)
                async with Relay(two.outbox, publisher, nobody).running():
                    await write(two, "a", 3)
                    await until(lambda: publisher.distinct() == 6)
                    await until_settled(two)
                    with pytest.raises(StoreUnavailable):
                        await lost.settle(taken, {})
            assert [event.position for event in await two.events(0, 1000)] == list(range(1, 7))
        return publisher

    publisher = asyncio.run(work())
    assert publisher.in_order()
    assert len(publisher.heard) > 6


def nobody() -> None:
    """Nobody reads by position meanwhile."""


async def write(store: Store, portfolio: str, count: int) -> None:
    for number in range(count):
        await keep(store, told(portfolio, number))


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - what it waits for is somebody else's doing
        await asyncio.sleep(0.01)


async def until_settled(store: Store) -> None:
    while await store.outbox.holds(1):  # noqa: ASYNC110 - the same
        await asyncio.sleep(0.01)
