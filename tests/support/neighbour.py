"""A neighbouring service on a real socket: it answers by the contract, or as badly as a test tells it to."""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory

AS_OF = "2026-11-20T21:00:00Z"
Answer = Callable[["Handler"], None]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]


@dataclass
class Neighbour:
    """What it answers by path, what it was asked, and whether slow answers have to come to an end."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answer(self, path: str, *answers: Answer) -> None:
        """From now on, one after another; the last one again and again."""
        self.answers[path] = [*answers]

    def asked_for(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.path == path]

    def hold(self, portfolio: Portfolio, history: PriceHistory) -> None:
        """Know a portfolio and the prices of its names."""
        self.answer(f"/portfolios/{portfolio.id}", document(portfolio_document(portfolio)))
        self.answer("/prices", prices(history))


class Handler(BaseHTTPRequestHandler):
    """Looks up what to answer."""

    protocol_version = "HTTP/1.1"
    neighbour: Neighbour

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.neighbour.asked.append(Asked(url.path, parse_qs(url.query), dict(self.headers)))
        answers = self.neighbour.answers.get(url.path, [document({"detail": "nothing is there"}, 404)])
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def query(self) -> Mapping[str, Sequence[str]]:
        return parse_qs(urlsplit(self.path).query)

    def say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def neighbour(certificate: tuple[Path, Path] | None = None) -> Iterator[Neighbour]:
    """One that runs; over TLS where it has a certificate and its key."""
    told = Neighbour()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"neighbour": told}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients leave in the middle on purpose
    server.daemon_threads = True
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    told.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        told.ending.set()
        server.shutdown()
        server.server_close()


def document(value: object, status: int = 200, **headers: str) -> Answer:
    return raw(json.dumps(value).encode(), status, headers)


def raw(body: bytes, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    return lambda handler: handler.say(status, body, {**JSON, **headers})


def packed(body: bytes) -> Answer:
    return raw(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"})


def without_end(handler: Handler) -> None:
    """Headers, and then nothing."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.neighbour.ending.wait()


def dripping(handler: Handler) -> None:
    """A byte at a time, each just before patience ends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.neighbour.ending.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def flooding(handler: Handler) -> None:
    """Packet after packet, without saying how many."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not handler.neighbour.ending.is_set():
        handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def breaking(handler: Handler) -> None:
    """Half an answer, and a reset."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    reset(handler)


def reset(handler: Handler) -> None:
    """No answer, and a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def portfolio_document(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "portfolio_id": portfolio.id,
        "as_of": AS_OF,
        "cash": portfolio.cash,
        "holdings": [
            {"name": each.name, "quantity": each.quantity, "sector": each.sector, "asset_class": each.asset_class}
            for each in portfolio.holdings
        ],
    }


def prices(history: PriceHistory) -> Answer:
    """The prices of the names that are asked for, from the day that is asked for."""

    def answer(handler: Handler) -> None:
        query = handler.query()
        rows = [row for row, day in enumerate(history.dates) if day.isoformat() >= query["from"][0]]
        series = [
            {"name": name, "prices": _column(history, name, rows)} for name in query["name"] if name in history.names
        ]
        dates = [history.dates[row].isoformat() for row in rows]
        document({"as_of": AS_OF, "dates": dates, "series": series})(handler)

    return answer


def _column(history: PriceHistory, name: str, rows: list[int]) -> list[float | None]:
    column = history.values[rows, history.names.index(name)]
    return [None if np.isnan(price) else float(price) for price in column]
