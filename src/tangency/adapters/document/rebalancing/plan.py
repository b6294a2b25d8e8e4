"""A plan, over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta, Struct

from tangency.domain.rebalancing.plan import Figures, RebalancePlan


class TradeDocument(Struct, frozen=True, kw_only=True):
    """A purchase or a sale."""

    instrument_id: str
    action: Literal["buy", "sell"]
    quantity: Annotated[float, Meta(description="In units; fractions are allowed.")]
    estimated_value: Annotated[float, Meta(description="At the latest imported prices.")]
    weight_change: Annotated[float, Meta(description="Weight after all trades minus weight before.")]
    priority: Annotated[int, Meta(description="1 is executed first; in this order cash is never overdrawn.")]


Improvement = msgspec.defstruct(
    "Improvement",
    [("return", float | None), ("risk", float | None), ("sharpe", float | None)],
    namespace={"__doc__": "After the trades less before, annual, on the same estimates. Null where undefined."},
    frozen=True,
    kw_only=True,
)


class RebalanceMetrics(Struct, frozen=True, kw_only=True):
    """What the trades bring and take."""

    turnover: Annotated[float, Meta(description="One-way, cash included, as a fraction of the value before.")]
    expected_improvement: Annotated[Improvement, Meta(description="Before costs.")]  # type: ignore[valid-type]
    net_improvement: Annotated[
        Improvement,  # type: ignore[valid-type]
        Meta(description="After subtracting costs and taxes from the return of one year."),
    ]
    transaction_costs: Annotated[float, Meta(description="In money.")]
    tax_implications: Annotated[
        float | None, Meta(description="In money, positive if due; null unless taxes were asked for.")
    ]
    tracking_error: Annotated[
        float | None, Meta(description="Annual, to `model_target`; null for an `optimal` target.")
    ]


class PlanValuationDocument(Struct, frozen=True, kw_only=True):
    """The state of the portfolio that the plan is for."""

    total: float
    cash_before: float
    cash_after: Annotated[float, Meta(description="After all trades, costs and taxes.")]
    priced_at: Annotated[str, Meta(description="The last date of the prices.")]
    digest: str


class RebalancePlanDocument(Struct, frozen=True, kw_only=True):
    """A plan of trades for one valuation of a portfolio."""

    portfolio_id: str
    rebalance_id: str
    created_at: datetime
    current_allocation: Annotated[dict[str, float], Meta(description="By asset, including `CASH`; they sum to 1.")]
    target_allocation: Annotated[dict[str, float], Meta(description="Weights after trades and costs; they sum to 1.")]
    trades: list[TradeDocument]
    metrics: RebalanceMetrics
    target_type: str
    model_target: Annotated[
        dict[str, float] | None,
        Meta(description="The target weights; null for an `optimal` target."),
    ]
    status: Annotated[
        Literal["proposed", "approved", "rejected", "expired"],
        Meta(description="A proposed plan expires with time, with an import, or when another plan is approved."),
    ]
    valid_until: datetime
    decided_at: datetime | None
    valuation: PlanValuationDocument
    metric_basis: Annotated[dict[str, str], Meta(description="The data that the figures are based on.")]
    evidence: Annotated[dict[str, Any], Meta(description="Certificate, search and binding limits.")]
    request: Annotated[dict[str, Any], Meta(description="The request.")]
    supplied_by_configuration: Annotated[
        dict[str, Any],
        Meta(description="What the portfolio's configuration supplied, by its place there."),
    ]


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
        evidence={name: found for name, found in plan.evidence.items() if name != "supplied"},
        supplied_by_configuration=dict(cast(Mapping[str, Any], plan.evidence.get("supplied", {}))),
        request=dict(plan.request),
    )


def _improvement(figures: Figures) -> Any:  # noqa: ANN401 - the struct has a field that is no Python name
    return Improvement(**{"return": figures.expected_return, "risk": figures.risk, "sharpe": figures.sharpe})
