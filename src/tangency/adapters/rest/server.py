"""A server for whatever stands behind the gate."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tangency.adapters.document.problem import problem
from tangency.adapters.rest.gate import Application, Gate, Running
from tangency.adapters.rest.kinds import MALFORMED, MEDIA_TYPE, encoded
from tangency.adapters.rest.vital_signs import create_vital_signs
from tangency.adapters.settings import Settings
from tangency.application.service import Service

NO_HTTP = "the bytes that came are no request of HTTP/1.1; send the request again."
LONGEST_HEAD = 2**16
"""Bytes; the parser itself would take any number."""


def serve(settings: Settings, running: Running, listening: socket.socket, door: bool = True) -> None:
    """Answer on a socket that listens already, until a signal comes.

    Args:
        settings: what an operator set.
        running: opens the service. What it raises over that is raised here.
        listening: for requests, or for whoever asks whether the process lives.
        door: whether requests are answered.
    """
    beginning = _Beginning(running)
    gate = _application(settings, beginning) if door else create_vital_signs(settings, beginning)

    class Server(uvicorn.Server):
        """One that ends the streams first: it waits for every connection, and those would stay."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            gate.ending = True
            super().handle_exit(sig, frame)

    try:
        Server(configuration(gate)).run(sockets=[listening])
    except SystemExit:  # all that the server says of a service that could not begin
        if beginning.fault is None:
            raise
        raise beginning.fault from None


class _Beginning:
    """Opens the service, and keeps why that failed for whoever told it to serve."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.fault: Exception | None = None

    @asynccontextmanager
    async def __call__(self, settings: Settings) -> AsyncIterator[Service]:
        try:
            async with self._running(settings) as service:
                yield service
        except Exception as error:
            self.fault = error
            raise


def configuration(application: Application) -> uvicorn.Config:
    """How an application is served."""
    return uvicorn.Config(
        application,
        http=ProblemProtocol,
        lifespan="on",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
    )


class ProblemProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose one answer of its own, to what is no HTTP, is a problem document like every other.

    Beyond what the parser asks for, a request has one host and a head of limited size, and is no tunnel. A client that
    offers to go on in another protocol is answered in this one.
    """

    _head_bytes = 0
    _in_head = False

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
            self._count_head(len(data))
        except httptools.HttpParserUpgrade as offered:
            self._decline(data[offered.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("what came on a connection is no request of HTTP/1.1")
            self.send_400_response(NO_HTTP)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head is read: the request is handed on, unless it offers another protocol."""
        self._in_head, self._head_bytes = False, 0
        hosts = sum(name == b"host" for name, _ in self.headers)
        if (
            hosts > 1
            or (not hosts and self.parser.get_http_version() == "1.1")
            or self.parser.get_method() == b"CONNECT"
        ):
            raise httptools.HttpParserError
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is read, unless it offers another protocol: then the parser has not looked for its body."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _count_head(self, size: int) -> None:
        self._head_bytes += size if self._in_head else 0
        if self._head_bytes > LONGEST_HEAD:
            raise httptools.HttpParserError

    def _decline(self, rest: bytes) -> None:
        """Read the request once more as one that offers nothing."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def send_400_response(self, msg: str) -> None:
        """Say so, and end the connection: nobody knows where the next request would begin."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or not cycle.response_started or cycle.response_complete:
            body = encoded(problem(MALFORMED, msg))
            headers = f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close"
            self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{headers}\r\n\r\n".encode() + body)
        self.transport.close()


def _application(settings: Settings, running: Running) -> Gate:
    from tangency.adapters.rest.app import create_app  # the framework, a fifth of what a worker takes to start

    return create_app(settings, running)
