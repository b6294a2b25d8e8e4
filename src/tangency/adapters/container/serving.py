"""The service of a process with its background work (workers, relays, upkeep) and the doors it answers at."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial

from dependency_injector import providers

from tangency.adapters import logs
from tangency.adapters.container.composition import Container, opened
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.application.duties import EVERYTHING, Duties, Role
from tangency.application.relay import Relay
from tangency.application.retention import removing_old_events
from tangency.application.series import keeping_up
from tangency.application.service import Service
from tangency.application.sweeper import sweeping
from tangency.application.tickets import Tickets
from tangency.application.worker import working


def serve(
    settings: Settings, listening: socket.socket, announce: Callable[[str], None], duties: Duties = EVERYTHING
) -> None:
    """Answer over REST, and over gRPC where the settings say so: one event loop, one service, two doors.

    Args:
        settings: what an operator set.
        listening: for REST, or for whoever asks whether the process lives.
        duties: what this process takes on.
        announce: told the address of gRPC once calls are answered there.
    """
    from tangency.adapters.rest import server

    logs.write_to()
    running = partial(serving, duties=duties, announce=announce)
    server.serve(settings, running, listening, door=Role.API in duties.roles)


@asynccontextmanager
async def serving(
    settings: Settings, duties: Duties = EVERYTHING, announce: Callable[[str], None] | None = None
) -> AsyncIterator[Service]:
    """The service with the background work of its duties, and the door for gRPC where it is wanted.

    Args:
        settings: what an operator set.
        duties: what this process takes on.
        announce: told the address of gRPC once calls are answered there.
    """
    settings.refuse_fewer_connections(duties.connections(settings.ticketed))
    container = Container(settings=settings, tickets=providers.Object(Tickets(duties.queues, settings.notified)))
    published = _publishing(container)
    async with opened(container, duties) as service, AsyncExitStack() as background:
        await background.enter_async_context(published)
        for work in _background(container, service, duties):
            await background.enter_async_context(work)
        if settings.grpc and Role.GRPC in duties.roles:
            from tangency.adapters.grpc import server

            address = await background.enter_async_context(server.serving(settings, service))
            if announce is not None:
                announce(address)
        yield service


def _background(container: Container, service: Service, duties: Duties) -> Iterator[AbstractAsyncContextManager[None]]:
    """What this process does besides answering, in the order in which it starts."""
    store, settings = container.store(), container.settings()
    if Role.WORKER in duties.roles:
        yield working(service.context)
        yield from _woken(settings, store, service.context.tickets)
    if duties.sweeps:
        yield sweeping(service.context)
    if Role.RELAY in duties.roles:
        yield Relay(store.outbox, container.publisher(), service.context.activity.signal).running()
        if settings.ticketed:
            yield Relay(store.tickets, container.ticketing(), lambda: None).running()
        yield keeping_up(service.context)
        yield removing_old_events(service.context)
    if Role.API in duties.roles and settings.pulsar_url:
        yield _requests(settings, service)


def _publishing(container: Container) -> AbstractAsyncContextManager[object]:
    """Events go to the broker that the settings name, from when this is entered: after the solvers were started."""
    if not container.settings().pulsar_url:
        return nullcontext()
    from tangency.adapters.pulsar.broker import Broker
    from tangency.adapters.pulsar.client import authentication_of
    from tangency.adapters.pulsar.publisher import PulsarPublisher
    from tangency.adapters.pulsar.tickets import PulsarTickets

    authentication_of(container.settings())  # a mistake in the settings ends the start, not the first event
    broker = Broker(container.settings())
    container.publisher.override(providers.Object(PulsarPublisher(broker)))
    container.ticketing.override(providers.Object(PulsarTickets(broker)))
    return broker.looked_after()


def _woken(settings: Settings, store: Store, tickets: Tickets) -> Iterator[AbstractAsyncContextManager[None]]:
    """How workers hear that an order waits: from the broker, one subscription per queue, or from the database."""
    if not settings.ticketed:
        yield store.hearing(tickets.heard)
        return
    from tangency.adapters.pulsar.tickets import reading

    for queue in tickets.queues:
        yield reading(settings, queue, tickets.offer)


def _requests(settings: Settings, service: Service) -> AbstractAsyncContextManager[None]:
    """Requests that arrive as messages of the broker."""
    from tangency.adapters.pulsar.client import REQUESTS
    from tangency.adapters.pulsar.requests import Requests
    from tangency.adapters.pulsar.subscription import Subscription

    return Subscription(settings, REQUESTS, Requests(service).take).running()
