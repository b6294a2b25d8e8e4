"""The server: which call is answered by what, and within which limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tangency.adapters.grpc.call import Call
from tangency.adapters.grpc.factors import analyze_factor_exposures
from tangency.adapters.grpc.frontiers import generate_efficient_frontier, stream_efficient_frontier
from tangency.adapters.grpc.messages import read
from tangency.adapters.grpc.optimizations import create_optimization, get_optimization, watch_optimization
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2 import DESCRIPTOR
from tangency.adapters.grpc.rebalancing import generate_rebalance_plan
from tangency.adapters.grpc.statuses import Asked, status_of
from tangency.adapters.settings import Settings
from tangency.application.readiness import CheckReadiness
from tangency.application.service import Service
from tangency.domain.errors import StoreUnavailable
from tangency.domain.trace import TraceContext, work_for

Context = grpc.aio.ServicerContext[Any, Any]
Answering = Callable[[Call, Any], Awaitable[Message]]
Streaming = Callable[[Call, Any], AsyncIterator[Message]]

SERVICE = DESCRIPTOR.services_by_name["PortfolioOptimizationService"]

ANSWERED: Mapping[str, Answering] = {
    "CreateOptimization": create_optimization,
    "GetOptimization": get_optimization,
    "GenerateEfficientFrontier": generate_efficient_frontier,
    "GenerateRebalancePlan": generate_rebalance_plan,
    "AnalyzeFactorExposures": analyze_factor_exposures,
}
STREAMED: Mapping[str, Streaming] = {
    "StreamEfficientFrontier": stream_efficient_frontier,
    "WatchOptimization": watch_optimization,
}


class CannotListen(OSError):
    """The address is taken, or is none of this machine."""


@asynccontextmanager
async def serving(settings: Settings, service: Service) -> AsyncIterator[str]:
    """Answer calls on the address that the settings name; gives the address.

    Calls under way at the end have the deadline of the service to be answered; streams end at once.

    Raises:
        CannotListen: not there.
    """
    server = grpc.aio.server(options=_options(settings), maximum_concurrent_rpcs=settings.grpc_concurrent_calls)
    door, states = Door(service, asyncio.Event(), Budget(settings.body_budget_bytes)), Health(service)
    server.add_generic_rpc_handlers((door.handlers(),))
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    for name in ("", SERVICE.full_name):
        await states.set(name, health_pb2.HealthCheckResponse.SERVING)
    if settings.grpc_reflection:
        _reflect(server)
    address = _listen(server, settings.grpc)
    await server.start()
    try:
        yield address
    finally:
        door.ending.set()
        await states.enter_graceful_shutdown()
        await server.stop(settings.deadline_s)


def _options(settings: Settings) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", settings.body_limit_bytes),
        ("grpc.max_send_message_length", settings.body_limit_bytes),
        ("grpc.so_reuseport", 0),  # else a second server on the same port takes half of the calls, unnoticed
        ("grpc.keepalive_time_ms", 60_000),  # a watcher whose machine is gone would hold a call for two hours
        ("grpc.keepalive_timeout_ms", 20_000),
    ]


def _listen(server: grpc.aio.Server, address: str) -> str:
    host = address.rpartition(":")[0]
    try:
        return f"{host}:{server.add_insecure_port(address)}"
    except RuntimeError as error:
        raise CannotListen(f"cannot listen on {address}: {error}") from None


def _reflect(server: grpc.aio.Server) -> None:
    from grpc_reflection.v1alpha import reflection

    names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)


class Health(health.aio.HealthServicer):
    """Of the service by its name, whether answers can be given and kept; without one, whether the process answers."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    async def Check(  # noqa: N802 - the protocol's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        """How it is now."""
        if request.service == SERVICE.full_name:
            try:
                await self._service.handle(CheckReadiness())
            except StoreUnavailable:
                return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)
        return await super().Check(request, context)


class Budget:
    """The bytes of all messages that are being worked on: a message costs many times its size in memory."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    @asynccontextmanager
    async def holding(self, size: int, context: Context) -> AsyncIterator[None]:
        """Count the bytes of one, or ask its sender to try again."""
        if size > self._left:
            detail = "too many large messages are being processed; try again in a moment."
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, detail)
        self._left -= size
        try:
            yield
        finally:
            self._left += size


@dataclass(frozen=True, slots=True)
class Door:
    """Between calls and handlers: what a handler raises becomes a status.

    A call that is cancelled, or whose deadline passes, cancels its handler, and so its solve.
    """

    service: Service
    ending: asyncio.Event
    budget: Budget

    def handlers(self) -> grpc.GenericRpcHandler:
        """Of every method of the service."""
        found = {method.name: self._handler(method) for method in SERVICE.methods}
        return grpc.method_handlers_generic_handler(SERVICE.full_name, found)

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        kind, written = GetMessageClass(method.input_type), GetMessageClass(method.output_type).SerializeToString
        if method.server_streaming:
            streamed = self._streamed(STREAMED[method.name], kind)
            return grpc.unary_stream_rpc_method_handler(streamed, response_serializer=written)
        answered = self._answered(ANSWERED[method.name], kind)
        return grpc.unary_unary_rpc_method_handler(answered, response_serializer=written)

    def _answered(self, handler: Answering, kind: type[Message]) -> Any:  # noqa: ANN401 - types know only synchronous ones
        async def answer(content: bytes, context: Context) -> Message:
            async with self.budget.holding(len(content), context), self._refusing(kind, context) as call:
                return await handler(call, read(kind, content))

        return answer

    def _streamed(self, handler: Streaming, kind: type[Message]) -> Any:  # noqa: ANN401 - the same
        async def stream(content: bytes, context: Context) -> AsyncIterator[Message]:
            async with self.budget.holding(len(content), context), self._refusing(kind, context) as call:
                async for part in handler(call, read(kind, content)):
                    yield part

        return stream

    @asynccontextmanager
    async def _refusing(self, kind: type[Message], context: Context) -> AsyncIterator[Call]:
        """A call; what is raised while it is answered ends it with a status."""
        metadata = dict(context.invocation_metadata() or ())
        call = Call(self.service.traced(work_for(TraceContext.read(metadata))), metadata, self.ending)
        try:
            yield call
        except Exception as error:  # noqa: BLE001 - whatever it is, the client hears of it
            status = status_of(error, Asked(kind, call.question, call.renamed))
            await context.abort(status.code, status.details, status.trailing_metadata)
