"""Rebalancing over the wire: what is asked, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import question_of
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
from tangency.application.rebalancing import VALID_FOR_S, MakePlan, TradeRules
from tangency.domain.errors import InvalidInput
from tangency.domain.rebalancing.plan import Figures, RebalancePlan, TargetType

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


class RebalanceRequest(Document, frozen=True):
    """Trades that are wanted."""

    target_type: Literal["optimal", "custom", "benchmark", "equal_weight", "model"]
    target_allocation: (
        Annotated[
            dict[str, float], Meta(description="Of a `custom` target: weights by name, `CASH` among them; sum 1.")
        ]
        | UnsetType
    ) = UNSET
    model_id: (
        Annotated[Text, Meta(description="Of a `model` or `benchmark` target: kept at /api/v1/models.")] | UnsetType
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
    valid_for_s: (
        Annotated[float, Meta(gt=0.0, le=LONGEST_VALIDITY_S, description="Seconds; a day where left out.")] | UnsetType
    ) = UNSET


def command_of(portfolio_id: str, value: object) -> MakePlan:
    """The command that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place.
    """
    try:
        asked = msgspec.convert(value, RebalanceRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, RebalanceRequest) or [first_fault(error)]) from None
    limits = asked.constraints or RebalanceConstraints()
    question = question_of(
        OptimizationRequest(
            portfolio_id=portfolio_id[:LONGEST_TEXT],
            objective=asked.objective or "MAX_SHARPE",
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
        asked.transaction_cost_model or 0.0,
        asked.valid_for_s or VALID_FOR_S,
        msgspec.to_builtins(asked),
    )


def _rules(limits: RebalanceConstraints) -> TradeRules:
    given = {name: getattr(limits, name) for name in TradeRules.__slots__}
    return TradeRules(**{name: value for name, value in given.items() if value is not UNSET})


class TradeDocument(Struct, frozen=True, kw_only=True):
    """A purchase or a sale."""

    instrument_id: str
    action: Literal["buy", "sell"]
    quantity: Annotated[float, Meta(description="In units; fractions are allowed.")]
    estimated_value: Annotated[float, Meta(description="At the latest imported prices.")]
    weight_change: Annotated[float, Meta(description="Share of the portfolio after all trades less share before.")]
    priority: Annotated[int, Meta(description="1 is executed first; no part of the list overdraws cash.")]


Improvement = msgspec.defstruct(
    "Improvement",
    [("return", float | None), ("risk", float | None), ("sharpe", float | None)],
    namespace={"__doc__": "After the trades less before, annual, on the same estimates. Null where undefined."},
    frozen=True,
    kw_only=True,
)


class RebalanceMetrics(Struct, frozen=True, kw_only=True):
    """What the trades bring and take."""

    turnover: Annotated[float, Meta(description="One-way, cash included, over the value before.")]
    expected_improvement: Annotated[Improvement, Meta(description="Gross of costs.")]  # type: ignore[valid-type]
    net_improvement: Annotated[
        Improvement,  # type: ignore[valid-type]
        Meta(description="With costs and taxes taken from the return of one year."),
    ]
    transaction_costs: Annotated[float, Meta(description="In money.")]
    tax_implications: Annotated[
        float | None, Meta(description="In money, positive where due; null where taxes were not asked for.")
    ]
    tracking_error: Annotated[
        float | None, Meta(description="Annual, to `model_target`; null for an `optimal` target.")
    ]


class PlanValuationDocument(Struct, frozen=True, kw_only=True):
    """The state of the portfolio that the plan is for."""

    total: float
    cash_before: float
    cash_after: Annotated[float, Meta(description="When every trade, cost and tax is paid.")]
    priced_at: Annotated[str, Meta(description="The last date of the prices.")]
    digest: str


class RebalancePlanDocument(Struct, frozen=True, kw_only=True):
    """A plan of trades for one valuation of a portfolio."""

    portfolio_id: str
    rebalance_id: str
    created_at: datetime
    current_allocation: Annotated[dict[str, float], Meta(description="By name, `CASH` among them; sum 1.")]
    target_allocation: Annotated[dict[str, float], Meta(description="What the trades reach, costs paid; sum 1.")]
    trades: list[TradeDocument]
    metrics: RebalanceMetrics
    target_type: str
    model_target: Annotated[
        dict[str, float] | None,
        Meta(description="The wish; null for an `optimal` target, where the objective decides."),
    ]
    status: Annotated[
        Literal["proposed", "approved", "rejected", "expired"],
        Meta(description="A new import of prices or holdings expires a proposed plan, and so does time."),
    ]
    valid_until: datetime
    decided_at: datetime | None
    valuation: PlanValuationDocument
    metric_basis: Annotated[dict[str, str], Meta(description="What each figure is counted from.")]
    evidence: Annotated[dict[str, Any], Meta(description="Certificate, search and binding limits of the solve.")]
    request: Annotated[dict[str, Any], Meta(description="As it was asked.")]


BASIS: Mapping[str, str] = {
    "turnover": "one-way, half of all trades and of what cash changes by for them, over the value before",
    "allocations": "over the value of the moment: before the trades, and after trades, costs and taxes",
    "expected_improvement": "annual, after less before on the same estimates, interest on cash included, gross",
    "net_improvement": "the same, costs and taxes taken from the return of one year",
}


def document_of(plan: RebalancePlan) -> RebalancePlanDocument:
    """A plan as it is served."""
    metrics, valuation = plan.metrics, plan.valuation
    return RebalancePlanDocument(
        portfolio_id=plan.portfolio_id,
        rebalance_id=plan.id,
        created_at=plan.created_at,
        current_allocation=dict(plan.current_allocation),
        target_allocation=dict(plan.target_allocation),
        trades=[msgspec.convert(trade, TradeDocument, from_attributes=True) for trade in plan.trades],
        metrics=RebalanceMetrics(
            turnover=metrics.turnover,
            expected_improvement=_improvement(metrics.improvement),
            net_improvement=_improvement(metrics.net_improvement),
            transaction_costs=metrics.transaction_costs,
            tax_implications=metrics.tax_implications,
            tracking_error=metrics.tracking_error,
        ),
        target_type=plan.target_type.value,
        model_target=None if plan.model_target is None else dict(plan.model_target),
        status=plan.status.value,
        valid_until=plan.valid_until,
        decided_at=plan.decided_at,
        valuation=msgspec.convert(valuation, PlanValuationDocument, from_attributes=True),
        metric_basis=dict(BASIS),
        evidence=dict(plan.evidence),
        request=dict(plan.request),
    )


def _improvement(figures: Figures) -> Any:  # noqa: ANN401 - the struct has a field that is no Python name
    return Improvement(**{"return": figures.expected_return, "risk": figures.risk, "sharpe": figures.sharpe})
