"""Upgrading a database to the newest revision. Alembic is imported only if there is something to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, MetaData, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from tangency.adapters.settings import Settings
from tangency.adapters.sql.engine import engine_of
from tangency.adapters.sql.failures import translated
from tangency.domain.errors import TangencyError

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0016"
"""The newest revision in the folder of migrations; a test compares the two."""

LOCK = 7_264_002
"""The advisory lock of PostgreSQL that a migration holds until its transaction ends."""

LOCK_TIMEOUT_S = 5
"""A migration that cannot lock a table in this time gives up, so that others do not queue behind it."""

COLUMNS = text("SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c")
"""Table and column of all that a file has."""

FOLDER = Path(__file__).with_name("migrations")


class DatabaseNotMigrated(TangencyError):
    """The database is at another revision than this release works with."""

    def __init__(self, found: str | None) -> None:
        self.found = found
        super().__init__(
            f"the database is at revision {found or 'none'} and this release needs {NEWEST}; run `tangency db upgrade`."
        )


class DatabaseIsNewer(TangencyError):
    """A later release has migrated the database."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(
            f"the database is at revision {found} and this release knows revisions up to {NEWEST}; install the release "
            "that made it (`pip install --upgrade tangency`), or name another database."
        )


class DatabaseOfAnotherVersion(TangencyError):
    """The database names a revision of this release, or one that nobody knows, and has other tables."""

    def __init__(self, database: str, difference: str) -> None:
        self.database, self.difference = database, difference
        super().__init__(
            f"the database {database} belongs to another version of Tangency ({difference}); move it away to begin "
            "with an empty one, or name another with TANGENCY_DATA_DIR or TANGENCY_DATABASE_URL."
        )


async def upgrade(settings: Settings) -> str:
    """Upgrade the database to the newest revision, and return that."""
    engine = engine_of(settings)
    try:
        async with translated():
            await prepare(engine, migrate=True, series=settings.series)
    finally:
        await engine.dispose()
    return NEWEST


async def current(settings: Settings) -> str | None:
    """The revision of the database; None if it is empty."""
    engine = engine_of(settings)
    try:
        async with translated(), engine.connect() as connection:
            return await connection.run_sync(_revision)
    finally:
        await engine.dispose()


async def prepare(engine: AsyncEngine, migrate: bool, series: str = "auto") -> None:
    """Make sure that the database is at the newest revision.

    Args:
        engine: of the database.
        migrate: whether it may be brought there.
        series: what is to keep the series of portfolios, where its table is made now.

    Raises:
        DatabaseIsNewer: a later release has been here, and says that this one cannot work with what it made.
        DatabaseNotMigrated: it is not, and ``migrate`` does not allow to change that.
        DatabaseOfAnotherVersion: it cannot be brought there from what is in it, which stays as it is.
    """
    async with engine.begin() as connection:
        if migrate:
            await connection.run_sync(_wait_for_turn)
        found = await connection.run_sync(_revision)
        if found == NEWEST:
            return
        if found is not None and found > NEWEST:
            await connection.run_sync(_refuse_unreadable, found)
            return
        if not migrate:
            raise DatabaseNotMigrated(found)
        await connection.run_sync(_upgrade, series)


async def refuse_other_tables(engine: AsyncEngine, wanted: MetaData) -> None:
    """Make sure that a file has the tables and columns that this release reads and writes, whatever revision it names.

    Raises:
        DatabaseOfAnotherVersion: it has not.
    """
    async with engine.connect() as connection:
        rows = await connection.execute(COLUMNS)
        there = {(table, column) for table, column in rows}
    for table in wanted.sorted_tables:
        for column in table.columns:
            if (table.name, column.name) not in there:
                raise DatabaseOfAnotherVersion(_place(engine.url), f"no such column: {table.name}.{column.name}")


def _place(url: URL) -> str:
    """Where a database is: the path of a file, or an address without its password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else str(url)


def _wait_for_turn(connection: Connection) -> None:
    """Hold the lock of migrations: a second process waits, and finds the work done. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _refuse_unreadable(connection: Connection, found: str) -> None:
    """The oldest revision that a process must know to use the database, as a later release has recorded it."""
    told = inspect(connection).has_table("oldest_reader")
    oldest = connection.execute(text("SELECT revision FROM oldest_reader")).scalar() if told else None
    if oldest is None or oldest > NEWEST:
        raise DatabaseIsNewer(found)


def _upgrade(connection: Connection, series: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(config(connection, series), "head")
    except CommandError as error:  # the revision that it names is none
        raise DatabaseOfAnotherVersion(_place(connection.engine.url), str(error).rstrip(".")) from error
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:  # the disk is full, it is locked, ...
            raise
        raise DatabaseOfAnotherVersion(_place(connection.engine.url), str(error.orig)) from error


def config(connection: Connection | None = None, series: str = "auto") -> Config:
    """Alembic's configuration, without a file."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection, "series": series})
    made.set_main_option("script_location", str(FOLDER))
    return made
