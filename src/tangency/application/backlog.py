"""How much may wait for the broker, and what adds to it."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.application.context import Context
from tangency.application.message import Message, Result
from tangency.domain.errors import OutboxFull

RETRY_AFTER_S = 5.0
"""A relay that can publish again takes less for what a client sends meanwhile."""


@dataclass(frozen=True, slots=True)
class Telling(Message[Result]):
    """A command that makes something which others are told of."""


async def refuse_where_the_outbox_is_full(context: Context) -> None:
    """Before anything is made whose events would wait too.

    Raises:
        OutboxFull: as many events wait as may.
    """
    limit = context.outbox_limit
    if limit and await context.outbox.holds(limit):
        raise OutboxFull(f"{limit:,} events wait for the broker, which does not take them.", RETRY_AFTER_S)
