"""Rebalance plans as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.projections import PLANS, project
from tangency.adapters.sql.schema import RebalanceRequest, RebalanceResult, StoredPlan
from tangency.adapters.sql.statements import know
from tangency.domain.rebalancing.plan import (
    Figures,
    PlanMetrics,
    PlanStatus,
    PlanValuation,
    RebalancePlan,
    TargetType,
)
from tangency.domain.rebalancing.trades import Trade

UNDECIDED = RebalanceRequest.status == PlanStatus.PROPOSED.value


class SqlRebalancePlans:
    """The repository of plans, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def get(self, plan_id: str) -> RebalancePlan | None:
        """The plan of that id, which nobody else changes until this transaction ends."""
        plans = await self._those(RebalanceRequest.id == plan_id)
        return plans[0] if plans else None

    async def proposed(self, portfolio_id: str) -> Sequence[RebalancePlan]:
        """The plans of a portfolio that nobody has decided on, nor will until this transaction ends."""
        return await self._those(UNDECIDED, RebalanceRequest.portfolio_id == portfolio_id)

    async def last_approval(self, portfolio_id: str) -> datetime | None:
        """When a plan of the portfolio was approved last; None where none was."""
        return await _last_approval(self._session, self._tenant, portfolio_id, RebalanceRequest)

    async def overdue(self, at: datetime) -> Sequence[RebalancePlan]:
        """The plans of every portfolio that nobody decided on while they were valid."""
        return await self._those(UNDECIDED, RebalanceRequest.valid_until <= at)

    async def _those(self, *conditions: ColumnElement[bool]) -> Sequence[RebalancePlan]:
        request, result = RebalanceRequest, RebalanceResult
        ours = (request.tenant == result.tenant) & (request.id == result.rebalance_id)
        query = select(request, result).join(result, ours).where(request.tenant == self._tenant, *conditions)
        in_turn = query.order_by(request.id).with_for_update(of=request)  # two that lock several meet at the first
        rows = await self._session.execute(in_turn)
        return [_plan(asked, found) for asked, found in rows]

    async def put(self, plan: RebalancePlan) -> None:
        """Keep a plan, or what was decided about it."""
        await know(self._session, self._tenant, plan.portfolio_id)
        own = {"tenant": self._tenant}
        await self._session.merge(RebalanceRequest(**own, **_request(plan)))
        await self._session.flush()
        await self._session.merge(RebalanceResult(**own, **_result(plan)))
        await self._session.flush()
        await project(self._session, PLANS, self._tenant, plan.id)


def _request(plan: RebalancePlan) -> dict[str, Any]:
    constraints = plan.request.get("constraints")
    return {
        "id": plan.id,
        "portfolio_id": plan.portfolio_id,
        "target_type": plan.target_type.value,
        "constraints": dict(constraints) if isinstance(constraints, Mapping) else {},
        "request": dict(plan.request),
        "status": plan.status.value,
        "valid_until": plan.valid_until,
        "decided_at": plan.decided_at,
        "created_at": plan.created_at,
        "updated_at": plan.decided_at or plan.created_at,
    }


def _result(plan: RebalancePlan) -> dict[str, Any]:
    return {
        "rebalance_id": plan.id,
        "current_allocation": dict(plan.current_allocation),
        "model_target": None if plan.model_target is None else dict(plan.model_target),
        "target_allocation": dict(plan.target_allocation),
        "trades": [asdict(trade) for trade in plan.trades],
        "metrics": asdict(plan.metrics),
        "valuation": asdict(plan.valuation),
        "evidence": dict(plan.evidence),
        "completed_at": plan.created_at,
    }


async def read_plan(session: AsyncSession, tenant: str, plan_id: str) -> RebalancePlan | None:
    """The plan of that id; None where there is none."""
    row = await session.get(StoredPlan, (tenant, plan_id))
    return None if row is None else _plan(row, row)


async def read_plans(session: AsyncSession, tenant: str, portfolio_id: str) -> Sequence[RebalancePlan]:
    """The plans of a portfolio, newest first."""
    query = select(StoredPlan).where(StoredPlan.tenant == tenant, StoredPlan.portfolio_id == portfolio_id)
    rows = await session.scalars(query.order_by(StoredPlan.created_at.desc(), StoredPlan.rebalance_id))
    return [_plan(row, row) for row in rows]


async def read_last_approval(session: AsyncSession, tenant: str, portfolio_id: str) -> datetime | None:
    """When a plan of a portfolio was approved last; None where none was."""
    return await _last_approval(session, tenant, portfolio_id, StoredPlan)


async def _last_approval(
    session: AsyncSession, tenant: str, portfolio_id: str, of: type[RebalanceRequest | StoredPlan]
) -> datetime | None:
    ours = of.tenant == tenant, of.portfolio_id == portfolio_id, of.status == PlanStatus.APPROVED.value
    return await session.scalar(select(of.decided_at).where(*ours).order_by(of.decided_at.desc()).limit(1))


def _plan(asked: RebalanceRequest | StoredPlan, found: RebalanceResult | StoredPlan) -> RebalancePlan:
    return RebalancePlan(
        id=found.rebalance_id,
        portfolio_id=asked.portfolio_id,
        target_type=TargetType(asked.target_type),
        request=asked.request,
        current_allocation=found.current_allocation,
        model_target=found.model_target,
        target_allocation=found.target_allocation,
        trades=tuple(Trade(**trade) for trade in found.trades),
        metrics=_metrics(found.metrics),
        valuation=PlanValuation(**found.valuation),
        evidence=found.evidence,
        created_at=asked.created_at,
        valid_until=asked.valid_until,
        status=PlanStatus(asked.status),
        decided_at=asked.decided_at,
    )


def _metrics(kept: Mapping[str, Any]) -> PlanMetrics:
    figures = {name: Figures(**kept[name]) for name in ("improvement", "net_improvement")}
    return PlanMetrics(**{**kept, **figures})
