"""The database goes away and comes back while the service runs.

J7: live stays 200, ready and writes are 503 with a problem document, and both recover without a restart.
"""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy.engine import make_url

from tests.support.postgres import Cluster
from tests.support.requests import REQUEST
from tests.support.server import client, served
from tests.support.tcp_proxy import Proxy, proxy

pytestmark = pytest.mark.service("postgresql")


@pytest.fixture(scope="module")
def wire(cluster: Cluster) -> Iterator[Proxy]:
    with proxy(cluster.port) as wire:
        yield wire


@pytest.fixture(scope="module")
def http(cluster: Cluster, wire: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with cluster.database() as url:
        far = make_url(url).set(port=wire.port).render_as_string()
        with served(tmp_path_factory.mktemp("outage"), database_url=far) as address, client(address) as http:
            yield http


@pytest.mark.parametrize("fault", ["refuse", "fall_silent"])
def test_the_service_says_so_and_is_ready_again_by_itself(fault: str, http: httpx.Client, wire: Proxy) -> None:
    assert http.get("/health/ready").status_code == 200
    getattr(wire, fault)()
    refused = [http.get("/health/ready"), http.post("/api/v1/optimize", json=REQUEST)]
    alive = http.get("/health/live")
    wire.heal()
    assert [each.status_code for each in refused] == [503, 503]
    for each in refused:
        assert each.headers["content-type"] == "application/problem+json"
        assert "Retry-After" in each.headers
        assert "psycopg" not in each.text
    assert alive.status_code == 200
    assert http.get("/health/ready").status_code == 200
    assert http.post("/api/v1/optimize", json=REQUEST).status_code == 200


def test_connections_that_are_cut_between_requests_are_nobodys_trouble(http: httpx.Client, wire: Proxy) -> None:
    assert http.post("/api/v1/optimize", json=REQUEST).status_code == 200
    wire.cut()
    assert http.post("/api/v1/optimize", json=REQUEST).status_code == 200


@pytest.mark.parametrize("address", ["optimization/{id}/latest", "portfolios/{id}/history", "optimizations"])
def test_a_connection_that_is_cut_while_it_is_read_is_nobodys_trouble(
    address: str, http: httpx.Client, wire: Proxy
) -> None:
    assert http.post("/api/v1/optimize", json=REQUEST).status_code == 200
    lost = wire.lost
    wire.lose_answer_to(b"FROM portfolio_optimization")
    response = http.get("/api/v1/" + address.format(id=REQUEST["portfolio_id"]))
    assert (wire.lost, response.status_code) == (lost + 1, 200)
