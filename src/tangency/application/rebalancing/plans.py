"""Making plans, reading them and deciding about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tangency.application.context import Context
from tangency.application.expiry import expire
from tangency.application.idempotency import claim
from tangency.application.message import Message
from tangency.application.portfolio_data import holdings_and_prices
from tangency.application.rebalancing.command import MakePlan
from tangency.application.rebalancing.planning import planned
from tangency.domain.errors import NotFound
from tangency.domain.rebalancing.announcement import created, decided
from tangency.domain.rebalancing.plan import APlanIsDecidedOnce, PlanStatus, RebalancePlan
from tangency.domain.rebalancing.valuation import state_digest
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ReadPlan(Message[RebalancePlan]):
    """A plan as it stands now."""

    plan_id: str


@dataclass(frozen=True, slots=True)
class ListPlans(Message[Sequence[RebalancePlan]]):
    """The plans of a portfolio, newest first."""

    portfolio_id: str


@dataclass(frozen=True, slots=True)
class DecidePlan(Message[RebalancePlan]):
    """Approve or reject a plan."""

    plan_id: str
    decision: PlanStatus


async def make_plan(command: MakePlan, context: Context) -> RebalancePlan:
    """Solve for the target that the limits allow, and keep the trades that lead there.

    Raises:
        NotFound: no holdings or no prices are imported under the portfolio's id.
        InvalidInput: what was asked cannot be read as a problem.
        NoAnswer: it can, and no trades within the limits are to be had.
    """
    plan, _ = await planned(command, context)

    async def work(unit: UnitOfWork) -> None:
        await claim(unit, command.key, plan.id, plan.created_at)
        await unit.rebalance_plans.put(plan)
        await unit.events.add(created(plan, context.ids))

    await context.units.keep(work)
    context.activity.signal()
    return plan


async def plan_again(subject: str, context: Context) -> RebalancePlan:
    """The plan that a key stands for, as it was when it was made."""
    plan = await context.rebalance_plans.plan(subject)
    if plan is None:
        raise _no_plan(subject)
    return replace(plan, status=PlanStatus.PROPOSED, decided_at=None)


async def read_plan(query: ReadPlan, context: Context) -> RebalancePlan:
    """Read it.

    Raises:
        NotFound: there is none.
    """
    return await _seen(await context.rebalance_plans.plan(query.plan_id), query.plan_id, context)


async def list_plans(query: ListPlans, context: Context) -> Sequence[RebalancePlan]:
    """Read them.

    Raises:
        NotFound: nobody knows the portfolio.
    """
    plans = await context.rebalance_plans.plans_of(query.portfolio_id)
    digest, now = await _digest(query.portfolio_id, context), context.clock.now()
    if digest is None and not plans:
        raise NotFound(f"nothing is imported under {query.portfolio_id[:100]!r}; import prices and holdings first.")
    approval = await context.rebalance_plans.last_approval(query.portfolio_id)
    return [plan.seen(now, digest, approval) for plan in plans]


async def decide_plan(command: DecidePlan, context: Context) -> RebalancePlan:
    """Decide, and keep the decision. An approval ends the other plans of the portfolio: trades are made once.

    Raises:
        NotFound: there is no such plan.
        APlanIsDecidedOnce: it is decided already, or expired.
    """
    known = await context.rebalance_plans.plan(command.plan_id)
    if known is None:
        raise _no_plan(command.plan_id)
    digest = await _digest(known.portfolio_id, context)
    before, after, why = await context.units.keep(
        lambda unit: _decide(command, known.portfolio_id, digest, unit, context)
    )
    context.activity.signal()
    if after is before or after.status is PlanStatus.EXPIRED:
        raise APlanIsDecidedOnce(before.id, after.status, why)
    return after


async def _decide(
    command: DecidePlan, portfolio_id: str, digest: str | None, unit: UnitOfWork, context: Context
) -> tuple[RebalancePlan, RebalancePlan, str]:
    """The plan before and after, the same one where there was nothing to decide any more; and why it expired."""
    waiting = await unit.rebalance_plans.proposed(portfolio_id)  # before the plan: two approvals take turns
    plan = await unit.rebalance_plans.get(command.plan_id)
    if plan is None:
        raise _no_plan(command.plan_id)
    now: datetime = context.clock.now()
    approval = await unit.rebalance_plans.last_approval(portfolio_id)
    ended = plan.seen(now, digest, approval)
    if ended.status is PlanStatus.PROPOSED:
        ended = ended.decided(command.decision, now)
    if ended is not plan:
        await unit.rebalance_plans.put(ended)
        await unit.events.add(decided(ended, now, context.ids))
    if ended is not plan and ended.status is PlanStatus.APPROVED:
        for other in waiting:
            if other.id != plan.id:
                await expire(other, unit, context)
    return plan, ended, plan.outdated(now, digest, approval) or ""


async def _seen(plan: RebalancePlan | None, plan_id: str, context: Context) -> RebalancePlan:
    if plan is None:
        raise _no_plan(plan_id)
    approval = await context.rebalance_plans.last_approval(plan.portfolio_id)
    return plan.seen(context.clock.now(), await _digest(plan.portfolio_id, context), approval)


def _no_plan(plan_id: str) -> NotFound:
    return NotFound(f"there is no rebalance plan {plan_id[:100]!r}.")


async def _digest(portfolio_id: str, context: Context) -> str | None:
    try:
        portfolio, prices = await holdings_and_prices(portfolio_id, context)
    except NotFound:  # a neighbour knows the portfolio no more, so that none of its plans is for a state that it has
        return None
    return None if portfolio is None or prices is None else state_digest(portfolio, prices)
