"""Ending rebalance plans that nobody decided on while they were for the portfolio as it is."""

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
    """End a plan within a transaction, and tell."""
    expired = replace(plan, status=PlanStatus.EXPIRED)
    await unit.rebalance_plans.put(expired)
    await unit.events.add(decided(expired, context.clock.now(), context.ids))


async def expire_outdated(
    portfolio: Portfolio | None, prices: PriceHistory | None, unit: UnitOfWork, context: Context
) -> None:
    """End the plans of a portfolio that were made for another state of it than the one that is being imported."""
    if portfolio is None or prices is None:
        return
    digest, now = state_digest(portfolio, prices), context.clock.now()
    for plan in await unit.rebalance_plans.proposed(portfolio.id):
        if plan.seen(now, digest).status is PlanStatus.EXPIRED:
            await expire(plan, unit, context)
