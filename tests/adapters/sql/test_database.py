"""The database on disk: made by migrations, safe with two writers, and closed so that the process can end."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, PrimaryKeyConstraint, UniqueConstraint, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.sql import Store, revisions
from tangency.adapters.sql.engine import engine_of, url_of
from tangency.adapters.sql.revisions import NEWEST, DatabaseIsNewer, DatabaseNotMigrated, config, current, upgrade
from tangency.adapters.sql.schema import Table
from tangency.adapters.sql.upkeep import TablesDiffer, check, drift
from tangency.domain.errors import StoreUnavailable
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tests.support.databases import DATABASES


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = engine_of(settings)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    return Settings(data_dir=str(tmp_path / "not" / "there" / "yet"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path / 'other.db'}")


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(data_dir=str(tmp_path))
    return Settings(database_url=request.getfixturevalue("empty_postgresql"))


def test_the_newest_revision_is_the_last_one_in_the_folder() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [NEWEST]


def test_the_migrations_make_what_the_tables_say(empty: Settings) -> None:
    async def compare() -> tuple[list[str], set[str]]:
        await upgrade(empty)
        async with connected(empty) as engine, engine.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            return await connection.run_sync(drift), set(tables)

    differences, tables = asyncio.run(compare())
    assert differences == []
    assert tables == {*Table.metadata.tables, "alembic_version", "oldest_reader"}


def test_a_table_that_somebody_changed_is_noticed(empty: Settings) -> None:
    async def change() -> None:
        await upgrade(empty)
        async with connected(empty) as engine, engine.begin() as connection:
            await connection.execute(text("ALTER TABLE holdings ADD COLUMN more INTEGER"))
        await check(empty)

    with pytest.raises(TablesDiffer, match="holdings"):
        asyncio.run(change())


@pytest.mark.parametrize(("oldest", "works"), [(NEWEST, True), ("9998", False)])
def test_a_later_revision_is_worked_with_where_it_says_so(oldest: str, works: bool, empty: Settings) -> None:
    async def open_it() -> None:
        await upgrade(empty)
        async with connected(empty) as engine, engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            told = await connection.execute(text("UPDATE oldest_reader SET revision = :oldest"), {"oldest": oldest})
            assert told.rowcount == 1
        async with Store.open(empty, now) as store:
            await store.check()

    with nullcontext() if works else pytest.raises(DatabaseIsNewer, match=r"9999.*pip install"):
        asyncio.run(open_it())


def test_a_release_that_needs_more_says_which_command_to_run(empty: Settings) -> None:
    async def open_it() -> None:
        await upgrade(empty)
        async with connected(empty) as engine:
            async with engine.begin() as connection:
                await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
            await revisions.prepare(engine, migrate=False)

    with pytest.raises(DatabaseNotMigrated, match=r"0001.*tangency db upgrade"):
        asyncio.run(open_it())


def test_the_migrations_can_be_taken_back(empty: Settings) -> None:
    async def there_and_back() -> list[str]:
        await upgrade(empty)
        async with connected(empty) as engine, engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
            return await connection.run_sync(lambda sync: inspect(sync).get_table_names())

    assert asyncio.run(there_and_back()) == ["alembic_version"]


def test_of_many_that_upgrade_at_once_one_does_and_all_find_it_done(empty: Settings) -> None:
    async def race() -> list[str]:
        return await asyncio.gather(*(upgrade(empty) for _ in range(4)))

    assert asyncio.run(race()) == [NEWEST] * 4


@pytest.mark.service("postgresql")
def test_an_upgrade_does_not_make_everybody_queue_behind_a_table_that_it_cannot_have(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=postgresql)
    monkeypatch.setattr(revisions, "LOCK_TIMEOUT_S", 0.1)
    monkeypatch.setattr(revisions, "_revision", lambda _connection: None)
    monkeypatch.setattr(
        revisions, "_upgrade", lambda on, _series: on.execute(text("ALTER TABLE portfolios ADD COLUMN a INT"))
    )

    async def beside_a_reader() -> None:
        async with connected(settings) as engine, engine.begin() as connection:
            await connection.execute(text("SELECT * FROM portfolios"))
            await upgrade(settings)

    with pytest.raises(StoreUnavailable, match="lock timeout"):
        asyncio.run(beside_a_reader())


def test_every_table_and_every_key_begins_with_the_tenant() -> None:
    tables = list(Table.metadata.tables.values())
    assert tables
    for table in tables:
        unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
        assert unique
        for constraint in unique:
            assert constraint.columns[0].name == "tenant", constraint.name


def test_the_embedded_database_makes_its_folder_and_its_tables(embedded: Settings) -> None:
    async def open_twice() -> str | None:
        for _ in range(2):
            async with Store.open(embedded, now) as store:
                await store.check()
        return await current(embedded)

    assert asyncio.run(open_twice()) == NEWEST


def test_a_file_that_is_named_migrates_itself_too(elsewhere: Settings) -> None:
    async def open_it() -> None:
        async with Store.open(elsewhere, now) as store:
            await store.check()

    assert asyncio.run(current(elsewhere)) is None
    asyncio.run(open_it())
    assert asyncio.run(current(elsewhere)) == NEWEST


def test_the_database_of_a_server_is_upgraded_on_purpose_only(elsewhere: Settings) -> None:
    async def prepare(migrate: bool) -> None:
        async with connected(elsewhere) as engine:
            await revisions.prepare(engine, migrate)

    assert not Settings(database_url="postgresql://u@h/d").embedded
    with pytest.raises(DatabaseNotMigrated, match="tangency db upgrade"):
        asyncio.run(prepare(migrate=False))
    assert asyncio.run(upgrade(elsewhere)) == NEWEST
    asyncio.run(prepare(migrate=False))


def test_an_upgrade_that_fails_leaves_nothing(elsewhere: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection, _series: str) -> None:
        connection.execute(text("CREATE TABLE half (a INTEGER)"))
        raise ZeroDivisionError

    async def tables() -> list[str]:
        async with connected(elsewhere) as engine, engine.connect() as connection:
            return list(await connection.scalars(text("SELECT name FROM sqlite_master")))

    monkeypatch.setattr(revisions, "_upgrade", fail)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(upgrade(elsewhere))
    assert asyncio.run(tables()) == []


def test_every_connection_keeps_the_promises(embedded: Settings) -> None:
    async def pragmas() -> dict[str, Any]:
        async with connected(embedded) as engine, engine.connect() as connection:
            names = ("foreign_keys", "busy_timeout", "journal_mode", "synchronous")
            return {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in names}

    assert asyncio.run(pragmas()) == {
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "journal_mode": "truncate",
        "synchronous": 2,
    }


def test_two_processes_that_write_at_once_lose_nothing(elsewhere: Settings) -> None:
    """Each store has locks of its own, as two processes would; every increment reads before it writes."""

    async def increment(engine: AsyncEngine, times: int) -> None:
        for _ in range(times):
            async with engine.begin() as connection:
                value = (await connection.execute(text("SELECT n FROM counter"))).scalar_one()
                await connection.execute(text("UPDATE counter SET n = :n"), {"n": value + 1})

    async def race() -> int:
        async with connected(elsewhere) as one, connected(elsewhere) as other:
            async with one.begin() as connection:
                await connection.execute(text("CREATE TABLE counter (n INTEGER)"))
                await connection.execute(text("INSERT INTO counter VALUES (0)"))
            await asyncio.gather(*(increment(engine, 10) for engine in (one, other, one, other)))
            async with one.connect() as connection:
                return int((await connection.execute(text("SELECT n FROM counter"))).scalar_one())

    assert asyncio.run(race()) == 40


def test_a_full_disk_is_said_and_leaves_nothing_and_reading_goes_on(embedded: Settings) -> None:
    many = Portfolio("p", tuple(Holding(f"NAME {i}", i, "sector " * 50) for i in range(2_000)))

    async def put(store: Store, portfolio: Portfolio) -> None:
        async with store.units() as unit:
            await unit.portfolios.put(portfolio)
            await unit.commit()

    async def fill() -> tuple[Portfolio | None, Portfolio | None]:
        async with Store.open(embedded, now) as store:
            await put(store, Portfolio("q", (Holding("A", 1),)))
            async with store.units.engine.connect() as connection:
                await connection.execute(text("PRAGMA max_page_count = 60"))
            with pytest.raises(StoreUnavailable, match=r"full\. Nothing was kept\. Its operator makes room"):
                await put(store, many)
            return await store.portfolio("p"), await store.portfolio("q")

    assert asyncio.run(fill()) == (None, Portfolio("q", (Holding("A", 1.0),)))


def test_a_disk_that_fills_up_is_told_before_writes_fail(embedded: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> None:
        async with Store.open(embedded, now) as store:
            await store.check()
            with monkeypatch.context() as fuller:
                fuller.setattr("tangency.adapters.sql.database_file.LEAST_FREE_MB", 2**40)
                with pytest.raises(StoreUnavailable, match=r"has .* MB left, and answers may take .* makes room"):
                    await store.check()
            await store.check()
            embedded.data_path.joinpath("tangency.db").unlink()
            with pytest.raises(StoreUnavailable, match="No such file or directory"):
                await store.check()

    asyncio.run(look())


def test_a_unit_of_work_without_commit_never_happened(embedded: Settings) -> None:
    async def leave() -> Portfolio | None:
        async with Store.open(embedded, now) as store:
            async with store.units() as unit:
                await unit.portfolios.put(Portfolio("p", (Holding("A", 1),)))
            return await store.portfolio("p")

    assert asyncio.run(leave()) is None


def test_a_database_that_is_no_database_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "tangency.db").write_bytes(b"this is not a database" * 100)

    async def open_it() -> None:
        async with Store.open(Settings(data_dir=str(tmp_path)), now) as store:
            await store.check()

    with pytest.raises(StoreUnavailable, match="not a database"):
        asyncio.run(open_it())


@pytest.mark.parametrize(
    ("stated", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg"),
    ],
)
def test_the_driver_is_ours_unless_it_is_named(stated: str, driver: str) -> None:
    assert url_of(Settings(database_url=stated)).drivername == driver


@pytest.mark.parametrize(
    "stated",
    [
        "nonsense",
        "oracle://u@h/d",
        "martian://u@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_that_cannot_be_used_is_named_with_its_variable(stated: str) -> None:
    with pytest.raises(InvalidSettings, match="TANGENCY_DATABASE_URL"):
        engine_of(Settings(database_url=stated))


def test_the_process_ends_when_the_store_is_closed(tmp_path: Path) -> None:
    script = f"""
    import asyncio
    from datetime import UTC, datetime
    from tangency.adapters.settings import Settings
    from tangency.adapters.sql import Store

    async def main():
        async with Store.open(Settings(data_dir={str(tmp_path)!r}), lambda: datetime.now(UTC)) as store:
            await store.check()

    asyncio.run(main())
    """
    subprocess.run([sys.executable, "-W", "error", "-c", dedent(script)], check=True, timeout=20)
