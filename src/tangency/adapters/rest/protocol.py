"""HTTP/1.1 on one connection: uvicorn's protocol over httptools, and what those two leave to be checked."""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tangency.adapters.document.problem import problem
from tangency.adapters.rest.gate import Application, Message, Receive, Scope, Send
from tangency.adapters.rest.kinds import MALFORMED, MEDIA_TYPE, encoded

NO_HTTP = "the bytes received are not an HTTP/1.1 request; send the request again."
LONGEST_HEAD = 2**16
"""Bytes; the parser itself would take any number. The same holds for what follows the chunks of a body."""
AT_ONCE = 2**14
"""Bytes that the parser gets at a time. A head is measured in between, so that it may have up to twice as many more."""


class ProblemProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose one answer of its own, to what is no HTTP, is a problem document like every other.

    Beyond what the parser asks for, a request has one host and a head of limited size, is in no encoding but chunks,
    and is no tunnel. A client that offers to go on in another protocol is answered in this one.
    """

    _pending_bytes = 0
    """Read since a head or a part of a body was last whole."""
    _part: bytes | memoryview = b""
    """What the parser is getting."""
    _answering: RequestResponseCycle | None = None
    """The oldest request without a whole answer; ``cycle`` is the newest."""
    _refused = False
    """Whether nothing more is read."""

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._unset_keepalive_if_required()
        if self._refused:
            return
        try:
            self._read(memoryview(data))
        except httptools.HttpParserError:
            self.logger.warning("the bytes received on a connection are not an HTTP/1.1 request")
            self._refuse()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._pending_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of a head, or behind the last chunk; the parser leaves the blanks at its end."""
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """The head is read: the request is handed on, unless it offers another protocol."""
        self._pending_bytes = 0
        if not self._is_http():
            raise httptools.HttpParserError
        if self.parser.get_http_version() == "1.0":
            if not self._names_http():
                raise httptools.HttpParserError
            self.expect_100_continue = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self.headers = []  # whatever comes behind the last chunk is no part of the head

    def on_body(self, body: bytes) -> None:
        """A part of the body is read."""
        self._pending_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is read, unless it offers another protocol: then the parser has not looked for its body."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """One request is answered: the next one's turn."""
        last = not self.pipeline
        super().on_response_complete()
        if last and self._refused:
            self._say_so()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request at work, which is not the newest where others came behind it."""
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def give_up(self) -> None:
        """Wait no longer for the body of the request whose turn it is."""
        current = self._answering
        if current is not None and current.more_body and not current.response_complete:
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        self._answering = cycle
        old = cycle.scope["http_version"] == "1.0"
        super()._start_asgi_task(cycle, _without_chunks(app, cycle) if old else app)

    def _read(self, data: memoryview) -> None:
        while data:
            part = self._part = data[:AT_ONCE]
            self._pending_bytes += len(part)
            try:
                self.parser.feed_data(part)
                data = data[len(part) :]
            except httptools.HttpParserUpgrade as offered:
                data = data[offered.args[0] :]
                self._decline()
            if self._pending_bytes > LONGEST_HEAD:
                raise httptools.HttpParserError
        self._part = b""

    def _is_http(self) -> bool:
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        return (
            version in ("1.0", "1.1")
            and (hosts == 1 or (not hosts and version == "1.0"))
            and self.parser.get_method() != b"CONNECT"
            and all(value.lower() == b"chunked" for name, value in self.headers if name == b"transfer-encoding")
        )

    def _names_http(self) -> bool:
        """Whether the first line ends as one of HTTP: the parser takes RTSP/1.0 and ICE/1.0 too, and does not say so.

        A line that comes in pieces is not looked at.
        """
        line = b"\n%b %b " % (self.parser.get_method(), self.url)
        protocol = (b"\n" + bytes(self._part)).partition(line)[2].lstrip(b" ")[: len(b"HTTP/")]
        return b"HTTP/".startswith(protocol)

    def _decline(self) -> None:
        """Read the head once more, as one that offers nothing."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _refuse(self) -> None:
        """Read nothing more, and say why once every request before is answered."""
        self._refused = True
        if self.pipeline and self.cycle.more_body:
            self.pipeline.popleft()  # what is wrong is its body
        current = self._answering
        if current is None or current.response_complete or current.more_body:
            self._say_so()

    def _say_so(self) -> None:
        """End the connection: nobody knows where the next request would begin."""
        current = self._answering
        if current is None or not current.response_started or current.response_complete:
            body = encoded(problem(MALFORMED, NO_HTTP))
            headers = f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close"
            self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{headers}\r\n\r\n".encode() + body)
        self.transport.close()


def _without_chunks(application: Application, cycle: RequestResponseCycle) -> Application:
    """For HTTP/1.0, which has none: an answer of unknown length ends with its connection."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            cycle.chunked_encoding = False
            cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await application(scope, receive, tell)

    return answering
