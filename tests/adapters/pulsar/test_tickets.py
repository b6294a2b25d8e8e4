"""Tickets on a real broker: each wakes one process, and one that is busy keeps them from nobody."""

import asyncio
from uuid import UUID, uuid4

import pytest

from tangency.adapters.pulsar.broker import Broker
from tangency.adapters.pulsar.client import TICKETS, topic_of
from tangency.adapters.pulsar.tickets import PulsarTickets, reading
from tangency.adapters.settings import Settings
from tangency.domain.event import Dispatch, Event
from tangency.domain.optimization.identity import spelled
from tests.adapters.pulsar.conftest import client_of
from tests.contracts.test_store import AT

pytestmark = pytest.mark.service("pulsar")

PATIENCE_S = 60.0


def ticket(order: UUID, queue: str = "light") -> Event:
    return Event(TICKETS[queue], spelled(order), AT, {})


def test_a_ticket_goes_to_one_of_those_who_take_its_queue(settings: Settings) -> None:
    light, heavy = [uuid4() for _ in range(20)], [uuid4()]

    async def work() -> tuple[list[UUID], list[UUID]]:
        shared: asyncio.Queue[UUID] = asyncio.Queue()
        apart: asyncio.Queue[UUID] = asyncio.Queue()
        broker = Broker(settings)
        async with (
            broker.looked_after(),
            reading(settings, "light", shared.put),
            reading(settings, "light", shared.put),
            reading(settings, "heavy", apart.put),
        ):
            tickets = [ticket(order) for order in light] + [ticket(order, "heavy") for order in heavy]
            assert await PulsarTickets(broker).publish(tickets) == Dispatch(len(tickets))
            async with asyncio.timeout(PATIENCE_S):
                return [await shared.get() for _ in light], [await apart.get() for _ in heavy]

    brought, alone = asyncio.run(work())
    assert sorted(brought) == sorted(light)
    assert alone == heavy


def test_those_who_are_busy_leave_tickets_to_those_who_are_free(settings: Settings) -> None:
    orders = [uuid4() for _ in range(12)]

    async def work() -> list[UUID]:
        free: asyncio.Queue[UUID] = asyncio.Queue()
        busy: asyncio.Queue[UUID] = asyncio.Queue(maxsize=1)
        broker = Broker(settings)
        async with (
            broker.looked_after(),
            reading(settings, "light", busy.put),
            reading(settings, "light", free.put),
        ):
            await PulsarTickets(broker).publish([ticket(order) for order in orders])
            async with asyncio.timeout(PATIENCE_S):
                # one was taken, one waits for the slot, and one or two more lie ready in that process
                return [await free.get() for _ in range(len(orders) - 4)]

    assert set(asyncio.run(work())) < set(orders)


def test_a_ticket_that_is_for_nothing_stops_nobody(settings: Settings) -> None:
    with client_of(settings) as client:
        producer = client.create_producer(topic_of(settings, TICKETS["light"]))
        for data in (b"", b"\xff", b"opt-1"):
            producer.send(data)
    order = uuid4()

    async def work() -> UUID:
        brought: asyncio.Queue[UUID] = asyncio.Queue()
        broker = Broker(settings)
        async with broker.looked_after(), reading(settings, "light", brought.put):
            await PulsarTickets(broker).publish([ticket(order)])
            async with asyncio.timeout(PATIENCE_S):
                return await brought.get()

    assert asyncio.run(work()) == order


def test_while_the_broker_is_away_tickets_wait() -> None:
    async def work() -> Dispatch:
        broker = Broker(Settings(pulsar_url="pulsar://127.0.0.1:1", pulsar_send_timeout_s=1))
        async with broker.looked_after():
            return await PulsarTickets(broker).publish([ticket(uuid4())])

    dispatch = asyncio.run(work())
    assert dispatch.done == 0
    assert dispatch.delay
