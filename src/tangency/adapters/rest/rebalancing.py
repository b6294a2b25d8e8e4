"""The endpoints of rebalancing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from tangency.adapters.document.reading import read_value
from tangency.adapters.document.rebalancing.evaluation import evaluation_document, evaluation_of
from tangency.adapters.document.rebalancing.plan import RebalancePlanDocument, document_of
from tangency.adapters.document.rebalancing.request import command_of
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of
from tangency.adapters.rest.keys import key_of
from tangency.application.rebalancing.plans import DecidePlan, ListPlans, ReadPlan
from tangency.domain.rebalancing.plan import PlanStatus, RebalancePlan


class RebalancePlanList(Struct, frozen=True, kw_only=True):
    """The plans of a portfolio."""

    rebalances: Annotated[list[RebalancePlanDocument], Meta(description="Newest first.")]


@post("/api/v1/portfolios/{portfolio_id:str}/rebalance", status_code=200)
async def rebalance(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """Plan the trades toward a target."""
    command = command_of(portfolio_id, read_value(await request.body()))
    return _plan(await service_of(request).handle(replace(command, key=await key_of(request))))


@post("/api/v1/portfolios/{portfolio_id:str}/rebalance/evaluate", status_code=200)
async def evaluate_rebalance(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """Whether to rebalance now, and why or why not."""
    query = evaluation_of(portfolio_id, read_value(await request.body()))
    return answered(evaluation_document(await service_of(request).handle(query)))


@get("/api/v1/portfolios/{portfolio_id:str}/rebalances")
async def rebalances(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """The plans of a portfolio."""
    plans = await service_of(request).handle(ListPlans(portfolio_id))
    return answered(RebalancePlanList(rebalances=[document_of(plan) for plan in plans]))


@get("/api/v1/rebalances/{rebalance_id:str}")
async def rebalance_plan(request: Incoming, rebalance_id: FromPath[str]) -> Outgoing:
    """A plan as it stands now."""
    return _plan(await service_of(request).handle(ReadPlan(rebalance_id)))


@post("/api/v1/rebalances/{rebalance_id:str}/approve", status_code=200, opt={"bodiless": True})
async def approve_rebalance(request: Incoming, rebalance_id: FromPath[str]) -> Outgoing:
    """Decide for a plan."""
    return _plan(await service_of(request).handle(DecidePlan(rebalance_id, PlanStatus.APPROVED)))


@post("/api/v1/rebalances/{rebalance_id:str}/reject", status_code=200, opt={"bodiless": True})
async def reject_rebalance(request: Incoming, rebalance_id: FromPath[str]) -> Outgoing:
    """Decide against a plan."""
    return _plan(await service_of(request).handle(DecidePlan(rebalance_id, PlanStatus.REJECTED)))


HANDLERS = (rebalance, evaluate_rebalance, rebalances, rebalance_plan, approve_rebalance, reject_rebalance)


def _plan(plan: RebalancePlan) -> Outgoing:
    return answered(document_of(plan))
