"""The outermost layer: checks that a request must pass before it is read.

A plain ASGI application, because middleware of the framework does not see every request. It refuses foreign hosts and
sites, reads the whole body within a size, a time and a budget, and leaves it in one piece for the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote_to_bytes, urlencode, urlsplit

from tangency.adapters.document.problem import Kind, problem
from tangency.adapters.rest.exchange import BODY
from tangency.adapters.rest.kinds import FORBIDDEN, MEDIA_TYPE, NOT_FOUND, TOO_LARGE, TOO_MUCH, TOO_SLOW, encoded
from tangency.adapters.settings import Settings, is_loopback
from tangency.application.service import Service
from tangency.domain.composed import composed_text
from tangency.domain.trace import TRACEPARENT, TRACESTATE, TraceContext, work_for

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]
Running = Callable[[Settings], AbstractAsyncContextManager[Service]]
"""Opens the service, with whatever is to work beside it."""

NOT_BEGUN = "lifespan.startup.failed"
TRACE_HEADERS = (TRACEPARENT.encode(), TRACESTATE.encode())


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, kind: Kind, detail: str) -> None:
        self.kind, self.detail = kind, detail
        super().__init__(detail)


class Disconnected(Exception):
    """The client left before its body was whole."""


class Gate:
    """Stands before an application."""

    def __init__(self, application: Application, settings: Settings) -> None:
        self.application, self.settings = application, settings
        self._in_memory = 0
        self.ending = False
        """Whether the service is about to end: streams look at it, and nothing else does."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self.application(scope, receive, _without_words(send))
            return
        held = _Held(self)
        work_for(_trace(scope))
        try:
            self._refuse_strangers(scope)
            _refuse_other_bytes(scope)
            _compose(scope)
            scope[BODY] = await self._body(scope, receive, held)
            scope["gate"] = self
            await self.application(scope, receive, send)
        except Refused as refused:
            await _answer(refused, send)
        except Disconnected:
            return
        finally:
            held.release()

    def _refuse_strangers(self, scope: Scope) -> None:
        """A page of any site can post to a service on the reader's machine, or reach it under a name of its own."""
        if not is_loopback(self.settings.host):
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not is_loopback(_parts(f"//{host}").hostname or ""):
            raise Refused(FORBIDDEN, f"the header Host is {host[:100]!r}; use localhost or 127.0.0.1.")
        origin = headers.get(b"origin")
        if origin is not None and _parts(origin.decode("latin-1")).netloc != host:
            raise Refused(FORBIDDEN, f"the header Origin is {origin[:100].decode('latin-1')!r}, another site.")

    async def _body(self, scope: Scope, receive: Receive, held: _Held) -> bytes:
        limit = self.settings.body_limit_bytes
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            raise Refused(TOO_LARGE, f"the body has {int(announced):,} bytes; this service takes {limit:,} at most.")
        try:
            async with asyncio.timeout(self.settings.body_deadline_s):
                return await _whole(receive, limit, held)
        except TimeoutError:
            raise Refused(
                TOO_SLOW, f"the body was not complete after {self.settings.body_deadline_s:g} seconds."
            ) from None

    def take(self, size: int) -> None:
        """Count bytes that are held in memory.

        Raises:
            Refused: the budget for all requests together is spent.
        """
        if self._in_memory + size > self.settings.body_budget_bytes:
            raise Refused(TOO_MUCH, f"bodies of {self._in_memory:,} bytes are being processed; try again in a moment.")
        self._in_memory += size

    def give_back(self, size: int) -> None:
        """The bytes are no longer held."""
        self._in_memory -= size


def _parts(address: str) -> SplitResult:
    """Of an address that a client wrote; all of them empty where it is none, such as ``http://[``."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _trace(scope: Scope) -> TraceContext | None:
    """More than one parent is none; states of several headers are one."""
    parents, states = (
        [value.decode("latin-1") for name, value in scope["headers"] if name == wanted] for wanted in TRACE_HEADERS
    )
    return TraceContext.of(parents[0], ",".join(states)) if len(parents) == 1 else None


def _refuse_other_bytes(scope: Scope) -> None:
    """Bytes that are no text would all read as the same one."""
    if b"%" not in scope["raw_path"]:
        return
    try:
        unquote_to_bytes(scope["raw_path"]).decode()
    except UnicodeDecodeError:
        raise Refused(NOT_FOUND, f"{scope['path'][:200]!r} has bytes that are not UTF-8; write it in UTF-8.") from None


def _compose(scope: Scope) -> None:
    """Names in an address are spelled as those in bodies."""
    scope["path"] = composed_text(scope["path"])
    query = scope["query_string"]
    if b"%" in query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        scope["query_string"] = urlencode([(name, composed_text(value)) for name, value in pairs]).encode()


class _Held:
    """The share of the budget that one request holds."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.size = gate, 0

    def take(self, size: int) -> None:
        self.gate.take(size)
        self.size += size

    def release(self) -> None:
        self.gate.give_back(self.size)


async def _whole(receive: Receive, limit: int, held: _Held) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        held.take(len(part))
        if held.size > limit:
            raise Refused(TOO_LARGE, f"the body has more than {limit:,} bytes, the most that this service takes.")
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _without_words(send: Send) -> Send:
    """That it could not begin, without a traceback: whoever told the service to serve hears why."""

    async def tell(message: Message) -> None:
        await send({"type": NOT_BEGUN} if message["type"] == NOT_BEGUN else message)

    return tell


async def _answer(refused: Refused, send: Send) -> None:
    content = encoded(problem(refused.kind, refused.detail))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),  # the rest of the body is not read
    ]
    if refused.kind is TOO_MUCH:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": refused.kind.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
