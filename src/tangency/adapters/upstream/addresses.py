"""Which addresses of the network may be connected with.

A name in the settings says nothing about where it leads: whoever answers for it can point it at a service of this
machine, or at the one that hands out the credentials of a cloud machine. So names are looked up here, what they lead to
is judged, and the connection goes to the very address that was judged.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port, the addresses that it has now."""

LOOKING = 4
"""Names that are looked up at the same time."""
TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""IPv6 addresses whose last 32 bits are an address of IPv4: RFC 6052, and RFC 4291 section 2.5.5.1."""
NOWHERE = IPv4Network("0.0.0.0/8")
"""This network, which systems take for themselves."""
METADATA = (IPv4Address("169.254.169.254"), IPv4Address("100.100.100.200"), IPv6Address("fd00:ec2::254"))
"""Where machines of clouds are told their credentials."""


class ForbiddenAddress(Exception):
    """A host leads to an address that must not be connected with."""


@contextmanager
def looking_up() -> Iterator[LookUp]:
    """What the system says, in its order, asked in threads of their own.

    A name server that is gone holds a thread for half a minute, and must not hold those that others work in.
    """
    threads = ThreadPoolExecutor(LOOKING, thread_name_prefix="look-up")

    async def look_up(host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(threads, partial(_found, host, port))
        return list(dict.fromkeys(found))

    try:
        yield look_up
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _found(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


async def judged(host: str, port: int, private: bool, look: LookUp) -> Sequence[str]:
    """The addresses of a host, all of which may be connected with.

    Args:
        host: a name or an address, in whatever form.
        port: to connect with.
        private: whether addresses of this machine and of private networks may be.
        look: looks the host up.

    Raises:
        ForbiddenAddress: one of them must not be.
        OSError: nobody knows the host.
    """
    addresses = await look(host, port)
    for address in addresses:
        if not may_be_asked(ip_address(address), private):
            raise ForbiddenAddress(address)
    return addresses


def may_be_asked(address: Address, private: bool) -> bool:
    """Whether an address may be connected with, whatever form hides it."""
    address = _carried(address)
    if address in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if isinstance(address, IPv4Address) and (address in NOWHERE or address == IPv4Address("255.255.255.255")):
        return False
    return private or address.is_global


def _carried(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 stands for; else itself."""
    if isinstance(address, IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address.teredo is not None:
        inside = address.teredo[1]
    if inside is None and not address.is_loopback and any(address in network for network in TRANSLATED):
        inside = IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address
