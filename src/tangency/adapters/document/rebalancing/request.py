"""Trades that are wanted, over the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import given, question_of
from tangency.adapters.document.request import (
    LONGEST_TEXT,
    Document,
    Finite,
    Name,
    NotNegative,
    OptimizationConstraints,
    OptimizationRequest,
    Positive,
    RiskParameters,
    Text,
    Word,
)
from tangency.application.rebalancing.command import VALID_FOR_S, MakePlan, TradeRules
from tangency.application.rebalancing.taxation import TaxTerms
from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.tax_lots import TaxLot
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.rebalancing.gains import Gains, TaxRates
from tangency.domain.rebalancing.plan import TargetType
from tangency.domain.rebalancing.wash_sales import Purchase

Asked = TypeVar("Asked", bound="RebalanceRequest")

LONGEST_VALIDITY_S = 31 * 86_400.0


class RebalanceConstraints(Document, frozen=True):
    """Limits on the trades, and on the portfolio that they lead to."""

    max_turnover: (
        Annotated[NotNegative, Meta(description="One-way, cash included, as a fraction of the value.")] | UnsetType
    ) = UNSET
    min_trade_size: Annotated[NotNegative, Meta(description="In money; no trade is worth less.")] | UnsetType = UNSET
    max_trades: Annotated[int, Meta(ge=0, le=100_000, description="Most names that are traded.")] | UnsetType = UNSET
    consider_tax_implications: Annotated[bool, Meta(description="Needs tax lots.")] | UnsetType = UNSET
    min_cash: (
        Annotated[NotNegative, Meta(description="In money, when everything is paid; 0 where left out.")] | UnsetType
    ) = UNSET
    cash_weight: (
        Annotated[
            float,
            Meta(ge=0.0, le=1.0, description="To be held in cash by an `optimal` target; as now where left out."),
        ]
        | UnsetType
    ) = UNSET
    min_weight: Annotated[Finite, Meta(description="Smallest weight of any name.")] | UnsetType = UNSET
    max_weight: Annotated[Finite, Meta(description="Largest weight of any name.")] | UnsetType = UNSET
    sector_limits: (
        Annotated[dict[str, Finite], Meta(description="Largest net weight of a sector, by its name.")] | UnsetType
    ) = UNSET


class TaxLotDocument(Document, frozen=True):
    """Units bought together."""

    instrument_id: Name
    quantity: Positive
    cost: Annotated[NotNegative, Meta(description="Per unit.")]
    date: Annotated[date, Meta(description="Of the purchase.")]
    lot_id: Annotated[Text, Meta(description="Its place in the list where left out.")] | UnsetType = UNSET


class PurchaseDocument(Document, frozen=True):
    """Units bought, or announced to be bought, outside of the lots."""

    instrument_id: Name
    quantity: Positive
    date: date


class TaxRatesDocument(Document, frozen=True):
    """Of gains."""

    short_term: Annotated[float, Meta(ge=0.0, le=1.0)]
    long_term: Annotated[float, Meta(ge=0.0, le=1.0, description="Held for more than a year.")]


class RealizedGains(Document, frozen=True):
    """Of the year so far, in money; losses are negative."""

    short_term: Finite = 0.0
    long_term: Finite = 0.0


class TaxRequest(Document, frozen=True):
    """What taxes are counted from."""

    rates: TaxRatesDocument
    lots: (
        Annotated[list[TaxLotDocument], Meta(description="Of every name held; those imported where left out.")]
        | UnsetType
    ) = UNSET
    lot_rule: Literal["min_tax", "fifo", "lifo", "hifo", "specific"] = "min_tax"
    chosen_lots: (
        Annotated[dict[str, dict[str, Finite]], Meta(description="For `specific`: units by name and lot.")] | UnsetType
    ) = UNSET
    purchases: (
        Annotated[list[PurchaseDocument], Meta(description="They take over losses within 30 days.")] | UnsetType
    ) = UNSET
    realized_gains: RealizedGains | UnsetType = UNSET
    horizon_years: (
        Annotated[Positive, Meta(description="Over which a tax is worth paying for an annual gain; 1 where left out.")]
        | UnsetType
    ) = UNSET


class RebalanceRequest(Document, frozen=True):
    """Trades that are wanted."""

    target_type: Literal["optimal", "custom", "benchmark", "equal_weight", "model"]
    target_allocation: (
        Annotated[
            dict[str, Finite], Meta(description="Of a `custom` target: weights by name, `CASH` among them; sum 1.")
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
    constraints: Annotated[RebalanceConstraints, Meta(description="Limits.")] | UnsetType = UNSET
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
    risk_parameters: Annotated[RiskParameters, Meta(description="As of an optimization.")] | UnsetType = UNSET
    transaction_cost_model: (
        Annotated[
            Finite, Meta(description="One-off cost per traded value, each side, at most 0.1; none where left out.")
        ]
        | UnsetType
    ) = UNSET
    tax: Annotated[TaxRequest, Meta(description="For `consider_tax_implications`.")] | UnsetType = UNSET
    valid_for_s: (
        Annotated[float, Meta(gt=0.0, le=LONGEST_VALIDITY_S, description="Seconds; a day where left out.")] | UnsetType
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
        None if isinstance(asked.tax, UnsetType) else _tax(asked.tax),
        asked.valid_for_s or VALID_FOR_S,
        msgspec.to_builtins(asked),
    )


def _tax(stated: TaxRequest) -> TaxTerms:
    realized = stated.realized_gains or RealizedGains()
    return TaxTerms(
        TaxRates(stated.rates.short_term, stated.rates.long_term),
        None if isinstance(stated.lots, UnsetType) else _lots(stated.lots),
        LotRule(stated.lot_rule),
        [Purchase(each.instrument_id, each.quantity, each.date) for each in stated.purchases or ()],
        Gains(realized.short_term, realized.long_term),
        stated.chosen_lots or {},
        stated.horizon_years or 1.0,
    )


def _lots(stated: list[TaxLotDocument]) -> list[TaxLot]:
    return [
        TaxLot(lot.lot_id or str(place), lot.instrument_id, lot.quantity, lot.cost, lot.date)
        for place, lot in enumerate(stated)
    ]


def _rules(limits: RebalanceConstraints) -> TradeRules:
    given = {name: getattr(limits, name) for name in TradeRules.__slots__}
    return TradeRules(**{name: value for name, value in given.items() if value is not UNSET})
