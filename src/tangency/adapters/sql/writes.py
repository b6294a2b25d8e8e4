"""Statements that nobody reads a result of: they wait until a unit is committed, and go to the database together.

A statement of its own costs a round trip to a server, or a hop to the thread that SQLite runs in. SQLAlchemy compiles
them and judges what they raise; the driver gets them as one batch, in place of the statement ``TOGETHER``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.util import await_only

from tangency.adapters.sql.sqlite import Connection
from tangency.adapters.sql.statements import Values, compiled

TOGETHER = text("SELECT 1")
"""Never sent: what is sent in its place comes as the execution option ``together``."""
NUMBER = "SELECT pg_current_xact_id_if_assigned()::text"


class Writes:
    """Those of one transaction.

    Attributes:
        number: of the transaction on a server, once they were sent; None where it wrote nothing.
        changed: how many rows the last one changed.
    """

    number: str | None = None
    changed: int = 0
    _last = False

    def __init__(self, session: AsyncSession) -> None:
        self._session, self._dialect = session, session.get_bind().dialect
        self._waiting: list[tuple[str, Values]] = []
        self._once = set[tuple[Executable, tuple[tuple[str, int], ...]]]()

    @property
    def database(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._dialect.name

    def later(self, statement: Executable, values: Mapping[str, Any]) -> None:
        """Let a statement wait.

        Args:
            statement: one that is built once and kept, as is what it compiles to.
            values: of every column and parameter that it has.
        """
        words, bound = compiled(statement, frozenset(values), self._dialect)
        self._waiting.append((words, bound(values)))

    def once(self, statement: Executable, **values: int) -> None:
        """Let a statement wait, unless it does already with these values."""
        said = (statement, tuple(values.items()))
        if said not in self._once:
            self._once.add(said)
            self.later(statement, values)

    async def now(self, statement: Executable, values: Mapping[str, Any]) -> int:
        """Send what waits and a statement behind it; gives how many rows that one changed."""
        self.later(statement, values)
        await self._session.execute(TOGETHER, execution_options={"together": self})
        return self.changed

    async def send(self, *, last: bool = False) -> None:
        """Send what waits, before anybody in the transaction reads what it changes, or commits it.

        Args:
            last: nothing comes after it but the commit; SQLite takes that with it.
        """
        self._last = last
        if self._waiting or (self.number is None and self.database == "postgresql"):
            await self._session.execute(TOGETHER, execution_options={"together": self})

    async def keep(self, writer: Connection) -> None:
        """Send what waits in a transaction of its own and commit it, in one step and past SQLAlchemy.

        Raises:
            sqlite3.Error: nothing was kept.
        """
        waiting = self._taken()
        if not waiting:
            return
        await writer.begin(reads=False)
        try:
            self.changed = await writer.carry_out_in_turn(waiting, commit=True)
        finally:
            await writer.rollback()  # nothing, unless it failed or nobody waits for it any more

    async def through(self, driver: Any) -> None:  # noqa: ANN401 - of either database
        """Send what waits through a connection of the driver."""
        waiting = self._taken()
        if self.database == "postgresql":
            self.changed, self.number = await _piped(driver, waiting, self.number)
        else:
            self.changed = await driver.carry_out_in_turn(waiting, commit=self._last)

    def _taken(self) -> list[tuple[str, Values]]:
        waiting, self._waiting = self._waiting, []
        self._once.clear()
        return waiting


def send_together(_cursor: object, _statement: str, _values: object, context: Any) -> bool:  # noqa: ANN401 - SQLAlchemy's
    """The event ``do_execute`` of an engine: True where a batch was sent in place of a statement."""
    writes: Writes | None = context.execution_options.get("together")
    if writes is not None:
        await_only(writes.through(context.root_connection.connection.driver_connection))
    return writes is not None


async def _piped(
    driver: Any,  # noqa: ANN401 - psycopg's
    waiting: list[tuple[str, Values]],
    number: str | None,
) -> tuple[int, str | None]:
    """How many rows the last one changed, and the number of the transaction, which is asked for until there is one."""
    async with driver.pipeline():
        cursor = driver.cursor()
        for words, values in waiting:
            await cursor.execute(words, values)
        asked = None if number else await driver.execute(NUMBER)
    if asked is not None:
        (number,) = await asked.fetchone()
    return cursor.rowcount, number
