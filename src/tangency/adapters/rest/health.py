"""Whether a process lives and can work: the addresses that every role answers."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from tangency.application.readiness import CheckReadiness
from tangency.application.service import Service

JSON = "application/json"
Incoming = Request[Any, Any, State]
Outgoing = Response[bytes]


@get("/health/live")
async def live(request: Incoming) -> Outgoing:  # noqa: ARG001 - the hook before it reads the request
    """Whether the process answers."""
    return _status("live")


@get("/health/ready")
async def ready(request: Incoming) -> Outgoing:
    """Whether answers can be given and kept; `degraded` where their events wait for the broker."""
    service: Service = request.app.state.service
    readiness = await service.handle(CheckReadiness())
    return _status(readiness)


HANDLERS = (live, ready)


def _status(word: str) -> Outgoing:
    return Response(msgspec.json.encode({"status": word}), media_type=JSON)
