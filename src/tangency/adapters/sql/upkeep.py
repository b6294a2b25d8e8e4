"""Checking a database, and rebuilding its read tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tangency.adapters.settings import Settings
from tangency.adapters.sql import projections
from tangency.adapters.sql.engine import engine_of
from tangency.adapters.sql.failures import translated
from tangency.adapters.sql.revisions import prepare
from tangency.adapters.sql.schema import Table
from tangency.domain.errors import TangencyError


class TablesDiffer(TangencyError):
    """The tables are not as the migrations made them."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        super().__init__(
            f"the tables are not as this release makes them: {'; '.join(differences)}. "
            "Undo what was changed by hand, or restore a backup."
        )


class ReadTablesDiffer(TangencyError):
    """The read tables differ from the records."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        self.rows = {table: count for table, count in rows.items() if count}
        told = ", ".join(f"{count} rows of {table}" for table, count in self.rows.items())
        super().__init__(f"what is read differs from what was written in {told}; run `tangency db rebuild`.")


async def rebuild(settings: Settings) -> dict[str, int]:
    """Rebuild the read tables from the records, and return how many rows each has.

    Raises:
        DatabaseNotMigrated: it is at an older revision.
    """
    async with _connected(settings) as connection:
        return await connection.run_sync(projections.rebuild)


async def check(settings: Settings) -> dict[str, int]:
    """Compare the tables with this release, and the read tables with the records; return the rows of each read table.

    Raises:
        DatabaseNotMigrated: it is at an older revision.
        TablesDiffer: a table, column or index is missing, or not as it should be.
        ReadTablesDiffer: read tables have to be rebuilt.
    """
    async with _connected(settings) as connection:
        differences = await connection.run_sync(drift)
        if differences:
            raise TablesDiffer(differences)
        found = await connection.run_sync(projections.differing)
        if any(found.values()):
            raise ReadTablesDiffer(found)
        return await connection.run_sync(projections.counted)


def drift(connection: Connection) -> list[str]:
    """Differences between the tables and this release. Tables of others are ignored."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(name: str | None, kind: str, _parents: Mapping[str, Any]) -> bool:
        return kind != "table" or name in Table.metadata.tables

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": ours})
    return [" ".join(map(str, difference)) for difference in compare_metadata(context, Table.metadata)]


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """A transaction without time limits, on a database of this release."""
    engine = engine_of(settings)
    try:
        async with translated():
            await prepare(engine, migrate=settings.embedded)
            async with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    await connection.execute(text("SET LOCAL statement_timeout = 0"))
                yield connection
    finally:
        await engine.dispose()
