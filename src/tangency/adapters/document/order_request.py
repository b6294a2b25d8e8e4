"""The request for an optimization that is carried out later, and its mapping to an order request in plain values."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import given, option_faults, risk_of
from tangency.adapters.document.reading import read_value
from tangency.adapters.document.request import (
    Document,
    Finite,
    Name,
    NotNegative,
    Positive,
    RiskParameters,
    Text,
    Word,
)
from tangency.adapters.document.taxes import TaxRequest, tax_of
from tangency.application.order_request import OrderLimits, OrderRequest, Preferences
from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.portfolio.portfolio import id_fault


class OptimizationLimits(Document, frozen=True):
    """Limits on the portfolio; weights are fractions of its value."""

    max_position_size: Annotated[Finite, Meta(description="Largest weight of every asset.")] | UnsetType = UNSET
    min_position_size: (
        Annotated[NotNegative, Meta(description="Smallest weight of an asset that is held; others are left out.")]
        | UnsetType
    ) = UNSET
    max_sector_exposure: Annotated[Finite, Meta(description="Largest weight of every sector.")] | UnsetType = UNSET
    max_asset_class_exposure: (
        Annotated[Finite, Meta(description="Largest weight of every asset class.")] | UnsetType
    ) = UNSET
    max_turnover: (
        Annotated[NotNegative, Meta(description="Largest one-way turnover from the current holdings, cash included.")]
        | UnsetType
    ) = UNSET
    target_volatility: Annotated[Positive, Meta(description="Largest annual volatility.")] | UnsetType = UNSET
    min_weights: Annotated[dict[Name, Finite], Meta(description="Smallest weights by asset.")] | UnsetType = UNSET
    max_weights: (
        Annotated[dict[Name, Finite], Meta(description="Largest weights by asset, instead of `max_position_size`.")]
        | UnsetType
    ) = UNSET


class OptimizationPreferences(Document, frozen=True):
    """What counts beside risk and return."""

    risk_aversion: Annotated[Positive, Meta(description="For maximize_utility; default 1.")] | UnsetType = UNSET
    include_transaction_costs: (
        Annotated[bool, Meta(description="Subtract trading costs from the objective; needs `transaction_cost_model`.")]
        | UnsetType
    ) = UNSET
    consider_tax_implications: (
        Annotated[bool, Meta(description="Subtract the tax on sales from the objective; needs tax lots.")] | UnsetType
    ) = UNSET
    transaction_cost_model: (
        Annotated[
            Finite, Meta(description="One-off cost per traded value, for each side; at most 0.1.", examples=[0.001])
        ]
        | UnsetType
    ) = UNSET


class CreateOptimization(Document, frozen=True):
    """A portfolio that was imported, and what is to become of it."""

    portfolio_id: Annotated[Text, Meta(description="The id of the imported holdings and prices.")]
    optimization_type: (
        Annotated[
            Word,
            Meta(
                description="A method, as `GET /api/v1/methods` lists it. May be left out where the portfolio's "
                "configuration has it.",
                examples=["mean_variance"],
            ),
        ]
        | UnsetType
    ) = UNSET
    objective: (
        Annotated[
            Word,
            Meta(
                description="maximize_sharpe, minimize_risk, maximize_return, maximize_utility, maximize_ratio, "
                "minimize_cost, risk_parity, multi_objective; or a word of `POST /api/v1/optimize`. May be left out "
                "where the portfolio's configuration has it.",
                examples=["maximize_sharpe"],
            ),
        ]
        | UnsetType
    ) = UNSET
    risk_measure: (
        Annotated[
            Word,
            Meta(description="Default volatility. With any other, mean_variance hands over to mean_risk."),
        ]
        | UnsetType
    ) = UNSET
    constraints: OptimizationLimits | UnsetType = UNSET
    preferences: OptimizationPreferences | UnsetType = UNSET
    method_options: Annotated[dict[str, Any], Meta(description="Options of the method.")] | UnsetType = UNSET
    risk_parameters: RiskParameters | UnsetType = UNSET
    tax: Annotated[TaxRequest, Meta(description="For `consider_tax_implications`.")] | UnsetType = UNSET


def read_order_request(body: bytes) -> OrderRequest:
    """Read the request.

    Raises:
        UnreadableDocument: not JSON, or a key given twice.
        InvalidInput: readable, and no such request; every mistake with its place.
    """
    return order_request_of(read_value(body))


def order_request_of(written: Any) -> OrderRequest:  # noqa: ANN401 - plain values of any kind
    """The order request that plain values stand for.

    Raises:
        InvalidInput: no such request; every mistake with its place.
    """
    try:
        request = msgspec.convert(written, CreateOptimization)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(written, CreateOptimization) or [first_fault(error)]) from None
    faults = [*option_faults(given(request.method_options) or {}, ("method_options",))]
    wrong = id_fault(request.portfolio_id)
    if wrong is not None:
        faults.append(Fault(("portfolio_id",), wrong, "characters"))
    if faults:
        raise InvalidInput(faults)
    return _order_request(request, written)


def _order_request(request: CreateOptimization, written: Any) -> OrderRequest:  # noqa: ANN401 - the request as plain values
    limits = given(request.constraints) or OptimizationLimits()
    preferences = given(request.preferences) or OptimizationPreferences()
    return OrderRequest(
        portfolio_id=request.portfolio_id,
        optimization_type=given(request.optimization_type) or "",
        objective=given(request.objective) or "",
        risk_measure=given(request.risk_measure) or "volatility",
        limits=OrderLimits(**_stated(limits)),
        preferences=Preferences(**_stated(preferences)),
        options=given(request.method_options) or {},
        risk=risk_of(given(request.risk_parameters) or RiskParameters()),
        tax=tax_of(request.tax),
        wording={"risk_measure": "volatility", "constraints": {}, "preferences": {}, **written},
    )


def _stated(values: Document) -> dict[str, Any]:
    fields = {field: getattr(values, field) for field in values.__struct_fields__}
    return {field: value for field, value in fields.items() if value is not UNSET}
