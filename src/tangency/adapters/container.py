"""The composition root: the one place that knows which adapter serves which port.

The container itself is synchronous. What has to be opened and closed (the database, the solver processes) is made in
:func:`running` and handed to the container as finished objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dependency_injector import containers, providers

from tangency.adapters.clock import RandomIds, SystemClock
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.settings import Settings
from tangency.adapters.solving import ProcessSolverPool
from tangency.adapters.sql import Store
from tangency.adapters.sql.revisions import current, upgrade
from tangency.application.context import Context
from tangency.application.service import Service

__all__ = ["Container", "current", "plugins", "running", "upgrade"]


class Container(containers.DeclarativeContainer):
    """What serves what. ``store`` and ``solvers`` are open while :func:`running` is."""

    settings = providers.Dependency(instance_of=Settings)
    store = providers.Dependency(instance_of=Store)
    solvers = providers.Dependency(instance_of=ProcessSolverPool)

    clock = providers.ThreadSafeSingleton(SystemClock)
    ids = providers.ThreadSafeSingleton(RandomIds)
    plugins = providers.ThreadSafeSingleton(EntryPointPlugins, settings.provided.blocked_plugins)
    context = providers.Factory(
        Context,
        clock=clock,
        ids=ids,
        plugins=plugins,
        solvers=solvers,
        units=store.provided.units,
        latest=store,
        portfolios=store,
        market_data=store,
        catalogue=plugins,
        store=store,
        deadline_s=settings.provided.deadline_s,
        names_limit=settings.provided.names_limit,
        side_by_side=settings.provided.workers,
    )
    service = providers.ThreadSafeSingleton(Service, context)


def plugins(settings: Settings) -> EntryPointPlugins:
    """The installed methods and estimators, for those who need nothing else."""
    return EntryPointPlugins(settings.blocked_plugins)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """The service, its database open and its solver processes ready; both are closed at the end, in reverse order.

    The embedded database is migrated first. Any other must be at the newest revision already.

    Raises:
        DatabaseNotMigrated: it is not.
    """
    container = Container(settings=settings)
    async with (
        Store.open(settings, container.clock().now) as store,
        ProcessSolverPool.open(settings, container.plugins()) as solvers,
    ):
        container.store.override(providers.Object(store))
        container.solvers.override(providers.Object(solvers))
        yield container.service()
