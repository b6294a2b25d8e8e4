"""Expiring rebalance plans that no longer fit the portfolio, or whose time is over."""

from __future__ import annotations

from dataclasses import replace

from tangency.application.context import Context
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.announcement import decided
from tangency.domain.rebalancing.plan import PlanStatus, RebalancePlan
from tangency.domain.rebalancing.valuation import state_digest
from tangency.domain.unit_of_work import UnitOfWork


async def expire(plan: RebalancePlan, unit: UnitOfWork, context: Context) -> None:
    """Mark a plan as expired and record the event, within a transaction."""
    expired = replace(plan, status=PlanStatus.EXPIRED)
    await unit.rebalance_plans.put(expired)
    await unit.events.add(decided(expired, context.clock.now(), context.ids))


async def expire_outdated(
    portfolio: Portfolio | None, prices: PriceHistory | None, unit: UnitOfWork, context: Context
) -> None:
    """Expire the open plans of a portfolio that were made for another state than the one being imported."""
    if portfolio is None or prices is None:
        return
    digest, now = state_digest(portfolio, prices), context.clock.now()
    for plan in await unit.rebalance_plans.proposed(portfolio.id):
        if plan.seen(now, digest).status is PlanStatus.EXPIRED:
            await expire(plan, unit, context)
