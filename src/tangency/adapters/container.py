"""The composition root: the one place that knows which adapter serves which port.

The container itself is synchronous. What has to be opened and closed (the database, the solver processes) is made in
:func:`running` and handed to the container as finished objects.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dependency_injector import containers, providers

from tangency.adapters.bus import InProcessBus
from tangency.adapters.clock import RandomIds, SystemClock
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.files.published_factors import BundledFactors
from tangency.adapters.report.findings import Figures, Findings, findings_of
from tangency.adapters.report.frontier import Frontier, trace
from tangency.adapters.settings import Settings
from tangency.adapters.solving import ProcessSolverPool
from tangency.adapters.sql import Store
from tangency.adapters.sql.revisions import current, upgrade
from tangency.adapters.upstream import Neighbours
from tangency.application.context import Context
from tangency.application.duties import EVERYTHING, Duties, Role
from tangency.application.forgetting import forgetting
from tangency.application.relay import Relay
from tangency.application.series import keeping_up
from tangency.application.service import Service
from tangency.application.sweeper import sweeping
from tangency.application.tickets import Tickets
from tangency.application.worker import working
from tangency.domain.optimization.cost import Ceilings
from tangency.domain.optimization.queue import Queue
from tangency.domain.rebalancing.gains import TaxRates

if TYPE_CHECKING:
    from tangency.adapters.files.benchmark import BenchmarkFile
    from tangency.adapters.files.holdings import HoldingsFile
    from tangency.adapters.files.labels import LabelsFile
    from tangency.adapters.files.prices import PricesFile
    from tangency.adapters.files.risk_model import RiskModelFile
    from tangency.adapters.files.tax_lots import TaxLotsFile
    from tangency.adapters.upstream.checking import Checked
    from tangency.domain.factors.history import FactorHistory

__all__ = [
    "BenchmarkFile",
    "Checked",
    "Container",
    "Duties",
    "Figures",
    "Findings",
    "Frontier",
    "HoldingsFile",
    "LabelsFile",
    "PricesFile",
    "Queue",
    "RiskModelFile",
    "Role",
    "TaxLotsFile",
    "check_database",
    "check_neighbours",
    "check_store",
    "current",
    "findings_of",
    "keeping",
    "plugins",
    "read_benchmark",
    "read_document",
    "read_factors",
    "read_holdings",
    "read_labels",
    "read_prices",
    "read_risk_model",
    "read_tax_lots",
    "rebuild",
    "report_page",
    "running",
    "serve",
    "serving",
    "set_up_broker",
    "trace",
    "upgrade",
]


class Container(containers.DeclarativeContainer):
    """What serves what. ``store``, ``neighbours`` and ``solvers`` are opened by :func:`running`."""

    settings = providers.Dependency(instance_of=Settings)
    store = providers.Dependency(instance_of=Store)
    neighbours = providers.Dependency(instance_of=Neighbours)
    solvers = providers.Dependency(instance_of=ProcessSolverPool)

    clock = providers.ThreadSafeSingleton(SystemClock)
    ids = providers.ThreadSafeSingleton(RandomIds)
    publisher = providers.ThreadSafeSingleton(InProcessBus)
    ticketing = providers.ThreadSafeSingleton(InProcessBus)
    published_factors = providers.ThreadSafeSingleton(BundledFactors)
    plugins = providers.ThreadSafeSingleton(EntryPointPlugins, settings.provided.blocked_plugins)
    tickets = providers.ThreadSafeSingleton(Tickets)
    ceilings = providers.Factory(Ceilings, settings.provided.light_s, settings.provided.most_s)
    tax_rates = providers.Factory(TaxRates, settings.provided.tax_short_term, settings.provided.tax_long_term)
    context = providers.Factory(
        Context,
        clock=clock,
        ids=ids,
        plugins=plugins,
        solvers=solvers,
        units=store.provided.units,
        answers=store,
        configurations=store,
        portfolios=neighbours.provided.portfolios,
        records=neighbours.provided.records,
        risk_models=neighbours.provided.risk_models,
        market_data=neighbours.provided.market_data,
        library=store,
        published_factors=published_factors,
        factor_analyses=store,
        frontiers=store,
        rebalance_plans=store,
        orders=store,
        fleet=store,
        events=store,
        keys=store,
        catalogue=plugins,
        store=store,
        outbox=store.provided.outbox,
        broker=publisher,
        series=store.provided.series,
        tax_rates=tax_rates,
        deadline_s=settings.provided.deadline_s,
        names_limit=settings.provided.names_limit,
        side_by_side=settings.provided.workers,
        order_deadline_s=settings.provided.order_deadline_s,
        lease_s=settings.provided.lease_s,
        ceilings=ceilings,
        attempts=settings.provided.attempts,
        drain_s=settings.provided.drain_s,
        tickets=tickets,
        outbox_limit=settings.provided.most_waiting,
        events_days=settings.provided.events_days,
    )
    service = providers.ThreadSafeSingleton(Service, context)


def plugins(settings: Settings) -> EntryPointPlugins:
    """The installed methods and estimators, for those who need nothing else."""
    return EntryPointPlugins(settings.blocked_plugins)


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[Service]:
    """The service for what is only read and kept: its database is open, and no solver process is ever started."""
    container = Container(settings=settings)
    async with _sources(container, settings):
        container.solvers.override(providers.Object(ProcessSolverPool(container.plugins())))
        yield container.service()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """The service, its database open and its solver processes ready; both are closed at the end, in reverse order.

    The embedded database is migrated first; any other must be newest already. Who runs it for themselves may wait.

    Raises:
        DatabaseNotMigrated: it is not.
    """
    ceilings = providers.Object(Ceilings(settings.most_s, settings.most_s))
    async with _opened(Container(settings=settings, ceilings=ceilings)) as service:
        yield service


@asynccontextmanager
async def serving(
    settings: Settings, duties: Duties = EVERYTHING, announce: Callable[[str], None] | None = None
) -> AsyncIterator[Service]:
    """The service with what works beside it: workers, the relay of events, and the door for gRPC where it is wanted.

    Args:
        settings: what an operator set.
        duties: what this process takes on.
        announce: told the address of gRPC once calls are answered there.
    """
    settings.refuse_fewer_connections(duties.connections(settings.ticketed))
    container = Container(settings=settings, tickets=providers.Object(Tickets(duties.queues, settings.notified)))
    published = _publishing(container)
    async with _opened(container, duties) as service, AsyncExitStack() as beside:
        await beside.enter_async_context(published)
        for work in _beside(container, service, duties):
            await beside.enter_async_context(work)
        if settings.grpc and Role.GRPC in duties.roles:
            from tangency.adapters.grpc import server

            address = await beside.enter_async_context(server.serving(settings, service))
            if announce is not None:
                announce(address)
        yield service


def _beside(container: Container, service: Service, duties: Duties) -> Iterator[AbstractAsyncContextManager[None]]:
    """What works beside the doors, in the order in which it begins."""
    store, settings = container.store(), container.settings()
    if Role.WORKER in duties.roles:
        yield working(service.context)
        yield from _woken(settings, store, service.context.tickets)
    if duties.sweeps:
        yield sweeping(service.context)
    if Role.RELAY in duties.roles:
        yield Relay(store.outbox, container.publisher(), service.context.bench.signal).running()
        if settings.ticketed:
            yield Relay(store.tickets, container.ticketing(), lambda: None).running()
        yield keeping_up(service.context)
        yield forgetting(service.context)
    if Role.API in duties.roles and settings.pulsar_url:
        yield _requests(settings, service)


@asynccontextmanager
async def _opened(container: Container, duties: Duties = EVERYTHING) -> AsyncIterator[Service]:
    settings, plugins = container.settings(), container.plugins()
    opened = partial(ProcessSolverPool.open, settings, plugins, prompt=duties.answers)
    pool = opened() if duties.solves else nullcontext(ProcessSolverPool(plugins))
    async with _sources(container, settings), pool as solvers:
        container.solvers.override(providers.Object(solvers))
        yield container.service()


@asynccontextmanager
async def _sources(container: Container, settings: Settings) -> AsyncIterator[None]:
    """The database and the neighbours, open."""
    clock = container.clock()
    async with (
        Store.open(settings, clock.now, None if settings.relayed else container.publisher()) as store,
        Neighbours.open(settings, clock, imports=store) as neighbours,
    ):
        container.store.override(providers.Object(store))
        container.neighbours.override(providers.Object(neighbours))
        yield


def _publishing(container: Container) -> AbstractAsyncContextManager[object]:
    """Events go to the broker that the settings name, from when this is entered on: after solvers were started."""
    if not container.settings().pulsar_url:
        return nullcontext()
    from tangency.adapters.pulsar.broker import Broker
    from tangency.adapters.pulsar.client import authentication_of
    from tangency.adapters.pulsar.publisher import PulsarPublisher
    from tangency.adapters.pulsar.tickets import PulsarTickets

    authentication_of(container.settings())  # a mistake in the settings ends the start, not the first event
    broker = Broker(container.settings())
    container.publisher.override(providers.Object(PulsarPublisher(broker)))
    container.ticketing.override(providers.Object(PulsarTickets(broker)))
    return broker.looked_after()


def _woken(settings: Settings, store: Store, tickets: Tickets) -> Iterator[AbstractAsyncContextManager[None]]:
    """Workers hear of what waits from the broker, one subscription for each queue, or else from the database."""
    if not settings.ticketed:
        yield store.hearing(tickets.heard)
        return
    from tangency.adapters.pulsar.tickets import reading

    for queue in tickets.queues:
        yield reading(settings, queue, tickets.offer)


def _requests(settings: Settings, service: Service) -> AbstractAsyncContextManager[None]:
    """Requests come in from the broker."""
    from tangency.adapters.pulsar.client import REQUESTS
    from tangency.adapters.pulsar.requests import Requests
    from tangency.adapters.pulsar.subscription import Subscription

    return Subscription(settings, REQUESTS, Requests(service).take).running()


# Doors ask here for what another adapter does. What these import is heavy, and only those who call them need it.


def read_prices(path: Path) -> PricesFile:
    """See :func:`tangency.adapters.files.prices.read_prices`."""
    from tangency.adapters.files import prices

    return prices.read_prices(path)


def read_holdings(path: Path, portfolio_id: str) -> HoldingsFile:
    """See :func:`tangency.adapters.files.holdings.read_holdings`."""
    from tangency.adapters.files import holdings

    return holdings.read_holdings(path, portfolio_id)


def read_tax_lots(path: Path) -> TaxLotsFile:
    """See :func:`tangency.adapters.files.tax_lots.read_tax_lots`."""
    from tangency.adapters.files import tax_lots

    return tax_lots.read_tax_lots(path)


def read_risk_model(path: Path) -> RiskModelFile:
    """See :func:`tangency.adapters.files.risk_model.read_risk_model`."""
    from tangency.adapters.files import risk_model

    return risk_model.read_risk_model(path)


def read_benchmark(path: Path) -> BenchmarkFile:
    """See :func:`tangency.adapters.files.benchmark.read_benchmark`."""
    from tangency.adapters.files import benchmark

    return benchmark.read_benchmark(path)


def read_labels(path: Path) -> LabelsFile:
    """See :func:`tangency.adapters.files.labels.read_labels`."""
    from tangency.adapters.files import labels

    return labels.read_labels(path)


def read_factors(path: Path) -> FactorHistory:
    """See :func:`tangency.adapters.files.factors.read_factors`."""
    from tangency.adapters.files import factors

    return factors.read_factors(path)


def read_document(path: Path, content: bytes) -> object:
    """See :func:`tangency.adapters.files.documents.read_document`."""
    from tangency.adapters.files import documents

    return documents.read_document(path, content)


def report_page(findings: Findings, curve: Frontier | None, title: str, note: str = "") -> str:
    """See :func:`tangency.adapters.report.page.report_page`."""
    from tangency.adapters.report import page

    return page.report_page(findings, curve, title, note)


async def check_neighbours(settings: Settings, portfolio_id: str, names: Sequence[str]) -> Sequence[Checked]:
    """See :func:`tangency.adapters.upstream.checking.checked`."""
    from tangency.adapters.upstream import checking

    return await checking.checked(settings, SystemClock(), portfolio_id, names)


async def rebuild(settings: Settings) -> dict[str, int]:
    """See :func:`tangency.adapters.sql.upkeep.rebuild`."""
    from tangency.adapters.sql import upkeep

    return await upkeep.rebuild(settings)


async def check_database(settings: Settings) -> dict[str, int]:
    """See :func:`tangency.adapters.sql.upkeep.check`."""
    from tangency.adapters.sql import upkeep

    return await upkeep.check(settings)


async def check_store(settings: Settings) -> None:
    """Open the database and close it again, the embedded one migrated.

    Raises:
        DatabaseNotMigrated: another database is at an older revision.
        StoreUnavailable: it cannot be reached.
    """
    async with Store.open(settings, SystemClock().now):
        pass


def set_up_broker(settings: Settings, retention_days: int) -> Iterator[str]:
    """See :func:`tangency.adapters.pulsar.setup.set_up`."""
    from tangency.adapters.pulsar import setup

    return setup.set_up(settings, retention_days)


def serve(
    settings: Settings, listening: socket.socket, announce: Callable[[str], None], duties: Duties = EVERYTHING
) -> None:
    """Answer over REST, and over gRPC where the settings say so: one event loop, one service, two doors.

    Args:
        settings: what an operator set.
        listening: for REST, or for whoever asks whether the process lives.
        duties: what this process takes on.
        announce: told the address of gRPC once calls are answered there.
    """
    from tangency.adapters import logs
    from tangency.adapters.rest import server

    logs.write_to()
    running = partial(serving, duties=duties, announce=announce)
    server.serve(settings, running, listening, door=Role.API in duties.roles)
