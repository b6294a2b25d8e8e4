"""Calls about optimizations that are carried out later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.document.orders import OptimizationDocument, accepted_of, progress_of
from tangency.adapters.document.orders import document_of as served
from tangency.adapters.grpc.call import Call, with_cost_model
from tangency.adapters.grpc.messages import Plain, answer_of
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.application.activity import heard
from tangency.application.orders import PlaceOrder, ReadOrder
from tangency.domain.errors import StoreUnavailable
from tangency.domain.optimization.identity import identity_of

LOOK_S = 1.0
"""How often a watcher looks by itself: another process may have carried it out."""

PREFERENCES = "preferences"


async def create_optimization(call: Call, request: pb.CreateOptimizationRequest) -> pb.CreateOptimizationResponse:
    """Accept an optimization."""
    order = order_request_of(_stated(call, await call.document(request)))
    state = await call.create(PlaceOrder(order), request)
    return answer_of(pb.CreateOptimizationResponse, accepted_of(state))


async def get_optimization(call: Call, request: pb.GetOptimizationRequest) -> pb.GetOptimizationResponse:
    """How far it got, and what came of it."""
    state = await call.handle(ReadOrder(identity_of(request.optimization_id)))
    return await call.answer(pb.GetOptimizationResponse, _echoed(served(state)))


async def watch_optimization(
    call: Call, request: pb.WatchOptimizationRequest
) -> AsyncIterator[pb.OptimizationProgress]:
    """Progress as it happens, until it ended.

    Raises:
        StoreUnavailable: the service is about to end.
    """
    order, told = identity_of(request.optimization_id), dict[str, object]()
    while not call.ending.is_set():
        changed = call.service.context.activity.listen()
        state = await call.handle(ReadOrder(order))
        now = progress_of(state)
        if now != told:
            yield answer_of(pb.OptimizationProgress, now)
            told = now
        if state.ended_at is not None:
            return
        await heard(changed, LOOK_S)
    raise StoreUnavailable("the service is about to end; watch again in a moment.")


def _stated(call: Call, document: Plain) -> Plain:
    preferences = document.get(PREFERENCES)
    if isinstance(preferences, dict):
        document[PREFERENCES] = with_cost_model(call, preferences, (PREFERENCES,))
    return document


def _echoed(document: OptimizationDocument) -> Any:  # noqa: ANN401 - plain values
    """A cost model that is no number has a field of its own."""
    plain = msgspec.to_builtins(document)
    model = plain[PREFERENCES].get("transaction_cost_model")
    if model is not None and not isinstance(model, int | float):
        plain[PREFERENCES]["cost_model"] = plain[PREFERENCES].pop("transaction_cost_model")
    return plain
