"""Wake-ups: somebody says that an order waits. Whatever is missed, a look at the database finds a second later."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from tangency.domain.optimization.queue import EVERY_QUEUE, Queue

APART_S = 0.01
"""What whoever has the first turn gets to claim an order, before the next one looks whether it still waits."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """That an order waits.

    Attributes:
        sure: whether nobody had a turn before.
    """

    order: UUID
    sure: bool = True


class Tickets:
    """Where those who bring tickets meet the slots of this process that are free.

    Attributes:
        queues: whose orders this process carries out.
        shared: whether every worker hears of every ticket, and takes turns with its fellows.
        missed: whether an order may wait that nobody here was free for; then a slot looks before it waits.
        own: who this process is among those that hear of every ticket, and ``fellows`` all of them.
    """

    own: UUID | None = None
    fellows: Iterable[UUID] = ()

    def __init__(self, queues: tuple[Queue, ...] = EVERY_QUEUE, shared: bool = False) -> None:
        self.queues, self.shared, self.missed = queues, shared, True
        self._free: deque[asyncio.Future[Ticket]] = deque()
        self._room, self._closed, self._looked = asyncio.Event(), False, -math.inf

    def came(self, queue: Queue, order: UUID, sure: bool = True) -> None:
        """A ticket that goes to a slot that is free, or to nobody."""
        if queue in self.queues and not self._given(Ticket(order, sure)):
            self.missed = True

    def heard(self, queue: Queue, order: UUID) -> None:
        """A ticket that others hear of too: one of them claims the order, and nobody else need ask for it."""
        turn = self.turn(order)
        if turn == 0:
            self.came(queue, order)
        else:
            asyncio.get_running_loop().call_later(turn * APART_S, self.came, queue, order, False)

    def turn(self, order: UUID) -> int:
        """How many come before this process with an order: for each order others, so that none is always first."""
        if self.own is None:
            return 0
        own = _lot(self.own, order)
        return sum(_lot(each, order) < own for each in self.fellows)

    async def offer(self, order: UUID) -> None:
        """A ticket that waits for a slot to be free, and meanwhile out of reach of other processes."""
        while not self._given(Ticket(order)):
            self._room.clear()
            await self._room.wait()

    async def next(self, within_s: float) -> Ticket | None:
        """The next ticket for a slot that is free; None where none comes in time, or this is closed."""
        if self._closed:
            return None
        waiting: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        self._free.append(waiting)
        self._room.set()
        try:
            await asyncio.wait([waiting], timeout=within_s)
        finally:
            waiting.cancel()
        return None if waiting.cancelled() else waiting.result()

    def looks(self, now: float, apart_s: float) -> bool:
        """Whether a slot that hears nothing is to look by itself: not if another of this process has just done so."""
        if now - self._looked < apart_s:
            return False
        self._looked = now
        return True

    def close(self) -> None:
        """Nobody waits any more, or ever again."""
        self._closed = True
        while self._free:
            self._free.popleft().cancel()

    def _given(self, ticket: Ticket) -> bool:
        while self._free:
            slot = self._free.popleft()
            if not slot.done():
                slot.set_result(ticket)
                return True
        return False


def _lot(worker: UUID, order: UUID) -> bytes:
    return blake2b(worker.bytes + order.bytes, digest_size=8).digest()
