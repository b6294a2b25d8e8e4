"""Head and body of an answer arrive in one piece."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tangency.adapters import container
from tangency.adapters.rest.app import create_app
from tangency.adapters.rest.packets import WholeAnswers
from tangency.adapters.settings import Settings
from tests.support.server import listening

HOST = "Host: localhost\r\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(data_dir=str(tmp_path_factory.mktemp("packets")))
    with listening(create_app(settings, container.keeping), http=WholeAnswers) as address:
        yield address


def received(address: str, request: str) -> bytes:
    """What the first look at the socket brings."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1.0) as connection:
        connection.sendall(request.encode())
        return connection.recv(65_536)


def test_an_answer_comes_whole(address: str) -> None:
    answer = received(address, f"GET /health/live HTTP/1.1\r\n{HOST}\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b'{"status":"live"}'


def test_what_ends_a_connection_comes_whole_too(address: str) -> None:
    answer = received(address, f"GET /health/live HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n")
    assert answer.endswith(b'{"status":"live"}')


def test_what_is_no_request_is_answered(address: str) -> None:
    answer = received(address, "nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
