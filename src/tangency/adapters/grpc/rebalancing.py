"""Calls about rebalancing."""

from __future__ import annotations

from tangency.adapters.document.rebalancing.plan import document_of as served
from tangency.adapters.document.rebalancing.request import command_of
from tangency.adapters.grpc.call import Call, portfolio_of, with_cost_model
from tangency.adapters.grpc.messages import answer_of
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb


async def generate_rebalance_plan(call: Call, request: pb.RebalancePlanRequest) -> pb.RebalancePlanResponse:
    """Plan the trades toward a target."""
    document = with_cost_model(call, await call.document(request), ())
    plan = await call.create(command_of(portfolio_of(document), document), request)
    return answer_of(pb.RebalancePlanResponse, served(plan))
