"""What every endpoint works with: the request, the service, the settings, and JSON responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State

from tangency.adapters.settings import Settings
from tangency.application.service import Service
from tangency.domain.trace import trace_at_work

Incoming = Request[Any, Any, State]
Outgoing = Response[bytes]

JSON = "application/json"


def service_of(request: Incoming) -> Service:
    """The door of the application, for a request of the trace that its headers name."""
    service: Service = request.app.state.service
    return service.traced(trace_at_work())


def settings_of(request: Incoming) -> Settings:
    """What the operator set."""
    settings: Settings = request.app.state.settings
    return settings


def answered(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Outgoing:
    """A document as JSON."""
    return Response(msgspec.json.encode(document), status_code=status, media_type=JSON, headers=headers)
