"""Whether to rebalance now, over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.adapters.document.rebalancing.plan import RebalanceMetrics, document_of
from tangency.adapters.document.rebalancing.request import RebalanceRequest, command_for, read_request
from tangency.adapters.document.request import (
    Document,
    NotNegative,
)
from tangency.application.rebalancing.evaluation import EvaluateTriggers, Evaluation
from tangency.domain.errors import InvalidInput
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


class Triggers(Document, frozen=True):
    """What is asked; one that is left out is not."""

    calendar_days: (
        Annotated[int, Meta(ge=1, le=36_500, description="Fires after this number of days since the last rebalance.")]
        | UnsetType
    ) = UNSET
    absolute_band: Annotated[NotNegative, Meta(description="Fires if |w - target| is above it.")] | UnsetType = UNSET
    relative_band: (
        Annotated[NotNegative, Meta(description="Fires if |w - target| / target is above it.")] | UnsetType
    ) = UNSET
    volatility_band: (
        Annotated[
            NotNegative,
            Meta(description="Fires if |w - target| > it x volatility x target x sqrt(trading days since then / 252)."),
        ]
        | UnsetType
    ) = UNSET
    tracking_error: (
        Annotated[NotNegative, Meta(description="Fires if the annual tracking error is above it.")] | UnsetType
    ) = UNSET
    cash_flow: (
        Annotated[NotNegative, Meta(description="Fires if the share of cash differs from its target by more.")]
        | UnsetType
    ) = UNSET
    cost_benefit_years: (
        Annotated[
            NotNegative,
            Meta(description="Fires if the certainty-equivalent gain over this number of years exceeds the costs."),
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
    last_rebalance: Annotated[date, Meta(description="Default: the date of the last approved plan.")] | UnsetType = (
        UNSET
    )


def evaluation_of(portfolio_id: str, value: object) -> EvaluateTriggers:
    """The query that a request document stands for.

    Raises:
        InvalidInput: every mistake with its place, or no trigger at all.
    """
    asked = read_request(value, EvaluationRequest)
    given = {name: limit for name in TRIGGERS if (limit := getattr(asked.triggers, name)) is not UNSET}
    if not given:
        detail = f"is empty; give at least one of {', '.join(TRIGGERS)}."
        raise InvalidInput.at(("triggers",), detail, "empty")
    triggers = tuple(TRIGGERS[name](limit) for name, limit in given.items())
    return EvaluateTriggers(command_for(portfolio_id, asked), triggers, asked.last_rebalance or None)


class VerdictDocument(Struct, frozen=True, kw_only=True):
    """What one trigger says."""

    trigger: str
    fires: Annotated[bool, Meta(description="Whether it fires.")]
    value: Annotated[float | None, Meta(description="The measured value; null if it is unknown.")]
    limit: Annotated[float, Meta(description="The value that it is compared with.")]
    reason: Annotated[str, Meta(description="Why it fires, or why not.")]
    names: Annotated[list[str], Meta(description="Assets outside their bands, the farthest first.")]


class EvaluationDocument(Struct, frozen=True, kw_only=True):
    """Whether to rebalance now."""

    portfolio_id: str
    evaluated_at: datetime
    rebalance: Annotated[bool, Meta(description="Whether any trigger fires.")]
    triggers: list[VerdictDocument]
    last_rebalance: date | None
    current_allocation: dict[str, float]
    target_allocation: Annotated[dict[str, float], Meta(description="Weights after the trades.")]
    model_target: dict[str, float] | None
    metrics: Annotated[RebalanceMetrics, Meta(description="Metrics of the trades; no plan is stored.")]


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
