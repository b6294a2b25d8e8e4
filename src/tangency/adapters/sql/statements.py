"""Inserts, each built once: building one costs as much as running it."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Insert, bindparam, func, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import OptimizationRequest, OptimizationResult, Table


def dialect(session: AsyncSession) -> str:
    """``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


@cache
def insert_unless_there(table: type[Table], database: str) -> Insert:
    """Insert a row, or leave the one that has its key."""
    insert = postgresql.insert if database == "postgresql" else sqlite.insert
    statement: Insert = insert(table_of(table)).on_conflict_do_nothing()
    return statement


@cache
def insert_numbered(mapped: type[OptimizationResult | OptimizationRequest], database: str) -> Insert:
    """Insert a row with the next number of its tenant, which is also given as ``numbered_for``.

    SQLite numbers no column but an integer key. One transaction at a time writes there, so that the largest number
    cannot change under it.
    """
    table = table_of(mapped)
    if database != "sqlite":
        return table.insert()
    following = select(func.coalesce(func.max(table.c.sequence), 0) + 1)
    number = following.where(table.c.tenant == bindparam("numbered_for")).scalar_subquery()
    return table.insert().values(sequence=number)


def table_of(mapped: type[Table]) -> SqlTable:
    """The table behind a class."""
    return Table.metadata.tables[mapped.__tablename__]
