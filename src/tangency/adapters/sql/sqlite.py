"""SQLite's driver, in its thread once for a statement or for several: a hop there and back takes longer than most."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Self, TypeVar, cast

import aiosqlite

Result = TypeVar("Result")

GLANCE_S, STEPS = 0.001, 1_000
"""What a read may take on the event loop, and how many steps of SQLite's machine pass between looks at the clock.

Steps alone do not tell: SQLite counts those of a statement through all its executions.
"""
ASIDE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT)
"""What a read meets that has to wait for a writer, or is more than a glance."""

BUSY_TIMEOUT_MS = 10_000

# A rollback journal, because the write-ahead log of SQLite before 3.51.3 can lose pages to a race; truncated rather
# than deleted, because only that is synced to the disk with the commit.
PRAGMAS = (
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "journal_mode=TRUNCATE",
    "synchronous=FULL",
)


async def connect(database: str | Path, **options: Any) -> Connection:  # noqa: ANN401 - those of sqlite3
    """A connection: what SQLAlchemy's dialect for aiosqlite takes as ``async_creator_fn``."""
    # Without isolation level, because transactions are begun by us.
    opened = partial(sqlite3.connect, database, **options | {"isolation_level": None, "check_same_thread": False})
    connection = cast(Connection, await Connection(opened))
    try:
        for pragma in PRAGMAS:
            await connection.carry_out(f"PRAGMA {pragma}", ())
    except sqlite3.Error:
        await connection.close()
        raise
    return connection


@asynccontextmanager
async def writing(file: Path | None) -> AsyncIterator[Connection | None]:
    """A connection for writers to take turns with; None where no file is given."""
    connection = None if file is None else await connect(file)
    try:
        yield connection
    finally:
        if connection is not None:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement came to, all of it."""

    rows: Sequence[Any]
    description: Any
    rowcount: int
    lastrowid: int | None

    @classmethod
    def of(cls, cursor: sqlite3.Cursor) -> Self:
        """To be taken where the statement was carried out."""
        with closing(cursor):
            return cls(cursor.fetchall(), cursor.description, cursor.rowcount, cursor.lastrowid)


class Connection(aiosqlite.Connection):
    """One whose reading transactions begin and end where they are: neither waits for anybody."""

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(opened, iter_chunk_size=1)
        self._thread.daemon = True  # as in SQLAlchemy: what nobody closed must not keep the process alive
        self._reads, self._at_work, self._glances, self._begins = False, False, False, False
        self._until = inf

    async def begin(self, *, reads: bool) -> None:
        """Begin a transaction; one that writes, with its first statement.

        One that reads and then writes would fail at once where another wrote in between.
        """
        self._reads, self._begins = reads, not reads
        self._glance(reads)
        if reads:
            self._conn.execute("BEGIN")

    async def commit(self) -> None:
        """Keep what was not kept with the last statement."""
        self._begins = False
        if self._conn.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        """Undo; in the thread, after what is under way there still, where whoever waited for it was cancelled."""
        self._begins = False
        if (self._reads or not self._conn.in_transaction) and not self._at_work:
            self._conn.rollback()
        else:
            await super().rollback()
            self._at_work = False

    def cursor(self) -> Cursor:  # type: ignore[override] # theirs is awaited
        """For one statement after another."""
        return Cursor(self)

    async def carry_out(self, sql: str, parameters: Sequence[Any]) -> Outcome:
        """A statement. A read is taken at a glance where one is enough: its thread takes thirty times as long."""
        if self._glances:
            try:
                return self._at_a_glance(sql, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in ASIDE:
                    raise
                self._glance(False)
        return await self._within(lambda: Outcome.of(self._conn.execute(sql, parameters)))

    async def carry_out_for_each(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Outcome:
        """A statement, for one row of parameters after another."""
        return await self._within(lambda: Outcome.of(self._conn.executemany(sql, parameters)))

    async def carry_out_in_turn(self, statements: Sequence[tuple[str, Any]], commit: bool) -> int:
        """Several, whose rows nobody wants, and a commit if wanted; gives how many rows the last one changed."""

        def all_of_them() -> int:
            changed = [Outcome.of(self._conn.execute(sql, parameters)).rowcount for sql, parameters in statements][-1]
            if commit:
                self._conn.commit()
            return changed

        return await self._within(all_of_them)

    def _glance(self, glances: bool) -> None:
        """From here on, wait for nobody and give up early; or do not."""
        if glances != self._glances:
            self._glances = glances
            self._conn.execute(f"PRAGMA busy_timeout={0 if glances else BUSY_TIMEOUT_MS}").close()
            self._conn.set_progress_handler(self._overdue if glances else None, STEPS)

    def _at_a_glance(self, sql: str, parameters: Sequence[Any]) -> Outcome:
        self._until = monotonic() + GLANCE_S
        try:
            return Outcome.of(self._conn.execute(sql, parameters))
        finally:
            self._until = inf

    def _overdue(self) -> bool:
        return monotonic() > self._until

    async def _within(self, work: Callable[[], Result]) -> Result:
        begins, self._begins, self._at_work = self._begins, False, True

        def begun() -> Result:
            if begins:
                self._conn.execute("BEGIN IMMEDIATE")
            return work()

        done = cast(Result, await self._execute(begun))  # type: ignore[no-untyped-call]
        self._at_work = False
        return done


class Cursor:
    """What SQLAlchemy asks of a cursor of asyncio."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outcome = Outcome((), None, -1, None)

    @property
    def description(self) -> Any:  # noqa: ANN401 - as the standard of drivers has it
        """Of the columns; None where the statement gives no rows."""
        return self._outcome.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._outcome.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Of the last row that was inserted."""
        return self._outcome.lastrowid

    async def __aenter__(self) -> Self:
        """Nothing has to be waited for."""
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Carry out a statement."""
        self._outcome = await self._connection.carry_out(sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Carry out a statement for one row of parameters after another."""
        self._outcome = await self._connection.carry_out_for_each(sql, parameters)

    async def fetchall(self) -> Sequence[Any]:
        """The rows."""
        return self._outcome.rows

    async def close(self) -> None:
        """Nothing is open."""
