"""The state of the workers and queues, for operators."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.domain.optimization.fleet import FleetState


@dataclass(frozen=True, slots=True)
class ReadFleet(Message[FleetState]):
    """Queues, leases, the outbox and every worker."""


async def read_fleet(_query: ReadFleet, context: Context) -> FleetState:
    """Read it from the database; no worker is asked."""
    return await context.fleet.fleet()
