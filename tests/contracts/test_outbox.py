"""The outbox, on whatever database is behind it: nothing is lost, told twice under two ids, or out of its order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from uuid import uuid4

import pytest
from msgspec import structs
from sqlalchemy import bindparam, text, update

from tangency.adapters import container
from tangency.adapters.bus import InProcessBus
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.schema import OutboxEvent
from tangency.application.relay import Relay
from tangency.application.retention import forget_events
from tangency.domain.event import Dispatch, Event
from tests.architecture.source_tree import REPOSITORY
from tests.contracts.test_store import AT, run
from tests.docs.blocks import blocks_of


def told(portfolio: str, number: int) -> Event:
    about = {"portfolio_id": portfolio, "number": number}
    return Event("type", portfolio, AT, {"event_id": str(uuid4()), "timestamp": "then", "type": about})


def number_of(event: Event) -> int:
    number: int = event.payload["type"]["number"]
    return number


async def keep(store: Store, *events: Event, commit: bool = True) -> None:
    async with store.units() as unit:
        for event in events:
            await unit.events.add(event)
        if commit:
            await unit.commit()


@dataclass
class Listener:
    """A publisher that keeps what it was told, and settles as much as it is asked to."""

    most: int = 1000
    refusing: frozenset[str] = frozenset()
    heard: list[Event] = field(default_factory=list)

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        taken = events[: self.most]
        refused = {each.event_id: "too large" for each in taken if each.event_id in self.refusing}
        self.heard += [each for each in taken if each.event_id not in refused]
        return Dispatch(len(taken), refused, "" if len(taken) == len(events) else "the broker is away")


async def relayed(store: Store, publisher: Listener) -> int:
    """One batch."""
    async with store.outbox.turn() as turn:
        assert turn is not None
        return await Relay(store.outbox, publisher, lambda: None).publish(turn)


def test_what_is_undone_was_never_told_and_what_is_kept_waits_for_its_position(settings: Settings) -> None:
    async def work(store: Store) -> None:
        for number in range(9):
            await keep(store, told("p", number), commit=number % 3 > 0)
        assert list(await store.events(0, 100)) == []
        assert await store.last_position() == 0
        await relayed(store, Listener())
        read = await store.events(1, 100)
        assert [event.position for event in read] == [2, 3, 4, 5, 6]
        assert [number_of(event) for event in read] == [2, 4, 5, 7, 8]
        assert [event.sequence for event in read] == [2, 3, 4, 5, 6]
        assert await store.last_position() == 6

    run(settings, work)


def test_old_events_are_removed_and_what_comes_later_is_numbered_as_if_they_were_there(settings: Settings) -> None:
    async def work(store: Store) -> None:
        await keep(store, *[told("p", number) for number in range(4)], told("alone", 4))
        await relayed(store, Listener(most=4))
        async with store.units() as unit:
            assert await unit.events.forget(AT, 100) == 0, "none was published so long ago"
            assert await unit.events.forget(store.units.now() + timedelta(days=1), 2) == 2
            assert await unit.events.forget(store.units.now() + timedelta(days=1), 100) == 1
            await unit.commit()
        assert [number_of(each) for each in await store.events(0, 9)] == [3], "the newest of its portfolio"
        await keep(store, told("p", 5))
        await relayed(store, Listener())
        read = await store.events(0, 9)
        assert [(number_of(each), each.position) for each in read] == [(3, 4), (4, 5), (5, 6)]
        assert [each.sequence for each in read if each.portfolio_id == "p"] == [4, 5]

    run(settings, work)


def test_a_service_removes_what_is_older_than_its_operator_keeps(settings: Settings) -> None:
    async def age(store: Store) -> None:
        await keep(store, *[told("p", number) for number in range(3)])
        await relayed(store, Listener())
        async with store.units.engine.begin() as connection:
            long_ago = {"long_ago": datetime.now(UTC) - timedelta(days=31)}
            await connection.execute(update(OutboxEvent).values(settled_at=bindparam("long_ago")), long_ago)

    async def forget(days: int) -> int:
        async with container.keeping(structs.replace(settings, events_days=days)) as service:
            return await forget_events(service.context)

    run(settings, age)
    assert [asyncio.run(forget(days)) for days in (32, 30, 30)] == [0, 2, 0]


def test_the_events_of_a_portfolio_keep_the_order_of_their_writers(settings: Settings) -> None:
    async def write(store: Store, portfolio: str) -> None:
        for number in range(10):
            await keep(store, told(portfolio, number))

    async def work(store: Store) -> None:
        await asyncio.gather(*(write(store, portfolio) for portfolio in "abcd"))
        publisher = Listener()
        while await relayed(store, publisher):
            pass
        assert len(publisher.heard) == 40
        for portfolio in "abcd":
            own = [event for event in publisher.heard if event.portfolio_id == portfolio]
            assert [number_of(event) for event in own] == list(range(10))
            assert [event.sequence for event in own] == list(range(1, 11))

    run(settings, work)


def test_writers_of_one_portfolio_follow_each_other_even_when_they_meet(settings: Settings) -> None:
    async def work(store: Store) -> list[int]:
        await asyncio.gather(*(keep(store, told("p", 2 * pair), told("p", 2 * pair + 1)) for pair in range(20)))
        publisher = Listener()
        await relayed(store, publisher)
        assert [event.sequence for event in publisher.heard] == list(range(1, 41))
        return [number_of(event) for event in publisher.heard]

    numbers = run(settings, work)
    assert sorted(numbers) == list(range(40))
    assert all(first + 1 == second for first, second in zip(numbers[::2], numbers[1::2], strict=True))


def test_a_batch_is_taken_up_again_where_it_failed(settings: Settings) -> None:
    async def work(store: Store) -> None:
        await keep(store, *(told("p", number) for number in range(5)))
        publisher = Listener(most=2)
        for _ in range(3):
            await relayed(store, publisher)
        assert [number_of(event) for event in publisher.heard] == [0, 1, 2, 3, 4]
        assert [event.position for event in await store.events(0, 100)] == [1, 2, 3, 4, 5]
        assert await relayed(store, publisher) == 0

    run(settings, work)


def test_what_nobody_takes_is_set_aside_and_shows_as_a_gap(settings: Settings) -> None:
    async def work(store: Store) -> None:
        events = [told("p", number) for number in range(3)]
        await keep(store, *events)
        await relayed(store, Listener(refusing=frozenset({events[1].event_id})))
        assert [(each.position, each.sequence) for each in await store.events(0, 100)] == [(1, 1), (2, 3)]
        assert not await store.outbox.holds(1)

    run(settings, work)


def test_what_was_set_aside_is_tried_again_as_the_guide_says(settings: Settings) -> None:
    (block,) = [each for each in blocks_of(REPOSITORY / "docs/operations/events.md") if each.language == "sql"]
    look, again = block.text.strip().removesuffix(";").split(";")

    async def work(store: Store) -> None:
        event = told("p", 1)
        await keep(store, event)
        await relayed(store, Listener(refusing=frozenset({event.event_id})))
        async with store.units.engine.begin() as connection:
            (row,) = (await connection.execute(text(look))).all()
            assert (row.event_id, row.refused) == (event.event_id, "too large")
            await connection.execute(text(again.replace("...", row.event_id)))
        assert await relayed(store, Listener()) == 1
        assert [each.event_id for each in await store.events(0, 100)] == [event.event_id]

    run(settings, work)


def test_an_event_is_kept_once_however_often_it_is_added(settings: Settings) -> None:
    async def work(store: Store) -> None:
        event = told("p", 1)
        await keep(store, event, event)
        await keep(store, event)
        publisher = Listener()
        await relayed(store, publisher)
        assert [each.event_id for each in publisher.heard] == [event.event_id]
        await keep(store, event)
        assert await relayed(store, publisher) == 0

    run(settings, work)


def test_the_outbox_says_how_many_wait(settings: Settings) -> None:
    async def work(store: Store) -> list[bool]:
        await keep(store, *(told("p", number) for number in range(3)))
        return [await store.outbox.holds(count) for count in (1, 3, 4)]

    assert run(settings, work) == [True, True, False]


def test_a_relay_publishes_what_is_kept_while_it_works_and_what_it_was_stopped_over(settings: Settings) -> None:
    async def heard(store: Store, count: int) -> list[int]:
        numbers: list[int] = []
        enough = asyncio.Event()

        def listen(event: Event) -> None:
            numbers.append(number_of(event))
            if len(numbers) >= count:
                enough.set()

        bus = InProcessBus()
        bus.listen(listen)
        async with Relay(store.outbox, bus, lambda: None).running():
            await keep(store, *(told("p", 10 * count + each) for each in range(count - 1)))
            await enough.wait()
        return numbers

    async def work(store: Store) -> None:
        await keep(store, told("p", 0))
        assert await heard(store, 2) == [0, 20]
        await keep(store, told("p", 1))
        assert await heard(store, 3) == [1, 30, 31]

    run(settings, work)


def test_where_commits_publish_what_they_keep_a_relay_publishes_what_was_left_and_then_never_looks(
    tmp_path: Path, migrated: Path
) -> None:
    settings = Settings(data_dir=str(copytree(migrated, tmp_path, dirs_exist_ok=True)))

    async def work() -> int:
        async with Store.open(settings, lambda: AT) as relayed_then:
            await keep(relayed_then, told("p", 1))
        async with Store.open(settings, lambda: AT, InProcessBus()) as store, store.outbox.turn() as turn:
            assert turn is not None
            assert await Relay(store.outbox, InProcessBus(), lambda: None).publish(turn) == 1
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(turn.heard(0.0), 0.05)
            return await store.last_position()

    assert asyncio.run(work()) == 1
