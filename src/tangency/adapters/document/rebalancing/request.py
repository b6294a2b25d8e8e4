"""Trades that are wanted, over the wire."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import given, question_of
from tangency.adapters.document.request import (
    LONGEST_TEXT,
    Document,
    Finite,
    NotNegative,
    OptimizationConstraints,
    OptimizationRequest,
    RiskParameters,
    Text,
    Word,
)
from tangency.adapters.document.taxes import TaxRequest, tax_of
from tangency.application.rebalancing.command import VALID_FOR_S, MakePlan, TradeRules
from tangency.domain.errors import InvalidInput
from tangency.domain.rebalancing.plan import TargetType

Asked = TypeVar("Asked", bound="RebalanceRequest")

LONGEST_VALIDITY_S = 31 * 86_400.0


class RebalanceConstraints(Document, frozen=True):
    """Limits on the trades, and on the portfolio that they lead to."""

    max_turnover: (
        Annotated[NotNegative, Meta(description="Largest one-way turnover, cash included, as a fraction of the value.")]
        | UnsetType
    ) = UNSET
    min_trade_size: Annotated[NotNegative, Meta(description="Smallest trade, in money.")] | UnsetType = UNSET
    max_trades: Annotated[int, Meta(ge=0, le=100_000, description="Largest number of trades.")] | UnsetType = UNSET
    consider_tax_implications: Annotated[bool, Meta(description="Needs tax lots.")] | UnsetType = UNSET
    min_cash: Annotated[NotNegative, Meta(description="Cash that must remain, in money; default 0.")] | UnsetType = (
        UNSET
    )
    cash_weight: (
        Annotated[
            float,
            Meta(ge=0.0, le=1.0, description="Share of cash in an `optimal` target; default: as now."),
        ]
        | UnsetType
    ) = UNSET
    min_weight: Annotated[Finite, Meta(description="Smallest weight of any name.")] | UnsetType = UNSET
    max_weight: Annotated[Finite, Meta(description="Largest weight of any name.")] | UnsetType = UNSET
    sector_limits: (
        Annotated[dict[str, Finite], Meta(description="Largest net weight of a sector, by its name.")] | UnsetType
    ) = UNSET


class RebalanceRequest(Document, frozen=True):
    """Trades that are wanted."""

    target_type: Literal["optimal", "custom", "benchmark", "equal_weight", "model"]
    target_allocation: (
        Annotated[
            dict[str, Finite],
            Meta(description="For a `custom` target: weights by asset, including `CASH`; they sum to 1."),
        ]
        | UnsetType
    ) = UNSET
    model_id: (
        Annotated[
            Text,
            Meta(
                description="Of a `model` or `benchmark` target: kept at /api/v1/models. Left out, a benchmark is the "
                "imported one."
            ),
        ]
        | UnsetType
    ) = UNSET
    constraints: (
        Annotated[RebalanceConstraints, Meta(description="Limits on the trades and on the portfolio after them.")]
        | UnsetType
    ) = UNSET
    objective: (
        Annotated[
            Word,
            Meta(
                description="Of an `optimal` target: MAX_SHARPE (where left out), MIN_VOLATILITY, MAX_RETURN or "
                "MAX_UTILITY."
            ),
        ]
        | UnsetType
    ) = UNSET
    risk_parameters: Annotated[RiskParameters, Meta(description="As in an optimization.")] | UnsetType = UNSET
    transaction_cost_model: (
        Annotated[Finite, Meta(description="One-off cost per traded value, for each side, at most 0.1; default none.")]
        | UnsetType
    ) = UNSET
    tax: Annotated[TaxRequest, Meta(description="For `consider_tax_implications`.")] | UnsetType = UNSET
    valid_for_s: (
        Annotated[float, Meta(gt=0.0, le=LONGEST_VALIDITY_S, description="Seconds; default one day.")] | UnsetType
    ) = UNSET


def command_of(portfolio_id: str, value: object) -> MakePlan:
    """The command that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place.
    """
    return command_for(portfolio_id, read_request(value, RebalanceRequest))


def read_request(value: object, wanted: type[Asked]) -> Asked:
    """A document as the struct that is wanted.

    Raises:
        InvalidInput: every mistake with its place.
    """
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, wanted) or [first_fault(error)]) from None


def command_for(portfolio_id: str, asked: RebalanceRequest) -> MakePlan:
    """The command that a request stands for."""
    limits = asked.constraints or RebalanceConstraints()
    question = question_of(
        OptimizationRequest(
            portfolio_id=portfolio_id[:LONGEST_TEXT],
            objective=asked.objective,
            method="rebalancing",
            constraints=OptimizationConstraints(
                min_weight=limits.min_weight, max_weight=limits.max_weight, sector_limits=limits.sector_limits
            ),
            risk_parameters=asked.risk_parameters,
        )
    )
    return MakePlan(
        question,
        TargetType(asked.target_type),
        _rules(limits),
        asked.target_allocation or None,
        asked.model_id or None,
        given(asked.transaction_cost_model),
        tax_of(asked.tax),
        asked.valid_for_s or VALID_FOR_S,
        msgspec.to_builtins(asked),
    )


def _rules(limits: RebalanceConstraints) -> TradeRules:
    given = {name: getattr(limits, name) for name in TradeRules.__slots__}
    return TradeRules(**{name: value for name, value in given.items() if value is not UNSET})
