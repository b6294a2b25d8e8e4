"""The service behind a real socket, in a thread of the test process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tangency.adapters import container
from tangency.adapters.rest.app import create_app
from tangency.adapters.rest.server import configuration
from tangency.adapters.settings import Settings
from tests.support import plain_http

PATIENCE_S = 60.0


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[str]:
    """The address of a service on an embedded database in a folder."""
    chosen = Settings(data_dir=str(folder), solver_workers=1, **settings)
    with listening(create_app(chosen, container.serving)) as address:
        yield address


@contextmanager
def listening(application: Any) -> Iterator[str]:
    """The address of an ASGI application."""
    config = configuration(application)
    config.host, config.port = "127.0.0.1", 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield _address(server, thread)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


def _address(server: uvicorn.Server, thread: threading.Thread) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}"


def client(address: str) -> httpx.Client:
    """A client that keeps its connection."""
    return plain_http.Client(base_url=address, timeout=PATIENCE_S)
