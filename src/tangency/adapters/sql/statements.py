"""Statements, each built and compiled once: either costs as much as running one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable, Insert, Result, bindparam, func, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.expression import ClauseElement

from tangency.adapters.sql.schema import KnownPortfolio, OptimizationRequest, OptimizationResult, StoredMatrix, Table


def dialect(session: AsyncSession) -> str:
    """``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


STATEMENTS = 512
"""More than there are; each is compiled once."""

Values = Mapping[str, Any] | tuple[Any, ...]
Bound = Callable[[Mapping[str, Any]], Values]


@cache
def insert_unless_there(table: type[Table], database: str) -> Insert:
    """Insert a row, or leave the one that has its key."""
    insert = postgresql.insert if database == "postgresql" else sqlite.insert
    statement: Insert = insert(table_of(table)).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return statement


@cache
def insert_or_replace(table: type[Table], database: str) -> Insert:
    """Insert a row, or put it in the place of the one that has its key."""
    insert = postgresql.insert if database == "postgresql" else sqlite.insert
    statement, key = insert(table_of(table)), [column.name for column in table_of(table).primary_key]
    changes = {column.name: statement.excluded[column.name] for column in table_of(table).c if column.name not in key}
    replaced: Insert = statement.on_conflict_do_update(index_elements=key, set_=changes)
    return replaced


@cache
def insert_matrix(database: str) -> Insert:
    """Insert a matrix, or hold on to the one that is there, so that nobody removes it before we refer to it."""
    table = table_of(StoredMatrix)
    if database != "postgresql":
        return insert_unless_there(StoredMatrix, database)
    held: Insert = postgresql.insert(table).on_conflict_do_update(
        index_elements=("tenant", "digest"), set_={"created_at": table.c.created_at}
    )
    return held


@cache
def insert_numbered(mapped: type[OptimizationResult | OptimizationRequest], database: str) -> Insert:
    """Insert a row with the next number of its tenant, also given as ``numbered_for``, or leave the one of its id.

    SQLite numbers no column but an integer key. One transaction at a time writes there, so that the largest number
    cannot change under it.
    """
    table = table_of(mapped)
    key = [column.name for column in table.primary_key]
    if database != "sqlite":
        kept: Insert = postgresql.insert(table).on_conflict_do_nothing(index_elements=key)
        return kept
    following = select(func.coalesce(func.max(table.c.sequence), 0) + 1)
    number = following.where(table.c.tenant == bindparam("numbered_for")).scalar_subquery()
    numbered: Insert = sqlite.insert(table).values(sequence=number).on_conflict_do_nothing(index_elements=key)
    return numbered


async def know(session: AsyncSession, tenant: str, portfolio_id: str) -> None:
    """Keep the id of a portfolio, before anything is kept about it."""
    row = {"tenant": tenant, "id": portfolio_id}
    await session.execute(insert_unless_there(KnownPortfolio, dialect(session)), row)


def changed(result: Result[Any]) -> bool:
    """Whether a statement that changes one row at most did."""
    return isinstance(result, CursorResult) and result.rowcount == 1


def table_of(mapped: type[Table]) -> SqlTable:
    """The table behind a class."""
    return Table.metadata.tables[mapped.__tablename__]


@lru_cache(STATEMENTS)
def compiled(statement: Executable, names: frozenset[str], dialect: Dialect) -> tuple[str, Bound]:
    """The words of a statement for a driver, and what makes values of ours into the driver's."""
    if not isinstance(statement, ClauseElement):
        raise TypeError(f"{type(statement).__name__} is not a statement that can be compiled")
    made: Any = statement.compile(dialect=dialect, column_keys=sorted(names))
    kinds = {name: each.type.dialect_impl(dialect) for each, name in made.bind_names.items()}
    coded = {name: code for name, kind in kinds.items() if (code := kind.bind_processor(dialect)) is not None}

    def bound(values: Mapping[str, Any]) -> Values:
        given = made.construct_params(values)
        for name, code in coded.items():
            given[name] = code(given[name])
        return given if made.positiontup is None else tuple(given[name] for name in made.positiontup)

    return str(made), bound
