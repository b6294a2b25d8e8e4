"""What every endpoint works with: the request, the service, the settings, and JSON responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Receive, Scope, Send

from tangency.adapters.settings import Settings
from tangency.application.service import Service
from tangency.domain.trace import trace_at_work

BODY = "tangency.body"
"""Where the gate leaves the body of a request."""

JSON = "application/json"


class Incoming(Request[Any, Any, State]):
    """A request whose body the gate has read."""

    async def body(self) -> bytes:
        """All of it, as it came."""
        scope: Mapping[str, Any] = self.scope
        return cast(bytes, scope[BODY])


class Outgoing:
    """A response, sent as it is: what the framework would make of it costs more than to write it.

    Attributes:
        headers: beside its type and its length.
    """

    def __init__(
        self, content: bytes, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] | None = None
    ) -> None:
        self.content, self.status, self.media_type, self.headers = content, status, media_type, headers or {}

    def to_asgi_response(self, **_: object) -> Outgoing:
        """Itself, where the framework has a response of its own in mind: after an error, and instead of a stream."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        described = {"content-type": self.media_type, "content-length": str(len(self.content))} if self.content else {}
        headers = [(name.lower().encode(), text.encode()) for name, text in {**described, **self.headers}.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})


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
    return Outgoing(msgspec.json.encode(document), status, headers=headers)
