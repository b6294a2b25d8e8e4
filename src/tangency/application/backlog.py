"""Limiting the events that wait for the broker."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.application.context import Context
from tangency.application.message import Message, Result
from tangency.domain.errors import OutboxFull

RETRY_AFTER_S = 5.0
"""Long enough for a relay that can publish again to catch up."""


@dataclass(frozen=True, slots=True)
class Announcing(Message[Result]):
    """A command that causes an event."""


async def refuse_where_the_outbox_is_full(context: Context) -> None:
    """Refuse a command whose events would have to wait behind too many others.

    Raises:
        OutboxFull: as many events wait as the operator allows.
    """
    limit = context.outbox_limit
    if limit and await context.outbox.holds(limit):
        raise OutboxFull(f"{limit:,} events wait for the broker, which does not take them.", RETRY_AFTER_S)
