"""What costs too much is refused, whichever way it is asked for, with the numbers."""

import socket
from collections.abc import Iterator

import grpc
import httpx
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, PreconditionFailure

from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)
from tests.adapters.grpc.test_errors import Told
from tests.adapters.rest.test_optimization import problem_of
from tests.support.held import hold
from tests.support.pulsar import wait_until
from tests.support.requests import REQUEST
from tests.support.server import client, served

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}


PORTFOLIO = "/api/v1/portfolios/desk"
CALLS = {
    "an answer": ("/api/v1/optimize", REQUEST),
    "an order": ("/api/v1/optimizations", WISH),
    "a frontier": (f"{PORTFOLIO}/efficient-frontier", {"points": 7}),
    "a plan": (f"{PORTFOLIO}/rebalance", {"target_type": "equal_weight", "constraints": {"max_trades": 3}}),
    "an analysis": (f"{PORTFOLIO}/factor-analysis", {"factors": "statistical"}),
}


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Nothing is below its ceiling."""
    folder = tmp_path_factory.mktemp("low")
    hold(folder, "desk")
    with served(folder, most_s=0.01) as service, client(service) as http:
        yield http


@pytest.mark.parametrize("name", CALLS)
def test_what_is_above_the_ceiling_is_refused_with_its_shape_and_its_cost(name: str, low: httpx.Client) -> None:
    address, document = CALLS[name]

    problem = problem_of(low.post(address, json=document), 422, "invalid")

    assert "names" in problem["detail"]
    assert "seconds, and this service takes up to 0" in problem["detail"]
    assert [each["code"] for each in problem["errors"]] == ["too_expensive"]
    assert low.get("/api/v1/optimizations").json()["optimizations"] == []


def test_a_frontier_that_is_read_is_refused_as_one_that_is_posted(low: httpx.Client) -> None:
    problem_of(low.get(CALLS["a frontier"][0]), 422, "invalid")


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[httpx.Client]:
    """Nothing is light."""
    folder = tmp_path_factory.mktemp("light")
    hold(folder, "desk")
    with served(folder, light_s=0.01, grpc=f"127.0.0.1:{port}") as service, client(service) as http:
        yield http


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("a frontier", "fewer points, or order"), ("a plan", "target_type custom"), ("an analysis", "a shorter window")],
)
def test_what_is_too_heavy_to_be_waited_for_and_is_no_optimization_is_refused_with_the_numbers_and_the_remedy(
    name: str, remedy: str, light: httpx.Client
) -> None:
    address, document = CALLS[name]

    problem = problem_of(light.post(address, json=document), 422, "too-heavy")

    assert problem["light_s"] == 0.01
    assert problem["estimated_s"] > 0.01
    assert remedy in problem["detail"]


def test_what_is_too_heavy_to_be_waited_for_is_accepted_and_read_where_the_answer_says(light: httpx.Client) -> None:
    heavy = light.post("/api/v1/optimize", json=REQUEST)
    entries = light.post("/api/v1/optimize/batch", json=[REQUEST, {"objective": "MAX_SHARPE"}]).json()
    wait_until(lambda: light.get(heavy.headers["Location"]).json()["status"] != "processing")
    order, latest = (light.get(at) for at in (heavy.headers["Location"], "/api/v1/optimization/port-1/latest"))

    assert heavy.status_code == 202
    assert heavy.headers["Location"].endswith(heavy.json()["optimization_id"])
    assert heavy.json().keys() == {
        "optimization_id", "portfolio_id", "status", "created_at", "estimated_completion_time"
    }  # fmt: skip
    assert order.json()["status"] == "completed"
    assert order.json()["target_allocation"].keys() >= {"AAPL", "XOM", "JNJ"}
    assert latest.status_code == 200
    assert [entry["status"] for entry in entries] == [202, 422]
    assert entries[0]["location"].endswith(entries[0]["accepted"]["optimization_id"])


@pytest.mark.parametrize(
    ("call", "request_", "remedy"),
    [
        ("GenerateEfficientFrontier", pb.EfficientFrontierRequest(portfolio_id="desk"), "CreateOptimization"),
        ("GenerateRebalancePlan", pb.RebalancePlanRequest(portfolio_id="desk", target_type="optimal"), "Create"),
        ("AnalyzeFactorExposures", pb.FactorExposureRequest(portfolio_id="desk", factors=["statistical"]), "window"),
    ],
)
@pytest.mark.usefixtures("light")
def test_over_grpc_it_is_a_failed_precondition_with_the_numbers_and_the_call_to_make_instead(
    call: str, request_: Message, remedy: str, port: int
) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as caught:
        getattr(PortfolioOptimizationServiceStub(channel), call)(request_)

    refusal = Told(caught.value)
    assert refusal.code is grpc.StatusCode.FAILED_PRECONDITION
    information, precondition = refusal.detail(ErrorInfo), refusal.detail(PreconditionFailure)
    assert information.reason == "TOO_HEAVY"
    assert float(information.metadata["estimated_s"]) > float(information.metadata["light_s"]) == 0.01
    assert [(each.type, remedy in each.description) for each in precondition.violations] == [("TOO_HEAVY", True)]
    assert "names" in precondition.violations[0].subject
