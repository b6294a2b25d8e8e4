"""``tangency serve``: answer over REST, and over gRPC."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.roles import ALL, Roles, refuse_to_share
from tangency.application.duties import EVERY_ROLE, Duties, Role

if TYPE_CHECKING:
    from tangency.adapters.settings import Settings

INSECURE = "--insecure-without-authentication"
GRPC = "127.0.0.1:50051"
DOORS = (Role.API, Role.GRPC)
WAITING = 2048
"""Connections that may wait to be accepted."""
SELDOM = 20_000
"""New objects between two looks for garbage: requests leave none, and looking took a tenth of each."""


@click.command()
@click.option("--host", help="The address to listen on.  [default: TANGENCY_HOST, or 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="0: any free one.  [default: TANGENCY_PORT, or 8000]")
@click.option(
    "--grpc",
    is_flag=False,
    flag_value=GRPC,
    metavar="[HOST:PORT]",
    help=f"Answer gRPC too, on {GRPC} where no address is given.  [default: TANGENCY_GRPC, or not at all]",
)
@click.option(
    "--role",
    "roles",
    type=Roles(),
    default=EVERY_ROLE,
    show_default=ALL,
    metavar="ROLE,...",
    help=f"What this process takes on: {ALL}, or some of {', '.join(Role)}. Every role answers /health/live and ready.",
)
@click.option(
    INSECURE,
    "insecure",
    is_flag=True,
    help="Listen on an address that other machines can reach. Anybody there can read and replace every portfolio.",
)
def serve(host: str | None, port: int | None, grpc: str | None, roles: frozenset[Role], insecure: bool) -> None:
    """Start the service: REST, and gRPC if asked for.

    It runs until Ctrl-C or SIGTERM. /schema describes it. There are no user accounts yet, so an address that other
    machines can reach is refused.
    """
    settings = settings_with(host=host, port=port, grpc=None if grpc is None else _grpc_address(grpc))
    if Role.GRPC not in roles:
        settings = settings_with(settings, grpc="")
    if not insecure and not roles.isdisjoint(DOORS):
        _refuse_strangers(settings)
    run(settings, Duties(roles))


def settings_with(settings: Settings | None = None, **given: object) -> Settings:
    """What an operator set, and what the command line says in its place; None where it says nothing."""
    import msgspec

    from tangency.adapters.settings import Settings

    stated = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(settings or Settings.load(), **stated)


def run(settings: Settings, duties: Duties) -> None:
    """Do so until a signal comes."""
    refuse_to_share(settings, duties.roles)
    with _listen(settings) as listening:
        settings = _with_free_port(settings)
        with _loading():
            from tangency.adapters import container

            asyncio.run(container.check_store(settings))
        for each in (signal.SIGTERM, signal.SIGINT):  # the server passes them on once it has drained: a good end
            signal.signal(each, _ended)
        click.echo(_greeting(_address(listening), duties.roles))
        container.serve(settings, listening, lambda at: click.echo(f"It answers gRPC on {at}."), duties)


@contextmanager
def _loading() -> Iterator[None]:
    """What is loaded stays: looking through it for garbage over and over takes a tenth of the start, and time later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(SELDOM)
        gc.enable()


def _greeting(at: str, roles: frozenset[Role]) -> str:
    if Role.API in roles:
        return f"Tangency answers on {at}, described at {at}/schema. Ctrl-C ends it."
    return f"Tangency works as {', '.join(sorted(roles))}; {at}/health/live says that it lives. Ctrl-C ends it."


def _grpc_address(text: str) -> str:
    import msgspec

    from tangency.adapters.settings import Address

    try:
        return msgspec.convert(text, Address)
    except msgspec.ValidationError:
        raise click.BadParameter(f"{text!r} is not an address; give HOST:PORT, such as {GRPC}.") from None


def _refuse_strangers(settings: Settings) -> None:
    from tangency.adapters.settings import is_loopback, split_address

    hosts = [settings.host, *([split_address(settings.grpc)[0]] if settings.grpc else [])]
    open_ones = [host for host in hosts if not is_loopback(host)]
    if open_ones:
        raise click.ClickException(
            f"{open_ones[0]!r} can be reached from other machines, and nobody would be asked who they are. Listen on "
            f"127.0.0.1 behind a proxy that asks, or accept the risk with {INSECURE}."
        )


def _with_free_port(settings: Settings) -> Settings:
    """Port 0 of gRPC as a number, and a port that is taken told while there is somebody to tell."""
    if not settings.grpc:
        return settings
    import msgspec

    from tangency.adapters.settings import split_address

    host, port = split_address(settings.grpc)
    with _bound(host.strip("[]"), port, "--grpc") as found:
        return msgspec.structs.replace(settings, grpc=f"{host}:{found.getsockname()[1]}")


def _bound(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as error:
        why = error.strerror or str(error)
        wrong = option if error.errno in (errno.EADDRINUSE, errno.EACCES) or option != "--port" else "--host"
        raise click.ClickException(f"cannot listen on {host} port {port}: {why}. Choose another {wrong}.") from None


def _listen(settings: Settings) -> socket.socket:
    listening = _bound(settings.host.strip("[]"), settings.port, "--port")
    # Connections inherit it. Without it the second packet of an answer waits 40 ms for the client to acknowledge the
    # first, and asyncio sets it only on sockets that were made with the protocol spelt out.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _ended(_signal: int, _frame: object) -> None:
    """Nothing is left to do, or nothing was begun."""
    raise SystemExit(0)
