"""Idempotency keys: a repeated call with the same key returns what the first one created."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tangency.application.backlog import Announcing
from tangency.application.context import Context
from tangency.application.message import Result
from tangency.domain.idempotency import Key
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Creating(Announcing[Result]):
    """A command that creates and stores something.

    Attributes:
        key: chosen by the client; None if it gives no key.
    """

    key: Key | None = None


Command = TypeVar("Command", bound=Creating[Any])
Make = Callable[[Command, Context], Awaitable[Result]]
Again = Callable[[str, Context], Awaitable[Result]]


class AlreadyMade(Exception):
    """Another process has created something under the key meanwhile; the transaction is rolled back."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(subject)


async def once(command: Command, make: Make[Command, Result], again: Again[Result], context: Context) -> Result:
    """Carry out a command, or return what an earlier call with its key has created.

    Args:
        command: with or without a key.
        make: carries it out, and claims the key within its transaction.
        again: reads what was created, as it was then.
        context: the ports.

    Raises:
        KeyReused: the key came with another request before.
    """
    key = command.key
    if key is None:
        return await make(command, context)
    async with context.key_locks.of(key):
        subject = await context.keys.made(key)
        if subject is None:
            try:
                return await make(command, context)
            except AlreadyMade as made:
                subject = made.subject
        return await again(subject, context)


async def claim(unit: UnitOfWork, key: Key | None, subject: str, at: datetime) -> None:
    """Claim a key for what is being created. Call it first in the transaction.

    Raises:
        AlreadyMade: another process has claimed it meanwhile.
        KeyReused: the key came with another request before.
    """
    if key is None:
        return
    owner = await unit.keys.claim(key, subject, at)
    if owner != subject:
        raise AlreadyMade(owner)
