"""Tickets: that an order waits, told at the commit to whoever listens, and as rows where a broker is to be told too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import Ticket

CHANNEL = "tangency_tickets"
TELL = text("SELECT pg_notify(:channel, :told)")


class SqlTickets:
    """The repository, within one transaction of a PostgreSQL server. The embedded database has one process."""

    def __init__(self, session: AsyncSession, tenant: str, kept: bool) -> None:
        self._session, self._tenant, self._kept = session, tenant, kept

    async def write(self, order: str, queue: str, at: datetime) -> None:
        """That an order waits."""
        if self._session.get_bind().dialect.name != "postgresql":
            return
        told = f"{queue} {order} {self._tenant}"
        await self._session.execute(TELL, {"channel": CHANNEL, "told": told})
        if self._kept:
            self._session.add(Ticket(tenant=self._tenant, order_id=order, queue=queue, created_at=at))
