"""Those who carry orders out, and what waits for them: what operators look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tangency.domain.optimization.queue import Queue


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that carries orders out, as it says itself.

    Attributes:
        slots: orders that it carries out at once.
        busy: how many of its slots have one now; what it has yet to keep the end of is none of these.
        draining: whether it takes no more, because it is about to end.
        pace: how much longer its orders take than their shape lets expect.
        seen_at: its last sign of life.
    """

    id: UUID
    host: str
    process: int
    version: str
    queues: tuple[Queue, ...]
    slots: int
    busy: int
    draining: bool
    pace: float
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue.

    Attributes:
        oldest_at: when the oldest of those that wait was accepted; None where none waits.
    """

    queue: Queue
    waiting: int
    running: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lease:
    """An order that somebody works on.

    Attributes:
        worker: who says so; None where it is not known.
        until: without another sign of life, it is taken from them then.
    """

    order: UUID
    queue: Queue
    worker: UUID | None
    attempt: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be published.

    Attributes:
        events: that wait.
        oldest_at: when the oldest of them happened.
        refused: those that no broker takes.
        tickets: that wait.
    """

    events: int
    oldest_at: datetime | None
    refused: int
    tickets: int


@dataclass(frozen=True, slots=True)
class FleetState:
    """Everything at one moment."""

    queues: Sequence[QueueState]
    leases: Sequence[Lease]
    backlog: Backlog
    workers: Sequence[Worker]


@dataclass(frozen=True, slots=True)
class Load:
    """What a new order meets.

    Attributes:
        open: orders of its queue that have not ended.
        ahead_s: seconds that they are estimated at, all together.
        slots: of those who take orders of that queue, and gave a sign of life lately; 0 where nobody does.
        pace: of theirs, on average; 1 where nobody is there.
    """

    open: int
    ahead_s: float
    slots: int
    pace: float


class FleetReader(Protocol):
    """The read side."""

    async def fleet(self) -> FleetState:
        """Everything."""

    async def workers(self, since: datetime) -> Sequence[Worker]:
        """Those that were seen since."""

    async def load(self, queue: Queue, since: datetime) -> Load:
        """What a new order meets, from workers that were seen since."""


class FleetRepository(Protocol):
    """Workers, within one transaction."""

    async def seen(self, worker: Worker) -> None:
        """Keep what it says."""

    async def left(self, worker: UUID) -> None:
        """Forget it."""

    async def forget(self, before: datetime) -> None:
        """Forget those that gave no sign of life since."""
