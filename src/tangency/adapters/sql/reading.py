"""Reading: one transaction per query, repeated if the database was interrupted."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import RowMapping, Select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tangency.adapters.sql.engine import readers_of
from tangency.adapters.sql.failures import Interrupted, translated
from tangency.adapters.sql.glance import Glance

Asked = ParamSpec("Asked")
Result = TypeVar("Result")

PAUSES_S = (0.05, 0.2, 0.8)
"""Longest pause before a repetition. It is random, so that two transactions in conflict do not meet again."""

log = logging.getLogger("tangency.database")


class Reader:
    """Runs the queries of a tenant.

    Args:
        patience_s: how long an answer may take; None for as long as it likes.
        glance: tells quickly that a row is not there, in an embedded database.
    """

    def __init__(
        self, engine: AsyncEngine, tenant: str, patience_s: float | None = None, glance: Glance | None = None
    ) -> None:
        self._engine, self._tenant, self._patience_s = readers_of(engine), tenant, patience_s
        self._glance = glance

    async def read(
        self,
        query: Callable[Concatenate[AsyncSession, str, Asked], Awaitable[Result]],
        *asked: Asked.args,
        **named: Asked.kwargs,
    ) -> Result:
        """The result of a query.

        Raises:
            StoreUnavailable: the database does not answer.
        """

        async def once() -> Result:
            async with translated(self._patience_s), AsyncSession(self._engine) as session:
                return await query(session, self._tenant, *asked, **named)

        return await again_where_interrupted(once)

    async def first(self, statement: Select[Any], values: Mapping[str, str]) -> RowMapping | None:
        """The first row of a statement that looks it up by an index; None where there is none.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        if self._glance is not None:
            with suppress(sqlite3.Error):  # somebody writes, or something is wrong: a session waits, or says what it is
                if not self._glance.finds(statement, values):
                    return None
        return await self.read(_first, statement, values)


async def _first(
    session: AsyncSession, _tenant: str, statement: Select[Any], values: Mapping[str, str]
) -> RowMapping | None:
    row: RowMapping | None = (await session.execute(statement, values)).mappings().first()
    return row


async def again_where_interrupted(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do work, and repeat it a few times if the database was interrupted before it was done.

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
