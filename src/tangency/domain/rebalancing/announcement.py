"""What others are told about a rebalance plan: that it was made, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event, announcement, stamp
from tangency.domain.rebalancing.plan import Figures, PlanStatus, RebalancePlan

CREATED = "rebalance_plan_created"


def created(plan: RebalancePlan, ids: IdGenerator) -> Event:
    """The event of a plan that was made, with its trades."""
    metrics = plan.metrics
    told = {
        **_about(plan),
        "created_at": stamp(plan.created_at),
        "valid_until": stamp(plan.valid_until),
        "current_allocation": dict(plan.current_allocation),
        "target_allocation": dict(plan.target_allocation),
        "trades": _trades(plan),
        "metrics": {
            "turnover": metrics.turnover,
            "expected_improvement": _figures(metrics.improvement),
            "transaction_costs": metrics.transaction_costs,
            "tax_implications": metrics.tax_implications,
        },
    }
    return announcement(CREATED, plan.id, plan.created_at, ids, told)


def decided(plan: RebalancePlan, at: datetime, ids: IdGenerator) -> Event:
    """The event of a plan's end: approved, with the trades that are to be made; rejected, or expired."""
    told = {**_about(plan), "decided_at": stamp(at)}
    if plan.status is PlanStatus.APPROVED:
        told["trades"] = _trades(plan)
    return announcement(f"rebalance_plan_{plan.status}", plan.id, at, ids, told)


def _about(plan: RebalancePlan) -> dict[str, Any]:
    return {"rebalance_id": plan.id, "portfolio_id": plan.portfolio_id, "target_type": plan.target_type.value}


def _trades(plan: RebalancePlan) -> list[Mapping[str, Any]]:
    return [asdict(trade) for trade in plan.trades]


def _figures(figures: Figures) -> Mapping[str, float | None]:
    return {"return": figures.expected_return, "risk": figures.risk, "sharpe": figures.sharpe}
