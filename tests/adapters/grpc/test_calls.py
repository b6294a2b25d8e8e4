"""How calls run: keys, streams, deadlines, cancellation, limits, health."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)
from tangency.domain.trace import TraceContext
from tests.adapters.grpc.conftest import PORTFOLIO, Doors
from tests.domain.test_trace import PARENT, STATE
from tests.support.command import Command, Served
from tests.support.held import events_in, hold

SERVICE = "portfolio_optimization.v1.PortfolioOptimizationService"
SLOW = pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, risk_measure="edar", points=200)
"""Longer than any test takes."""
WISH = pb.CreateOptimizationRequest(
    portfolio_id=PORTFOLIO, optimization_type="mean_variance", objective="maximize_sharpe"
)
CREATING: dict[str, tuple[Message, str, Message]] = {
    "CreateOptimization": (
        WISH,
        "optimization_id",
        pb.CreateOptimizationRequest(portfolio_id=PORTFOLIO, optimization_type="mean_variance", objective="min_risk"),
    ),
    "GenerateRebalancePlan": (
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="equal_weight"),
        "rebalance_id",
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="optimal"),
    ),
    "AnalyzeFactorExposures": (
        pb.FactorExposureRequest(portfolio_id=PORTFOLIO, factors=["statistical"]),
        "analysis_id",
        pb.FactorExposureRequest(portfolio_id=PORTFOLIO, factors=["momentum"]),
    ),
    "GenerateEfficientFrontier": (
        pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=3),
        "frontier_id",
        pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=4),
    ),
}


@pytest.mark.parametrize("name", CREATING)
def test_a_call_that_comes_again_with_its_key_makes_nothing_new(name: str, doors: Doors) -> None:
    request, made, other = CREATING[name]
    call, key = getattr(doors.stub, name), [("idempotency-key", f"key-of-{name}")]
    first = getattr(call(request, metadata=key), made)
    assert getattr(call(request, metadata=key), made) == first
    if name != "GenerateEfficientFrontier":  # equal questions share one frontier anyway
        assert getattr(call(request), made) != first
    with pytest.raises(grpc.RpcError) as caught:
        call(other, metadata=key)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "use a new key" in str(caught.value.details())


def test_the_trace_of_a_call_goes_with_what_is_told_of_it(doors: Doors) -> None:
    request = pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="equal_weight")
    for metadata in ([("traceparent", PARENT), ("tracestate", STATE)], [("traceparent", "nonsense")]):
        doors.stub.GenerateRebalancePlan(request, metadata=metadata)
    plans = [event for event in events_in(doors.data) if event.type == "rebalance_plan_created"]
    assert [event.trace for event in plans[-2:]] == [TraceContext(PARENT, STATE), None]


def test_a_key_without_characters_is_refused(doors: Doors) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        doors.stub.CreateOptimization(WISH, metadata=[("idempotency-key", "")])
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_optimization_is_watched_until_it_ended(doors: Doors) -> None:
    created = doors.stub.CreateOptimization(WISH)
    seen = list(doors.stub.WatchOptimization(pb.WatchOptimizationRequest(optimization_id=created.optimization_id)))
    assert seen[-1].status == "completed"
    assert seen[-1].progress == 1.0
    assert not seen[-1].HasField("queue_state")
    assert all(each.optimization_id == created.optimization_id for each in seen)
    shares = [each.progress for each in seen]
    assert shares == sorted(shares)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, PortfolioOptimizationServiceStub, str]]:
    """A service whose one solver the tests of this module keep busy, with room for two calls, and reflection."""
    command = Command(tmp_path_factory.mktemp("slow"))
    command.data.mkdir()
    hold(command.data, PORTFOLIO)
    settings = {"TANGENCY_GRPC_CONCURRENT_CALLS": "2", "TANGENCY_GRPC_REFLECTION": "true", "TANGENCY_LIGHT_S": "1000"}
    with command.serving("--grpc", "127.0.0.1:0", TANGENCY_BODY_LIMIT_BYTES="65536", **settings) as served:
        address = served.grpc_address
        with grpc.insecure_channel(address) as channel:
            yield served, PortfolioOptimizationServiceStub(channel), address


def descendants(process: int) -> dict[int, int]:
    """The processes that a process started, and those that they started; with the processor time of each."""
    parents, times = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        number = int(status.parent.name)
        parents[number], times[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    found: dict[int, int] = {}
    waiting = [process]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in parents.items() if of == parent]
        found |= {child: times[child] for child in children}
        waiting += children
    return found


def until(condition: object, patience_s: float = 30.0) -> int:
    """The number that a condition finds at last."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        found = condition()  # type: ignore[operator]
        if found:
            return int(found)
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def busy(process: int) -> int:
    """The solver that has begun to work, once it has."""
    before = descendants(process)
    busiest = 20  # hundredths of a second

    def found() -> int:
        return next((each for each, used in descendants(process).items() if used - before.get(each, 0) > busiest), 0)

    return until(found)


def test_a_call_that_is_cancelled_stops_its_solve(
    slow: tuple[Served, PortfolioOptimizationServiceStub, str],
) -> None:
    served, stub, _ = slow
    call = stub.GenerateEfficientFrontier.future(SLOW)
    solver = busy(served.process.pid)
    call.cancel()
    until(lambda: solver not in descendants(served.process.pid))
    assert stub.GenerateEfficientFrontier(pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=2)).frontier_id


def test_a_deadline_that_passes_stops_the_solve(slow: tuple[Served, PortfolioOptimizationServiceStub, str]) -> None:
    served, stub, _ = slow
    call = stub.GenerateEfficientFrontier.future(SLOW, timeout=2.0)
    solver = busy(served.process.pid)
    assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    until(lambda: solver not in descendants(served.process.pid))


def test_one_call_more_than_allowed_is_asked_to_come_again(
    slow: tuple[Served, PortfolioOptimizationServiceStub, str],
) -> None:
    served, stub, _ = slow
    calls = [stub.GenerateEfficientFrontier.future(SLOW) for _ in range(2)]
    busy(served.process.pid)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetOptimization(pb.GetOptimizationRequest(optimization_id="opt-1"))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for call in calls:
        call.cancel()
    until(lambda: not _full(stub))


def _full(stub: PortfolioOptimizationServiceStub) -> bool:
    try:
        stub.GetOptimization(pb.GetOptimizationRequest(optimization_id="opt-1"))
    except grpc.RpcError as error:
        return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    return False


def test_a_message_may_be_as_large_as_a_body_over_rest(
    slow: tuple[Served, PortfolioOptimizationServiceStub, str],
) -> None:
    _, stub, _ = slow
    for size, code in ((60_000, grpc.StatusCode.NOT_FOUND), (66_000, grpc.StatusCode.RESOURCE_EXHAUSTED)):
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetOptimization(pb.GetOptimizationRequest(optimization_id="x" * size))
        assert caught.value.code() is code


def test_a_frontier_that_is_too_large_for_a_message_comes_in_parts(
    slow: tuple[Served, PortfolioOptimizationServiceStub, str],
) -> None:
    _, stub, _ = slow
    large = pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=120)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GenerateEfficientFrontier(large)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    first, *points = stub.StreamEfficientFrontier(large)
    assert first.WhichOneof("part") == "frontier"
    assert len(points) == 120


def health_of(address: str, service: str) -> int:
    with grpc.insecure_channel(address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(request).status)


def test_health_is_told_in_the_standard_way(doors: Doors) -> None:
    for service in ("", SERVICE):
        assert health_of(doors.address, service) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health_of(doors.address, "another.Service")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def described(address: str) -> list[str]:
    with grpc.insecure_channel(address) as channel:
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = stub.ServerReflectionInfo(iter([asked]))
        return [service.name for answer in answers for service in answer.list_services_response.service]


def test_the_messages_are_described_to_nobody_unless_the_operator_says_so(
    doors: Doors, slow: tuple[Served, PortfolioOptimizationServiceStub, str]
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        described(doors.address)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert SERVICE in described(slow[2])


def raw(doors: Doors, call: str, content: bytes) -> object:
    channel: Any = doors.channel
    return channel.unary_unary(f"/{SERVICE}/{call}")(content)


def test_a_call_that_there_is_not_is_told(doors: Doors) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(doors, "PlaceOrders", b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_what_is_no_message_is_refused_and_nothing_breaks(doors: Doors) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw(doors, "CreateOptimization", b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "CreateOptimizationRequest" in str(caught.value.details())
    assert health_of(doors.address, SERVICE) == health_pb2.HealthCheckResponse.SERVING


POINTS = 12
"""Of a frontier that keeps the only solver for a while."""


def test_at_the_end_calls_are_answered_and_streams_are_told(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.data.mkdir()
    hold(command.data, PORTFOLIO)
    with command.serving("--grpc", "127.0.0.1:0") as served, grpc.insecure_channel(served.grpc_address) as channel:
        stub = PortfolioOptimizationServiceStub(channel)
        under_way = stub.GenerateEfficientFrontier.future(
            pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, risk_measure="edar", points=POINTS)
        )
        busy(served.process.pid)
        waiting = stub.CreateOptimization(WISH).optimization_id
        stream = stub.WatchOptimization(pb.WatchOptimizationRequest(optimization_id=waiting))
        assert next(stream).status == "processing"
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            list(stream)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert len(under_way.result().efficient_frontier) == POINTS
        assert served.process.wait(30) == 0
