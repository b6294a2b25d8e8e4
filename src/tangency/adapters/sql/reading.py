"""Reading: a transaction for each question, asked again where the database was interrupted, which harms nobody."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tangency.adapters.sql.engine import readers_of
from tangency.adapters.sql.failures import Interrupted, translated

Asked = ParamSpec("Asked")
Result = TypeVar("Result")

PAUSES_S = (0.05, 0.2, 0.8)
"""At most, before work is done again: two that were in each other's way must not meet a second time."""

log = logging.getLogger("tangency.database")


class Reader:
    """Answers what a tenant asks.

    Args:
        patience_s: how long an answer may take; None for as long as it likes.
    """

    def __init__(self, engine: AsyncEngine, tenant: str, patience_s: float | None = None) -> None:
        self._engine, self._tenant, self._patience_s = readers_of(engine), tenant, patience_s

    async def read(
        self,
        query: Callable[Concatenate[AsyncSession, str, Asked], Awaitable[Result]],
        *asked: Asked.args,
        **named: Asked.kwargs,
    ) -> Result:
        """What a query finds of the tenant's.

        Raises:
            StoreUnavailable: the database does not answer.
        """

        async def once() -> Result:
            async with translated(self._patience_s), AsyncSession(self._engine) as session:
                return await query(session, self._tenant, *asked, **named)

        return await again_where_interrupted(once)


async def again_where_interrupted(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do work; again, a few times, where the database was interrupted before it was done.

    Raises:
        Interrupted: it is every time.
    """
    for pause in PAUSES_S:
        try:
            return await work()
        except Interrupted as interrupted:
            log.info("done again: %s", interrupted)
            await asyncio.sleep(random.uniform(0.0, pause))  # noqa: S311 - spread, not secret
    return await work()
