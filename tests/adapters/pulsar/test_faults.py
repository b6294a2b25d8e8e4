"""What fails while events are on their way: a broker that is killed, a relay that ends at the worst moment."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pulsar
import pytest

from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.pulsar.broker import Broker as Connection
from tangency.adapters.pulsar.publisher import PulsarPublisher
from tangency.adapters.settings import Settings
from tangency.application.orders import ListOrders, PlaceOrder
from tangency.application.readiness import CheckReadiness, Readiness
from tangency.application.relay import Relay
from tangency.domain.event import Event, Outbox, OutboxTurn
from tangency.domain.optimization.order import Filter
from tests.adapters.pulsar.conftest import of_ones_own, read
from tests.adapters.pulsar.test_publisher import event
from tests.adapters.pulsar.test_requests import WISH
from tests.contracts.test_outbox import keep
from tests.contracts.test_store import opened
from tests.support.command import Command
from tests.support.held import hold_in
from tests.support.pulsar import Broker, wait_until
from tests.support.server import client, served
from tests.support.service import Door, serving

pytestmark = pytest.mark.service("pulsar")

PORTFOLIOS = ("port-1", "port-2")
NOTHING_WAITS = {"events": 0, "oldest_at": None, "refused": 0, "tickets": 0, "lag_s": 0.0}


@pytest.mark.timeout(400)
@pytest.mark.service("postgresql")
def test_while_the_broker_is_dead_orders_finish_and_once_it_is_back_every_event_follows_in_order(
    broker_alone: Broker, tmp_path: Path, postgresql: str
) -> None:
    databases = (Settings(data_dir=str(tmp_path)), Settings(database_url=postgresql))
    both = [of_ones_own(broker_alone, database) for database in databases]
    for settings in both:
        for portfolio in PORTFOLIOS:
            hold_in(settings, portfolio)
    with serving(both[0]) as one, serving(both[1]) as two:
        doors = (one, two)
        for door in doors:
            ordered(door, 4)
        before = [completed(settings, 4) for settings in both]
        broker_alone.kill()
        for door in doors:
            ordered(door, 10)
        for door in doors:
            wait_until(partial(has_ended, door, 14))
            wait_until(partial(is_, door, Readiness.DEGRADED))
        operator = told_of(both[1], tmp_path)
        while_dead = operator("status", "--json").json
        assert while_dead["backlog"]["tickets"] == 10
        assert while_dead["backlog"]["events"] >= 10
        assert while_dead["backlog"]["lag_s"] > 0
        assert f"{while_dead['backlog']['events']} events and 10 tickets wait" in operator("status").out
        broker_alone.start()
        after = [completed(settings, 14) for settings in both]
        for door in doors:
            wait_until(partial(is_, door, Readiness.READY))
        wait_until(lambda: operator("status", "--json").json["backlog"] == NOTHING_WAITS)
        at_work = operator("status", "--json").json
        assert [(each["alive"], each["busy"], each["slots"]) for each in at_work["workers"]] == [(True, 0, 1)]
    assert operator("status", "--json").json["workers"] == []
    for told, known in zip(after, before, strict=True):
        assert told[:4] == known
        for portfolio in PORTFOLIOS:
            own = [sequence for name, sequence in told if name == portfolio]
            assert own == sorted(set(own))
            assert len(own) == 7


def test_without_a_broker_the_service_is_degraded_and_refuses_once_as_many_events_wait_as_may(tmp_path: Path) -> None:
    hold_in(Settings(data_dir=str(tmp_path)), "port-1")
    nobody_there = {"pulsar_url": "pulsar://127.0.0.1:1", "pulsar_send_timeout_s": 1.0, "outbox_limit": 2}
    with served(tmp_path, **nobody_there) as address, client(address) as http:
        accepted = http.post("/api/v1/optimizations", json=WISH)
        assert accepted.status_code == 202
        place = accepted.headers["location"]
        wait_until(lambda: http.get(place).json()["status"] == "completed")
        refused = http.post("/api/v1/optimizations", json=WISH)
        wait_until(lambda: http.get("/health/ready").json() == {"status": "degraded"})
        assert http.get("/health/ready").status_code == 200
        assert len(http.get("/api/v1/optimizations").json()["optimizations"]) == 1
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/outbox-full"
    assert int(refused.headers["retry-after"]) > 0


def test_a_relay_that_ends_between_publishing_and_settling_is_followed_by_one_that_tells_the_same_again(
    broker: Broker, database: Settings
) -> None:
    settings = of_ones_own(broker, database)
    events = [event(number) for number in range(1, 6)]

    async def work() -> list[Event]:
        connection = Connection(settings)
        async with opened(settings) as store, connection.looked_after():
            publisher = PulsarPublisher(connection)
            await keep(store, *events)
            with pytest.raises(Ended):
                await batch(Relay(Ending(store.outbox), publisher, nobody))
            assert await store.last_position() == 0
            await batch(Relay(store.outbox, publisher, nobody))
            return list(await store.events(0, 10))

    published = asyncio.run(work())
    ids = [each.event_id for each in events]
    assert [(each.event_id, each.position) for each in published] == list(zip(ids, range(1, 6), strict=True))
    assert [message.properties()["event_id"] for message in read(settings, "portfolio_optimized", 10)] == ids + ids


class Ended(Exception):
    """Of a process, in the place where it would have been killed."""


class Ending:
    """An outbox whose relay ends once it has published, before it writes that down."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[OutboxTurn | None]:
        async with self._outbox.turn() as turn:
            assert turn is not None
            yield EndingTurn(turn)

    async def holds(self, count: int) -> bool:
        return await self._outbox.holds(count)


class EndingTurn:
    def __init__(self, turn: OutboxTurn) -> None:
        self.waiting, self.heard = turn.waiting, turn.heard

    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        raise Ended


async def batch(relay: Relay) -> None:
    async with relay.outbox.turn() as turn:
        assert turn is not None
        await relay.publish(turn)


def nobody() -> None:
    """Nobody reads by position meanwhile."""


def ordered(door: Door, count: int) -> None:
    for number in range(count):
        door.handle(PlaceOrder(order_request_of({**WISH, "portfolio_id": PORTFOLIOS[number % len(PORTFOLIOS)]})))


def told_of(settings: Settings, folder: Path) -> Command:
    """The command of whoever operates a service, told where its database and its broker are."""
    names = ("database_url", "pulsar_url", "pulsar_web_url", "pulsar_namespace")
    return Command(folder, settings={f"TANGENCY_{name.upper()}": getattr(settings, name) for name in names})


def has_ended(door: Door, count: int) -> bool:
    return sum(state.ended_at is not None for state in door.handle(ListOrders(Filter()))) == count


def is_(door: Door, readiness: Readiness) -> bool:
    return door.handle(CheckReadiness()) is readiness


def completed(settings: Settings, count: int) -> list[tuple[str, int]]:
    return [sequence_of(message) for message in read(settings, "optimization_completed", count)]


def sequence_of(message: pulsar.Message) -> tuple[str, int]:
    return message.partition_key(), int(message.properties()["sequence"])
