"""Connections with neighbours, opened and closed together."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.upstream.addresses import LookUp, looking_up
from tangency.adapters.upstream.asking import Asking, Patience
from tangency.adapters.upstream.breaker import CircuitBreaker
from tangency.adapters.upstream.neighbour import Neighbour, neighbour_of
from tangency.adapters.upstream.service_names import WORDS
from tangency.adapters.upstream.transport import JudgedTransport
from tangency.domain.clock import Clock


@asynccontextmanager
async def connected(
    settings: Settings, clock: Clock, look: LookUp | None = None
) -> AsyncIterator[Mapping[str, Asking]]:
    """The neighbours that an operator names, by their words. Nothing is sent before somebody asks.

    Args:
        settings: where they are.
        clock: for their circuits.
        look: looks hosts up; None for the system.

    Raises:
        InvalidSettings: an address that cannot be used.
    """
    found = [neighbour for word in WORDS if (neighbour := neighbour_of(settings, word)) is not None]
    if not found:  # certificates are not read for nobody: it would be a twentieth of the start
        yield {}
        return
    async with AsyncExitStack() as stack:
        look, trust = look or stack.enter_context(looking_up()), _trust(settings)
        asked = {each.word: _asking(each, settings, clock, JudgedTransport(each, look, trust)) for each in found}
        for asking in asked.values():
            stack.push_async_callback(asking.aclose)
        yield asked


def _asking(neighbour: Neighbour, settings: Settings, clock: Clock, transport: JudgedTransport) -> Asking:
    breaker = CircuitBreaker(settings.upstream_failures, settings.upstream_pause_s, clock.monotonic)
    return Asking(neighbour, Patience.of(settings), breaker, transport)


def _trust(settings: Settings) -> ssl.SSLContext:
    """Whose certificates count: those that everybody trusts, or those of the operator's file."""
    path = settings.upstream_ca_file
    if not path:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # that of TLS is one
        raise InvalidSettings(f"TANGENCY_UPSTREAM_CA_FILE names {path}, which cannot be read: {error}.") from None
