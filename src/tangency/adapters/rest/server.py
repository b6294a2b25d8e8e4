"""A server for whatever stands behind the gate."""

from __future__ import annotations

import socket
from types import FrameType

import uvicorn

from tangency.adapters.rest.gate import Gate, Running
from tangency.adapters.rest.vital_signs import create_vital_signs
from tangency.adapters.settings import Settings


def serve(settings: Settings, running: Running, listening: socket.socket, door: bool = True) -> None:
    """Answer on a socket that listens already, until a signal comes.

    Args:
        settings: what an operator set.
        running: opens the service.
        listening: for requests, or for whoever asks whether the process lives.
        door: whether requests are answered.
    """
    gate = _application(settings, running) if door else create_vital_signs(settings, running)

    class Server(uvicorn.Server):
        """One that ends the streams first: it waits for every connection, and those would stay."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            gate.ending = True
            super().handle_exit(sig, frame)

    config = uvicorn.Config(gate, lifespan="on", ws="none", access_log=False, server_header=False, log_level="warning")
    Server(config).run(sockets=[listening])


def _application(settings: Settings, running: Running) -> Gate:
    from tangency.adapters.rest.app import create_app  # the framework, a fifth of what a worker takes to start

    return create_app(settings, running)
