"""Doing once what is asked for again and again with the same key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tangency.application.backlog import Telling
from tangency.application.context import Context
from tangency.application.message import Result
from tangency.domain.idempotency import Key
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Creating(Telling[Result]):
    """A command that makes something which is kept.

    Attributes:
        key: of whoever calls; the same call with the same key is answered by what the first one made.
    """

    key: Key | None = None


Command = TypeVar("Command", bound=Creating[Any])
Make = Callable[[Command, Context], Awaitable[Result]]
Again = Callable[[str, Context], Awaitable[Result]]


class AlreadyMade(Exception):
    """Another call with the key was quicker; this one undoes what it began."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(subject)


async def once(command: Command, make: Make[Command, Result], again: Again[Result], context: Context) -> Result:
    """Make what a command says, or give what its key stands for already.

    Args:
        command: with or without a key.
        make: does it, and claims the key within its transaction.
        again: reads what was made, as it was when it was made.
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
    """Before anything else in a transaction: from now on the key stands for what is made here.

    Raises:
        AlreadyMade: it stands for something else, which another process made meanwhile.
        KeyReused: the key came with another request before.
    """
    if key is None:
        return
    owner = await unit.keys.claim(key, subject, at)
    if owner != subject:
        raise AlreadyMade(owner)
