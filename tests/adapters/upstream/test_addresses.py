"""Where a connection may go: judged by the address, whatever name or form leads to it."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import httpx
import pytest

from tangency.adapters.upstream.addresses import ForbiddenAddress, judged, looking_up, may_be_asked
from tangency.adapters.upstream.neighbour import Neighbour
from tangency.adapters.upstream.transport import JudgedTransport

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
PRIVATE = [
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::10.0.0.1",
]
NEVER = [
    "169.254.169.254",
    "169.254.1.1",
    "fe80::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "100.100.100.200",
    "fd00:ec2::254",
    "0.0.0.0",  # noqa: S104 - to be refused, not to be listened on
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
]


@pytest.mark.parametrize(
    ("address", "by_default", "where_private"),
    [(each, True, True) for each in PUBLIC]
    + [(each, False, True) for each in PRIVATE]
    + [(each, False, False) for each in NEVER],
)
def test_an_address_is_judged_whatever_form_hides_it(address: str, by_default: bool, where_private: bool) -> None:
    assert may_be_asked(ip_address(address), private=False) == by_default
    assert may_be_asked(ip_address(address), private=True) == where_private


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "::ffff:127.0.0.1"])
def test_other_spellings_of_this_machine_lead_to_it_and_are_refused(host: str) -> None:
    with looking_up() as look, pytest.raises(ForbiddenAddress):
        asyncio.run(judged(host, 443, private=False, look=look))


def test_a_name_with_one_forbidden_address_is_refused_whole() -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        asyncio.run(judged("neighbour.example", 443, private=False, look=both))


class Recording(httpx.AsyncBaseTransport):
    """Keeps what would be sent to the network."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(200)


def test_the_connection_goes_to_the_address_that_was_judged_and_a_name_that_turns_is_refused() -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    async def turning(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    async def ask_twice() -> Recording:
        there = Neighbour("portfolios", httpx.URL("https://neighbour.example"), token_file=None, private=False)
        transport = JudgedTransport(there, turning, httpx.create_ssl_context())
        await transport._inner.aclose()
        transport._inner = recording = Recording()  # type: ignore[assignment] # no public address answers in a test
        request = httpx.Request("GET", "https://neighbour.example/portfolios/p")
        await transport.handle_async_request(request)
        with pytest.raises(ForbiddenAddress):
            await transport.handle_async_request(request)
        with pytest.raises(httpx.UnsupportedProtocol):
            await transport.handle_async_request(httpx.Request("GET", "https://another.example/"))
        return recording

    (sent,) = asyncio.run(ask_twice()).sent
    assert sent.url == "https://93.184.216.34/portfolios/p"
    assert sent.headers["host"] == "neighbour.example"
    assert sent.extensions["sni_hostname"] == "neighbour.example"
