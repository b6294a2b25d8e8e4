"""Ask a running service over gRPC: an optimization that is watched until it ended, a frontier in parts, a plan.

    tangency serve --grpc
    python examples/grpc_client.py mine

Only the messages and calls that are generated from the service's file are used, so that any language reads alike.
"""

import argparse
import uuid

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure
from grpc_status import rpc_status

from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.portfolio_optimization.v1.portfolio_optimization_pb2_grpc import (
    PortfolioOptimizationServiceStub,
)

PATIENCE_S = 60.0
"""The deadline of every call: when it passes, the service stops working on it."""


def optimize(service: PortfolioOptimizationServiceStub, portfolio: str) -> None:
    """Order an optimization, watch it, and read what came of it."""
    request = pb.CreateOptimizationRequest(
        portfolio_id=portfolio,
        optimization_type="mean_variance",
        objective="maximize_sharpe",
        constraints=pb.OptimizationConstraints(max_position_size=0.15, max_turnover=0.25),
        preferences=pb.OptimizationPreferences(include_transaction_costs=True, transaction_cost_model=0.001),
    )
    request.problem.update({"risk_parameters": {"risk_free_rate": 0.02}})  # whatever else REST takes, by its names
    key = [("idempotency-key", str(uuid.uuid4()))]  # asked again with it, nothing new is made
    created = service.CreateOptimization(request, timeout=PATIENCE_S, metadata=key)
    watched = pb.WatchOptimizationRequest(optimization_id=created.optimization_id)
    for progress in service.WatchOptimization(watched, timeout=PATIENCE_S):
        print(f"optimization: {progress.status} {progress.queue_state}".rstrip())
    read = pb.GetOptimizationRequest(optimization_id=created.optimization_id)
    optimization = service.GetOptimization(read, timeout=PATIENCE_S)
    metrics = optimization.metrics
    trades = len(optimization.trades)
    print(f"optimization: Sharpe ratio {metrics.sharpe_ratio:.4f}, turnover {metrics.turnover:.2%}, {trades} trades")
    if not metrics.HasField("information_ratio"):  # absent is not 0
        print("The information ratio has no meaning here.")


def trace(service: PortfolioOptimizationServiceStub, portfolio: str) -> None:
    """An efficient frontier, a point at a time."""
    request = pb.EfficientFrontierRequest(portfolio_id=portfolio, points=5)
    for part in service.StreamEfficientFrontier(request, timeout=PATIENCE_S):
        if part.WhichOneof("part") == "point":
            point = part.point  # its field `return` is not a name in Python
            print(f"frontier: risk {point.risk:7.2%}  return {getattr(point, 'return'):7.2%}")


def plan(service: PortfolioOptimizationServiceStub, portfolio: str) -> None:
    """The trades to equal weights, the most urgent ones."""
    request = pb.RebalancePlanRequest(portfolio_id=portfolio, target_type="equal_weight", transaction_cost_model=0.001)
    found = service.GenerateRebalancePlan(request, timeout=PATIENCE_S)
    for trade in found.trades[:3]:
        print(f"plan: {trade.priority} {trade.action} {trade.quantity:.0f} {trade.instrument_id}")


def refuse(service: PortfolioOptimizationServiceStub, portfolio: str) -> None:
    """What a mistake looks like: costs in basis points where a rate is wanted."""
    request = pb.RebalancePlanRequest(portfolio_id=portfolio, target_type="equal_weight", transaction_cost_model=10.0)
    try:
        service.GenerateRebalancePlan(request, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        tell(error)


def tell(error: grpc.RpcError) -> None:
    """The details of an error, each of its own kind."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # every error of a call is a call
    for packed in status.details if status else ():
        for kind in (ErrorInfo, BadRequest, PreconditionFailure):
            if packed.Is(kind.DESCRIPTOR):
                detail: Message = kind()
                packed.Unpack(detail)
                print(f"refused, {kind.__name__}: {' '.join(str(detail).split())}")


def main() -> None:
    """Ask everything, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portfolio")
    parser.add_argument("--address", default="127.0.0.1:50051")
    given = parser.parse_args()
    with grpc.insecure_channel(given.address) as channel:
        service = PortfolioOptimizationServiceStub(channel)
        for ask in (optimize, trace, plan, refuse):
            ask(service, given.portfolio)


if __name__ == "__main__":
    main()
