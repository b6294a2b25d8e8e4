"""Mistakes of every type that a document's fields have: the place, the value, and what would fit."""

from typing import Any

import pytest

from tangency.adapters.document.diagnosis import faults_in, pointer
from tangency.adapters.document.factors import FactorAnalysisRequest, analysis_request
from tangency.adapters.document.rebalancing.request import RebalanceRequest
from tangency.adapters.document.request import OptimizationConstraints, RiskParameters
from tangency.domain.errors import InvalidInput
from tangency.domain.optimization.options import BESIDE

LOT = {"instrument_id": "A", "quantity": 1, "cost": 1, "date": "20200101"}
RATES = {"rates": {"short_term": 0.3, "long_term": 0.2}}


@pytest.mark.parametrize(
    ("kind", "request_", "place", "detail"),
    [
        (FactorAnalysisRequest, {"factors": "x", "count": 2.5}, "/count", "is 2.5; give a whole number at least 1"),
        (FactorAnalysisRequest, {"factors": "x", "count": True}, "/count", "is true; give a whole number"),
        (FactorAnalysisRequest, {"factors": "x", "lag": -1}, "/lag", "is -1; give a whole number at least 0"),
        (FactorAnalysisRequest, {"factors": "x", "errors": "y"}, "/errors", "give 'newey_west' or 'plain'"),
        (
            FactorAnalysisRequest,
            {"factors": "x", "start": "2020-13-01"},
            "/start",
            "is '2020-13-01'; give a date, such",
        ),
        (FactorAnalysisRequest, {"factors": "x", "zero_investment": "no"}, "/zero_investment", "'no'; give true or"),
        (FactorAnalysisRequest, {"factors": "x", "benchmark": []}, "/benchmark", "is a list; give an object"),
        (FactorAnalysisRequest, {"factors": ["x", 5]}, "/factors/1", "is 5; give a text"),
        (
            RebalanceRequest,
            {"target_type": "optimal", "tax": {**RATES, "lots": [LOT]}},
            "/tax/lots/0/date",
            "'20200101'",
        ),
        (
            RebalanceRequest,
            {"target_type": "optimal", "constraints": {"max_trades": "3"}},
            "/constraints/max_trades",
            "'3'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_its_value_and_what_would_fit(
    kind: type, request_: dict[str, Any], place: str, detail: str
) -> None:
    (fault,) = faults_in(request_, kind)
    assert pointer(fault.path) == place
    assert detail in fault.detail


def test_every_mistake_of_a_factor_analysis_is_told() -> None:
    with pytest.raises(InvalidInput) as caught:
        analysis_request({"factors": "fama_french_3", "count": 0, "end": "soon"})
    assert [pointer(fault.path) for fault in caught.value.faults] == ["/count", "/end"]


@pytest.mark.parametrize("factors", ["market", ["market", "value"], {"oil": [0.1]}])
def test_where_one_of_several_kinds_is_taken_the_others_are_no_mistake(factors: object) -> None:
    assert not faults_in({"factors": factors}, FactorAnalysisRequest)


def test_what_belongs_beside_the_options_is_what_requests_state_there() -> None:
    documents = {"risk_parameters": RiskParameters, "constraints": OptimizationConstraints}
    assert {place: set(names) for place, names in BESIDE.items()} == {
        place: set(document.__struct_fields__) for place, document in documents.items()
    }
