"""Events, the outbox and the ports for publishing (transactional outbox).

An event is stored in the transaction of the change that it reports. A relay, one at a time, takes the events that wait,
in order, hands them to a publisher, and numbers each once it is published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tangency.domain.clock import IdGenerator
from tangency.domain.trace import TraceContext


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for others to know.

    Attributes:
        type: such as ``optimization_completed``.
        subject: what it happened to.
        payload: the published document: ``event_id``, ``timestamp``, and the content under the event's type.
        position: in the order of publication, without gaps; 0 until it is published.
        sequence: among the events of its portfolio, from 1; 0 until it is stored. An event that the broker refuses
            leaves a gap.
        trace: of the request that caused it; None if that named none.
    """

    type: str
    subject: str
    at: datetime
    payload: Mapping[str, Any]
    position: int = 0
    sequence: int = 0
    trace: TraceContext | None = None

    @property
    def event_id(self) -> str:
        """Its identity, the same however often it is delivered."""
        return str(self.payload["event_id"])

    @property
    def portfolio_id(self) -> str:
        """The portfolio that it is about; empty if there is none. Events of one portfolio stay in order."""
        return str(self.payload[self.type].get("portfolio_id") or "")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What became of a batch of events.

    Attributes:
        done: how many, from the beginning, are settled: published, or refused for good.
        refused: the reason by event id, for those that were refused.
        delay: why the next one could not be published yet; empty if all are settled.
    """

    done: int
    refused: Mapping[str, str] = field(default_factory=dict)
    delay: str = ""


class EventPublisher(Protocol):
    """Publishes events."""

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        """Publish a batch in order, and wait for the result. Raises nothing: the relay repeats what fails."""


class EventRepository(Protocol):
    """Events, within one transaction."""

    async def add(self, event: Event) -> None:
        """Store an event for publication, with its own trace or the unit's. A known ``event_id`` changes nothing."""

    async def forget(self, before: datetime, most: int) -> int:
        """Remove at most so many events published before a moment, oldest first, and return how many were removed.

        The newest event of each portfolio and the newest of all stay: later events are numbered from there.
        """


class EventReader(Protocol):
    """The read side of events."""

    async def events(self, after: int, limit: int) -> Sequence[Event]:
        """Published events after a position, in order."""

    async def last_position(self) -> int:
        """The position of the newest published event; 0 if there is none."""


class OutboxTurn(Protocol):
    """The exclusive right to publish, while it is held."""

    async def waiting(self, most: int) -> Sequence[Event]:
        """Events that are not published yet; those of one portfolio in order."""

    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        """Number the published events, and set the refused ones aside with the reason.

        Raises:
            StoreUnavailable: the database failed. These events will be published again, perhaps by another relay.
        """

    async def heard(self, within_s: float) -> None:
        """Wait until an event is stored, at most ``within_s`` seconds."""


class Outbox(Protocol):
    """The events that wait to be published."""

    def turn(self) -> AbstractAsyncContextManager[OutboxTurn | None]:
        """The right to publish; None if another process has it."""

    async def holds(self, count: int) -> bool:
        """Whether at least so many events wait."""


def announcement(kind: str, subject: str, at: datetime, ids: IdGenerator, told: Mapping[str, Any]) -> Event:
    """A new event; its content is under the name of its kind."""
    return Event(kind, subject, at, {"event_id": str(ids.new()), "timestamp": stamp(at), kind: dict(told)})


def stamp(at: datetime) -> str:
    """A moment as events write it: UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
