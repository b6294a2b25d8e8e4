"""Wake-ups: a ticket says that an order waits, and nothing else. The truth is with the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Ticket:
    """That an order waits.

    One that comes twice, or late, or not at all does no harm: the order is claimed once, and whoever has nothing to do
    looks for orders anyway.

    Attributes:
        order: which.
        queue: where it waits: ``light`` or ``heavy``.
    """

    order: UUID
    queue: str


class TicketSender(Protocol):
    """Brings tickets to those who carry orders out."""

    async def send(self, tickets: Sequence[Ticket]) -> int:
        """Send them, and wait for all: so many from the beginning were taken. Nothing is raised; the others wait."""
