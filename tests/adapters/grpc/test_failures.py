"""What goes wrong on our side of the door, and how little of it is told."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from anyio.from_thread import start_blocking_portal
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_health.v1 import health_pb2

from tangency.adapters import container
from tangency.adapters.grpc import server
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)
from tangency.adapters.settings import Settings
from tangency.application.service import Service
from tangency.domain.errors import (
    MethodCrashed,
    NoFreeSolver,
    NumericalFailure,
    ResourcesExhausted,
    StoreUnavailable,
    TimeLimitReached,
)
from tests.adapters.grpc.conftest import PORTFOLIO
from tests.adapters.grpc.test_calls import SERVICE, health_of
from tests.adapters.grpc.test_errors import Told
from tests.support.held import hold

ASKED = pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=2)


class Failing:
    """Solvers, or a store, that raise."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def trace(self, *_: object) -> None:
        raise self.error

    async def check(self) -> None:
        raise self.error


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failures")
    hold(folder, PORTFOLIO)
    return folder


@contextmanager
def failing(folder: Path, budget: int = 2**20, **ports: Any) -> Iterator[str]:
    """The address of a service with other ports."""
    settings = Settings(data_dir=str(folder), grpc="127.0.0.1:0", body_budget_bytes=budget)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(container.keeping(settings)) as service:
        broken = Service(replace(service.context, **ports))
        with portal.wrap_async_context_manager(server.serving(settings, broken)) as address:
            yield address


def refused(address: str, request: pb.EfficientFrontierRequest = ASKED) -> Any:
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as caught:
        PortfolioOptimizationServiceStub(channel).GenerateEfficientFrontier(request)
    return caught.value


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (TimeLimitReached("the deadline of 30 s passed"), grpc.StatusCode.DEADLINE_EXCEEDED, "TIME_LIMIT"),
        (NumericalFailure("nothing passed"), grpc.StatusCode.FAILED_PRECONDITION, "NUMERICAL_ERROR"),
        (ResourcesExhausted("more than 4 GB"), grpc.StatusCode.RESOURCE_EXHAUSTED, "RESOURCES_EXHAUSTED"),
        (MethodCrashed("it raised ZeroDivisionError"), grpc.StatusCode.FAILED_PRECONDITION, "METHOD_CRASHED"),
        (NoFreeSolver("all are busy", 1.2), grpc.StatusCode.RESOURCE_EXHAUSTED, "NO_FREE_SOLVER"),
        (StoreUnavailable("the disk is full"), grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE"),
    ],
)
def test_every_outcome_that_is_no_answer_has_a_code_and_a_reason(
    error: Exception, code: grpc.StatusCode, reason: str, folder: Path
) -> None:
    with failing(folder, solvers=Failing(error)) as address:
        told = Told(refused(address))
    assert (told.code, told.reason, told.message) == (code, reason, str(error))
    if isinstance(error, NoFreeSolver):
        assert told.detail(RetryInfo).retry_delay.seconds == 2


def test_a_mistake_of_ours_is_logged_and_not_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), failing(folder, solvers=Failing(KeyError("the secret"))) as address:
        told = Told(refused(address))
    assert told.code is grpc.StatusCode.INTERNAL
    assert "secret" not in told.message + str(told.detail(ErrorInfo))
    assert "the secret" in caplog.text


def test_a_store_that_is_gone_makes_the_service_alive_and_not_ready(folder: Path) -> None:
    with failing(folder, store=Failing(StoreUnavailable("the database failed"))) as address:
        assert health_of(address, "") == health_pb2.HealthCheckResponse.SERVING
        assert health_of(address, SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING


def test_messages_beyond_the_budget_are_asked_to_come_again(folder: Path) -> None:
    large = pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, risk_measure="x" * 3000)
    with failing(folder, budget=2048) as address:
        error = refused(address, large)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "try again" in error.details()
        assert Told(refused(address, pb.EfficientFrontierRequest())).code is grpc.StatusCode.INVALID_ARGUMENT


def test_an_address_that_is_taken_is_not_shared(folder: Path) -> None:
    with failing(folder) as address:
        settings = Settings(data_dir=str(folder), grpc=address)
        with start_blocking_portal() as portal:
            opened = container.keeping(settings)
            with portal.wrap_async_context_manager(opened) as service, pytest.raises(server.CannotListen):
                portal.wrap_async_context_manager(server.serving(settings, service)).__enter__()
