"""The outbox: events that wait to be published, and the right to publish them, which one process has at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from tangency.adapters.sql.engine import readers_of
from tangency.adapters.sql.events import CHANNEL, event_of
from tangency.adapters.sql.failures import listening, translated
from tangency.adapters.sql.locks import UNTIL_CLOSED, lock_number
from tangency.adapters.sql.reading import Reader
from tangency.adapters.sql.schema import OutboxEvent
from tangency.adapters.sql.statements import table_of
from tangency.adapters.sql.units import SqlUnitsOfWork
from tangency.domain.event import Event

WAITS = (OutboxEvent.position.is_(None), OutboxEvent.refused.is_(None))


class SqlOutbox:
    """The outbox of one tenant.

    On PostgreSQL the right to publish is a lock that a connection of its own holds, and settling goes through that very
    connection: who lost the lock with its connection cannot settle what another publishes by now. In the embedded
    database the relay of its process is the only one.

    Attributes:
        work: what is published under the lock.
        channel: what the server notifies of when there is more.
    """

    work, channel = "relay", CHANNEL

    def __init__(self, units: SqlUnitsOfWork) -> None:
        self._units, self._engine, self._tenant = units, units.engine, units.tenant
        self._readers = readers_of(units.engine)
        self._reader = Reader(units.engine, units.tenant, units.patience_s)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[SqlTurn | None]:
        """The right to publish; None if another process has it."""
        async with translated():
            if self._engine.dialect.name != "postgresql":
                yield SqlTurn(self)
                return
            async with self._engine.connect() as connection:
                try:
                    held = await connection.scalar(UNTIL_CLOSED, {"lock": lock_number(self.work, self._tenant)})
                    await connection.execute(text(f"LISTEN {self.channel}"))
                    await connection.commit()
                    yield SqlTurn(self, connection) if held else None
                finally:
                    await _let_go(connection)

    async def holds(self, count: int) -> bool:
        """Whether at least so many events wait."""
        return await self._reader.read(_holds, count)

    async def waiting(self, most: int) -> Sequence[Event]:
        """Events that wait, by number."""
        query = select(OutboxEvent).where(OutboxEvent.tenant == self._tenant, *WAITS)
        async with translated(), AsyncSession(self._readers) as session:
            rows = await session.scalars(query.order_by(OutboxEvent.number).limit(most))
            return [event_of(row) for row in rows]

    async def settle(self, connection: AsyncConnection, settled: Sequence[Event], refused: Mapping[str, str]) -> None:
        """Within a transaction of a connection."""
        ours = OutboxEvent.tenant == self._tenant
        position = await connection.scalar(select(func.max(OutboxEvent.position)).where(ours)) or 0
        fates: list[dict[str, Any]] = []
        for event in settled:
            reason = refused.get(event.event_id)
            position += reason is None
            fates.append({"which": event.event_id, "at": None if reason else position, "why": reason})
        change = update(table_of(OutboxEvent)).where(ours, OutboxEvent.event_id == bindparam("which"), *WAITS)
        given = {"position": bindparam("at"), "refused": bindparam("why"), "settled_at": self._units.now()}
        await connection.execute(change.values(**given), fates)

    async def news(self, within_s: float) -> None:
        """Wait until this process keeps an event, or for so long; for ever where commits publish what they keep."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._units.news.wait(), within_s if self._units.bus is None else None)
        self._units.news.clear()

    @asynccontextmanager
    async def writing(self, own: AsyncConnection | None) -> AsyncIterator[AsyncConnection]:
        """A transaction on a connection; on one of the pool, after those who wait to write, where none is given."""
        if own is not None:
            async with translated(), own.begin():
                yield own
            return
        turn: AbstractAsyncContextManager[Any] = self._units.turn or nullcontext()
        async with turn, translated(), self._engine.begin() as connection:
            yield connection


async def _holds(session: AsyncSession, tenant: str, count: int) -> bool:
    query = select(OutboxEvent.number).where(OutboxEvent.tenant == tenant, *WAITS)
    return await session.scalar(query.order_by(OutboxEvent.number).offset(count - 1).limit(1)) is not None


class SqlTurn:
    """The right to publish."""

    def __init__(self, outbox: SqlOutbox, own: AsyncConnection | None = None) -> None:
        self._outbox, self._own = outbox, own

    async def waiting(self, most: int) -> Sequence[Event]:
        """Events that are not published yet."""
        return await self._outbox.waiting(most)

    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        """Number the published events, and record the reason of the refused ones."""
        async with self._outbox.writing(self._own) as connection:
            await self._outbox.settle(connection, events, refused)

    async def heard(self, within_s: float) -> None:
        """Wait for a notification of PostgreSQL; with SQLite, for a commit of this process."""
        if self._own is None:
            await self._outbox.news(within_s)
            return
        async with translated(), listening():
            driver: Any = (await self._own.get_raw_connection()).driver_connection
            await self._own.commit()
            async for _ in driver.notifies(timeout=within_s, stop_after=1):
                return


async def _let_go(connection: AsyncConnection) -> None:
    """Release the right to publish. If the connection is broken, the server releases it when it notices."""
    with suppress(DBAPIError):
        await connection.rollback()
        await connection.execute(text("SELECT pg_advisory_unlock_all()"))
        await connection.commit()
    await connection.invalidate()  # closed rather than given back to the pool, with what it listened for
