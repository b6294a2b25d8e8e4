"""The bus of the embedded service: others in its own process are told, and those who read events by position."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from tangency.domain.event import Dispatch, Event

Listener = Callable[[Event], None]

log = logging.getLogger("tangency.bus")


class InProcessBus:
    """Hands every event to whoever listens, in order. A listener that fails misses the event; the others do not."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """From now on, be told. After a restart an event may come again, with the same id."""
        self._listeners.append(listener)

    async def check(self) -> None:
        """It is always there."""

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        """Tell all of them at once: nothing can delay it."""
        for event in events:
            for listener in self._listeners:
                _tell(listener, event)
        return Dispatch(len(events))


def _tell(listener: Listener, event: Event) -> None:
    try:
        listener(event)
    except Exception:
        log.exception("a listener failed over event %s", event.event_id)
