"""What handlers work with: the ports, and the limits that an operator set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tangency.application.activity import Activity
from tangency.application.check_slots import CheckSlots
from tangency.application.key_locks import KeyLocks
from tangency.application.tickets import Tickets
from tangency.domain.clock import Clock, IdGenerator
from tangency.domain.event import EventReader, Outbox
from tangency.domain.factors.ports import FactorAnalysisReader, PublishedFactors
from tangency.domain.frontier.ports import Frontiers
from tangency.domain.idempotency import Keys
from tangency.domain.library.ports import Library
from tangency.domain.optimization.configuration import Configurations
from tangency.domain.optimization.cost import Ceilings
from tangency.domain.optimization.fleet import FleetReader
from tangency.domain.optimization.order import MOST_LOSSES, OrderReader
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.repository import Answers
from tangency.domain.optimization.solver_pool import SolverPool
from tangency.domain.portfolio.ports import MarketData, PortfolioRecords, PortfolioSource, RiskModels
from tangency.domain.rebalancing.gains import HIGHEST_BRACKET, TaxRates
from tangency.domain.rebalancing.ports import RebalancePlans
from tangency.domain.series.ports import ResultSeries
from tangency.domain.unit_of_work import UnitsOfWork


class Catalogue(Protocol):
    """What is installed, described as plain values."""

    def describe(self) -> Sequence[Mapping[str, Any]]:
        """Every method: name, distribution, version, citation, capabilities, options, error."""

    def describe_estimators(self) -> Sequence[Mapping[str, Any]]:
        """Every estimator: the same without capabilities."""


class Checked(Protocol):
    """Something outside that may be gone."""

    async def check(self) -> None:
        """Nothing, where it is there.

        Raises:
            StoreUnavailable: the database is not.
            BrokerUnavailable: the broker is not.
        """


@dataclass(frozen=True, slots=True)
class Context:
    """The ports that handlers use.

    Attributes:
        deadline_s: seconds that a solve may take, its wait for a free solver included.
        names_limit: most names in one problem.
        side_by_side: problems of one batch, or orders, that are in the solvers at the same time.
        order_deadline_s: the same as ``deadline_s``, for what was ordered.
        events_days: how long published events are kept; 0 for ever.
        outbox_limit: most events that may wait before nothing is accepted that adds to them; 0 for no limit.
        tax_rates: of gains, where neither a request nor a configuration states any.
        ceilings: what costs too much to be waited for, or to be taken on at all.
        attempts: workers that may be lost over one order.
        drain_s: seconds for what is under way when a worker is told to end.
        lease_s: after so long without a sign of life a worker is taken for lost.
    """

    clock: Clock
    ids: IdGenerator
    plugins: Plugins
    solvers: SolverPool
    units: UnitsOfWork
    answers: Answers
    configurations: Configurations
    portfolios: PortfolioSource
    records: PortfolioRecords
    market_data: MarketData
    risk_models: RiskModels
    library: Library
    published_factors: PublishedFactors
    factor_analyses: FactorAnalysisReader
    frontiers: Frontiers
    rebalance_plans: RebalancePlans
    orders: OrderReader
    fleet: FleetReader
    events: EventReader
    keys: Keys
    catalogue: Catalogue
    store: Checked
    outbox: Outbox
    broker: Checked
    series: ResultSeries
    deadline_s: float = 30.0
    names_limit: int = 2_000
    side_by_side: int = 2
    order_deadline_s: float = 300.0
    lease_s: float = 15.0
    tax_rates: TaxRates = HIGHEST_BRACKET
    ceilings: Ceilings = field(default_factory=Ceilings)
    attempts: int = MOST_LOSSES
    drain_s: float = 20.0
    outbox_limit: int = 0
    events_days: int = 0
    activity: Activity = field(default_factory=Activity)
    tickets: Tickets = field(default_factory=Tickets)
    key_locks: KeyLocks = field(default_factory=KeyLocks)
    check_slots: CheckSlots = field(default_factory=CheckSlots)
