"""Calls about efficient frontiers."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tangency.adapters.document.frontier import FrontierResponse, frontier_asked_by, response_of_frontier
from tangency.adapters.grpc.call import Call, portfolio_of
from tangency.adapters.grpc.messages import answer_of
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb


async def generate_efficient_frontier(call: Call, request: pb.EfficientFrontierRequest) -> pb.EfficientFrontierResponse:
    """Trace the frontier, or find the one that was traced for an equal question."""
    return await call.answer(pb.EfficientFrontierResponse, await _traced(call, request))


async def stream_efficient_frontier(
    call: Call, request: pb.EfficientFrontierRequest
) -> AsyncIterator[pb.EfficientFrontierPart]:
    """The same, a point at a time."""
    document = await _traced(call, request)
    points, document.efficient_frontier[:] = list(document.efficient_frontier), []
    yield pb.EfficientFrontierPart(frontier=answer_of(pb.EfficientFrontierResponse, document))
    for point in points:
        yield pb.EfficientFrontierPart(point=answer_of(pb.FrontierPoint, point))


async def _traced(call: Call, request: pb.EfficientFrontierRequest) -> FrontierResponse:
    document = await call.document(request)
    command = frontier_asked_by(portfolio_of(document), document)
    call.question = command.question
    return response_of_frontier(await call.create(command, request))
