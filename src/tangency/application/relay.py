"""The relay publishes the events in the outbox, in order. One relay works at a time; others stand by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tangency.application.background import in_background
from tangency.domain.errors import StoreUnavailable
from tangency.domain.event import EventPublisher, Outbox, OutboxTurn

BATCH = 200
"""Events that are sent to the broker at the same time."""
LOOK_S = 1.0
"""How often an idle relay looks for events, and how often one on standby tries to take over."""
DELAY_S = 0.5
"""Pause before events that could not be published are sent again; the publisher has already waited for an answer."""

GRACE_S = 5.0
"""For the current batch, when the relay is stopped."""

log = logging.getLogger("tangency.relay")


@dataclass(frozen=True, slots=True)
class Relay:
    """Carries events from the outbox to a publisher.

    Attributes:
        outbox: where events wait.
        publisher: where they go.
        published: called after each settled batch, to wake readers of events in this process.
    """

    outbox: Outbox
    publisher: EventPublisher
    published: Callable[[], None]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the context ends. Events that still wait are for another relay, or the next start."""
        async with in_background(self._work()):
            yield

    async def _work(self) -> None:
        while True:
            try:
                async with self.outbox.turn() as turn:
                    while turn is not None:
                        await self._next(turn)
            except StoreUnavailable as error:
                log.warning("events have to wait: %s", error)
            except Exception:
                log.exception("the relay failed and begins again")
            await asyncio.sleep(LOOK_S)

    async def _next(self, turn: OutboxTurn) -> None:
        """Publish one batch, or wait for events if there are none. A relay that is stopped first finishes its batch."""
        batch = asyncio.ensure_future(self.publish(turn))
        try:
            found = await asyncio.shield(batch)
        except asyncio.CancelledError:
            await asyncio.wait([batch], timeout=GRACE_S)
            batch.cancel()
            raise
        if not found:
            await turn.heard(LOOK_S)

    async def publish(self, turn: OutboxTurn) -> int:
        """Publish a batch and mark it as published; return how many events the batch had.

        A crash between the two steps means that its events are published again, under the same ids.
        """
        events = await turn.waiting(BATCH)
        if not events:
            return 0
        dispatch = await self.publisher.publish(events)
        for event_id, reason in dispatch.refused.items():
            log.error("event %s is set aside, the broker refuses it: %s", event_id, reason)
        if dispatch.done:
            await turn.settle(events[: dispatch.done], dispatch.refused)
            self.published()
        if dispatch.delay:
            await asyncio.sleep(DELAY_S)
        return len(events)
