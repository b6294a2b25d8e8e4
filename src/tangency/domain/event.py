"""What others want to know: something that happened, written down in the transaction of what it tells.

Whoever wrote it does not send it. A relay, one at a time, takes what waits in its order, hands it to a publisher, and
gives each event its position once it is published.
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
    """Something that others want to know.

    Attributes:
        type: such as ``optimization_completed``.
        subject: what it happened to.
        payload: the document as it is published: ``event_id``, ``timestamp``, and what it tells under its type.
        position: in the order of publication, without gaps; 0 until it is published.
        sequence: among the events of its portfolio, from 1; 0 until it is kept. An event that no broker takes leaves a
            gap.
        trace: of the request that it came of; None where that named none, or this is not known yet.
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
        """Its identity: however often it is delivered, it is the same."""
        return str(self.payload["event_id"])

    @property
    def portfolio_id(self) -> str:
        """The portfolio that it is about, within which events keep their order; empty where there is none."""
        return str(self.payload[self.type].get("portfolio_id") or "")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What became of a batch that was handed to a publisher.

    Attributes:
        done: so many from its beginning are settled: published, or refused for good.
        refused: why, by event id, for those among them that were refused.
        delay: why the next one could not be published now; empty where all are settled.
    """

    done: int
    refused: Mapping[str, str] = field(default_factory=dict)
    delay: str = ""


class EventPublisher(Protocol):
    """Tells others."""

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        """Publish a batch in its order and wait for all of it. Nothing is raised: what fails is tried again."""


class EventRepository(Protocol):
    """Events, within one transaction."""

    async def add(self, event: Event) -> None:
        """Keep it, to be published, in its own trace or that of the unit; one that is kept already stays as it is."""

    async def forget(self, before: datetime, most: int) -> int:
        """Remove so many of those that were published before a moment, oldest first; gives how many those were.

        The newest of each portfolio stays, and the newest of all: those after them are numbered from there.
        """


class EventReader(Protocol):
    """The read side of events."""

    async def events(self, after: int, limit: int) -> Sequence[Event]:
        """Those that were published, in the order of their positions."""

    async def last_position(self) -> int:
        """Of the newest that was published; 0 where there is none."""


class OutboxTurn(Protocol):
    """The right to publish, for as long as one holds it."""

    async def waiting(self, most: int) -> Sequence[Event]:
        """What was kept and is not published yet, in an order that keeps that of each portfolio."""

    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        """Give those that were published the next positions, and set those that were refused aside with the reason.

        Raises:
            StoreUnavailable: the database failed; whatever was published will be again. Somebody else may have the
                right by now.
        """

    async def heard(self, within_s: float) -> None:
        """Wait until somebody keeps an event, or for so long."""


class Outbox(Protocol):
    """Where events wait."""

    def turn(self) -> AbstractAsyncContextManager[OutboxTurn | None]:
        """The right to publish; None where another has it."""

    async def holds(self, count: int) -> bool:
        """Whether so many events wait, or more."""


def announcement(kind: str, subject: str, at: datetime, ids: IdGenerator, told: Mapping[str, Any]) -> Event:
    """The event of a kind: what it tells stands under the kind's own name."""
    return Event(kind, subject, at, {"event_id": str(ids.new()), "timestamp": stamp(at), kind: dict(told)})


def stamp(at: datetime) -> str:
    """A moment as events write it: UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
