"""What a request must satisfy before it is looked at, seen from a raw socket."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tangency.adapters.rest.exchange import BODY
from tangency.adapters.rest.gate import Gate
from tangency.adapters.rest.openapi_parts import EXAMPLE
from tangency.adapters.settings import Settings
from tests.support import plain_http
from tests.support.server import client, listening

LIMIT = 2**20
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what an operator may set


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of bytes of the body."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/stream":
        await stream(receive, send)
        return
    content = json.dumps(len(scope[BODY])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": content})


TRAILED = b"1;x=y\r\nx\r\n0\r\nHost: evil.example\r\n\r\n"
LEFT = threading.Event()


async def stream(receive: Any, send: Any) -> None:
    """Answers until the client leaves, and tells."""
    leaving = asyncio.ensure_future(receive())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(500):
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.wait([leaving], timeout=0.01)
        if leaving.done():
            LEFT.set()
            return


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    settings = Settings(body_limit_bytes=LIMIT, body_budget_bytes=2 * LIMIT, body_deadline_s=0.5)
    with listening(Gate(echo, settings)) as address:
        yield address


@pytest.fixture(scope="module")
def http(address: str) -> Iterator[httpx.Client]:
    with client(address) as http:
        yield http


def chunks(size: int) -> Iterator[bytes]:
    """A body of unknown length, in parts of 64 kB."""
    for start in range(0, size, 2**16):
        yield b"x" * min(2**16, size - start)


def test_a_body_arrives_in_one_piece(http: httpx.Client) -> None:
    assert http.post("/", content=chunks(LIMIT)).json() == LIMIT
    assert http.post("/", content=b"").json() == 0


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    ],
)
def test_the_offer_of_another_protocol_costs_no_body_and_no_line_in_the_log(
    address: str, caplog: pytest.LogCaptureFixture, offer: bytes
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    long = head + offer + b"Content-Length: 7\r\n\r\n"
    chunked = head + offer + b"Transfer-Encoding: chunked\r\n\r\n"
    plain = head + b"Connection: close\r\nContent-Length: 3\r\n\r\n"
    with raw(address) as connection:
        for part in (long + b"xxxx", b"xxx" + chunked, b"5\r\nxxxxx\r\n0\r\n\r\n" + plain + b"xxx"):
            connection.sendall(part)
            time.sleep(0.02)
        answers = whole(connection)
    assert re.findall(rb"\r\n\r\n1\r\n(\d)\r\n", answers) == [b"7", b"5", b"3"]
    assert not caplog.records


def test_a_body_that_is_announced_as_too_large_is_not_read(http: httpx.Client) -> None:
    response = http.post("/", content=b"x" * (LIMIT + 1))
    assert response.status_code == 413
    assert response.json()["type"] == "/problems/too-large"
    assert "1,048,577 bytes; this service takes 1,048,576 at most" in response.json()["detail"]


def test_a_body_of_unknown_length_is_counted_while_it_comes(address: str) -> None:
    with raw(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in chunks(LIMIT + 2**16):
            connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        assert status_of(connection) == 413


def test_a_wrong_announcement_does_not_help(address: str) -> None:
    with raw(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: nonsense\r\n\r\n")
        assert status_of(connection) == 400


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 2**17 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: x\r\n" * 20_000 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: x\r\n" * 20_000,
        b"GET / HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / RTSP/1.0\r\n\r\n",
        b"SOURCE / ICE/1.0\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_a_problem_document_too(address: str, request_: bytes) -> None:
    with raw(address) as connection:
        connection.sendall(request_)
        head, _, body = whole(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head.lower()
    document = json.loads(body)
    assert (document["type"], document["status"]) == ("/problems/malformed-request", 400)
    assert "send the request again" in document["detail"]


def test_what_is_no_http_waits_for_the_answers_before_it(address: str) -> None:
    good = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nxxx"
    chunked = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    for wrong in (b"nonsense\r\n\r\n", chunked + b"zz\r\n"):
        assert statuses(address, good + good + wrong) == [200, 200, 400]


def test_thousands_of_offers_at_once_are_all_declined(address: str, caplog: pytest.LogCaptureFixture) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    offer = head + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    last = head + b"Connection: upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx"
    assert statuses(address, offer * 2_000 + last) == [200] * 2_001
    assert not caplog.records


def test_a_head_is_measured_without_the_body_before_it(address: str) -> None:
    first = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2**17}\r\n\r\n".encode() + b"x" * 2**17
    second = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
    assert statuses(address, first + second[:100], second[100:]) == [200, 200]


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1 \t\r\nConnection: close \r\nContent-Length: 1 \r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + TRAILED,
    ],
)
def test_blanks_and_what_comes_behind_a_body_change_no_header(address: str, request_: bytes) -> None:
    assert statuses(address, request_) == [200]


def test_an_older_client_is_told_nothing_in_between_and_gets_no_chunks(address: str) -> None:
    head = b"POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    with raw(address) as connection:
        connection.sendall(head + b"x")
        answer, _, body = whole(connection).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in answer
    assert body == b"1"


@pytest.mark.parametrize("cut", [0, 2, 5, 6, 8, 12, 20])
def test_an_older_client_may_send_its_first_line_in_pieces(address: str, cut: int) -> None:
    request = b"GET /  HTTP/1.0\r\nHost: 127.0.0.1\r\nX: GET / RTSP/1.0\r\n\r\n"
    assert statuses(address, request[:cut] or request, request[cut:] if cut else b"") == [200]


def statuses(address: str, *parts: bytes) -> list[int]:
    """Of the answers to what is sent on one connection."""
    with raw(address) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.02)
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", whole(connection))]


def whole(connection: socket.socket) -> bytes:
    """Everything until the connection is closed."""
    parts = []
    try:
        while part := connection.recv(4096):
            parts.append(part)
    except ConnectionResetError:  # more had been sent than was read
        pass
    return b"".join(parts)


def test_a_body_that_does_not_come_costs_the_client_its_connection(address: str) -> None:
    began = time.monotonic()
    with raw(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc")
        assert status_of(connection) == 408
        assert time.monotonic() - began < 5.0


def test_one_slow_client_does_not_slow_the_others(address: str, http: httpx.Client) -> None:
    with raw(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc")
        assert http.post("/", content=b"quick").json() == 5


def test_all_bodies_together_have_a_budget_that_is_given_back(address: str, http: httpx.Client) -> None:
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {LIMIT}\r\n\r\n".encode()
    with raw(address) as one, raw(address) as other:
        for connection in (one, other):
            connection.sendall(head + b"x" * (LIMIT - 1))
        time.sleep(0.2)
        response = http.post("/", content=b"x" * 1000)
        assert response.status_code == 429
        assert response.json()["type"] == "/problems/too-many-bodies"
        assert int(response.headers["retry-after"]) >= 1
    deadline = time.monotonic() + 5
    while http.post("/", content=b"x" * 1000).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_client_that_leaves_costs_nothing(address: str, http: httpx.Client) -> None:
    for _ in range(5):
        with raw(address) as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {LIMIT}\r\n\r\n".encode())
            connection.sendall(b"x" * 2**19)
    time.sleep(0.2)
    assert http.post("/", content=b"x" * LIMIT).status_code == 200


def test_a_stream_ends_when_its_client_leaves_though_other_requests_wait_behind_it(address: str) -> None:
    with raw(address) as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert status_of(connection) == 200
    assert LEFT.wait(5.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "127.9.9.9:1", "[::1]:8000"])
def test_a_service_on_this_machine_is_called_by_its_names(http: httpx.Client, host: str) -> None:
    assert http.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "", "["]
)
def test_another_name_is_refused_because_anybody_can_point_one_here(http: httpx.Client, host: str) -> None:
    response = http.get("/", headers={"host": host})
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "/problems/forbidden-origin"


def test_a_page_of_another_site_is_refused_and_our_own_is_not(http: httpx.Client) -> None:
    own = http.base_url.netloc.decode()
    assert http.post("/", headers={"origin": f"http://{own}"}).status_code == 200
    for origin in ("https://evil.example", "null", f"http://{own}.evil.example", "http://localhost:1", "http://["):
        assert http.post("/", headers={"origin": origin}).status_code == 403


def test_a_service_for_others_lets_its_proxy_see_to_names() -> None:
    with listening(Gate(echo, Settings(host=EVERYWHERE))) as address:
        assert plain_http.get(address, headers={"host": "portfolio.example"}, timeout=60).status_code == 200


def test_a_websocket_is_passed_on() -> None:
    seen = []

    async def application(scope: Any, *_: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    asyncio.run(Gate(application, Settings())({"type": "websocket"}, nothing, nothing))
    assert seen == ["websocket"]


def test_the_service_stands_behind_the_gate(tmp_path: Path) -> None:
    from tests.support.server import served

    with served(tmp_path, body_limit_bytes=2**10) as address, client(address) as http:
        assert http.post("/api/v1/optimize", json={**EXAMPLE, "portfolio_id": "x" * 2**10}).status_code == 413
        assert http.get("/health/live", headers={"host": "evil.example"}).status_code == 403


def raw(address: str) -> socket.socket:
    parts = urlsplit(address)
    assert parts.hostname is not None
    assert parts.port is not None
    connection = socket.create_connection((parts.hostname, parts.port), timeout=10)
    connection.settimeout(10)
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(4096).split(b" ")[1])
