"""Wake-ups: somebody says that an order waits. Whatever is missed, a look at the database finds a second later."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID

from tangency.domain.optimization.queue import EVERY_QUEUE, Queue


class Tickets:
    """Where those who bring tickets meet the slots of this process that are free.

    Attributes:
        queues: whose orders this process carries out.
        missed: whether an order may wait that nobody here was free for; then a slot looks before it waits.
    """

    def __init__(self, queues: tuple[Queue, ...] = EVERY_QUEUE) -> None:
        self.queues, self.missed = queues, True
        self._free: deque[asyncio.Future[UUID]] = deque()
        self._room = asyncio.Event()

    def came(self, queue: Queue, order: UUID) -> None:
        """A ticket that goes to a slot that is free, or to nobody."""
        if queue in self.queues and not self._given(order):
            self.missed = True

    async def offer(self, order: UUID) -> None:
        """A ticket that waits for a slot to be free, and meanwhile out of reach of other processes."""
        while not self._given(order):
            self._room.clear()
            await self._room.wait()

    async def next(self, within_s: float) -> UUID | None:
        """The next ticket for a slot that is free; None where none comes in time."""
        waiting: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()
        self._free.append(waiting)
        self._room.set()
        try:
            await asyncio.wait([waiting], timeout=within_s)
        finally:
            waiting.cancel()
        return None if waiting.cancelled() else waiting.result()

    def close(self) -> None:
        """Nobody waits any more."""
        while self._free:
            self._free.popleft().cancel()

    def _given(self, order: UUID) -> bool:
        while self._free:
            slot = self._free.popleft()
            if not slot.done():
                slot.set_result(order)
                return True
        return False
