"""The relay: publishes what waits in the outbox, in its order, one relay at a time."""

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
"""Events that are on their way to the broker at the same time."""
LOOK_S = 1.0
"""How often a relay that hears nothing looks by itself, and how often one without the right asks for it."""
DELAY_S = 0.5
"""Before what could not be published is tried again; whoever publishes has waited for an answer already."""

GRACE_S = 5.0
"""For the batch that is under way when the relay is stopped."""

log = logging.getLogger("tangency.relay")


@dataclass(frozen=True, slots=True)
class Relay:
    """Carries events from the outbox to a publisher.

    Attributes:
        outbox: where events wait.
        publisher: tells others.
        published: called after each batch that was settled, to wake those in this process who read by position.
    """

    outbox: Outbox
    publisher: EventPublisher
    published: Callable[[], None]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At work until the end of the context. What it leaves waiting, another relay or the next start publishes."""
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
        """One batch, or a look around where nothing waits. Who is stopped over a batch ends it where it can."""
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
        """Publish a batch and settle it: what it settled, which is everything that it found where nothing is wrong.

        Between the two anything may end; then those events are published again, under their ids.
        """
        events = await turn.waiting(BATCH)
        if not events:
            return 0
        dispatch = await self.publisher.publish(events)
        for event_id, reason in dispatch.refused.items():
            log.error("event %s is set aside, nobody takes it: %s", event_id, reason)
        if dispatch.done:
            await turn.settle(events[: dispatch.done], dispatch.refused)
            self.published()
        if dispatch.delay:
            await asyncio.sleep(DELAY_S)
        return len(events)
