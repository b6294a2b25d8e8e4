"""A server for whatever stands behind the gate."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from itertools import count
from types import FrameType
from typing import cast

import uvicorn

from tangency.adapters.rest.gate import Application, Gate, Running
from tangency.adapters.rest.protocol import ProblemProtocol
from tangency.adapters.rest.vital_signs import create_vital_signs
from tangency.adapters.settings import Settings
from tangency.application.service import Service

LOOK_S = 0.1
"""Between looks at the connections that are still open at the end."""
GRACE_S = 5.0
"""What a service about to end gives to bodies that have begun to arrive."""


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
        """One that ends the streams first: it waits for every connection, and those would stay.

        It waits for no client that says nothing, and a few seconds for one that has begun. Told again, it waits for
        none: it leaves them, and what they asked for ends as when they leave.
        """

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            connections = cast(Collection[ProblemProtocol], self.server_state.connections)
            leaving = asyncio.create_task(_leave(connections))
            try:
                await super().shutdown(sockets)
            finally:
                leaving.cancel()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if not self.should_exit:
                gate.ending = True
                super().handle_exit(sig, frame)
                return
            for connection in self.server_state.connections:
                asyncio.get_running_loop().call_soon_threadsafe(connection.transport.close)

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


async def _leave(connections: Collection[ProblemProtocol]) -> None:
    """Close connections with nothing to answer, also those that were accepted last, until cancelled."""
    for look in count(1):
        await asyncio.sleep(LOOK_S)
        for connection in tuple(connections):
            connection.shutdown()
            if look * LOOK_S >= GRACE_S:
                connection.give_up()


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


def _application(settings: Settings, running: Running) -> Gate:
    from tangency.adapters.rest.app import create_app  # the framework, a fifth of what a worker takes to start

    return create_app(settings, running)
