"""The same question, asked over REST and over gRPC, has the same answer: every field, by name."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tests.adapters.grpc.conftest import PORTFOLIO, SAMPLE, Doors
from tests.support.held import lots

ONE_BY_ONE = {"optimization_id", "rebalance_id", "analysis_id", "created_at", "completed_at", "valid_until"}
ONE_BY_ONE |= {"estimated_completion_time", "attempt", "answered_at", "time_ms", "seconds"}
"""What differs between any two answers, over one door as well."""


def document(message: Message) -> dict[str, Any]:
    """A message as the document that it stands for."""
    plain: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    details = plain.pop("details", {})
    whole: dict[str, Any] = together(plain, details)
    return whole


def together(plain: Any, more: Any) -> Any:
    if isinstance(plain, dict) and isinstance(more, dict):
        return {name: together(plain.get(name), more.get(name)) for name in plain.keys() | more.keys()}
    if isinstance(plain, list) and isinstance(more, list):
        return [together(*pair) for pair in zip(plain, more, strict=True)]
    return more if plain is None else plain


def same(rest: Any, grpc: Any, path: str = "") -> None:
    """Alike field by field: null is absent, an empty list or map too, and a whole number is one of any kind."""
    if isinstance(rest, dict):
        assert isinstance(grpc or {}, dict), path
        assert set(rest) >= set(grpc or {}), path
        for name in rest.keys() - ONE_BY_ONE:
            same(rest[name], (grpc or {}).get(name), f"{path}/{name}")
    elif isinstance(rest, list):
        assert len(rest) == len(grpc or []), path
        for place, (one, other) in enumerate(zip(rest, grpc or [], strict=True)):
            same(one, other, f"{path}/{place}")
    elif rest is None:
        assert grpc is None, path
    elif rest == "" or rest is False:
        assert grpc in (None, rest), path
    elif isinstance(rest, float | int):
        assert rest == (grpc or 0.0), path
    else:
        assert rest == grpc, path


def struct(**members: Any) -> Struct:
    made = Struct()
    made.update(members)
    return made


def rest(doors: Doors, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = doors.http.post(path, json=body)
    assert response.status_code in (200, 202), response.text
    answered: dict[str, Any] = response.json()
    return answered


def ended(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = read()
        if found["status"] != "processing":
            return found
        time.sleep(0.02)
    raise AssertionError("it did not end")


LIMITS = {
    "max_position_size": 0.05,
    "max_sector_exposure": 0.30,
    "max_asset_class_exposure": 0.60,
    "max_turnover": 0.20,
    "target_volatility": 0.15,
}
PREFERENCES = {"risk_aversion": 4.0, "include_transaction_costs": True, "transaction_cost_model": 0.001}
WISH = {"portfolio_id": PORTFOLIO, "optimization_type": "mean_variance", "objective": "maximize_sharpe"}

WISHES: dict[str, dict[str, Any]] = {
    "the seed's": {"risk_measure": "volatility", "constraints": LIMITS, "preferences": PREFERENCES},
    "the least": {},
    "another measure": {"objective": "minimize_risk", "risk_measure": "cvar"},
    "weights by name": {"constraints": {"min_weights": {"TECH0": 0.1}, "max_weights": {"TECH1": 0.0}}},
    "a smallest position": {
        "objective": "minimize_risk",
        "constraints": {"min_position_size": 0.05, "max_position_size": 0.4},
    },
    "taxes": {
        "constraints": LIMITS,
        "preferences": {"consider_tax_implications": True},
        "tax": {"rates": {"short_term": 0.3, "long_term": 0.1}, "lots": lots((0.3, 0.1))},
    },
    "without an answer": {"constraints": {"max_position_size": 0.01}},
    "parameters": {
        "objective": "maximize_utility",
        "risk_parameters": {"covariance_estimator": {"name": "ewma", "options": {"half_life": 60}}},
    },
}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_optimizations(wish: dict[str, Any], doors: Doors) -> None:
    body = {**WISH, **wish}
    accepted = rest(doors, "/api/v1/optimizations", body)
    problem = struct(**{name: body.pop(name) for name in ("risk_parameters", "tax") if name in body})
    answer = doors.stub.CreateOptimization(pb.CreateOptimizationRequest(**body, problem=problem))
    same(accepted, document(answer))
    assert answer.optimization_id != accepted["optimization_id"]
    by_rest = ended(lambda: doors.http.get(f"/api/v1/optimizations/{accepted['optimization_id']}").json())
    request = pb.GetOptimizationRequest(optimization_id=answer.optimization_id)
    by_grpc = ended(lambda: document(doors.stub.GetOptimization(request)))
    same(by_rest, by_grpc)
    assert by_rest["status"] == ("infeasible" if wish == WISHES["without an answer"] else "completed")
    if by_rest["failure"]:
        assert by_grpc["failure"]["conflict"] == by_rest["failure"]["conflict"] != []


FRONTIERS: dict[str, dict[str, Any]] = {
    "the least": {"points": 5},
    "ends": {"points": 5, "min_return": 0.08, "max_risk": 0.12},
    "another measure": {"points": 4, "risk_measure": "mad"},
    "limits": {"points": 4, "constraints": {**LIMITS, "min_weights": {"TECH0": 0.04}}},
    "parameters": {"points": 4, "risk_parameters": {"risk_free_rate": 0.01}},
}


@pytest.mark.parametrize("asked", FRONTIERS.values(), ids=FRONTIERS)
def test_frontiers(asked: dict[str, Any], doors: Doors) -> None:
    by_rest = rest(doors, f"/api/v1/portfolios/{PORTFOLIO}/efficient-frontier", asked)
    own = {name: value for name, value in asked.items() if name != "risk_parameters"}
    problem = struct(**{name: value for name, value in asked.items() if name == "risk_parameters"})
    request = pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, **own, problem=problem)
    answer = doors.stub.GenerateEfficientFrontier(request)
    same(by_rest, document(answer))
    assert answer.frontier_id == by_rest["frontier_id"]
    first, *points = doors.stub.StreamEfficientFrontier(request)
    streamed = document(first.frontier) | {"efficient_frontier": [document(part.point) for part in points]}
    same(by_rest, streamed)


PLANS: dict[str, dict[str, Any]] = {
    "the seed's": {"target_type": "optimal", "constraints": {"max_turnover": 0.15, "min_trade_size": 1000.0}},
    "custom": {"target_type": "custom", "target_allocation": {"TECH0": 0.4, "META1": 0.6}},
    "costs": {"target_type": "equal_weight", "transaction_cost_model": 0.001},
    "parameters": {"target_type": "optimal", "objective": "MIN_VOLATILITY", "valid_for_s": 60},
}


@pytest.mark.parametrize("asked", PLANS.values(), ids=PLANS)
def test_rebalance_plans(asked: dict[str, Any], doors: Doors) -> None:
    by_rest = rest(doors, f"/api/v1/portfolios/{PORTFOLIO}/rebalance", asked)
    own = {name: value for name, value in asked.items() if name not in ("objective", "valid_for_s")}
    problem = struct(**{name: value for name, value in asked.items() if name in ("objective", "valid_for_s")})
    request = pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, **own, problem=problem)
    same(by_rest, document(doors.stub.GenerateRebalancePlan(request)))


ANALYSES: dict[str, dict[str, Any]] = {
    "statistical": {"factors": "statistical"},
    "published": {"factors": "fama_french_3", "benchmark": {"AAPL": 0.5, "XOM": 0.5}},
    "published ones by name": {"factors": ["fama_french_3"], "start": "2010-01-01", "errors": "newey_west"},
    "with a benchmark": {"factors": "statistical", "count": 2, "benchmark": {"TECH0": 0.5, "META0": 0.5}},
    "stated": {"factors": {"market": [0.001 * (period % 7 - 3) for period in range(300)]}, "errors": "newey_west"},
}


@pytest.mark.parametrize("asked", ANALYSES.values(), ids=ANALYSES)
def test_factor_analyses(asked: dict[str, Any], doors: Doors) -> None:
    portfolio = SAMPLE if "fama_french" in str(asked["factors"]) else PORTFOLIO
    by_rest = rest(doors, f"/api/v1/portfolios/{portfolio}/factor-analysis", asked)
    stated = asked["factors"]
    factors = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    problem = struct(**{name: value for name, value in asked.items() if name != "factors" or not factors})
    answer = doors.stub.AnalyzeFactorExposures(
        pb.FactorExposureRequest(portfolio_id=portfolio, factors=factors, problem=problem)
    )
    same(by_rest, analysis_of(answer))


def analysis_of(answer: pb.FactorExposureResponse) -> dict[str, Any]:
    """An analysis as one document: what REST says of a factor in one row, gRPC says in two."""
    found = document(answer)
    for row, returns in zip(found["attribution"], found.pop("return_attribution"), strict=True):
        assert row["factor"] == returns["factor"]
        row["return_contribution"] = returns["contribution"]
        row["active_return_contribution"] = returns.get("active_contribution")
    return found


def test_progress(doors: Doors) -> None:
    accepted = rest(doors, "/api/v1/optimizations", WISH)["optimization_id"]
    told = doors.http.get(f"/api/v1/optimizations/{accepted}/events").text
    by_rest = json.loads(told.rpartition("data: ")[2])
    *_, last = doors.stub.WatchOptimization(pb.WatchOptimizationRequest(optimization_id=accepted))
    assert by_rest["progress"] == last.progress == 1.0
    same(by_rest, document(last))


def test_what_is_absent_is_what_is_stored_for_the_portfolio(doors: Doors) -> None:
    stored = {
        "objective": "maximize_sharpe",
        "method": "mean_variance",
        "preferences": {"transaction_cost_model": 0.002, "include_transaction_costs": True},
    }
    address = f"/api/v1/portfolios/{SAMPLE}/configuration"
    assert doors.http.put(address, json=stored).status_code == 200
    created = doors.stub.CreateOptimization(pb.CreateOptimizationRequest(portfolio_id=SAMPLE))
    read = pb.GetOptimizationRequest(optimization_id=created.optimization_id)
    found = doors.stub.GetOptimization(read)
    assert found.preferences.transaction_cost_model == 0.002
    assert found.preferences.include_transaction_costs
    assert found.objective == "maximize_sharpe"

    asked: dict[str, Any] = {"target_type": "equal_weight", "constraints": {"max_turnover": 0.1}}
    plan = doors.stub.GenerateRebalancePlan(pb.RebalancePlanRequest(portfolio_id=SAMPLE, **asked))
    same(rest(doors, f"/api/v1/portfolios/{SAMPLE}/rebalance", asked), document(plan))
    free = pb.RebalancePlanRequest(portfolio_id=SAMPLE, transaction_cost_model=0.0, **asked)
    assert plan.metrics.transaction_costs > 0.0
    assert doors.stub.GenerateRebalancePlan(free).metrics.transaction_costs == 0.0
    assert doors.http.put(address, json=stored | {"enabled": False}).status_code == 200
