"""The health endpoints of the REST service; :mod:`vital_signs` is for processes without it."""

from __future__ import annotations

from litestar import get

from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of
from tangency.application.readiness import CheckReadiness


@get("/health/live")
async def live(request: Incoming) -> Outgoing:  # noqa: ARG001 - the hook before it reads the request
    """Whether the process answers."""
    return _status("live")


@get("/health/ready")
async def ready(request: Incoming) -> Outgoing:
    """Whether answers can be given and stored; `degraded` while events wait for the broker."""
    service = service_of(request)
    readiness = await service.handle(CheckReadiness())
    return _status(readiness)


HANDLERS = (live, ready)


def _status(word: str) -> Outgoing:
    return answered({"status": word})
