"""Sends requests to addresses that were judged a moment before."""

from __future__ import annotations

import ssl

import httpx

from tangency.adapters.upstream.addresses import LookUp, judged
from tangency.adapters.upstream.neighbour import Neighbour

CONNECTIONS = 8
"""To one neighbour at a time; each may hold an answer of the greatest size in memory."""
PORTS = {"https": 443, "http": 80}


class JudgedTransport(httpx.AsyncBaseTransport):
    """Looks the host up for every request and connects with what it judged; nothing looks the name up again.

    The request keeps the header Host and the name that the certificate has to be for.
    """

    def __init__(self, neighbour: Neighbour, look: LookUp, trust: ssl.SSLContext) -> None:
        self._host, self._private, self._look = neighbour.url.raw_host.decode("ascii"), neighbour.private, look
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._inner = httpx.AsyncHTTPTransport(verify=trust, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address that can be connected with.

        Raises:
            ForbiddenAddress: the host leads where nobody may connect, or is not the one that this was made for.
            httpx.TransportError: it cannot be reached.
        """
        url = request.url
        if url.raw_host != self._host.encode():
            raise httpx.UnsupportedProtocol(f"this transport is for {self._host} alone")
        try:
            addresses = await judged(self._host, url.port or PORTS[url.scheme], self._private, self._look)
        except (OSError, UnicodeError) as error:  # the second where it cannot be a name
            raise httpx.ConnectError(f"the name cannot be looked up: {error}") from error
        refused: httpx.TransportError = httpx.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._inner.handle_async_request(_sent_to(request, address, self._host))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        raise refused

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


def _sent_to(request: httpx.Request, address: str, host: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
