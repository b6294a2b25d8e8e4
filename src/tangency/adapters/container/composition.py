"""What serves what, and how it is opened and closed.

The container itself is synchronous. What has to be opened and closed (the database, the solver processes) is made by
:func:`opened` and handed to the container as finished objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

from dependency_injector import containers, providers

from tangency.adapters.bus import InProcessBus
from tangency.adapters.clock import RandomIds, SystemClock
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.files.published_factors import BundledFactors
from tangency.adapters.settings import Settings
from tangency.adapters.solving import ProcessSolverPool
from tangency.adapters.sql import Store
from tangency.adapters.upstream import Neighbours
from tangency.application.context import Context
from tangency.application.duties import EVERYTHING, Duties
from tangency.application.service import Service
from tangency.application.tickets import Tickets
from tangency.domain.optimization.cost import Ceilings
from tangency.domain.rebalancing.gains import TaxRates


def plugins(settings: Settings) -> EntryPointPlugins:
    """The installed methods and estimators."""
    return EntryPointPlugins(settings.blocked_plugins, wary=True)


class Container(containers.DeclarativeContainer):
    """What serves what. ``store``, ``neighbours`` and ``solvers`` are opened by :func:`opened`."""

    settings = providers.Dependency(instance_of=Settings)
    store = providers.Dependency(instance_of=Store)
    neighbours = providers.Dependency(instance_of=Neighbours)
    solvers = providers.Dependency(instance_of=ProcessSolverPool)

    clock = providers.ThreadSafeSingleton(SystemClock)
    ids = providers.ThreadSafeSingleton(RandomIds)
    publisher = providers.ThreadSafeSingleton(InProcessBus)
    ticketing = providers.ThreadSafeSingleton(InProcessBus)
    published_factors = providers.ThreadSafeSingleton(BundledFactors)
    plugins = providers.ThreadSafeSingleton(plugins, settings)
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
    async with opened(Container(settings=settings, ceilings=ceilings)) as service:
        yield service


@asynccontextmanager
async def opened(container: Container, duties: Duties = EVERYTHING) -> AsyncIterator[Service]:
    """The service of a container, with the solvers that its duties take."""
    settings, plugins = container.settings(), container.plugins()
    solving = partial(ProcessSolverPool.open, settings, plugins, prompt=duties.answers)
    pool = solving() if duties.solves else nullcontext(ProcessSolverPool(plugins))
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
