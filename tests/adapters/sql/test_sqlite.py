"""The embedded database: its driver, and events that a commit publishes."""

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from tangency.adapters.bus import InProcessBus
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store, sqlite, store
from tangency.adapters.sql.sqlite import Connection, connect
from tangency.adapters.sql.timescale.choice import Series
from tangency.domain.errors import StoreUnavailable
from tangency.domain.event import Event
from tangency.domain.optimization.configuration import StandingConfiguration
from tests.contracts.test_outbox import keep, number_of, told
from tests.contracts.test_store import AT, ended, problem
from tests.contracts.test_store import keep as keep_answer

Result = TypeVar("Result")

KEPT = "SELECT count(*) FROM (SELECT 1 FROM optimization_requests UNION ALL SELECT 1 FROM matrices)"
REFUSING = "CREATE TRIGGER no BEFORE INSERT ON optimization_results BEGIN SELECT raise(ABORT, 'no'); END"

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(*) FROM n"


def test_a_commit_publishes_where_nobody_else_is_to_be_told(tmp_path: Path) -> None:
    bus, heard = InProcessBus(), list[Event]()
    bus.listen(heard.append)

    async def work() -> list[tuple[int, int]]:
        async with Store.open(Settings(data_dir=str(tmp_path)), lambda: AT, bus) as store:
            for number in range(6):
                await keep(store, told("p", number), commit=number % 3 > 0)
            assert not await store.outbox.holds(1)
            assert await store.last_position() == 4
            return [(number_of(event), event.position) for event in await store.events(0, 100)]

    assert asyncio.run(work()) == [(1, 1), (2, 2), (4, 3), (5, 4)]
    assert [number_of(event) for event in heard] == [1, 2, 4, 5]


def test_what_a_statement_gives_is_there_at_once_and_once_more(tmp_path: Path) -> None:
    async def work() -> None:
        connection = await connect(tmp_path / "one.db")
        try:
            await connection.begin(reads=False)
            cursor = connection.cursor()
            await cursor.execute("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT)")
            await cursor.executemany("INSERT INTO t (y) VALUES (?)", [("a",), ("b",)])
            assert cursor.rowcount == 2
            await cursor.execute("INSERT INTO t (y) VALUES (?) RETURNING x", ("c",))
            assert (cursor.lastrowid, cursor.description[0][0], list(await cursor.fetchall())) == (3, "x", [(3,)])
            await connection.commit()
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                await cursor.execute("SELECT * FROM nowhere")
        finally:
            await connection.close()

    asyncio.run(work())


def test_whoever_stops_waiting_for_a_statement_undoes_after_it_and_holds_up_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        connection = await connect(tmp_path / "one.db")
        try:
            await connection.begin(reads=True)
            counting = asyncio.create_task(connection.cursor().execute(COUNTING))
            await asyncio.sleep(0.01)
            counting.cancel()
            with suppress(asyncio.CancelledError):
                await counting
            undoing = asyncio.create_task(connection.rollback())
            await asyncio.sleep(0)
            assert not undoing.done()
            await undoing
            await connection.begin(reads=True)
            cursor = connection.cursor()
            await cursor.execute("SELECT 1")
            assert list(await cursor.fetchall()) == [(1,)]
            await connection.rollback()
        finally:
            await connection.close()

    asyncio.run(work())


def test_readers_see_what_was_committed_when_they_began(tmp_path: Path) -> None:
    async def work() -> None:
        writer, reader = await connect(tmp_path / "one.db"), await connect(tmp_path / "one.db")
        try:
            await writer.begin(reads=False)
            await writer.cursor().execute("CREATE TABLE t (x)")
            await reader.begin(reads=True)
            cursor = reader.cursor()
            await cursor.execute("SELECT count(*) FROM sqlite_master")
            assert list(await cursor.fetchall()) == [(0,)]
            await reader.rollback()
            await writer.commit()
            await reader.begin(reads=True)
            await cursor.execute("SELECT count(*) FROM sqlite_master")
            assert list(await cursor.fetchall()) == [(1,)]
        finally:
            await reader.close()
            await writer.close()

    asyncio.run(work())


def test_a_glance_is_taken_at_once_and_what_takes_longer_or_has_to_wait_does_not_hold_up_the_loop(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        with closing(sqlite3.connect(tmp_path / "one.db", isolation_level=None)) as writer:
            writer.execute("CREATE TABLE t (x)")
            reader = await connect(tmp_path / "one.db")
            await reader.create_function("here", 0, threading.get_ident)
            try:
                here = threading.get_ident()
                for _ in range(1_000):  # SQLite counts the steps of a statement through all of its executions
                    assert (await read(reader, "SELECT count(*), here() FROM t"))[0] == 0
                assert await read(reader, "SELECT count(*), here() FROM t") == (0, here)
                count, elsewhere = await read(
                    reader, COUNTING.replace("3000000", "300000").replace("(*)", "(*), here()")
                )
                assert (count, elsewhere != here) == (300_000, True)
                writer.execute("BEGIN EXCLUSIVE")
                writer.execute("INSERT INTO t VALUES (1)")
                waiting = asyncio.create_task(read(reader, "SELECT count(*), here() FROM t"))
                await asyncio.sleep(0.05)
                assert not waiting.done()
                writer.execute("COMMIT")
                assert await waiting == (1, elsewhere)
                assert await read(reader, "SELECT count(*), here() FROM t") == (1, here)
            finally:
                await reader.close()

    asyncio.run(work())


def test_that_a_row_is_not_there_is_known_at_once_unless_somebody_writes(tmp_path: Path) -> None:
    async def stored(store: Store, method: str) -> StandingConfiguration:
        given = StandingConfiguration(
            UUID(int=1), "p", "MAX_SHARPE", method, {"max_weight": 0.4}, {}, {}, {}, True, AT, AT
        )
        async with store.units() as unit:
            await unit.configurations.put(given)
            await unit.commit()
        return given

    async def work() -> None:
        async with Store.open(Settings(data_dir=str(tmp_path)), lambda: AT) as store:
            for method in ("MEAN_VARIANCE", "MIN_CVAR"):
                given, found = await stored(store, method), await store.configuration("p")
                assert found is not None
                assert asdict(found) == asdict(given)
                assert await at_once(store.configuration("another")) is None
            with closing(sqlite3.connect(tmp_path / "tangency.db", isolation_level=None)) as writer:
                writer.execute("BEGIN EXCLUSIVE")
                writer.execute("UPDATE portfolio_configurations SET portfolio_id = 'another'")
                waiting = asyncio.create_task(store.configuration("another"))
                await asyncio.sleep(0.05)
                assert not waiting.done()
                writer.execute("COMMIT")
                changed = await waiting
            assert changed is not None
            assert changed.method == "MIN_CVAR"

    asyncio.run(work())


def test_what_fails_in_one_step_keeps_nothing_and_the_next_is_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with Store.open(Settings(data_dir=str(tmp_path)), lambda: AT) as store:
            with closing(sqlite3.connect(tmp_path / "tangency.db", isolation_level=None)) as other:
                other.execute(REFUSING)
                with pytest.raises(StoreUnavailable, match=r"the database failed: no\. Nothing was kept"):
                    await keep_answer(store, ended(problem()))
                assert other.execute(KEPT).fetchone() == (0,)
                other.execute("DROP TRIGGER no")
            await keep_answer(store, ended(problem()))
            assert await store.answer("port-1") is not None

    asyncio.run(work())


def test_a_database_that_is_locked_while_it_is_opened_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        settings = Settings(data_dir=str(tmp_path))
        async with Store.open(settings, lambda: AT) as opened:
            series = opened.series
        with closing(sqlite3.connect(tmp_path / "tangency.db", isolation_level=None)) as other:

            async def locked_meanwhile(*_: object) -> Series:
                other.execute("BEGIN EXCLUSIVE")
                return series

            monkeypatch.setattr(store, "series_of", locked_meanwhile)
            with pytest.raises(StoreUnavailable, match="database is locked"):
                async with Store.open(settings, lambda: AT):
                    pass

    monkeypatch.setattr(sqlite, "PRAGMAS", ("busy_timeout=0", *sqlite.PRAGMAS[2:]))
    asyncio.run(work())


async def at_once(read: Coroutine[None, None, Result]) -> Result:
    """What comes without waiting for anything."""
    task = asyncio.create_task(read)
    await asyncio.sleep(0)
    return task.result()


async def read(connection: Connection, sql: str) -> tuple[int, int]:
    await connection.begin(reads=True)
    cursor = connection.cursor()
    await cursor.execute(sql)
    await connection.rollback()
    (row,) = await cursor.fetchall()
    return row[0], row[1]
