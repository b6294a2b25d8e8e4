"""One endpoint straight from the gate: the way to it through the framework takes as long as a small solve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar
from litestar.types import Receive, Send

from tangency.adapters.rest.exchange import Incoming, Outgoing
from tangency.adapters.rest.gate import Scope
from tangency.adapters.rest.problems import on_error
from tangency.adapters.rest.routes import check_request, optimize

METHOD, PATH = "POST", "/api/v1/optimize"


class Shortcut:
    """Stands between the gate and the framework, which has every other request, and other methods at this address."""

    def __init__(self, framework: Litestar) -> None:
        self.framework: Any = framework
        self.handle: Callable[[Incoming], Awaitable[Outgoing]] = optimize.fn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer here, or hand on."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != (METHOD, PATH):
            await self.framework(scope, receive, send)
            return
        known: Any = {**scope, "litestar_app": self.framework, "route_handler": optimize, "path_params": {}}
        response = await self._response(Incoming(known))
        await response(known, receive, send)

    async def _response(self, request: Incoming) -> Outgoing:
        try:
            return await check_request(request) or await self.handle(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told, as the framework would
            return on_error(request, error)
