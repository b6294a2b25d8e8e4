"""The unit of work: several changes in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from tangency.domain.event import EventRepository
from tangency.domain.factors.ports import FactorAnalysisRepository
from tangency.domain.frontier.ports import FrontierRepository
from tangency.domain.idempotency import KeyRepository
from tangency.domain.library.ports import LibraryRepository
from tangency.domain.optimization.configuration import ConfigurationRepository
from tangency.domain.optimization.fleet import FleetRepository
from tangency.domain.optimization.order import OrderRepository
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.repository import OptimizationRepository
from tangency.domain.portfolio.ports import PortfolioRepository
from tangency.domain.rebalancing.ports import RebalancePlanRepository
from tangency.domain.series.ports import SeriesRepository
from tangency.domain.trace import TraceContext

Result = TypeVar("Result")


class UnitOfWork(Protocol):
    """One transaction. Leaving it without :meth:`commit` undoes everything. Never open while a solver works."""

    @property
    def optimizations(self) -> OptimizationRepository:
        """Optimizations, within this transaction."""

    @property
    def portfolios(self) -> PortfolioRepository:
        """Portfolios, within this transaction."""

    @property
    def frontiers(self) -> FrontierRepository:
        """Efficient frontiers, within this transaction."""

    @property
    def library(self) -> LibraryRepository:
        """Documents that requests refer to, within this transaction."""

    @property
    def factor_analyses(self) -> FactorAnalysisRepository:
        """Factor analyses, within this transaction."""

    @property
    def orders(self) -> OrderRepository:
        """Optimizations that were ordered, within this transaction."""

    @property
    def fleet(self) -> FleetRepository:
        """Workers, within this transaction."""

    @property
    def configurations(self) -> ConfigurationRepository:
        """Configurations of portfolios, within this transaction."""

    @property
    def keys(self) -> KeyRepository:
        """Idempotency keys, within this transaction."""

    @property
    def events(self) -> EventRepository:
        """Events to publish, within this transaction."""

    @property
    def series(self) -> SeriesRepository:
        """The history of portfolios, within this transaction."""

    @property
    def rebalance_plans(self) -> RebalancePlanRepository:
        """Rebalance plans, within this transaction."""

    async def alone(self, chore: str, idle_s: float | None = None) -> bool:
        """Claim a chore until this unit ends; False if another unit has it.

        Args:
            chore: its name.
            idle_s: seconds without activity after which this unit counts as stopped and is ended; None for the default.
        """

    async def commit(self) -> None:
        """Make every change durable."""

    async def __aenter__(self) -> Self:
        """Begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; undone unless committed."""


class UnitsOfWork(Protocol):
    """Makes units of work."""

    def __call__(self) -> UnitOfWork:
        """A new unit; enter it to begin."""

    def traced(self, trace: TraceContext | None) -> UnitsOfWork:
        """Units that store this trace with everything they write."""

    async def keep(self, work: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        """Do work in a unit and commit it. If it fails or the connection is lost before the commit, try again.

        Args:
            work: changes nothing outside of the unit, and does not commit.

        Raises:
            StoreUnavailable: it failed repeatedly.
        """

    def prepare(self, problem: Problem) -> None:
        """Start preparing a problem for storage while it is being solved. Nothing is written yet."""

    async def ready(self, problem: Problem) -> None:
        """Wait until :meth:`prepare` is done. Call it before opening a unit."""
