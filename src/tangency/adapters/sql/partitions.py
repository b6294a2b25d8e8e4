"""Partitions of a PostgreSQL table by day, in UTC: made before they are needed, dropped when they are kept no longer.

A day's table is made beside the others and then attached, which keeps nobody from reading and writing those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tangency.adapters.sql.locks import UNTIL_COMMIT, lock_number

AHEAD_DAYS = 7
"""How long everybody can go on when nobody keeps up."""

CHILDREN = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
    "WHERE inhparent = to_regclass(:parent)"
)


@dataclass(frozen=True)
class Partitions:
    """Those of a table.

    Attributes:
        table: whose.
        known: days whose partition was seen committed.
    """

    table: str
    known: set[date] = field(default_factory=set)

    def has_room(self, moment: datetime) -> bool:
        """Whether the partition of a moment was seen."""
        return moment.astimezone(UTC).date() in self.known

    async def make_room(self, connection: AsyncConnection, moment: datetime) -> None:
        """Make the partition of a moment where nobody kept up, within the transaction that needs it."""
        if self.has_room(moment):
            return
        day = moment.astimezone(UTC).date()
        if self._name(day) in await self._names(connection):
            self.known.add(day)
        else:
            await self._make(connection, [day])

    async def keep_up(self, connection: AsyncConnection, now: datetime, keep_days: int) -> Sequence[str]:
        """Make those of the days to come; with a number of days to keep, drop those that end before."""
        today = now.astimezone(UTC).date()
        made = await self._make(connection, [today + timedelta(days=ahead) for ahead in range(AHEAD_DAYS + 1)])
        dropped = await self._drop(connection, today - timedelta(days=keep_days)) if keep_days else []
        return [*(f"made {name}" for name in made), *(f"dropped {name}" for name in dropped)]

    async def _make(self, connection: AsyncConnection, days: Iterable[date]) -> list[str]:
        await connection.execute(UNTIL_COMMIT, {"lock": lock_number("partitions", self.table)})
        there = await self._names(connection)
        missing = {self._name(day): day for day in days if self._name(day) not in there}
        for name, day in missing.items():
            first, after = (_midnight(each) for each in (day, day + timedelta(days=1)))
            await connection.execute(text(f"CREATE TABLE {name} (LIKE {self.table} INCLUDING ALL)"))
            bounds = f"FROM ('{first}') TO ('{after}')"
            await connection.execute(text(f"ALTER TABLE {self.table} ATTACH PARTITION {name} FOR VALUES {bounds}"))
        return list(missing)

    async def _drop(self, connection: AsyncConnection, first_kept: date) -> list[str]:
        kept_from = self._name(first_kept)
        old = sorted(name for name in await self._names(connection) if name < kept_from)
        for name in old:
            await connection.execute(text(f"DROP TABLE {name}"))
        return old

    async def _names(self, connection: AsyncConnection) -> set[str]:
        return set((await connection.scalars(CHILDREN, {"parent": self.table})).all())

    def _name(self, day: date) -> str:
        """Names of later days are greater."""
        return f"{self.table}_{day:%Y%m%d}"


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()
