"""Whether the service can answer requests and store the answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.domain.errors import BrokerUnavailable


class Readiness(StrEnum):
    """How much of its work the service can do."""

    READY = "ready"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class CheckReadiness(Message[Readiness]):
    """Whether answers can be given and stored now."""


async def check_readiness(_query: CheckReadiness, context: Context) -> Readiness:
    """Check the database, and whether the broker was last reachable. Without a broker, events only have to wait.

    Raises:
        StoreUnavailable: the store does not answer, or has no room.
    """
    await context.store.check()
    try:
        await context.broker.check()
    except BrokerUnavailable:
        return Readiness.DEGRADED
    return Readiness.READY
