"""Sending tickets to workers: through a broker, or as notifications of PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from tangency.adapters.sql.failures import listening, translated
from tangency.adapters.sql.outbox import SqlOutbox
from tangency.adapters.sql.schema import Ticket
from tangency.adapters.sql.tickets import CHANNEL
from tangency.application.background import in_background
from tangency.domain.errors import StoreUnavailable
from tangency.domain.event import Event
from tangency.domain.optimization.identity import identity_of
from tangency.domain.optimization.queue import Queue

AGAIN_S = 1.0
"""Pause before a lost connection is opened again."""

Came = Callable[[Queue, UUID], None]

log = logging.getLogger("tangency.database")


class TicketOutbox(SqlOutbox):
    """Tickets as the relay sees them: like events, each for the topic of its queue, and deleted once published."""

    work, channel = "tickets", CHANNEL

    async def waiting(self, most: int) -> Sequence[Event]:
        """What waits, by number."""
        query = select(Ticket).where(Ticket.tenant == self._tenant).order_by(Ticket.number).limit(most)
        async with translated(), AsyncSession(self._readers) as session:
            return [_told(row) for row in await session.scalars(query)]

    async def settle(self, connection: AsyncConnection, settled: Sequence[Event], refused: Mapping[str, str]) -> None:
        """Within a transaction of a connection."""
        numbers = [event.sequence for event in settled]
        await connection.execute(delete(Ticket).where(Ticket.tenant == self._tenant, Ticket.number.in_(numbers)))


def _told(row: Ticket) -> Event:
    """A ticket has no content: its topic says which queue, its subject which order."""
    return Event(f"tickets_{row.queue}", row.order_id, row.created_at, {}, sequence=row.number)


@asynccontextmanager
async def hearing(engine: AsyncEngine, tenant: str, came: Came) -> AsyncIterator[None]:
    """Receive every ticket of a tenant until the context ends, as long as the server can be reached."""
    async with in_background(_hear(engine, tenant, came)):
        yield


async def _hear(engine: AsyncEngine, tenant: str, came: Came) -> None:
    while True:
        try:
            async with translated(), engine.connect() as connection:
                try:
                    await _listen(connection, tenant, came)
                finally:
                    with suppress(DBAPIError):
                        await connection.invalidate()  # not to be given to others, with what it listens for
        except StoreUnavailable as error:
            log.warning("no tickets are heard for now: %s", error)
        except Exception:
            log.exception("hearing tickets failed and begins again")
        await asyncio.sleep(AGAIN_S)


async def _listen(connection: AsyncConnection, tenant: str, came: Came) -> None:
    await connection.execute(text(f"LISTEN {CHANNEL}"))
    await connection.commit()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    async with listening():
        while True:
            async for notification in driver.notifies(timeout=0.0):
                queue, order, of = notification.payload.split(" ", 2)
                if of == tenant:
                    came(Queue(queue), identity_of(order))
            await _spoken_to(driver.fileno())


async def _spoken_to(socket: int) -> None:
    """Wait until there is something to read, without the ten wake-ups per second of the driver's own waiting."""
    loop, spoken = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(socket, spoken.set)
    try:
        await spoken.wait()
    finally:
        loop.remove_reader(socket)
