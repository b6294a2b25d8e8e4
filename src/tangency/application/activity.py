"""What this process is doing: the orders it works on, and a signal for those who wait for a change."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

WEIGHT_OF_THE_LAST = 0.2
"""How much the newest order counts in the pace: a few orders are enough to follow a machine that slows down."""


class Activity:
    """The orders that this process works on, and a signal that something changed.

    Nothing here is needed for correctness: whoever misses a signal reads the change from the database a moment later.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self.worker = uuid4()
        """The id under which this process takes orders."""
        self.draining = False
        """True once the process is told to end: it finishes its orders and takes no more."""
        self.pace = 1.0
        """Time taken over time estimated, smoothed over recent orders; 1 where the estimates are right."""

    def listen(self) -> asyncio.Event:
        """The event that the next signal sets. Take it before reading, so that no change after the read is missed."""
        return self._changed

    def signal(self) -> None:
        """Wake everybody who listens."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @property
    def busy(self) -> int:
        """How many orders are being worked on."""
        return len(self._under_way)

    def begin(self, order: UUID, solving: asyncio.Task[None]) -> None:
        """Remember the task that works on an order until it is done."""
        self._under_way[order] = solving
        solving.add_done_callback(lambda _: self._under_way.pop(order, None))

    def stop(self, order: UUID) -> None:
        """Cancel the work on an order, if it is done here."""
        solving = self._under_way.get(order)
        if solving is not None:
            solving.cancel()

    def learn(self, expected_s: float, taken_s: float) -> None:
        """Move the pace towards the newest order; a ratio of 10 and one of 1/10 cancel each other."""
        last = max(0.1, min(taken_s / expected_s, 100.0))
        self.pace *= (last / self.pace) ** WEIGHT_OF_THE_LAST


async def heard(changed: asyncio.Event, within_s: float) -> None:
    """Wait for the signal, at most ``within_s`` seconds."""
    try:
        async with asyncio.timeout(within_s):
            await changed.wait()
    except TimeoutError:
        return
