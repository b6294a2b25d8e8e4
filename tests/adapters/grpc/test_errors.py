"""What is wrong is told as over REST: the same kind, the same places, the same words."""

import math
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.unknown_fields import UnknownFieldSet
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from tangency.adapters.document.problem import KINDS
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb
from tangency.adapters.grpc.statuses import LARGEST_DETAIL, Asked, code_of, status_of
from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable
from tests.adapters.grpc.conftest import PORTFOLIO, Doors
from tests.domain.test_trace import PARENT

WISH = {"portfolio_id": PORTFOLIO, "optimization_type": "mean_variance", "objective": "maximize_sharpe"}
CALLS = {
    pb.CreateOptimizationRequest: "CreateOptimization",
    pb.GetOptimizationRequest: "GetOptimization",
    pb.EfficientFrontierRequest: "GenerateEfficientFrontier",
    pb.RebalancePlanRequest: "GenerateRebalancePlan",
    pb.FactorExposureRequest: "AnalyzeFactorExposures",
    pb.WatchOptimizationRequest: "WatchOptimization",
}


class Told:
    """How a call was refused."""

    def __init__(self, error: Any) -> None:
        self.code, self.message = error.code(), error.details()
        status = rpc_status.from_call(error)
        assert status is not None, self.message
        self.details = status.details

    def detail(self, kind: type[Any]) -> Any:
        [found] = [each for each in self.details if each.Is(kind.DESCRIPTOR)]
        detail = kind()
        found.Unpack(detail)
        return detail

    @property
    def reason(self) -> str:
        information = self.detail(ErrorInfo)
        assert information.domain == "tangency"
        return str(information.reason)

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.detail(BadRequest).field_violations]


def refused(doors: Doors, request: Message, **metadata: str) -> Told:
    call = getattr(doors.stub, CALLS[type(request)])
    with pytest.raises(grpc.RpcError) as caught:
        list(call(request, metadata=list(metadata.items())))
    return Told(caught.value)


def wish(**fields: Any) -> pb.CreateOptimizationRequest:
    return pb.CreateOptimizationRequest(**{**WISH, **fields})


def struct(**members: Any) -> Struct:
    made = Struct()
    made.update(members)
    return made


NAN, INFINITY = math.nan, math.inf
REFUSED: list[tuple[Message, list[str]]] = [
    (pb.CreateOptimizationRequest(), ["portfolio_id"]),
    (pb.CreateOptimizationRequest(portfolio_id=PORTFOLIO), ["objective", "optimization_type"]),
    (wish(portfolio_id="nobody's"), ["portfolio_id"]),
    (wish(portfolio_id="a\x00b"), ["portfolio_id"]),
    (wish(objective="maximise_sharp"), ["objective"]),
    (wish(optimization_type="mean_varianze"), ["optimization_type"]),
    (wish(constraints={"max_turnover": NAN}), ["constraints.max_turnover"]),
    (wish(constraints={"max_turnover": -0.1}), ["constraints.max_turnover"]),
    (wish(constraints={"max_position_size": INFINITY}), ["constraints.max_position_size"]),
    (wish(constraints={"target_volatility": 0.0}), ["constraints.target_volatility"]),
    (wish(constraints={"min_weights": {"TECH0": NAN}}), ["constraints.min_weights.TECH0"]),
    (wish(constraints={"max_weights": {"TECH9": 0.1}}), ["constraints.max_weights.TECH9"]),
    (wish(preferences={"risk_aversion": NAN}), ["preferences.risk_aversion"]),
    (wish(preferences={"transaction_cost_model": 10.0}), ["preferences.transaction_cost_model"]),
    (wish(preferences={"transaction_cost_model": NAN}), ["preferences.transaction_cost_model"]),
    (wish(problem=struct(method_options={"a": [1, NAN]})), ["problem.method_options.a[1]"]),
    (wish(problem=struct(risk_parameters={"risk_free_rate": NAN})), ["problem.risk_parameters.risk_free_rate"]),
    (wish(problem=struct(strangers=1)), ["problem.strangers"]),
    (wish(problem=struct(objective="minimize_risk")), ["objective"]),
    (pb.EfficientFrontierRequest(points=5), ["portfolio_id"]),
    (pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=0), ["points"]),
    (pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, points=2**31 - 1), ["points"]),
    (pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, min_return=NAN), ["min_return"]),
    (pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, max_risk=INFINITY), ["max_risk"]),
    (pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, risk_measure="courage"), ["risk_measure"]),
    (pb.RebalancePlanRequest(portfolio_id=PORTFOLIO), ["target_type"]),
    (pb.RebalancePlanRequest(target_type="optimal"), ["portfolio_id"]),
    (pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="best"), ["target_type"]),
    (pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="custom"), ["target_allocation"]),
    (
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="custom", target_allocation={"TECH0": NAN}),
        ["target_allocation.TECH0"],
    ),
    (
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="equal_weight", transaction_cost_model=10.0),
        ["transaction_cost_model"],
    ),
    (
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="optimal", constraints={"min_trade_size": NAN}),
        ["constraints.min_trade_size"],
    ),
    (
        pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="optimal", constraints={"max_trades": -1}),
        ["constraints.max_trades"],
    ),
    (pb.FactorExposureRequest(portfolio_id=PORTFOLIO), ["factors"]),
    (pb.FactorExposureRequest(factors=["momentum"]), ["portfolio_id"]),
    (pb.FactorExposureRequest(portfolio_id=PORTFOLIO, factors=["momentum", "luck"]), ["factors[1]"]),
    (
        pb.FactorExposureRequest(
            portfolio_id=PORTFOLIO, factors=["statistical"], problem=struct(benchmark={"TECH0": NAN})
        ),
        ["problem.benchmark.TECH0"],
    ),
]


@pytest.mark.parametrize(("request_", "fields"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_read_as_a_problem_names_the_field(request_: Message, fields: list[str], doors: Doors) -> None:
    told = refused(doors, request_)
    assert told.code is grpc.StatusCode.INVALID_ARGUMENT, told.message
    assert told.fields == fields


def test_two_keys_that_read_alike_are_refused(doors: Doors) -> None:
    told = refused(doors, wish(constraints={"min_weights": {"e\u0301": 0.1, "\u00e9": 0.2}}))
    assert told.fields == ["constraints.min_weights.\u00e9"]
    assert "two spellings" in told.message


def test_basis_points_are_refused_with_a_hint(doors: Doors) -> None:
    told = refused(doors, wish(preferences={"transaction_cost_model": 10.0, "include_transaction_costs": True}))
    assert "10 basis points are 0.001" in told.message
    asked = pb.RebalancePlanRequest(portfolio_id=PORTFOLIO, target_type="equal_weight", transaction_cost_model=10.0)
    assert "0.001" in refused(doors, asked).message


def test_the_cost_model_is_stated_once(doors: Doors) -> None:
    both = pb.OptimizationPreferences(transaction_cost_model=0.001)
    both.cost_model.number_value = 0.002
    assert refused(doors, wish(preferences=both)).fields == ["preferences.cost_model"]


def test_a_cost_model_takes_the_place_of_the_number(doors: Doors) -> None:
    preferences = pb.OptimizationPreferences(include_transaction_costs=True)
    preferences.cost_model.number_value = 10.0
    told = refused(doors, wish(preferences=preferences))
    assert told.fields == ["preferences.cost_model"]
    assert told.message.startswith("preferences.cost_model is 10; ")


def test_what_only_a_newer_client_knows_is_refused_and_not_left_undone(doors: Doors) -> None:
    newer = wish(constraints=pb.OptimizationConstraints.FromString(bytes.fromhex("f9060000000000000840")))  # field 111
    assert len(UnknownFieldSet(newer.constraints)) == 1
    told = refused(doors, newer)
    assert told.fields == ["constraints"]
    assert "111" in told.message


def test_what_is_not_there_is_told(doors: Doors) -> None:
    for request in (
        pb.GetOptimizationRequest(optimization_id="opt-01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        pb.WatchOptimizationRequest(optimization_id="opt-01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        pb.GetOptimizationRequest(optimization_id="nonsense"),
        pb.GetOptimizationRequest(),
        pb.EfficientFrontierRequest(portfolio_id="nobody"),
        pb.RebalancePlanRequest(portfolio_id="nobody", target_type="optimal"),
        pb.FactorExposureRequest(portfolio_id="nobody", factors=["statistical"]),
    ):
        told = refused(doors, request)
        assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND"), request


def test_limits_that_contradict_each_other_are_named_with_the_least_that_gives_way(doors: Doors) -> None:
    narrow = struct(constraints={"max_weight": 0.01})
    told = refused(doors, pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, problem=narrow))
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INFEASIBLE")
    found = told.detail(PreconditionFailure).violations
    assert {(each.type, each.subject) for each in found} == {
        ("CONFLICT", "budget"),
        ("CONFLICT", "problem.constraints.max_weight"),
        ("RELAXATION", "problem.constraints.max_weight"),
    }
    assert "problem.constraints.max_weight" in told.message


def test_limits_are_named_as_they_were_stated(doors: Doors) -> None:
    small: dict[str, Any] = {"max_position_size": 0.01, "max_sector_exposure": 0.9}
    told = refused(doors, pb.EfficientFrontierRequest(portfolio_id=PORTFOLIO, constraints=small))
    subjects = {violation.subject for violation in told.detail(PreconditionFailure).violations}
    assert subjects == {"budget", "constraints.max_position_size"}
    assert "constraints.max_position_size" in told.message
    address = f"/api/v1/portfolios/{PORTFOLIO}/efficient-frontier"
    problem = doors.http.post(address, json={"constraints": small}).json()
    assert {each["constraint"] for each in problem["conflict"]} == subjects
    assert problem["detail"] == told.message


def test_an_objective_is_corrected_in_the_words_of_the_door(doors: Doors) -> None:
    body = {**WISH, "objective": "maximise_sharp"}
    for told in (
        doors.http.post("/api/v1/optimizations", json=body).json()["detail"],
        refused(doors, wish(**body)).message,
    ):
        assert told.startswith("objective 'maximise_sharp' is not a known objective; did you mean maximize_sharpe or ")
    told = refused(doors, wish(optimization_type="risk_parity")).message
    assert told == "objective 'maximize_sharpe' is not an objective of method 'risk_parity'; valid: risk_parity."


def test_more_mistakes_than_a_trailer_has_room_for_are_told_as_far_as_they_go(doors: Doors) -> None:
    weights = {f"{'NOBODY' * 8}{number}": NAN for number in range(200)}
    told = refused(doors, wish(constraints={"min_weights": weights}))
    assert told.code is grpc.StatusCode.INVALID_ARGUMENT
    assert 10 < len(told.fields) < 200
    assert told.detail(BadRequest).ByteSize() <= LARGEST_DETAIL


def test_mistakes_are_counted_and_stand_in_the_field_violations(doors: Doors) -> None:
    told = refused(doors, pb.CreateOptimizationRequest(portfolio_id=PORTFOLIO))
    assert told.message == "There are 2 mistakes; see the field violations."


def test_the_words_are_those_of_rest(doors: Doors) -> None:
    body: dict[str, Any] = {
        **WISH,
        "constraints": {"max_turnover": -1.0, "max_weights": {"TECH9": 0.1}},
        "risk_measure": "courage",
    }
    problem = doors.http.post("/api/v1/optimizations", json=body).json()
    told = refused(doors, pb.CreateOptimizationRequest(**body))
    assert told.message == problem["detail"].replace("constraints/max_turnover", "constraints.max_turnover", 1)
    assert told.detail(ErrorInfo).metadata == {"type": problem["type"], "title": problem["title"]}
    assert [violation.description for violation in told.detail(BadRequest).field_violations] == [
        item["detail"] for item in problem["errors"]
    ]


def test_an_error_names_the_trace_of_its_call(doors: Doors) -> None:
    told = refused(doors, pb.CreateOptimizationRequest(), traceparent=PARENT)
    assert told.detail(ErrorInfo).metadata["trace_id"] == PARENT.split("-")[1]


def test_no_kind_of_problem_is_the_fault_of_the_service_unless_rest_says_so() -> None:
    ours = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
    for kind in KINDS.values():
        assert (code_of(kind) in ours) == (kind.status >= 500), kind.slug


def test_a_neighbour_that_cannot_be_asked_says_when_to_come_again() -> None:
    gone = NeighbourUnavailable("the portfolio service does not answer", 6.5)
    status = status_of(gone, Asked(pb.EfficientFrontierRequest))
    assert status.code is grpc.StatusCode.UNAVAILABLE
    [(_, packed)] = status.trailing_metadata
    [found] = [each for each in Status.FromString(packed).details if each.Is(RetryInfo.DESCRIPTOR)]
    retry = RetryInfo()
    found.Unpack(retry)
    assert retry.retry_delay.ToSeconds() == 7
    unusable = status_of(NeighbourUnusable("the answer is not a portfolio"), Asked(pb.EfficientFrontierRequest))
    assert unusable.code is grpc.StatusCode.UNAVAILABLE
