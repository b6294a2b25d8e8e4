"""Ordering an optimization, coming back for it, calling it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from tangency.application.configuration import SUPPLIED, request_with_configuration, supplied_to
from tangency.application.context import Context
from tangency.application.estimate import cost_of_order, expected_seconds
from tangency.application.evidence import known
from tangency.application.idempotency import Creating, claim
from tangency.application.library import with_entries
from tangency.application.message import Message
from tangency.application.order_request import TAXES, OrderRequest, bounds_of, fault_as_ordered, faults_of, question_of
from tangency.application.plugin_checks import completed, refuse_unacceptable
from tangency.application.portfolio_data import holdings_and_prices, risk_model
from tangency.application.posing import pose, refuse_too_many
from tangency.application.question import Question
from tangency.application.taxes import TAX_TERMS, TaxTerms, complete_terms
from tangency.domain.errors import InvalidInput, NotFound
from tangency.domain.event import Event
from tangency.domain.idempotency import Key
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Optimization
from tangency.domain.optimization.order import (
    AlreadyFinal,
    Filter,
    Order,
    OrderState,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.portfolio.valuation import Valuation
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PlaceOrder(Creating[OrderState]):
    """Accept a request, to be carried out later; nothing is solved yet."""

    request: OrderRequest


@dataclass(frozen=True, slots=True)
class ReadOrder(Message[OrderState]):
    """The state and the result of an order."""

    order: UUID


@dataclass(frozen=True, slots=True)
class ListOrders(Message[Sequence[OrderState]]):
    """Orders, newest first."""

    wanted: Filter


@dataclass(frozen=True, slots=True)
class CancelOrder(Message[OrderState]):
    """Cancel an order."""

    order: UUID


@dataclass(frozen=True, slots=True)
class ReadEvents(Message[Sequence[Event]]):
    """The events after a position."""

    after: int
    limit: int = 100


@dataclass(frozen=True, slots=True)
class LastPosition(Message[int]):
    """The position of the newest event."""


async def place_order(command: PlaceOrder, context: Context) -> OrderState:
    """Pose the question now, so that mistakes are reported at once, and store the order.

    Raises:
        InvalidInput: the request cannot be read as a problem; nothing is kept.
        NotFound: a neighbour knows no such portfolio, or no price of it.
        NeighbourUnavailable: it cannot be asked.
        NeighbourUnusable: its answer is against its contract.
    """
    try:
        order = await _order(await request_with_configuration(command.request, context), context)
    except InvalidInput as error:
        raise type(error)([fault_as_ordered(fault, command.request) for fault in error.faults]) from None
    return await accepted(order, command.key, context)


async def accepted(order: Order, key: Key | None, context: Context) -> OrderState:
    """Store an order, and wake a worker.

    Raises:
        KeyReused: the key came with another request before.
    """
    optimization = order.optimization
    context.units.prepare(optimization.problem)
    await context.units.ready(optimization.problem)

    async def work(unit: UnitOfWork) -> None:
        await claim(unit, key, str(optimization.id), optimization.requested_at)
        await unit.orders.add(order)

    await context.units.keep(work)
    context.tickets.came(order.queue, optimization.id)
    context.activity.signal()
    return await _found(optimization.id, context)


async def order_again(subject: str, context: Context) -> OrderState:
    """The order that a key stands for."""
    return await _found(UUID(subject), context)


async def _order(request: OrderRequest, context: Context) -> Order:
    portfolio, prices = await holdings_and_prices(request.portfolio_id, context)
    faults = list(faults_of(request, portfolio))
    if prices is None or portfolio is None or faults:
        missing = f"{request.portfolio_id!r} has no prices here; import them first."
        raise InvalidInput(faults or InvalidInput.at(("portfolio_id",), missing, "unknown").faults)
    refuse_too_many(len(prices.names), context.names_limit)
    evidence = known(portfolio, prices, await risk_model(request.portfolio_id, request.risk, context))
    question = question_of(request, evidence)
    if request.supply is not None:
        question = supplied_to(question, request.supply)
    question = await with_entries(question, context)
    wording = {**request.wording, SUPPLIED: {**request.wording.get(SUPPLIED, {}), **question.supplied}}
    if request.preferences.consider_tax_implications:
        terms = await complete_terms(portfolio, request.tax, context, TAXES)
        question = _taxed(question, terms, request, Valuation.of(portfolio, prices.latest()), context)
        wording[TAX_TERMS] = terms.told
    problem = await completed(pose(question, bounds_of(request, evidence), context), context)
    return await drawn_up(question, problem, wording, context)


def _taxed(question: Question, terms: TaxTerms, request: OrderRequest, worth: Valuation, context: Context) -> Question:
    """The question with what its method counts taxes from, of gains after what selling costs."""
    rate, today = request.preferences.cost_rate or 0.0, context.clock.now().date()
    options = {**question.options, "tax": terms.in_weights(worth.prices, worth.total, rate, today)}
    return replace(question, options=options, references=(*question.references, terms.source))


async def drawn_up(question: Question, problem: Problem, wording: Mapping[str, Any], context: Context) -> Order:
    """The order for a question whose problem is posed already.

    Raises:
        InvalidInput: what its method cannot do, or a problem above the ceiling of what this service takes on.
    """
    await refuse_unacceptable(problem, context)
    now, cost = context.clock.now(), cost_of_order(problem, context)
    optimization = Optimization.request(context.ids.new(), question.portfolio_id, question.configuration, problem, now)
    context.ceilings.refuse(cost)
    queue = context.ceilings.queue(cost)
    expected_at = now + timedelta(seconds=await expected_seconds(cost, queue, context))
    valuation = await _valuation(question, context)
    return Order(optimization, wording, valuation, expected_at, queue, estimated_s=cost.seconds)


async def _valuation(question: Question, context: Context) -> Valuation | None:
    if question.strategies is not None:
        return None
    portfolio, prices = await holdings_and_prices(question.portfolio_id, context)
    if portfolio is None or prices is None:
        return None
    benchmark = await context.records.benchmark(question.portfolio_id)
    return replace(Valuation.of(portfolio, prices.latest()), benchmark=benchmark)


async def read_order(query: ReadOrder, context: Context) -> OrderState:
    """Read it, with its answer where there is one.

    Raises:
        NotFound: there is none of that id.
    """
    return await _found(query.order, context)


async def _found(order: UUID, context: Context) -> OrderState:
    state = await context.orders.order(order)
    if state is None:
        raise NotFound(f"there is no optimization {spelled(order)!r}.")
    return state


async def list_orders(query: ListOrders, context: Context) -> Sequence[OrderState]:
    """Read them."""
    return await context.orders.orders(query.wanted)


async def cancel_order(command: CancelOrder, context: Context) -> OrderState:
    """Cancel it; a running solve is stopped.

    Raises:
        NotFound: there is none of that id.
        AlreadyFinal: it has ended.
    """
    cancelled = await context.units.keep(lambda unit: unit.orders.cancel(command.order, context.clock.now()))
    state = await _found(command.order, context)
    if not cancelled:
        raise AlreadyFinal(spelled(command.order), state.stage)
    context.activity.stop(command.order)
    context.activity.signal()
    return state


async def read_events(query: ReadEvents, context: Context) -> Sequence[Event]:
    """Read them."""
    return await context.events.events(query.after, query.limit)


async def last_position(_query: LastPosition, context: Context) -> int:
    """Read it."""
    return await context.events.last_position()
