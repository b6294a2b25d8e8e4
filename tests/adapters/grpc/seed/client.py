"""A client compiled from the seed's file, in a process of its own: ``client.py FOLDER-OF-STUBS ADDRESS PORTFOLIO``."""

import json
import sys
import time

folder, address, portfolio = sys.argv[1:]
sys.path.insert(0, folder)

import grpc  # noqa: E402
import portfolio_optimization_pb2 as pb  # type: ignore[import-not-found]  # noqa: E402
import portfolio_optimization_pb2_grpc as calls  # type: ignore[import-not-found]  # noqa: E402
from google.protobuf.json_format import MessageToDict  # noqa: E402

REQUESTS = {
    "CreateOptimization": pb.CreateOptimizationRequest(
        portfolio_id=portfolio,
        optimization_type="mean_variance",
        objective="maximize_sharpe",
        constraints=pb.OptimizationConstraints(max_position_size=0.05, max_turnover=0.0),
    ),
    "GenerateEfficientFrontier": pb.EfficientFrontierRequest(portfolio_id=portfolio, points=3),
    "GenerateRebalancePlan": pb.RebalancePlanRequest(portfolio_id=portfolio, target_type="equal_weight"),
    "AnalyzeFactorExposures": pb.FactorExposureRequest(portfolio_id=portfolio, factors=["statistical"]),
}

with grpc.insecure_channel(address) as channel:
    stub = calls.PortfolioOptimizationServiceStub(channel)
    answers = {name: getattr(stub, name)(request) for name, request in REQUESTS.items()}
    wanted = pb.GetOptimizationRequest(optimization_id=answers["CreateOptimization"].optimization_id)
    ended = stub.GetOptimization(wanted)
    while ended.status == "processing":
        time.sleep(0.05)
        ended = stub.GetOptimization(wanted)
    answers["GetOptimization"] = ended
    answered = {name: MessageToDict(each, preserving_proto_field_name=True) for name, each in answers.items()}
    sys.stdout.write(json.dumps(answered))
