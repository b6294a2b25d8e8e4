"""Units of work over one connection and one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tangency.adapters.sql.events import SqlEvents
from tangency.adapters.sql.factors import SqlFactorAnalyses
from tangency.adapters.sql.failures import translated
from tangency.adapters.sql.frontiers import SqlFrontiers
from tangency.adapters.sql.keys import SqlKeys
from tangency.adapters.sql.library import SqlLibrary
from tangency.adapters.sql.matrices import Freezer
from tangency.adapters.sql.optimizations import SqlOptimizations
from tangency.adapters.sql.orders import SqlOrders
from tangency.adapters.sql.portfolios import SqlPortfolios
from tangency.adapters.sql.rebalancing import SqlRebalancePlans
from tangency.domain.optimization.problem import Problem


class SqlUnitOfWork:
    """One transaction. Leaving it without :meth:`commit` undoes everything."""

    def __init__(self, units: SqlUnitsOfWork) -> None:
        self._units = units
        self._stack = AsyncExitStack()
        self._session = AsyncSession(units.engine, expire_on_commit=False)
        self.optimizations = SqlOptimizations(self._session, units.tenant, units.freezer)
        self.portfolios = SqlPortfolios(self._session, units.tenant, units.now)
        self.library = SqlLibrary(self._session, units.tenant)
        self.factor_analyses = SqlFactorAnalyses(self._session, units.tenant)
        self.frontiers = SqlFrontiers(self._session, units.tenant)
        self.rebalance_plans = SqlRebalancePlans(self._session, units.tenant)
        self.orders = SqlOrders(self._session, units.tenant, self.optimizations)
        self.keys = SqlKeys(self._session, units.tenant)
        self.events = SqlEvents(self._session, units.tenant)

    async def __aenter__(self) -> Self:
        """Begin. In one process, writers of SQLite take turns here rather than asking its file again and again."""
        if self._units.turn is not None:
            await self._stack.enter_async_context(self._units.turn)
        await self._stack.enter_async_context(translated())
        await self._stack.enter_async_context(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; undone unless committed."""
        await self._stack.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        """Make every change durable."""
        await self._session.commit()
        self._units.freezer.kept.update(self.optimizations.written)
        if self.events.told:
            self._units.news.set()


class SqlUnitsOfWork:
    """Makes units of work for one tenant."""

    def __init__(self, engine: AsyncEngine, tenant: str, now: Callable[[], datetime]) -> None:
        self.engine, self.tenant, self.now = engine, tenant, now
        self.freezer = Freezer()
        self.news = asyncio.Event()
        """Set at each commit that keeps an event, for the relay of this process."""
        self.turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    def __call__(self) -> SqlUnitOfWork:
        """A new one, not begun."""
        return SqlUnitOfWork(self)

    def prepare(self, problem: Problem) -> None:
        """Begin to hash and compress the problem's matrices."""
        self.freezer.prepare(problem)

    async def ready(self, problem: Problem) -> None:
        """Wait until they are hashed and compressed."""
        await self.freezer.ready(problem)
