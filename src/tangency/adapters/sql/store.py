"""An open database: units of work for writers, and the read ports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.settings import Settings
from tangency.adapters.sql.configurations import OF_A_PORTFOLIO, configuration_of, of_a_portfolio
from tangency.adapters.sql.database_file import DatabaseFile
from tangency.adapters.sql.engine import engine_of, file_of
from tangency.adapters.sql.events import last_position, read_events
from tangency.adapters.sql.factors import read_analyses, read_analysis
from tangency.adapters.sql.failures import translated
from tangency.adapters.sql.fleet import read_fleet, read_load, read_workers
from tangency.adapters.sql.frontiers import read_frontier, read_frontier_for
from tangency.adapters.sql.glance import Glance
from tangency.adapters.sql.keys import read_key
from tangency.adapters.sql.library import read_entry
from tangency.adapters.sql.optimizations import latest_answer, read_answer
from tangency.adapters.sql.orders import held, read_order, read_orders, still_waits, waits
from tangency.adapters.sql.outbox import SqlOutbox
from tangency.adapters.sql.portfolios import (
    read_benchmark,
    read_known_portfolios,
    read_portfolio,
    read_prices,
    read_risk_model,
    read_tax_lots,
)
from tangency.adapters.sql.reading import Reader
from tangency.adapters.sql.rebalancing import read_last_approval, read_plan, read_plans
from tangency.adapters.sql.revisions import prepare, refuse_other_tables
from tangency.adapters.sql.schema import Table
from tangency.adapters.sql.sqlite import writing
from tangency.adapters.sql.timescale.choice import Series, series_of
from tangency.adapters.sql.units import SqlUnitsOfWork
from tangency.adapters.sql.wakeups import Came, TicketOutbox, hearing
from tangency.domain.event import Event, EventPublisher
from tangency.domain.factors.analysis import FactorAnalysis
from tangency.domain.frontier.frontier import EfficientFrontier
from tangency.domain.idempotency import Key
from tangency.domain.library.entry import Address, Entry
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.optimization.configuration import StandingConfiguration
from tangency.domain.optimization.fleet import FleetState, Load, Worker
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.order import Filter, OrderState
from tangency.domain.optimization.queue import Queue
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.plan import RebalancePlan


class Store:
    """Implements the read ports; ``units`` is for writing. Open one with :meth:`open`."""

    def __init__(self, reader: Reader, units: SqlUnitsOfWork, series: Series, file: DatabaseFile | None = None) -> None:
        self._reader, self._tenant, self._file = reader, units.tenant, file
        self.units, self.series = units, series
        self.outbox = SqlOutbox(units)
        self.tickets = TicketOutbox(units)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, now: Callable[[], datetime], bus: EventPublisher | None = None
    ) -> AsyncIterator[Store]:
        """Connect, and upgrade a SQLite database to the newest revision.

        Args:
            settings: which database, and how to use it.
            now: the clock.
            bus: receives events when they are committed; None if a relay publishes them.

        Raises:
            InvalidSettings: the database stores its history in another way than the settings say.
            DatabaseNotMigrated: another database is at an older revision.
            DatabaseOfAnotherVersion: the file has other tables.
            StoreUnavailable: it cannot be reached.
        """
        engine = engine_of(settings)
        tenant, patience_s = settings.tenant, None if settings.embedded else settings.database_wait_s
        async with AsyncExitStack() as opened:
            # the thread behind each connection of SQLite would keep the process alive
            opened.push_async_callback(engine.dispose)
            async with translated():
                await prepare(engine, migrate=settings.embedded, series=settings.series)
                if settings.embedded:
                    await refuse_other_tables(engine, Table.metadata)
                series = await series_of(engine, settings)
                path = file_of(engine.url)
                writer = await opened.enter_async_context(writing(path))
                glance = opened.enter_context(Glance.opened(path))
                file = DatabaseFile.opened(path)
            units = SqlUnitsOfWork(engine, tenant, now, series.partitions, patience_s, settings.ticketed, bus)
            units.writer = writer
            yield cls(Reader(engine, tenant, patience_s, glance), units, series, file)

    async def answer(self, portfolio_id: str) -> Answer | None:
        """The latest answer for a portfolio."""
        return await self._reader.read(latest_answer, portfolio_id)

    async def answer_of(self, optimization_id: UUID) -> Answer | None:
        """The answer of an optimization."""
        return await self._reader.read(read_answer, optimization_id)

    async def known_portfolios(self, most: int) -> Sequence[str]:
        """The ids of portfolios, in order; no more than ``most``."""
        return await self._reader.read(read_known_portfolios, most)

    async def configuration(self, portfolio_id: str) -> StandingConfiguration | None:
        """The default values for requests of a portfolio."""
        values = of_a_portfolio(self._tenant, portfolio_id)
        return configuration_of(await self._reader.first(OF_A_PORTFOLIO, values))

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """The imported holdings."""
        return await self._reader.read(read_portfolio, portfolio_id)

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        """The imported tax lots."""
        return await self._reader.read(read_tax_lots, portfolio_id)

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        """The imported benchmark."""
        return await self._reader.read(read_benchmark, portfolio_id)

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        """The imported risk model."""
        return await self._reader.read(read_risk_model, portfolio_id)

    async def prices(self, portfolio_id: str, names: Sequence[str] = ()) -> PriceHistory | None:
        """The imported prices."""
        return await self._reader.read(read_prices, portfolio_id)

    async def entry(self, address: Address) -> Entry | None:
        """A stored document."""
        return await self._reader.read(read_entry, address)

    async def order(self, order: UUID) -> OrderState | None:
        """An order."""
        return await self._reader.read(read_order, order)

    async def orders(self, wanted: Filter) -> Sequence[OrderState]:
        """Orders, newest first."""
        return await self._reader.read(read_orders, wanted)

    async def waits(self, queues: Sequence[Queue]) -> bool:
        """Whether any order waits in these queues."""
        return await self._reader.read(waits, queues)

    async def still_waits(self, order: UUID) -> bool:
        """Whether an order still waits."""
        return await self._reader.read(still_waits, order)

    async def held(self, order: UUID, attempt: int) -> bool:
        """Whether an order still belongs to an attempt."""
        return await self._reader.read(held, order, attempt)

    async def fleet(self) -> FleetState:
        """The state of workers and queues."""
        return await self._reader.read(read_fleet)

    async def workers(self, since: datetime) -> Sequence[Worker]:
        """The workers that gave a sign of life since then."""
        return await self._reader.read(read_workers, since)

    async def load(self, queue: Queue, since: datetime) -> Load:
        """The orders ahead of a new one, and the workers of its queue."""
        return await self._reader.read(read_load, queue, since)

    def hearing(self, came: Came) -> AbstractAsyncContextManager[None]:
        """Receive notifications of waiting orders until the context ends; SQLite has none."""
        if self.units.turn is not None:
            return nullcontext()
        return hearing(self.units.engine, self._tenant, came)

    async def made(self, key: Key) -> str | None:
        """What an idempotency key stands for."""
        return await self._reader.read(read_key, key)

    async def events(self, after: int, limit: int) -> Sequence[Event]:
        """Events after a position."""
        return await self._reader.read(read_events, after, limit)

    async def last_position(self) -> int:
        """The position of the newest published event."""
        return await self._reader.read(last_position)

    async def plan(self, plan_id: str) -> RebalancePlan | None:
        """A rebalance plan."""
        return await self._reader.read(read_plan, plan_id)

    async def plans_of(self, portfolio_id: str) -> Sequence[RebalancePlan]:
        """The rebalance plans of a portfolio, newest first."""
        return await self._reader.read(read_plans, portfolio_id)

    async def last_approval(self, portfolio_id: str) -> datetime | None:
        """When a rebalance plan of a portfolio was last approved."""
        return await self._reader.read(read_last_approval, portfolio_id)

    async def factor_analysis(self, analysis_id: str) -> FactorAnalysis | None:
        """A stored factor analysis."""
        return await self._reader.read(read_analysis, analysis_id)

    async def factor_analyses(self, portfolio_id: str, most: int) -> Sequence[FactorAnalysis]:
        """The factor analyses of a portfolio, newest first."""
        return await self._reader.read(read_analyses, portfolio_id, most)

    async def frontier(self, frontier_id: str) -> EfficientFrontier | None:
        """A stored frontier."""
        return await self._reader.read(read_frontier, frontier_id)

    async def frontier_for(self, portfolio_id: str, key: str) -> EfficientFrontier | None:
        """The frontier of a portfolio for a problem and a question."""
        return await self._reader.read(read_frontier_for, portfolio_id, key)

    async def check(self) -> None:
        """Ask the database anything, and whether it could keep anything.

        Raises:
            StoreUnavailable: it does not answer, or its file is gone, is another one, or has no room to grow.
        """
        if self._file is not None:  # first, because whoever connects makes a file where there is none
            self._file.check()
        await self._reader.read(_anything)


async def _anything(session: AsyncSession, _tenant: str) -> None:
    await session.execute(text("SELECT 1"))
