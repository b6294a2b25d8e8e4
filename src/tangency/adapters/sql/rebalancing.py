"""Rebalance plans as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import StoredPlan
from tangency.domain.rebalancing.plan import (
    Figures,
    PlanMetrics,
    PlanStatus,
    PlanValuation,
    RebalancePlan,
    TargetType,
)
from tangency.domain.rebalancing.trades import Trade


class SqlRebalancePlans:
    """The repository of plans, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def get(self, plan_id: str) -> RebalancePlan | None:
        """The plan of that id, which nobody else changes until this transaction ends."""
        row = await self._session.get(StoredPlan, (self._tenant, plan_id), with_for_update=True)
        return None if row is None else _plan(row)

    async def proposed(self, portfolio_id: str) -> Sequence[RebalancePlan]:
        """The plans of a portfolio that nobody has decided on."""
        return await self._proposed(StoredPlan.portfolio_id == portfolio_id)

    async def overdue(self, at: datetime) -> Sequence[RebalancePlan]:
        """The plans of every portfolio that nobody decided on while they were valid."""
        return await self._proposed(StoredPlan.valid_until <= at)

    async def _proposed(self, condition: ColumnElement[bool]) -> Sequence[RebalancePlan]:
        query = select(StoredPlan).where(
            StoredPlan.tenant == self._tenant, StoredPlan.status == PlanStatus.PROPOSED.value, condition
        )
        return [_plan(row) for row in await self._session.scalars(query.with_for_update())]

    async def put(self, plan: RebalancePlan) -> None:
        """Keep a plan, or what was decided about it."""
        await self._session.merge(
            StoredPlan(
                tenant=self._tenant,
                rebalance_id=plan.id,
                portfolio_id=plan.portfolio_id,
                target_type=plan.target_type.value,
                request=dict(plan.request),
                current_allocation=dict(plan.current_allocation),
                model_target=None if plan.model_target is None else dict(plan.model_target),
                target_allocation=dict(plan.target_allocation),
                trades=[asdict(trade) for trade in plan.trades],
                metrics=asdict(plan.metrics),
                valuation=asdict(plan.valuation),
                evidence=dict(plan.evidence),
                status=plan.status.value,
                created_at=plan.created_at,
                valid_until=plan.valid_until,
                decided_at=plan.decided_at,
            )
        )
        await self._session.flush()


async def read_plan(session: AsyncSession, tenant: str, plan_id: str) -> RebalancePlan | None:
    """The plan of that id; None where there is none."""
    row = await session.get(StoredPlan, (tenant, plan_id))
    return None if row is None else _plan(row)


async def read_plans(session: AsyncSession, tenant: str, portfolio_id: str) -> Sequence[RebalancePlan]:
    """The plans of a portfolio, newest first."""
    query = select(StoredPlan).where(StoredPlan.tenant == tenant, StoredPlan.portfolio_id == portfolio_id)
    rows = await session.scalars(query.order_by(StoredPlan.created_at.desc(), StoredPlan.rebalance_id))
    return [_plan(row) for row in rows]


def _plan(row: StoredPlan) -> RebalancePlan:
    return RebalancePlan(
        id=row.rebalance_id,
        portfolio_id=row.portfolio_id,
        target_type=TargetType(row.target_type),
        request=row.request,
        current_allocation=row.current_allocation,
        model_target=row.model_target,
        target_allocation=row.target_allocation,
        trades=tuple(Trade(**trade) for trade in row.trades),
        metrics=_metrics(row.metrics),
        valuation=PlanValuation(**row.valuation),
        evidence=row.evidence,
        created_at=row.created_at,
        valid_until=row.valid_until,
        status=PlanStatus(row.status),
        decided_at=row.decided_at,
    )


def _metrics(kept: Mapping[str, Any]) -> PlanMetrics:
    figures = {name: Figures(**kept[name]) for name in ("improvement", "net_improvement")}
    return PlanMetrics(**{**kept, **figures})
