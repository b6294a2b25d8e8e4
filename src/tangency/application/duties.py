"""What one process of the service does; together its processes do everything."""

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
        roles: the doors it keeps and what it does beside them.
        queues: whose orders it carries out, where it is a worker.
    """

    roles: frozenset[Role] = EVERY_ROLE
    queues: tuple[Queue, ...] = EVERY_QUEUE

    @property
    def solves(self) -> bool:
        """Whether it needs solvers: for orders, or for whoever waits at a door."""
        return self.roles != {Role.RELAY}

    @property
    def answers(self) -> bool:
        """Whether somebody waits at a door for what it solves."""
        return not self.roles.isdisjoint({Role.API, Role.GRPC})

    @property
    def sweeps(self) -> bool:
        """Whether it looks after what lost processes leave behind, when no other does."""
        return not self.roles.isdisjoint({Role.RELAY, Role.WORKER})


EVERYTHING = Duties()
