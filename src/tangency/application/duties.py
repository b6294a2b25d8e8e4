"""What one process of the service does: several processes may share the work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tangency.domain.optimization.queue import EVERY_QUEUE, Queue


class Role(StrEnum):
    """A part of the work that a process may take on."""

    API = "api"
    GRPC = "grpc"
    RELAY = "relay"
    WORKER = "worker"


EVERY_ROLE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Duties:
    """What a process does.

    Attributes:
        roles: which parts of the work it does.
        queues: which queues it takes orders from, as a worker.
    """

    roles: frozenset[Role] = EVERY_ROLE
    queues: tuple[Queue, ...] = EVERY_QUEUE

    @property
    def solves(self) -> bool:
        """Whether it needs solver processes: for orders, or for clients that wait."""
        return self.roles != {Role.RELAY}

    @property
    def answers(self) -> bool:
        """Whether clients wait for what it solves."""
        return not self.roles.isdisjoint({Role.API, Role.GRPC})

    def connections(self, ticketed: bool) -> int:
        """How many it needs to a server of a database, at least: those that it holds, and those of one thing at a time.

        The relay holds one for events, and one for tickets where a broker brings them; without a broker a worker holds
        one to hear of them. Looking after the series takes two at once, anything else one.
        """
        relays, works = Role.RELAY in self.roles, Role.WORKER in self.roles
        return (1 + ticketed + 2 if relays else 1) + (works and not ticketed)

    @property
    def sweeps(self) -> bool:
        """Whether it recovers what lost processes leave behind, when no other process does."""
        return not self.roles.isdisjoint({Role.RELAY, Role.WORKER})


EVERYTHING = Duties()
