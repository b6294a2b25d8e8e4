"""The health endpoints, for processes that answer nothing else over HTTP.

A plain ASGI application. Workers come and go with their machines, and without the framework of the door they begin to
work sooner.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec

from tangency.adapters.document.problem import problem, problem_of
from tangency.adapters.rest.gate import NOT_BEGUN, Gate, Receive, Running, Scope, Send
from tangency.adapters.rest.kinds import MEDIA_TYPE, NOT_FOUND, WRONG_METHOD, encoded, retry_after
from tangency.adapters.settings import Settings
from tangency.application.readiness import CheckReadiness
from tangency.application.service import Service

JSON = "application/json"

log = logging.getLogger("tangency.rest")

Told = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


def create_vital_signs(settings: Settings, running: Running) -> Gate:
    """The ASGI application. The service is opened and closed by its lifespan."""
    return Gate(VitalSigns(settings, running), settings)


class VitalSigns:
    """Answers two addresses, and refuses every other."""

    service: Service

    def __init__(self, settings: Settings, running: Running) -> None:
        self._settings, self._running = settings, running
        self._signs = {"/health/live": self._live, "/health/ready": self._ready}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Live, or answer."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        status, headers, body = await self._told(scope["method"], scope["path"])
        said = headers | {"Content-Length": str(len(body))}
        lines = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as open_until_the_end:
            try:
                self.service = await open_until_the_end.enter_async_context(self._running(self._settings))
            except Exception:
                await send({"type": NOT_BEGUN})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _told(self, method: str, path: str) -> Told:
        sign: Callable[[], Awaitable[str]] | None = self._signs.get(path)
        kind = NOT_FOUND if sign is None else WRONG_METHOD
        if sign is None or method != "GET":
            allowed = {} if sign is None else {"Allow": "GET"}
            document = problem(kind, f"{method} {path[:200]} is not served; GET {' and '.join(self._signs)} are.")
            return kind.status, allowed | {"Content-Type": MEDIA_TYPE}, encoded(document)
        try:
            return 200, {"Content-Type": JSON}, msgspec.json.encode({"status": await sign()})
        except Exception as error:  # noqa: BLE001 - whatever is wrong, who asks is told that no work can be done
            log.warning("not ready: %s", error)
            failed = problem_of(error, None)
            return failed.status, retry_after(error) | {"Content-Type": MEDIA_TYPE}, encoded(failed)

    async def _live(self) -> str:
        return "live"

    async def _ready(self) -> str:
        return await self.service.handle(CheckReadiness())
