"""Events as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import PublishedEvent
from tangency.adapters.sql.statements import dialect
from tangency.domain.optimization.order import Event

LOCK = 7_264_001
"""Of the database of a server: who holds it until the end of a transaction gives out the next positions."""


class SqlEvents:
    """The repository, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def add(self, event: Event) -> None:
        """Keep it. One transaction at a time numbers events, so that positions follow the order of commitment."""
        if dialect(self._session) == "postgresql":
            await self._session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        self._session.add(
            PublishedEvent(
                tenant=self._tenant,
                position=await last_position(self._session, self._tenant) + 1,
                type=event.type,
                subject=event.subject,
                payload=dict(event.payload),
                created_at=event.at,
            )
        )
        await self._session.flush()


async def last_position(session: AsyncSession, tenant: str) -> int:
    """Of the newest event; 0 where there is none."""
    newest = await session.scalar(select(func.max(PublishedEvent.position)).where(PublishedEvent.tenant == tenant))
    return newest or 0


async def read_events(session: AsyncSession, tenant: str, after: int, limit: int) -> Sequence[Event]:
    """Those after a position, in their order."""
    query = select(PublishedEvent).where(PublishedEvent.tenant == tenant, PublishedEvent.position > after)
    rows = await session.scalars(query.order_by(PublishedEvent.position).limit(limit))
    return [Event(row.type, row.subject, row.created_at, row.payload, row.position) for row in rows]
