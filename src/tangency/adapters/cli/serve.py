"""``tangency serve``: answer over REST."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tangency.adapters.settings import Settings

INSECURE = "--insecure-without-authentication"
WAITING = 2048
"""Connections that may wait to be accepted."""


@click.command()
@click.option("--host", help="The address to listen on.  [default: TANGENCY_HOST, or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any free one.  [default: TANGENCY_PORT, or 8000]")
@click.option(
    INSECURE,
    "insecure",
    is_flag=True,
    help="Listen on an address that other machines can reach. Anybody there can read and replace every portfolio.",
)
def serve(host: str | None, port: int | None, insecure: bool) -> None:
    """Answer over REST until a signal comes.

    The description of the service is at /schema. Nobody is asked who they are yet, so only this machine is served.
    """
    from tangency.adapters.settings import is_loopback

    settings = _settings(host, port)
    if not (insecure or is_loopback(settings.host)):
        raise click.ClickException(
            f"{settings.host!r} can be reached from other machines, and nobody would be asked who they are. Listen on "
            f"127.0.0.1 behind a proxy that asks, or accept the risk with {INSECURE}."
        )
    listening = _listen(settings)
    from tangency.adapters import container

    asyncio.run(container.check_store(settings))
    for each in (signal.SIGTERM, signal.SIGINT):  # the server passes them on once it has drained: that is a good end
        signal.signal(each, _ended)
    click.echo(f"Tangency answers on {_address(listening)}, described at {_address(listening)}/schema. Ctrl-C ends it.")
    container.serve(settings, listening)


def _settings(host: str | None, port: int | None) -> Settings:
    import msgspec

    from tangency.adapters.settings import Settings

    settings = Settings.load()
    stated = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return msgspec.structs.replace(settings, **stated)


def _listen(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, settings.port), family=family, backlog=WAITING)
    except OSError as error:
        why = error.strerror or str(error)
        raise click.ClickException(
            f"cannot listen on {host} port {settings.port}: {why}. Choose another --port."
        ) from None
    # Connections inherit it. Without it the second packet of an answer waits 40 ms for the client to acknowledge the
    # first, and asyncio sets it only on sockets that were made with the protocol spelt out.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _ended(_signal: int, _frame: object) -> None:
    """Nothing is left to do."""
