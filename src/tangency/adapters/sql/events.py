"""Events as rows of the outbox: written in transactions, and read by position once published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import BigInteger, Delete, Insert, Integer, bindparam, delete, exists, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.locks import lock_number
from tangency.adapters.sql.schema import OutboxEvent
from tangency.adapters.sql.statements import table_of
from tangency.adapters.sql.traces import columns_of, trace_of
from tangency.adapters.sql.writes import Writes
from tangency.domain.event import Event
from tangency.domain.trace import TraceContext

CHANNEL = "tangency_outbox"
"""What a PostgreSQL server notifies, at the commit, of a new event."""
TELL_IN_TURN = text(f"SELECT pg_notify('{CHANNEL}', ''), pg_advisory_xact_lock(:lock)").bindparams(
    bindparam("lock", type_=BigInteger)
)
"""Wait for whoever writes events of a portfolio, and have the relay told at the commit."""


class SqlEvents:
    """The repository, within one transaction.

    Attributes:
        published: whether the commit publishes: nobody else is to be told, and one transaction at a time writes.
        kept: what was added.
    """

    def __init__(self, tenant: str, writes: Writes, published: bool, trace: TraceContext | None = None) -> None:
        self._tenant, self._writes, self.published, self._trace = tenant, writes, published, trace
        self.kept: list[Event] = []

    async def add(self, event: Event) -> None:
        """Store it. Writers of one portfolio's events wait for each other, so its sequence follows the commits."""
        if self._writes.database == "postgresql":
            self._writes.once(TELL_IN_TURN, lock=lock_number("events", self._tenant, event.portfolio_id))
        row = {
            "tenant": self._tenant,
            "event_id": event.event_id,
            "type": event.type,
            "subject": event.subject,
            "portfolio_id": event.portfolio_id,
            "payload": dict(event.payload),
            **columns_of(event.trace or self._trace),
            "created_at": event.at,
        }
        numbered = {"of_tenant": self._tenant, "of_portfolio": event.portfolio_id}
        if self.published:
            row["settled_at"] = event.at
        self._writes.later(_insert(self._writes.database, self.published), row | numbered)
        self.kept.append(event)

    async def forget(self, before: datetime, most: int) -> int:
        """Remove some events published before a moment."""
        values = {"of_tenant": self._tenant, "before": before, "most": most}
        return await self._writes.now(_forget(), values)


@cache
def _forget() -> Delete:
    """Remove events that are published and old, unless those that come later are numbered from them."""
    table = table_of(OutboxEvent)
    rows, later, ours = table.c, table.alias(), table.c.tenant == bindparam("of_tenant")
    newest = select(func.max(rows.position)).where(ours).scalar_subquery()
    others = (later.c.tenant == rows.tenant, later.c.portfolio_id == rows.portfolio_id)
    followed = exists().where(*others, later.c.sequence > rows.sequence)
    old = rows.settled_at < bindparam("before", type_=rows.settled_at.type)
    which = select(rows.event_id).where(ours, rows.position < newest, old, followed).order_by(rows.position)
    return delete(table).where(ours, rows.event_id.in_(which.limit(bindparam("most", type_=Integer))))


@cache
def _insert(database: str, published: bool) -> Insert:
    """Insert an event with the next sequence of its portfolio, unless it is there; with the next position, perhaps."""
    table = table_of(OutboxEvent)
    rows = table.c
    ours = rows.tenant == bindparam("of_tenant")
    latest = select(func.coalesce(func.max(rows.sequence), 0) + 1)
    numbers = {"sequence": latest.where(ours, rows.portfolio_id == bindparam("of_portfolio")).scalar_subquery()}
    if database == "sqlite":  # it numbers no column but an integer key
        numbers["number"] = select(func.coalesce(func.max(rows.number), 0) + 1).where(ours).scalar_subquery()
    if published:
        numbers["position"] = select(func.coalesce(func.max(rows.position), 0) + 1).where(ours).scalar_subquery()
    insert = postgresql.insert if database == "postgresql" else sqlite.insert
    statement: Insert = insert(table).values(**numbers).on_conflict_do_nothing(index_elements=["tenant", "event_id"])
    return statement


async def last_position(session: AsyncSession, tenant: str) -> int:
    """The position of the newest published event; 0 if there is none."""
    newest = await session.scalar(select(func.max(OutboxEvent.position)).where(OutboxEvent.tenant == tenant))
    return newest or 0


async def read_events(session: AsyncSession, tenant: str, after: int, limit: int) -> Sequence[Event]:
    """Published events after a position, in order."""
    query = select(OutboxEvent).where(OutboxEvent.tenant == tenant, OutboxEvent.position > after)
    rows = await session.scalars(query.order_by(OutboxEvent.position).limit(limit))
    return [event_of(row) for row in rows]


def event_of(row: OutboxEvent) -> Event:
    """A row as an event."""
    return Event(row.type, row.subject, row.created_at, row.payload, row.position or 0, row.sequence, trace_of(row))
