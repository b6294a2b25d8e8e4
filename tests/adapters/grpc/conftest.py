"""One process of the service for the whole folder, with both doors open on two portfolios that are held."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import pytest

from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)
from tests.architecture.source_tree import SOURCE
from tests.support.command import Command
from tests.support.held import hold
from tests.support.server import client

PORTFOLIO, SAMPLE = "port-123456", "sample"
FOLDER = SOURCE / "sample"


@dataclass(frozen=True)
class Doors:
    """Two ways in.

    Attributes:
        data: where the embedded database is.
        address: of gRPC.
        stub: every call of it.
        http: a client of REST.
    """

    data: Path
    address: str
    channel: grpc.Channel
    stub: PortfolioOptimizationServiceStub
    http: httpx.Client


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    command = Command(tmp_path_factory.mktemp("grpc"))
    command.data.mkdir()
    hold(command.data, PORTFOLIO)
    for what, file in (("prices", "prices.parquet"), ("holdings", "holdings.csv")):
        assert command("import", what, FOLDER / file, "--portfolio-id", SAMPLE).code == 0
    settings = {"TANGENCY_BODY_LIMIT_BYTES": str(2**20), "TANGENCY_GRPC_CONCURRENT_CALLS": "8"}
    with command.serving("--grpc", "127.0.0.1:0", **settings) as served:
        address = served.grpc_address
        with client(served.address) as http, grpc.insecure_channel(address) as channel:
            stub = PortfolioOptimizationServiceStub(channel)
            yield Doors(command.data, address, channel, stub, http)
