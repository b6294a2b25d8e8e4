"""Several changes that happen together or not at all."""

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
        """Those who carry orders out, within this transaction."""

    @property
    def configurations(self) -> ConfigurationRepository:
        """Configurations of portfolios, within this transaction."""

    @property
    def keys(self) -> KeyRepository:
        """Keys of whoever calls, within this transaction."""

    @property
    def events(self) -> EventRepository:
        """What others want to know, within this transaction."""

    @property
    def series(self) -> SeriesRepository:
        """The series of portfolios, within this transaction."""

    @property
    def rebalance_plans(self) -> RebalancePlanRepository:
        """Rebalance plans, within this transaction."""

    async def alone(self, chore: str, idle_s: float | None = None) -> bool:
        """Whether no other unit has claimed this chore; then nobody else does until this unit ends.

        Args:
            chore: its name.
            idle_s: a unit that does nothing for so long is taken for stopped, and ended; as every unit is where None.
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
        """A new one, not begun."""

    def traced(self, trace: TraceContext | None) -> UnitsOfWork:
        """The same, for a request of that trace: what is kept in its units says so."""

    async def keep(self, work: Callable[[UnitOfWork], Awaitable[Result]]) -> Result:
        """Do work in a unit and commit it; where the store gave it up or was lost before it was committed, do it again.

        Args:
            work: changes nothing outside of the unit, and does not commit.

        Raises:
            StoreUnavailable: again and again.
        """

    def prepare(self, problem: Problem) -> None:
        """Begin on what keeping this problem will take, beside its solution: nothing is written before the unit."""

    async def ready(self, problem: Problem) -> None:
        """Wait for what :meth:`prepare` began, so that no unit is open meanwhile."""
