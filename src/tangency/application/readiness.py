"""Whether the service can do its work now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.domain.errors import BrokerUnavailable


class Readiness(StrEnum):
    """How well the service can do its work."""

    READY = "ready"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class CheckReadiness(Message[Readiness]):
    """Whether what is asked now can be answered and kept."""


async def check_readiness(_query: CheckReadiness, context: Context) -> Readiness:
    """Ask the store, and whether the broker was there the last time: without it events wait, and that is all.

    Raises:
        StoreUnavailable: the store does not answer, or has no room.
    """
    await context.store.check()
    try:
        await context.broker.check()
    except BrokerUnavailable:
        return Readiness.DEGRADED
    return Readiness.READY
