"""The application, and a server for it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from types import FrameType

from litestar import Litestar, Router
from litestar.datastructures import State

from tangency.adapters.rest import health, pages, routes
from tangency.adapters.rest.gate import Gate
from tangency.adapters.rest.openapi import description
from tangency.adapters.rest.problems import on_error
from tangency.adapters.settings import Settings
from tangency.application.service import Service

Running = Callable[[Settings], AbstractAsyncContextManager[Service]]


def create_app(settings: Settings, running: Running, door: bool = True) -> Gate:
    """The ASGI application. The service is opened and closed by its lifespan.

    Args:
        settings: what an operator set.
        running: opens the service, with whatever is to work beside it.
        door: whether requests are answered; otherwise only whether the process lives.
    """
    handlers, described = (routes.HANDLERS, pages.HANDLERS) if door else (health.HANDLERS, ())

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with running(settings) as service:
            app.state.service = service
            yield

    application = Litestar(
        route_handlers=[
            Router("/", route_handlers=handlers, before_request=routes.check_request),
            *described,
        ],
        lifespan=[lifespan],
        state=State({"settings": settings, "description": pages.encoded(description(settings, version("tangency")))}),
        exception_handlers={Exception: on_error},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # the gate has read the body already, within the operator's limit
    )
    return Gate(application, settings)


def serve(settings: Settings, running: Running, listening: socket.socket, door: bool = True) -> None:
    """Answer on a socket that listens already, until a signal comes."""
    import uvicorn

    gate = create_app(settings, running, door)

    class Server(uvicorn.Server):
        """One that ends the streams first: it waits for every connection, and those would stay."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            gate.ending = True
            super().handle_exit(sig, frame)

    config = uvicorn.Config(gate, lifespan="on", access_log=False, server_header=False, log_level="warning")
    Server(config).run(sockets=[listening])
