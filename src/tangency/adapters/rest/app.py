"""The REST application with all its endpoints."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, cast

from litestar import Litestar, Router
from litestar.datastructures import State

from tangency.adapters.rest import pages, routes
from tangency.adapters.rest.exchange import Incoming
from tangency.adapters.rest.gate import Gate, Running
from tangency.adapters.rest.openapi import description
from tangency.adapters.rest.problems import on_error
from tangency.adapters.settings import Settings


def create_app(settings: Settings, running: Running) -> Gate:
    """The ASGI application. The service is opened and closed by its lifespan.

    Args:
        settings: what an operator set.
        running: opens the service, with whatever is to work beside it.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with running(settings) as service:
            app.state.service = service
            yield

    application = Litestar(
        route_handlers=[
            Router("/", route_handlers=routes.HANDLERS, before_request=cast(Any, routes.check_request)),
            *pages.HANDLERS,
        ],
        lifespan=[lifespan],
        state=State({"settings": settings, "description": pages.encoded(description(settings, version("tangency")))}),
        exception_handlers={Exception: cast(Any, on_error)},  # a response of ours, see there
        request_class=Incoming,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # the gate has read the body already, within the operator's limit
    )
    return Gate(application, settings)
