"""What orders and events share within one process: a signal that something changed, and who works on what."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

WEIGHT_OF_THE_LAST = 0.2
"""In the pace."""


class Bench:
    """A signal for whoever waits, and the solves under way.

    Both are conveniences of this process: whatever they miss, the database says a moment later.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self.worker = uuid4()
        """Who carries orders out here."""
        self.draining = False
        """Whether nothing more is taken, because the process is about to end."""
        self.pace = 1.0
        """How much longer orders take than their shape lets expect."""

    def listen(self) -> asyncio.Event:
        """To be taken before looking, so that what changes after the look is heard."""
        return self._changed

    def signal(self) -> None:
        """Something changed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @property
    def busy(self) -> int:
        """How many orders are being worked on."""
        return len(self._under_way)

    def begin(self, order: UUID, solving: asyncio.Task[None]) -> None:
        """Somebody works on an order."""
        self._under_way[order] = solving
        solving.add_done_callback(lambda _: self._under_way.pop(order, None))

    def stop(self, order: UUID) -> None:
        """Nobody wants the order any more."""
        solving = self._under_way.get(order)
        if solving is not None:
            solving.cancel()

    def learn(self, expected_s: float, taken_s: float) -> None:
        """Move the pace towards the last order, as a ratio: ten times as long weighs no more than a tenth."""
        last = max(0.1, min(taken_s / expected_s, 100.0))
        self.pace *= (last / self.pace) ** WEIGHT_OF_THE_LAST


async def heard(changed: asyncio.Event, within_s: float) -> None:
    """Wait for the signal, or for so long."""
    try:
        async with asyncio.timeout(within_s):
            await changed.wait()
    except TimeoutError:
        return
