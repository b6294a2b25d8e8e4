"""Rebalancing over the wire: what is asked, and the plan that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import question_of
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
from tangency.application.rebalancing import VALID_FOR_S, EvaluateTriggers, Evaluation, MakePlan, TradeRules
from tangency.application.taxation import TaxTerms
from tangency.domain.errors import InvalidInput
from tangency.domain.rebalancing.plan import Figures, RebalancePlan, TargetType
from tangency.domain.rebalancing.taxes import Gains, LotRule, Purchase, TaxLot, TaxRates
from tangency.domain.rebalancing.triggers import (
    AbsoluteBand,
    Calendar,
    CashFlow,
    CostBenefit,
    RelativeBand,
    TrackingErrorBand,
    Trigger,
    VolatilityBand,
)

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
    lots: list[TaxLotDocument]
    lot_rule: Literal["min_tax", "fifo", "lifo", "hifo", "specific"] = "min_tax"
    chosen_lots: (
        Annotated[dict[str, dict[str, Finite]], Meta(description="For `specific`: units by name and lot.")] | UnsetType
    ) = UNSET
    purchases: (
        Annotated[list[PurchaseDocument], Meta(description="They take over losses within 30 days.")] | UnsetType
    ) = UNSET
    realized_gains: RealizedGains | UnsetType = UNSET


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
    tax: Annotated[TaxRequest, Meta(description="For `consider_tax_implications`.")] | UnsetType = UNSET
    valid_for_s: (
        Annotated[float, Meta(gt=0.0, le=LONGEST_VALIDITY_S, description="Seconds; a day where left out.")] | UnsetType
    ) = UNSET


def command_of(portfolio_id: str, value: object) -> MakePlan:
    """The command that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place.
    """
    return _command(portfolio_id, _read(value, RebalanceRequest))


def _read(value: object, wanted: type[Asked]) -> Asked:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, wanted) or [first_fault(error)]) from None


def _command(portfolio_id: str, asked: RebalanceRequest) -> MakePlan:
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
        None if isinstance(asked.tax, UnsetType) else _tax(asked.tax),
        asked.valid_for_s or VALID_FOR_S,
        msgspec.to_builtins(asked),
    )


def _tax(stated: TaxRequest) -> TaxTerms:
    realized = stated.realized_gains or RealizedGains()
    return TaxTerms(
        TaxRates(stated.rates.short_term, stated.rates.long_term),
        [
            TaxLot(lot.lot_id or str(place), lot.instrument_id, lot.quantity, lot.cost, lot.date)
            for place, lot in enumerate(stated.lots)
        ],
        LotRule(stated.lot_rule),
        [Purchase(each.instrument_id, each.quantity, each.date) for each in stated.purchases or ()],
        Gains(realized.short_term, realized.long_term),
        stated.chosen_lots or {},
    )


def _rules(limits: RebalanceConstraints) -> TradeRules:
    given = {name: getattr(limits, name) for name in TradeRules.__slots__}
    return TradeRules(**{name: value for name, value in given.items() if value is not UNSET})


class Triggers(Document, frozen=True):
    """What is asked; one that is left out is not."""

    calendar_days: Annotated[int, Meta(ge=1, le=36_500, description="Days since the last one.")] | UnsetType = UNSET
    absolute_band: Annotated[NotNegative, Meta(description="|w - target| above it.")] | UnsetType = UNSET
    relative_band: Annotated[NotNegative, Meta(description="|w - target| / target above it.")] | UnsetType = UNSET
    volatility_band: (
        Annotated[
            NotNegative,
            Meta(description="|w - target| above it x volatility x target x sqrt(trading days since the last / 252)."),
        ]
        | UnsetType
    ) = UNSET
    tracking_error: Annotated[NotNegative, Meta(description="Annual, above it.")] | UnsetType = UNSET
    cash_flow: Annotated[NotNegative, Meta(description="Share of cash off its target by more.")] | UnsetType = UNSET
    cost_benefit_years: (
        Annotated[
            NotNegative,
            Meta(description="Certainty-equivalent gain (`risk_aversion`, 1 where left out) over these years > cost."),
        ]
        | UnsetType
    ) = UNSET


TRIGGERS: Mapping[str, Callable[[Any], Trigger]] = {
    "calendar_days": Calendar,
    "absolute_band": AbsoluteBand,
    "relative_band": RelativeBand,
    "volatility_band": VolatilityBand,
    "tracking_error": TrackingErrorBand,
    "cash_flow": CashFlow,
    "cost_benefit_years": CostBenefit,
}


class EvaluationRequest(RebalanceRequest, frozen=True, kw_only=True):
    """Whether to rebalance now: the trades that are wanted, and what must be the case for them."""

    triggers: Triggers
    last_rebalance: Annotated[date, Meta(description="The last approved plan's where left out.")] | UnsetType = UNSET


def evaluation_of(portfolio_id: str, value: object) -> EvaluateTriggers:
    """The query that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place, or no trigger at all.
    """
    asked = _read(value, EvaluationRequest)
    given = {name: limit for name in TRIGGERS if (limit := getattr(asked.triggers, name)) is not UNSET}
    if not given:
        detail = f"is empty; give at least one of {', '.join(TRIGGERS)}."
        raise InvalidInput.at(("triggers",), detail, "empty")
    triggers = tuple(TRIGGERS[name](limit) for name, limit in given.items())
    return EvaluateTriggers(_command(portfolio_id, asked), triggers, asked.last_rebalance or None)


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


class VerdictDocument(Struct, frozen=True, kw_only=True):
    """What one trigger says."""

    trigger: str
    fires: Annotated[bool, Meta(description="Whether it asks to rebalance now.")]
    value: Annotated[float | None, Meta(description="What it measured; null where that cannot be known.")]
    limit: Annotated[float, Meta(description="What it compared that with.")]
    reason: Annotated[str, Meta(description="Why now, or why not.")]
    names: Annotated[list[str], Meta(description="Outside of their bands, the worst first.")]


class EvaluationDocument(Struct, frozen=True, kw_only=True):
    """Whether to rebalance now."""

    portfolio_id: str
    evaluated_at: datetime
    rebalance: Annotated[bool, Meta(description="Whether any trigger fires.")]
    triggers: list[VerdictDocument]
    last_rebalance: date | None
    current_allocation: dict[str, float]
    target_allocation: Annotated[dict[str, float], Meta(description="What the trades would reach.")]
    model_target: dict[str, float] | None
    metrics: Annotated[RebalanceMetrics, Meta(description="Of the trades; no plan is kept.")]


def evaluation_document(evaluation: Evaluation) -> EvaluationDocument:
    """An evaluation as it is served."""
    plan, verdicts = document_of(evaluation.plan), evaluation.verdicts
    return EvaluationDocument(
        portfolio_id=plan.portfolio_id,
        evaluated_at=plan.created_at,
        rebalance=any(verdict.fires for verdict in verdicts),
        triggers=[msgspec.convert(asdict(verdict), VerdictDocument) for verdict in verdicts],
        last_rebalance=evaluation.last_rebalance,
        current_allocation=plan.current_allocation,
        target_allocation=plan.target_allocation,
        model_target=plan.model_target,
        metrics=plan.metrics,
    )
