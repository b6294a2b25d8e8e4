"""Tickets: that an order waits, told at the commit to whoever listens, and as rows where a broker is to be told too."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Insert, text

from tangency.adapters.sql.schema import Ticket
from tangency.adapters.sql.statements import table_of
from tangency.adapters.sql.writes import Writes

CHANNEL = "tangency_tickets"
TELL = text("SELECT pg_notify(:channel, :told)")


class SqlTickets:
    """The repository, within one transaction of a PostgreSQL server. The embedded database has one process."""

    def __init__(self, tenant: str, kept: bool, writes: Writes) -> None:
        self._tenant, self._kept, self._writes = tenant, kept, writes

    def write(self, order: str, queue: str, at: datetime) -> None:
        """That an order waits."""
        if self._writes.database != "postgresql":
            return
        told = f"{queue} {order} {self._tenant}"
        self._writes.later(TELL, {"channel": CHANNEL, "told": told})
        if self._kept:
            row = {"tenant": self._tenant, "order_id": order, "queue": queue, "created_at": at}
            self._writes.later(_insert(), row)


@cache
def _insert() -> Insert:
    return table_of(Ticket).insert().inline()
