"""Tickets wake workers: an order waits. A lost ticket does no harm, workers also look at the database every second."""

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
"""Head start for the worker whose turn it is, before the next one checks whether the order still waits."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """News that an order waits.

    Attributes:
        sure: whether this worker is the first to hear of it; otherwise another may have claimed the order.
    """

    order: UUID
    sure: bool = True


class Tickets:
    """Hands tickets to the free slots of this process.

    Attributes:
        queues: the queues that this process takes orders from.
        shared: whether every worker hears of every ticket; then they take turns.
        missed: whether a ticket found no free slot; then the next free slot reads the database before it waits.
        own: the id of this process among the workers that share tickets.
        fellows: the ids of all of those workers.
    """

    own: UUID | None = None
    fellows: Iterable[UUID] = ()

    def __init__(self, queues: tuple[Queue, ...] = EVERY_QUEUE, shared: bool = False) -> None:
        self.queues, self.shared, self.missed = queues, shared, True
        self._free: deque[asyncio.Future[Ticket]] = deque()
        self._room, self._closed, self._looked = asyncio.Event(), False, -math.inf

    def came(self, queue: Queue, order: UUID, sure: bool = True) -> None:
        """Give a ticket to a free slot; if there is none, remember that one was missed."""
        if queue in self.queues and not self._given(Ticket(order, sure)):
            self.missed = True

    def heard(self, queue: Queue, order: UUID) -> None:
        """Take a ticket that every worker hears of, when it is this worker's turn: not all ask the database at once."""
        turn = self.turn(order)
        if turn == 0:
            self.came(queue, order)
        else:
            asyncio.get_running_loop().call_later(turn * APART_S, self.came, queue, order, False)

    def turn(self, order: UUID) -> int:
        """How many workers come before this one. The order of turns differs from order to order."""
        if self.own is None:
            return 0
        own = _lot(self.own, order)
        return sum(_lot(each, order) < own for each in self.fellows)

    async def offer(self, order: UUID) -> None:
        """Give a ticket to a slot, waiting for one to be free. Meanwhile no other process gets it."""
        while not self._given(Ticket(order)):
            self._room.clear()
            await self._room.wait()

    async def next(self, within_s: float) -> Ticket | None:
        """The next ticket for a free slot; None if none comes within ``within_s`` seconds, or after :meth:`close`."""
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
        """Whether a slot without a ticket should read the database: not if another slot has just done so."""
        if now - self._looked < apart_s:
            return False
        self._looked = now
        return True

    def close(self) -> None:
        """Release every slot that waits, and let none wait again."""
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
