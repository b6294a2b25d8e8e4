"""The service as it is composed for production, on a database of its own, for tests that are not asynchronous."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from tangency.adapters import container
from tangency.adapters.settings import Settings
from tangency.application.message import Message
from tangency.application.service import Service

Result = TypeVar("Result")


@dataclass(frozen=True)
class Door:
    """Hands messages to a service that runs in another thread."""

    service: Service
    portal: BlockingPortal

    def handle(self, message: Message[Result]) -> Result:
        return self.portal.call(self.service.handle, message)

    def with_ports(self, **ports: Any) -> "Door":
        """The same service with other ports or limits."""
        return replace(self, service=Service(replace(self.service.context, **ports)))

    def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Anything asynchronous, where the service runs."""
        return cast(Result, self.portal.call(work))


@contextmanager
def running_service(folder: Path, **settings: Any) -> Iterator[Door]:
    """The service on an embedded database in a folder."""
    chosen = Settings(data_dir=str(folder), solver_workers=1, **settings)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(container.running(chosen)) as service:
        yield Door(service, portal)


@contextmanager
def serving(settings: Settings) -> Iterator[Door]:
    """The same with what works beside it: workers, the relay, and whatever the settings name."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(container.serving(settings)) as service:
        yield Door(service, portal)
