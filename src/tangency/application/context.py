"""What handlers work with: the ports, and the limits that an operator has set."""

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
    """The installed plugins, described as plain values."""

    def describe(self) -> Sequence[Mapping[str, Any]]:
        """Every method: name, distribution, version, citation, capabilities, options, error."""

    def describe_estimators(self) -> Sequence[Mapping[str, Any]]:
        """Every estimator: the same without capabilities."""


class Checked(Protocol):
    """Something outside the process that may be unavailable."""

    async def check(self) -> None:
        """Return if it is available.

        Raises:
            StoreUnavailable: the database is not available.
            BrokerUnavailable: the broker is not available.
        """


@dataclass(frozen=True, slots=True)
class Context:
    """The ports that handlers use.

    Attributes:
        deadline_s: seconds for a solve that a client waits for, including the wait for a free solver.
        order_deadline_s: seconds for the solve of an order.
        names_limit: largest number of names in a problem.
        side_by_side: how many problems of a batch, or orders, are solved at the same time.
        ceilings: estimated costs above which a problem becomes an order, or is refused.
        tax_rates: defaults, where neither a request nor a configuration states rates.
        attempts: how many workers may be lost over an order before it fails.
        lease_s: seconds without a sign of life after which a worker counts as lost.
        drain_s: seconds that a worker has to finish its orders when it is told to stop.
        outbox_limit: how many events may wait for the broker before commands that add to them are refused; 0: any.
        events_days: days for which published events are kept; 0: for ever.
        activity: what this process is working on.
        tickets: how this process hears that an order waits.
        key_locks: makes calls with the same idempotency key run one after another.
        check_slots: limits how many checks of the same plugins run at the same time.
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
