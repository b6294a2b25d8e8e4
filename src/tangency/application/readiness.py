"""Whether the service can do its work now."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.application.context import Context
from tangency.application.message import Message


@dataclass(frozen=True, slots=True)
class CheckReadiness(Message[None]):
    """Whether what is asked now can be answered and kept."""


async def check_readiness(_query: CheckReadiness, context: Context) -> None:
    """Ask the store.

    Raises:
        StoreUnavailable: it does not answer.
    """
    await context.store.check()
