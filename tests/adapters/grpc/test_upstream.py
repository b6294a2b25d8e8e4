"""A portfolio that only a neighbouring service knows is answered alike behind both doors."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)
from tests.adapters.grpc.conftest import Doors
from tests.adapters.grpc.test_parity import analysis_of, document, ended, rest, same
from tests.support.command import Command
from tests.support.held import history, portfolio
from tests.support.neighbour import neighbour
from tests.support.server import client

THEIRS = "known-to-the-neighbour"
WISH: dict[str, Any] = {"portfolio_id": THEIRS, "optimization_type": "mean_variance", "objective": "maximize_sharpe"}


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Both doors of a service that holds nothing itself."""
    with neighbour() as told:
        told.hold(portfolio(THEIRS), history())
        settings = {f"TANGENCY_UPSTREAM_{word}_URL": told.address for word in ("PORTFOLIOS", "MARKET_DATA")}
        settings["TANGENCY_UPSTREAM_PRIVATE_HOSTS"] = "127.0.0.1, localhost"
        command = Command(tmp_path_factory.mktemp("beside"))
        with command.serving("--grpc", "127.0.0.1:0", **settings) as served:
            address = served.grpc_address
            with client(served.address) as http, grpc.insecure_channel(address) as channel:
                yield Doors(command.data, address, channel, PortfolioOptimizationServiceStub(channel), http)


def test_every_call_stands_on_what_the_neighbour_says(beside: Doors) -> None:
    accepted = rest(beside, "/api/v1/optimizations", WISH)
    created = beside.stub.CreateOptimization(pb.CreateOptimizationRequest(**WISH))
    same(accepted, document(created))
    by_rest = ended(lambda: beside.http.get(f"/api/v1/optimizations/{accepted['optimization_id']}").json())
    read = pb.GetOptimizationRequest(optimization_id=created.optimization_id)
    same(by_rest, ended(lambda: document(beside.stub.GetOptimization(read))))
    assert by_rest["status"] == "completed"
    assert any(THEIRS in reference for reference in by_rest["provenance"]["references"])

    frontier = rest(beside, f"/api/v1/portfolios/{THEIRS}/efficient-frontier", {"points": 4})
    request = pb.EfficientFrontierRequest(portfolio_id=THEIRS, points=4)
    same(frontier, document(beside.stub.GenerateEfficientFrontier(request)))

    plan = rest(beside, f"/api/v1/portfolios/{THEIRS}/rebalance", {"target_type": "equal_weight"})
    wanted = pb.RebalancePlanRequest(portfolio_id=THEIRS, target_type="equal_weight")
    same(plan, document(beside.stub.GenerateRebalancePlan(wanted)))

    analysis = rest(beside, f"/api/v1/portfolios/{THEIRS}/factor-analysis", {"factors": "statistical"})
    question = pb.FactorExposureRequest(portfolio_id=THEIRS, factors=["statistical"])
    same(analysis, analysis_of(beside.stub.AnalyzeFactorExposures(question)))


def test_what_the_neighbour_does_not_know_is_not_found_behind_either_door(beside: Doors) -> None:
    unknown = {**WISH, "portfolio_id": "nobody-knows"}
    assert beside.http.post("/api/v1/optimizations", json=unknown).status_code == 404
    with pytest.raises(grpc.RpcError) as refused:
        beside.stub.CreateOptimization(pb.CreateOptimizationRequest(**unknown))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
