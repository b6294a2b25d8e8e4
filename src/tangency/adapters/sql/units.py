"""Units of work over one connection and one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from copy import copy
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tangency.adapters.sql.configurations import SqlConfigurations
from tangency.adapters.sql.events import SqlEvents
from tangency.adapters.sql.factors import SqlFactorAnalyses
from tangency.adapters.sql.failures import Interrupted, translated
from tangency.adapters.sql.fleet import SqlFleet
from tangency.adapters.sql.frontiers import SqlFrontiers
from tangency.adapters.sql.keys import SqlKeys
from tangency.adapters.sql.library import SqlLibrary
from tangency.adapters.sql.locks import UNTIL_COMMIT_OR_IDLE, UNTIL_COMMIT_OR_NOT, lock_number
from tangency.adapters.sql.matrices import Freezer
from tangency.adapters.sql.optimizations import SqlOptimizations
from tangency.adapters.sql.orders import SqlOrders
from tangency.adapters.sql.partitions import Partitions
from tangency.adapters.sql.portfolios import SqlPortfolios
from tangency.adapters.sql.reading import PAUSES_S, again_where_interrupted
from tangency.adapters.sql.rebalancing import SqlRebalancePlans
from tangency.adapters.sql.series_rows import SqlSeriesPoints
from tangency.adapters.sql.sqlite import Connection
from tangency.adapters.sql.tickets import SqlTickets
from tangency.adapters.sql.writes import Writes
from tangency.domain.event import EventPublisher
from tangency.domain.optimization.problem import Problem
from tangency.domain.trace import TraceContext

Result = TypeVar("Result")

FATE = text("SELECT pg_xact_status(CAST(:number AS xid8))")
"""Asks PostgreSQL for the outcome of a transaction whose commit was not answered."""


class SqlUnitOfWork:
    """One transaction. Leaving it without :meth:`commit` undoes everything.

    Attributes:
        number: of the transaction, once it is about to be committed; None where it wrote nothing.
    """

    number: str | None = None

    def __init__(self, units: SqlUnitsOfWork) -> None:
        self._units = units
        self._stack = AsyncExitStack()
        self._session = AsyncSession(units.engine, expire_on_commit=False)
        self._writes = Writes(self._session)
        self.optimizations = SqlOptimizations(self._session, units.tenant, units.freezer, self._writes)
        self.portfolios = SqlPortfolios(self._session, units.tenant, units.now)
        self.library = SqlLibrary(self._session, units.tenant)
        self.factor_analyses = SqlFactorAnalyses(self._session, units.tenant)
        self.frontiers = SqlFrontiers(self._session, units.tenant)
        self.rebalance_plans = SqlRebalancePlans(self._session, units.tenant)
        tickets = SqlTickets(units.tenant, units.ticketed, self._writes)
        self.orders = SqlOrders(
            self._session, units.tenant, self.optimizations, tickets, units.now, self._writes, units.trace
        )
        self.fleet = SqlFleet(units.tenant, self._writes)
        self.configurations = SqlConfigurations(self._session, units.tenant)
        self.keys = SqlKeys(self._session, units.tenant)
        self.events = SqlEvents(units.tenant, self._writes, units.bus is not None, units.trace)
        self.series = SqlSeriesPoints(self._session, units.tenant, units.partitions, self._writes)

    async def __aenter__(self) -> Self:
        """Begin. Writers to SQLite wait for each other here, instead of polling the lock of its file."""
        if self._units.turn is not None:
            await self._stack.enter_async_context(self._units.turn)
        await self._stack.enter_async_context(translated(self._units.patience_s))
        self._stack.push_async_exit(self._end_session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; undone unless committed."""
        await self._stack.__aexit__(kind, error, trace)

    async def _end_session(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A session that has no connection has nothing to give back."""
        if self._session.in_transaction():
            await self._session.__aexit__(kind, error, trace)

    async def alone(self, chore: str, idle_s: float | None = None) -> bool:
        """Try to take the lock of a chore. SQLite needs none: its service is one process."""
        if self._units.turn is not None:
            return True
        lock = {"lock": lock_number(chore, self._units.tenant)}
        if idle_s is None:
            return bool(await self._session.scalar(UNTIL_COMMIT_OR_NOT, lock))
        return bool(await self._session.scalar(UNTIL_COMMIT_OR_IDLE, {**lock, "idle_ms": str(round(1000 * idle_s))}))

    async def commit(self) -> None:
        """Make every change durable."""
        if self._units.writer is not None and not self._session.in_transaction():
            await self._writes.keep(self._units.writer)
        else:
            await self._writes.send(last=True)
            self.number, self._writes.number = self._writes.number, None
            await self._session.commit()
        self.committed()
        if self._units.bus is not None:
            await self._units.bus.publish(self.events.kept)

    def committed(self) -> None:
        """Remember what is committed now, for later transactions of this process."""
        self._units.freezer.kept.update(self.optimizations.written)
        if self.events.kept and self._units.bus is None:
            self._units.news.set()


class SqlUnitsOfWork:
    """Makes units of work for one tenant.

    Attributes:
        bus: told of events once they are committed, in a database that one process writes to; None where a relay tells
            others of them.
        trace: of the request that units are made for; None where it named none, and between requests.
        writer: to a database that is a file, for units that only write; a session for them takes 0.5 ms more.
    """

    trace: TraceContext | None = None
    writer: Connection | None = None

    def __init__(
        self,
        engine: AsyncEngine,
        tenant: str,
        now: Callable[[], datetime],
        partitions: Partitions | None,
        patience_s: float | None = None,
        ticketed: bool = False,
        bus: EventPublisher | None = None,
    ) -> None:
        self.engine, self.tenant, self.now, self.partitions = engine, tenant, now, partitions
        self.patience_s, self.ticketed, self.bus = patience_s, ticketed, bus
        self.freezer = Freezer()
        self.news = asyncio.Event()
        """Set at each commit with an event, to wake the relay of this process."""
        self.turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    def __call__(self) -> SqlUnitOfWork:
        """A new unit; enter it to begin."""
        return SqlUnitOfWork(self)

    def traced(self, trace: TraceContext | None) -> SqlUnitsOfWork:
        """Units that store this trace; otherwise they share everything with these."""
        units = copy(self)
        units.trace = trace
        return units

    async def keep(self, work: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Do work in a unit and commit it. Repeat it a few times if the database was interrupted before the commit."""
        return await again_where_interrupted(lambda: self._kept(work))

    async def _kept(self, work: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        unit, done = self(), list[Result]()
        try:
            async with unit:
                done.append(await work(unit))
                await unit.commit()
        except Interrupted:
            if unit.number is None or not await self._was_committed(unit.number):
                raise
            unit.committed()
        return done[0]

    async def _was_committed(self, number: str) -> bool:
        """Find out whether a commit without an answer succeeded; ask until the server knows."""
        for pause in (*PAUSES_S, None):
            async with translated(self.patience_s), self.engine.connect() as connection:
                fate = await connection.scalar(FATE, {"number": number})
            if fate != "in progress" or pause is None:
                return bool(fate == "committed")
            await asyncio.sleep(pause)
        return False

    def prepare(self, problem: Problem) -> None:
        """Start hashing and compressing the matrices of a problem."""
        self.freezer.prepare(problem)

    async def ready(self, problem: Problem) -> None:
        """Wait until they are hashed and compressed."""
        await self.freezer.ready(problem)
