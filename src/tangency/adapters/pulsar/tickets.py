"""Tickets: that an order waits, to one of the processes that take orders of its queue. A ticket is its id alone.

Each goes by itself and to a topic without partitions: a batch would go whole to one process, and so would what lies in
a partition that it was given. One that comes twice, or late, or not at all does no harm: the truth is with the order.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from tangency.adapters.pulsar.broker import Broker
from tangency.adapters.pulsar.client import TICKETS
from tangency.adapters.pulsar.sending import Outgoing, send_all
from tangency.adapters.pulsar.subscription import Received, Subscription, Verdict
from tangency.adapters.settings import Settings
from tangency.domain.errors import NotFound
from tangency.domain.event import Dispatch, Event
from tangency.domain.optimization.identity import identity_of

ONE = 1
"""A process takes one ticket at a time along: the next is for whoever is free first."""

Offer = Callable[[UUID], Awaitable[None]]

log = logging.getLogger("tangency.pulsar")


class PulsarTickets:
    """Sends tickets through a broker's connection. Their type says which topic, their subject which order."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        """Send all of them without waiting in between, then wait for the answer to each."""
        outgoing = [Outgoing(event.type, event.subject.encode()) for event in events]
        outcomes = await self._broker.run(lambda: send_all(self._broker, outgoing))
        for place, outcome in enumerate(outcomes):
            if outcome != "Ok":
                return Dispatch(place, delay=outcome)
        return Dispatch(len(outcomes))


def reading(settings: Settings, queue: str, offer: Offer) -> AbstractAsyncContextManager[None]:
    """Receive the tickets of a queue, for as long as this lasts.

    Args:
        settings: which broker.
        queue: ``light`` or ``heavy``.
        offer: waits until somebody is free for an order, and tells them; then the ticket has done its work.
    """

    async def bring(message: Received) -> Verdict:
        try:
            order = identity_of(message.data.decode("ascii", "replace"))
        except NotFound as error:
            log.warning("a ticket is for nothing: %s", error)
        else:
            await offer(order)
        return Verdict.DONE

    return Subscription(settings, TICKETS[queue], bring, prefetched=ONE).running()
