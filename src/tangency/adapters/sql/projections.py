"""Read models: what is read of each row of the write side, as one SELECT.

The same SELECT writes a row in the transaction of the event that changes it, and all of them when they are rebuilt: so
the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Select,
    Text,
    Update,
    bindparam,
    cast,
    delete,
    except_,
    func,
    select,
    text,
    update,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import (
    FactorAnalysisRequest,
    FactorAnalysisResult,
    FactorExposures,
    FrontierRequest,
    FrontierResult,
    OptimizationRequest,
    OptimizationResult,
    PortfolioOptimization,
    RebalanceRequest,
    RebalanceResult,
    StoredFrontier,
    StoredPlan,
    Table,
)
from tangency.adapters.sql.statements import dialect, table_of


@dataclass(frozen=True, eq=False)
class Projection:
    """A read table and where its rows come from.

    Attributes:
        key: the column of the read table that names a row within its tenant.
        request: the write table with one row for each; its key is ``id``.
        result: the write table with what came of it, where anything did.
        source: the two joined.
        otherwise: columns that do not have the name that they have there.
    """

    table: SqlTable
    key: str
    request: SqlTable
    result: SqlTable
    source: FromClause
    otherwise: Mapping[str, ColumnElement[Any]]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of the read table."""
        return tuple(column.name for column in self.table.c)

    @cached_property
    def rows(self) -> Select[Any]:
        """Every row of the read table, from the write side."""
        return select(*(self._from(name).label(name) for name in self.columns)).select_from(self.source)

    def _from(self, name: str) -> ColumnElement[Any]:
        if name in self.otherwise:
            return self.otherwise[name]
        return self.request.c[name] if name in self.request.c else self.result.c[name]

    @cache  # noqa: B019 - projections are as many as read tables, and stay
    def upsert(self, database: str) -> Insert:
        """Write one row anew; its key is bound as ``of_tenant`` and ``of_id``."""
        ours = self.rows.where(self.request.c.tenant == bindparam("of_tenant"), self.request.c.id == bindparam("of_id"))
        insert = postgresql.insert if database == "postgresql" else sqlite.insert
        statement = insert(self.table).from_select(self.columns, ours)
        changed = {name: statement.excluded[name] for name in self.columns if name not in ("tenant", self.key)}
        written: Insert = statement.on_conflict_do_update(index_elements=["tenant", self.key], set_=changed)
        return written

    @cache  # noqa: B019 - the same
    def refresh(self, changed: frozenset[str]) -> Update:
        """Write of one row what changed in its request alone: the rest of it may be wide. Its key is bound likewise."""
        read, request = self.table.c, self.request.c
        ours = (read.tenant == request.tenant, read[self.key] == request.id)
        this = (request.tenant == bindparam("of_tenant"), request.id == bindparam("of_id"))
        names = [name for name in self.columns if name in changed]
        return update(self.table).where(*ours, *this).values({name: request[name] for name in names})

    def of(self, tenant: str, identity: str) -> dict[str, str]:
        """The key of a row as it is bound."""
        return {"of_tenant": tenant, "of_id": identity}


def _projection(read: type[Table], request: type[Table], result: type[Table], **otherwise: Any) -> Projection:  # noqa: ANN401 - columns
    """A read table whose key is that of the results."""
    asked, came = table_of(request), table_of(result)
    key = came.primary_key.columns.values()[1]
    source = asked.outerjoin(came, (asked.c.tenant == came.c.tenant) & (asked.c.id == key))
    return Projection(table_of(read), key.name, asked, came, source, {key.name: asked.c.id, **otherwise})


OPTIMIZATIONS = _projection(
    PortfolioOptimization,
    OptimizationRequest,
    OptimizationResult,
    number=table_of(OptimizationRequest).c.sequence,
    answered=table_of(OptimizationResult).c.sequence,
    target_allocation=table_of(OptimizationResult).c.allocation,
)
FRONTIERS = _projection(StoredFrontier, FrontierRequest, FrontierResult)
PLANS = _projection(StoredPlan, RebalanceRequest, RebalanceResult)
FACTOR_ANALYSES = _projection(FactorExposures, FactorAnalysisRequest, FactorAnalysisResult)
PROJECTIONS = (OPTIMIZATIONS, FRONTIERS, PLANS, FACTOR_ANALYSES)


async def project(session: AsyncSession, projection: Projection, tenant: str, identity: str) -> None:
    """Write what is read of one row of the write side."""
    await session.execute(projection.upsert(dialect(session)), projection.of(tenant, identity))


def rebuild(connection: Connection) -> dict[str, int]:
    """Write every read table anew, in one transaction, during which nobody else writes them; gives their rows."""
    for projection in PROJECTIONS:
        _hold(connection, projection.table)
        connection.execute(delete(projection.table))
        connection.execute(projection.table.insert().from_select(projection.columns, projection.rows))
    return counted(connection)


def counted(connection: Connection) -> dict[str, int]:
    """For each read table, how many rows it has."""
    tables = [each.table for each in PROJECTIONS]
    counts = {table.name: select(func.count()).select_from(table) for table in tables}
    return {name: int(connection.execute(count).scalar_one()) for name, count in counts.items()}


def differing(connection: Connection) -> dict[str, int]:
    """For each read table, how many rows are not as they would be rebuilt."""
    return {each.table.name: _differing(connection, each) for each in PROJECTIONS}


def _differing(connection: Connection, projection: Projection) -> int:
    """By the text of every column: documents have no equality of their own."""
    kept = select(*(cast(column, Text) for column in projection.table.c))
    rows = projection.rows.subquery()
    made = select(*(cast(column, Text) for column in rows.c))
    counts = [
        connection.execute(select(func.count()).select_from(except_(one, other).subquery())).scalar_one()
        for one, other in ((kept, made), (made, kept))
    ]
    return max(map(int, counts))


def _hold(connection: Connection, table: SqlTable) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))
