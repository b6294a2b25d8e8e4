"""A neighbour is asked patiently, up to a point, and believed only as far as the contract goes."""

import asyncio
import json
import logging
import subprocess
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tangency.adapters.clock import SystemClock
from tangency.adapters.settings import InvalidSettings
from tangency.adapters.upstream.connections import connected
from tangency.adapters.upstream.sources import UpstreamPortfolios
from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable, NotFound
from tangency.domain.portfolio.portfolio import Portfolio
from tests.support.asking import Imports, asking, portfolio_from, settings_for
from tests.support.held import portfolio
from tests.support.neighbour import (
    Answer,
    Neighbour,
    breaking,
    document,
    dripping,
    flooding,
    neighbour,
    packed,
    portfolio_document,
    raw,
    reset,
    without_end,
)

SERVICE = "portfolio service"


def path_of(portfolio_id: str) -> str:
    return f"/portfolios/{portfolio_id}"


def good(portfolio_id: str, **changes: Any) -> Answer:
    return document({**portfolio_document(portfolio(portfolio_id)), **changes})


def test_a_portfolio_arrives_with_where_and_when_it_was_read(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), good(portfolio_id))
    found = portfolio_from(stub, portfolio_id)
    source = f"portfolio service: portfolio {portfolio_id} as of 2026-11-20T21:00:00+00:00"
    assert found == replace(portfolio(portfolio_id), source=source)


def test_one_that_nobody_knows_is_not_found_by_its_name(stub: Neighbour, portfolio_id: str) -> None:
    with pytest.raises(NotFound, match=f"the portfolio service knows no portfolio '{portfolio_id}'"):
        portfolio_from(stub, portfolio_id)
    assert len(stub.asked_for(path_of(portfolio_id))) == 1


@pytest.mark.parametrize("wild", ["..", ".", "a/b", "a\nb", "a" * 101, ""])
def test_an_id_that_is_no_step_of_a_path_is_never_sent(stub: Neighbour, wild: str) -> None:
    before = len(stub.asked)
    with pytest.raises(NotFound):
        portfolio_from(stub, wild)
    assert len(stub.asked) == before


@pytest.mark.parametrize(("odd", "step"), [("a?b#c", "a%3Fb%23c"), ("a%2Fb", "a%252Fb"), ("é ü", "%C3%A9%20%C3%BC")])
def test_an_odd_id_stays_one_step(stub: Neighbour, odd: str, step: str) -> None:
    stub.answer(path_of(step), good(odd))
    found = portfolio_from(stub, odd)
    assert found is not None
    assert found.id == odd


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param(document({}, 503), id="503"),
        pytest.param(document({}, 500), id="500"),
        pytest.param(document({}, 429, **{"Retry-After": "0"}), id="429"),
        pytest.param(reset, id="reset"),
        pytest.param(breaking, id="broken in the middle"),
        pytest.param(without_end, id="time-out"),
    ],
)
def test_what_passes_is_asked_again(stub: Neighbour, portfolio_id: str, failing: Answer) -> None:
    stub.answer(path_of(portfolio_id), failing, failing, good(portfolio_id))
    assert portfolio_from(stub, portfolio_id) is not None
    assert len(stub.asked_for(path_of(portfolio_id))) == 3


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        pytest.param(document({}, 503), "answered with status 503", id="503"),
        pytest.param(reset, "cannot be reached, or broke the connection", id="reset"),
        pytest.param(without_end, "took too long", id="time-out"),
    ],
)
def test_what_stays_is_given_up_after_so_many_attempts(
    stub: Neighbour, portfolio_id: str, failing: Answer, told: str
) -> None:
    stub.answer(path_of(portfolio_id), failing)
    with pytest.raises(NeighbourUnavailable, match=f"the portfolio service {told}.*state the data") as caught:
        portfolio_from(stub, portfolio_id, upstream_attempts=2, upstream_pause_s=7.0)
    assert len(stub.asked_for(path_of(portfolio_id))) == 2
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize("later", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_whoever_asks_for_more_time_than_there_is_is_not_asked_again(
    stub: Neighbour, portfolio_id: str, later: str
) -> None:
    stub.answer(path_of(portfolio_id), document({}, 503, **{"Retry-After": later}))
    with pytest.raises(NeighbourUnavailable):
        portfolio_from(stub, portfolio_id)
    assert len(stub.asked_for(path_of(portfolio_id))) == 1


def test_an_answer_that_drips_is_given_up_at_the_deadline(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), dripping)
    with pytest.raises(NeighbourUnavailable, match=r"did not answer within 0\.5 s"):
        portfolio_from(stub, portfolio_id, upstream_deadline_s=0.5)
    assert len(stub.asked_for(path_of(portfolio_id))) == 1


def test_a_neighbour_that_is_not_there_is_unavailable() -> None:
    gone = Neighbour(address="http://127.0.0.1:1")
    with pytest.raises(NeighbourUnavailable, match="cannot be reached"):
        portfolio_from(gone, "p")


BOMB = packed(b" " * 100 * 2**20)
GOOD = portfolio_document(portfolio("p"))
UNUSABLE = {
    "more than it said": (flooding, "has more than 1,048,576 bytes"),
    "more than allowed": (raw(b" " * (2**20 + 1)), "has more than 1,048,576 bytes"),
    "a gzip bomb": (BOMB, "has more than 1,048,576 bytes"),
    "half a gzip": (raw(b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}), "ends in the middle of its gzip"),
    "no gzip": (raw(b"{}", headers={"Content-Encoding": "gzip"}), "is not gzip"),
    "another packing": (raw(b"{}", headers={"Content-Encoding": "br"}), "is packed as 'br'"),
    "no JSON": (raw(b"{not json"), "is no JSON"),
    "nothing": (raw(b""), "is no JSON"),
    "NaN": (raw(json.dumps({**GOOD, "cash": float("nan")}).encode()), "is no JSON"),
    "a number no double holds": (raw(json.dumps(GOOD).replace("20000.0", "1e400").encode()), "out of range"),
    "a number nobody has": (document({**GOOD, "cash": 1e160}), "cash"),
    "no UTF-8": (raw(b'{"portfolio_id": "\xff"}'), "is not UTF-8"),
    "without end": (raw(b'{"x": ' + b"[" * 100_000), "is nested too deeply"),
    "a key twice": (raw(json.dumps(GOOD).replace("{", '{"cash": 1.0, ', 1).encode()), "has the key 'cash' twice"),
    "another portfolio": (document({**GOOD, "portfolio_id": "q"}), "is about 'q', and 'p' was asked for"),
    "another document": (document({"status": "ok"}), "is against the contract"),
    "a page": (raw(b"<html>", headers={"Content-Type": "text/html"}), "is of type 'text/html' and no JSON"),
    "no time": (document({**GOOD, "as_of": "2026-11-20T21:00:00"}), "as_of"),
    "nothing held": (document({**GOOD, "holdings": []}), "holdings"),
    "a name twice": (document({**GOOD, "holdings": GOOD["holdings"][:1] * 2}), "is held twice"),
    "cash as a holding": (
        document({**GOOD, "holdings": [{"name": "CASH", "quantity": 1.0}]}),
        "give the amount as cash",
    ),
    "an overlong name": (document({**GOOD, "holdings": [{"name": "A" * 101, "quantity": 1.0}]}), "holdings"),
    "a redirect": (document({}, 302, Location="http://169.254.169.254/latest"), "is a redirect, which is not followed"),
    "a strange status": (document({}, 418), "has status 418"),
    "nothing, said by a proxy": (
        raw(b"<html>", 404, {"Content-Type": "text/html"}),
        "has status 404 and type 'text/html'; look at TANGENCY_UPSTREAM_PORTFOLIOS_URL",
    ),
}


@pytest.mark.parametrize(("answer", "told"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_against_the_contract_is_refused_with_the_reason(stub: Neighbour, answer: Answer, told: str) -> None:
    stub.answer(path_of("p"), answer)
    before = len(stub.asked)
    with pytest.raises(NeighbourUnusable, match=f"the answer of the portfolio service.*{told}.*Tell the people"):
        portfolio_from(stub, "p")
    assert len(stub.asked) == before + 1


def test_a_bomb_is_never_unpacked_beyond_the_limit(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), BOMB)
    tracemalloc.start()
    try:
        with pytest.raises(NeighbourUnusable):
            portfolio_from(stub, portfolio_id)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20


def test_an_answer_that_is_packed_is_unpacked(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), packed(json.dumps(portfolio_document(portfolio(portfolio_id))).encode()))
    assert portfolio_from(stub, portfolio_id) is not None


def test_a_time_at_the_end_of_all_times_is_a_time(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), good(portfolio_id, as_of="0001-01-01T00:00:00+14:00"))
    found = portfolio_from(stub, portfolio_id)
    assert found is not None
    assert str(found.source).endswith("as of 0001-01-01T00:00:00+14:00")


def test_of_many_mistakes_the_first_is_told(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), good(portfolio_id, holdings=[{"name": "A", "quantity": 1.0}] * 5_000))
    with pytest.raises(NeighbourUnusable) as caught:
        portfolio_from(stub, portfolio_id)
    assert len(str(caught.value)) < 300


def test_a_name_that_cannot_be_one_is_unavailable(stub: Neighbour) -> None:
    host = f"{'a' * 64}.example"
    settings = settings_for(stub, upstream_portfolios_url=f"https://{host}", upstream_hosts=(host,))
    with pytest.raises(NeighbourUnavailable, match="cannot be reached"):
        asking(settings, lambda all_: all_.portfolios.portfolio("p"))


def test_cookies_are_not_kept(stub: Neighbour, portfolio_id: str) -> None:
    body = json.dumps(portfolio_document(portfolio(portfolio_id))).encode()
    stub.answer(path_of(portfolio_id), raw(body, headers={"Set-Cookie": "session=1"}))

    async def ask_twice(neighbours: Any) -> None:
        await neighbours.portfolios.portfolio(portfolio_id)
        await neighbours.portfolios.portfolio(portfolio_id)

    asking(settings_for(stub), ask_twice)
    assert ["Cookie" in each.headers for each in stub.asked_for(path_of(portfolio_id))] == [False, False]


def test_a_redirect_elsewhere_is_not_followed_even_to_the_same_host(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), document({}, 307, Location=f"{stub.address}/elsewhere"))
    with pytest.raises(NeighbourUnusable, match="TANGENCY_UPSTREAM_PORTFOLIOS_URL"):
        portfolio_from(stub, portfolio_id)
    assert not stub.asked_for("/elsewhere")


def test_who_fails_in_a_row_is_left_alone(stub: Neighbour, portfolio_id: str) -> None:
    stub.answer(path_of(portfolio_id), document({}, 500))
    settings = settings_for(stub, upstream_failures=2, upstream_attempts=1, upstream_pause_s=600.0)

    async def ask_five_times(neighbours: Any) -> list[str]:
        told = []
        for _ in range(5):
            with pytest.raises(NeighbourUnavailable) as caught:
                await neighbours.portfolios.portfolio(portfolio_id)
            told.append(str(caught.value))
        return told

    told = asking(settings, ask_five_times)
    assert len(stub.asked_for(path_of(portfolio_id))) == 2
    assert ["left alone" in each for each in told] == [False, False, True, True, True]


def test_a_host_at_a_private_address_is_refused_unless_it_is_listed_so(stub: Neighbour, portfolio_id: str) -> None:
    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    port = stub.address.rpartition(":")[2]
    url, hosts = f"https://neighbour.example:{port}", ("neighbour.example",)

    async def ask() -> Portfolio | None:
        settings = settings_for(
            stub,
            upstream_portfolios_url=url,
            upstream_market_data_url="",
            upstream_risk_models_url="",
            upstream_hosts=hosts,
            upstream_private_hosts=(),
        )
        async with connected(settings, SystemClock(), here) as asked:
            return await UpstreamPortfolios(asked["portfolios"]).portfolio(portfolio_id)

    before = len(stub.asked)
    with pytest.raises(NeighbourUnavailable, match="leads to an address that is not public") as caught:
        asyncio.run(ask())
    assert "127.0.0.1" not in str(caught.value)
    assert len(stub.asked) == before


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """For neighbour.test alone, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    crt, key = folder / "crt.pem", folder / "key.pem"
    names = ("-subj", "/CN=neighbour.test", "-addext", "subjectAltName=DNS:neighbour.test")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    subprocess.run([*made, "-keyout", key, "-out", crt, *names], check=True, capture_output=True)
    return crt, key


@pytest.mark.parametrize(("host", "trusted"), [("neighbour.test", True), ("another.test", False)])
def test_tls_is_for_the_name_and_not_for_the_address(
    certificate: tuple[Path, Path], portfolio_id: str, host: str, trusted: bool
) -> None:
    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with neighbour(certificate) as stub:
        stub.answer(path_of(portfolio_id), good(portfolio_id))
        port = stub.address.rpartition(":")[2]
        settings = settings_for(
            stub,
            upstream_portfolios_url=f"https://{host}:{port}",
            upstream_market_data_url="",
            upstream_risk_models_url="",
            upstream_private_hosts=(host,),
            upstream_ca_file=str(certificate[0]),
            upstream_attempts=1,
        )

        async def ask() -> Portfolio | None:
            async with connected(settings, SystemClock(), here) as asked:
                return await UpstreamPortfolios(asked["portfolios"]).portfolio(portfolio_id)

        if trusted:
            assert asyncio.run(ask()) is not None
            assert stub.asked[0].headers["Host"] == f"{host}:{port}"
        else:
            with pytest.raises(NeighbourUnavailable):
                asyncio.run(ask())
            assert not stub.asked


def test_the_token_goes_to_its_neighbour_is_read_anew_and_never_told(
    stub: Neighbour, portfolio_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = tmp_path / "token"
    settings = settings_for(stub, upstream_portfolios_token_file=str(token), upstream_attempts=1)
    stub.answer(path_of(portfolio_id), good(portfolio_id), document({}, 500), document({}, 403))

    async def ask(neighbours: Any) -> None:
        token.write_text("first-secret\n")
        await neighbours.portfolios.portfolio(portfolio_id)
        token.write_text("second-secret\n")
        with pytest.raises(NeighbourUnavailable) as down:
            await neighbours.portfolios.portfolio(portfolio_id)
        with pytest.raises(NeighbourUnavailable, match="TANGENCY_UPSTREAM_PORTFOLIOS_TOKEN_FILE") as refused:
            await neighbours.portfolios.portfolio(portfolio_id)
        token.unlink()
        with pytest.raises(NeighbourUnavailable, match="wants a token"):
            await neighbours.portfolios.portfolio(portfolio_id)
        assert "secret" not in f"{down.value}{refused.value}"

    with caplog.at_level(logging.DEBUG):
        asking(settings, ask)
    shown = [each.headers["Authorization"] for each in stub.asked_for(path_of(portfolio_id))]
    assert shown == ["Bearer first-secret", "Bearer second-secret", "Bearer second-secret"]
    assert "secret" not in caplog.text
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("fallback", "answer", "falls_back"),
    [
        ("none", document({}, 404), False),
        ("none", document({}, 503), False),
        ("unknown", document({}, 404), True),
        ("unknown", document({}, 503), False),
        ("unavailable", document({}, 404), True),
        ("unavailable", document({}, 503), True),
        ("unavailable", document({"status": "ok"}), False),
    ],
)
def test_imports_take_a_neighbours_place_only_where_the_operator_says_so(
    stub: Neighbour, portfolio_id: str, fallback: str, answer: Answer, falls_back: bool
) -> None:
    stub.answer(path_of(portfolio_id), answer)
    imports = Imports(portfolio(portfolio_id))
    changes = {"upstream_fallback": fallback, "upstream_attempts": 1}
    if falls_back:
        found = portfolio_from(stub, portfolio_id, imports, **changes)
        assert found is not None
        assert str(found.source).startswith("imported, since")
    else:
        with pytest.raises((NotFound, NeighbourUnavailable, NeighbourUnusable)):
            portfolio_from(stub, portfolio_id, imports, **changes)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("file:///etc/passwd", "begins with https://"),
        ("gopher://neighbour.example/", "begins with https://"),
        ("neighbour.example", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://user:password@neighbour.example", "has a user"),
        ("https://neighbour.example/?key=password", "has a user, a query"),
        ("https://another.example", "neither TANGENCY_UPSTREAM_HOSTS nor TANGENCY_UPSTREAM_PRIVATE_HOSTS has it"),
        ("http://neighbour.example", "is not https"),
    ],
)
def test_an_address_that_must_not_be_asked_stops_the_start(stub: Neighbour, url: str, told: str) -> None:
    settings = settings_for(stub, upstream_market_data_url=url, upstream_hosts=("neighbour.example",))
    with pytest.raises(InvalidSettings, match=f"^TANGENCY_UPSTREAM_MARKET_DATA_URL .*{told}") as caught:
        asking(settings, lambda all_: all_.portfolios.portfolio("p"))
    assert "password" not in str(caught.value).replace("in place of a password", "")


def test_a_file_of_certificates_that_cannot_be_read_stops_the_start(stub: Neighbour, tmp_path: Path) -> None:
    settings = settings_for(stub, upstream_ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(InvalidSettings, match="TANGENCY_UPSTREAM_CA_FILE"):
        asking(settings, lambda all_: all_.portfolios.portfolio("p"))
