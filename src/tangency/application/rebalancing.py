"""Rebalancing: a plan of trades toward a target, kept until somebody decides on it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import cast

import numpy as np

from tangency.application.context import Context
from tangency.application.library import with_entries
from tangency.application.message import Message
from tangency.application.posing import gathered, pose
from tangency.application.question import Question
from tangency.application.taxation import TaxTerms, checked_terms, taxed
from tangency.domain.errors import InvalidInput, NotFound, hint
from tangency.domain.library.entry import Address, Shelf, missing
from tangency.domain.market.universe import CASH
from tangency.domain.optimization.constraint import Budget
from tangency.domain.optimization.judgement import required_answer
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.plan import (
    Figures,
    PlanMetrics,
    PlanStatus,
    PlanValuation,
    RebalancePlan,
    TargetType,
)
from tangency.domain.rebalancing.taxes import Disposal
from tangency.domain.rebalancing.trades import Allocation, CostModel, Trade, traded, turnover
from tangency.domain.rebalancing.triggers import Drift, Trigger, Verdict
from tangency.domain.rebalancing.valuation import state_digest

VALID_FOR_S = 86_400.0
"""A day: prices of the day before are no basis for a trade."""
CENT = 0.01
MOST_ROUNDS = 30
"""Selling to pay a tax owes more of it: each round leaves at most the tax rate of the miss before it."""
ROUNDING = 1e-9
"""Of the portfolio's value: what the solver leaves of a weight that is 0."""


@dataclass(frozen=True, eq=False, slots=True)
class TradeRules:
    """Limits on the trades; None where there is none.

    Attributes:
        max_turnover: one-way, cash included, as a fraction of the portfolio's value.
        min_trade_size: no trade is worth less, in money.
        max_trades: so many names are traded at most.
        min_cash: what is left when everything is paid, in money; what there is where it is less than nothing.
        cash_weight: to be held in cash by an optimal target; as much as now where left out.
        consider_tax_implications: whether taxes count; they need lots.
    """

    max_turnover: float | None = None
    min_trade_size: float = 0.0
    max_trades: int | None = None
    min_cash: float | None = None
    cash_weight: float | None = None
    consider_tax_implications: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class MakePlan(Message[RebalancePlan]):
    """Plan the trades toward a target.

    Attributes:
        question: portfolio, objective, limits and estimates; the objective only counts for an optimal target.
        target_allocation: of a custom target, by name; ``CASH`` may be among them.
        model_id: of a model portfolio, for targets ``model`` and ``benchmark``.
        cost_rate: per traded value, each side.
        tax: what taxes are counted from, where they are to count.
        stated: the request, for the record.
    """

    question: Question
    target_type: TargetType
    rules: TradeRules = field(default_factory=TradeRules)
    target_allocation: Mapping[str, float] | None = None
    model_id: str | None = None
    cost_rate: float = 0.0
    tax: TaxTerms | None = None
    valid_for_s: float = VALID_FOR_S
    stated: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Evaluation:
    """What triggers say about a portfolio.

    Attributes:
        plan: what rebalancing now would take; it is not kept.
        last_rebalance: as it was stated, or of the last plan that was approved.
    """

    plan: RebalancePlan
    last_rebalance: date | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, eq=False, slots=True)
class EvaluateTriggers(Message[Evaluation]):
    """Ask triggers whether to rebalance now."""

    plan: MakePlan
    triggers: tuple[Trigger, ...]
    last_rebalance: date | None = None


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
    plan, _ = await _planned(command, context)
    async with context.units() as unit:
        await unit.rebalance_plans.put(plan)
        await unit.commit()
    return plan


async def _planned(command: MakePlan, context: Context) -> tuple[RebalancePlan, Solution]:
    """The plan, not kept, and the solve behind it."""
    portfolio, prices = await _state(command.question.portfolio_id, context)
    cost = CostModel.of(command.cost_rate, ("transaction_cost_model",))
    terms = checked_terms(portfolio, command.tax) if command.rules.consider_tax_implications else None
    now, wish = Allocation.of(portfolio, prices.latest()), await _wish(command, prices, context)
    created, reserve = context.clock.now(), 0.0
    rounds = 0
    while True:
        problem = await _posed(command, now, wish, cost, reserve, context)
        solution = required_answer(await context.solvers.solve(problem, context.deadline_s))
        bill = _billed(_changes(solution, problem, now), now, portfolio, prices, cost, terms, created.date())
        rounds += 1
        if bill.owed <= reserve + CENT / 2 or rounds == MOST_ROUNDS:
            break
        reserve = bill.owed
    plan = RebalancePlan(
        id="reb-" + base64.b32encode(context.ids.new().bytes).decode().rstrip("="),
        portfolio_id=portfolio.id,
        target_type=command.target_type,
        request=command.stated,
        current_allocation=_shares(now, bill.after),
        model_target=None if wish is None else _with_cash(wish),
        target_allocation=_shares(bill.after, now),
        trades=bill.trades,
        metrics=_metrics(solution, bill, now, wish),
        valuation=PlanValuation(
            state_digest(portfolio, prices), now.total, now.cash, bill.after.cash, prices.dates[-1].isoformat()
        ),
        evidence={**_evidence(solution), "disposals": [_told(disposal) for disposal in bill.disposals]},
        created_at=created,
        valid_until=created + timedelta(seconds=command.valid_for_s),
    )
    return plan, solution


@dataclass(frozen=True, eq=False, slots=True)
class _Bill:
    """Trades, and what is paid for them; ``tax`` is None where nobody asked."""

    trades: tuple[Trade, ...]
    after: Allocation
    costs: float
    tax: float | None
    disposals: Sequence[Disposal]

    @property
    def owed(self) -> float:
        """Tax to be paid out of cash; what a loss saves is no cash yet."""
        return max(self.tax or 0.0, 0.0)


def _billed(
    changes: Mapping[str, float],
    now: Allocation,
    portfolio: Portfolio,
    prices: PriceHistory,
    cost: CostModel,
    terms: TaxTerms | None,
    day: date,
) -> _Bill:
    latest = prices.latest()
    held = {holding.name: holding.quantity for holding in portfolio.holdings}
    costs = cost.cost(float(np.sum(np.abs(list(changes.values())))))
    trades, after = traded(now, changes, latest, costs, held)
    if terms is None:
        return _Bill(trades, after, costs, None, ())
    tax, disposals = taxed(trades, terms, cost, day)
    trades, after = traded(now, changes, latest, costs + max(tax, 0.0), held)
    return _Bill(trades, after, costs, tax, disposals)


def _told(disposal: Disposal) -> dict[str, object]:
    return {
        "instrument_id": disposal.lot.instrument_id,
        "lot": disposal.lot.id,
        "quantity": disposal.quantity,
        "gain": disposal.gain,
        "disallowed": disposal.disallowed,
        "long_term": disposal.long_term,
    }


async def evaluate_triggers(query: EvaluateTriggers, context: Context) -> Evaluation:
    """Plan the trades, keep nothing, and ask each trigger about them.

    Raises:
        NotFound: no holdings or no prices are imported under the portfolio's id.
        InvalidInput: what was asked cannot be read as a problem.
        NoAnswer: it can, and no trades within the limits are to be had.
    """
    plan, solution = await _planned(query.plan, context)
    names = solution.universe.names
    target = plan.target_allocation if plan.model_target is None else plan.model_target
    last = query.last_rebalance or await _last_approved(plan.portfolio_id, context)
    metrics = plan.metrics
    drift = Drift(
        weights={name: plan.current_allocation.get(name, 0.0) for name in names},
        target={name: target.get(name, 0.0) for name in names},
        volatilities=cast(Mapping[str, float], solution.findings["volatilities"]),
        today=date.fromisoformat(plan.valuation.priced_at),
        last_rebalance=last,
        tracking_error=cast(float, solution.findings["distance"]),
        total=plan.valuation.total,
        cash=plan.valuation.cash_before,
        gain=_certainty_equivalent(solution, query.plan.question.risk.risk_aversion or 1.0),
        cost=metrics.transaction_costs + (metrics.tax_implications or 0.0),
    )
    return Evaluation(plan, last, tuple(trigger.look(drift) for trigger in query.triggers))


async def _last_approved(portfolio_id: str, context: Context) -> date | None:
    plans = await context.rebalance_plans.plans_of(portfolio_id)
    approved = [plan.decided_at for plan in plans if plan.status is PlanStatus.APPROVED and plan.decided_at]
    return max(approved).date() if approved else None


def _certainty_equivalent(solution: Solution, aversion: float) -> float | None:
    """Of the weights after the trades less that before: return - aversion / 2 x variance, annual."""
    before, after = (_figures(solution.findings[when]) for when in ("before", "after"))
    if before.expected_return is None or after.expected_return is None:
        return None
    variance = (after.risk or 0.0) ** 2 - (before.risk or 0.0) ** 2
    return after.expected_return - before.expected_return - 0.5 * aversion * variance


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
    return [plan.seen(now, digest) for plan in plans]


async def decide_plan(command: DecidePlan, context: Context) -> RebalancePlan:
    """Decide, and keep the decision.

    Raises:
        NotFound: there is no such plan.
        APlanIsDecidedOnce: it is decided already, or expired.
    """
    known = await context.rebalance_plans.plan(command.plan_id)
    digest = None if known is None else await _digest(known.portfolio_id, context)
    async with context.units() as unit:
        plan = await unit.rebalance_plans.get(command.plan_id)
        if plan is None:
            raise _no_plan(command.plan_id)
        now: datetime = context.clock.now()
        decided = plan.seen(now, digest).decided(command.decision, now)
        await unit.rebalance_plans.put(decided)
        await unit.commit()
    return decided


async def _seen(plan: RebalancePlan | None, plan_id: str, context: Context) -> RebalancePlan:
    if plan is None:
        raise _no_plan(plan_id)
    return plan.seen(context.clock.now(), await _digest(plan.portfolio_id, context))


def _no_plan(plan_id: str) -> NotFound:
    return NotFound(f"there is no rebalance plan {plan_id[:100]!r}.")


async def _digest(portfolio_id: str, context: Context) -> str | None:
    portfolio = await context.portfolios.portfolio(portfolio_id)
    prices = await context.market_data.prices(portfolio_id)
    return None if portfolio is None or prices is None else state_digest(portfolio, prices)


async def _state(portfolio_id: str, context: Context) -> tuple[Portfolio, PriceHistory]:
    portfolio = await context.portfolios.portfolio(portfolio_id)
    prices = await context.market_data.prices(portfolio_id)
    if portfolio is None or prices is None:
        what = "holdings" if portfolio is None else "prices"
        raise NotFound(f"no {what} are imported under {portfolio_id!r}; import prices and holdings first.")
    return portfolio, prices


async def _wish(command: MakePlan, prices: PriceHistory, context: Context) -> dict[str, float] | None:
    """Weights of every name with a price; None where the objective decides. What they leave of 1 is cash."""
    kind = command.target_type
    if kind is TargetType.OPTIMAL:
        return None
    if kind is TargetType.EQUAL_WEIGHT:
        return dict.fromkeys(prices.names, 1.0 / len(prices.names))
    if kind is TargetType.CUSTOM:
        if command.target_allocation is None:
            raise InvalidInput.at(("target_allocation",), "is left out; a custom target needs it.", "missing")
        return _lined_up(command.target_allocation, prices.names, "target_allocation")
    if command.model_id is None:
        detail = f"is left out; a target of type {kind.value} needs the id of a portfolio kept at /api/v1/models."
        raise InvalidInput.at(("model_id",), detail, "missing")
    address = Address(Shelf.MODELS, command.model_id)
    entry = await context.library.entry(address)
    if entry is None:
        raise InvalidInput.at(("model_id",), str(missing(address)), "reference")
    weights = cast(Mapping[str, float], entry.content)  # the shelf holds nothing else
    return _lined_up(weights, prices.names, "model_id")


LARGEST_MISS = 1e-6
"""By which the weights of a target may miss 1."""


def _lined_up(weights: Mapping[str, float], names: Sequence[str], field_name: str) -> dict[str, float]:
    for name, weight in weights.items():
        if name != CASH and name not in names:
            detail = f"{name!r} has no price under this portfolio's id; {hint(name, [*names, CASH])}"
            raise InvalidInput.at((field_name, name), detail, "unknown")
        if weight < 0:
            raise InvalidInput.at((field_name, name), f"is {weight}; give a weight of at least 0.", "range")
    total = sum(weights.values())
    if abs(total - 1.0) > LARGEST_MISS:
        raise InvalidInput.at((field_name,), f"sums to {total:.9g}; weights and {CASH} sum to 1.", "budget")
    return {name: weights.get(name, 0.0) for name in names}


async def _posed(
    command: MakePlan,
    now: Allocation,
    wish: Mapping[str, float] | None,
    cost: CostModel,
    reserve: float,
    context: Context,
) -> Problem:
    rules, total = command.rules, now.total
    floor = (min(0.0, now.cash) if rules.min_cash is None else rules.min_cash) + reserve
    options: dict[str, object] = {
        "max_turnover": rules.max_turnover,
        "max_trades": rules.max_trades,
        "min_trade": rules.min_trade_size / total + 2 * ROUNDING if rules.min_trade_size > 0 else 0.0,
        "cost": cost.rate,
        "cash_floor": floor / total,
        **({} if wish is None else {"benchmark": dict(wish)}),
    }
    question = await with_entries(replace(command.question, options=options, method="rebalancing"), context)
    problem = pose(question, await gathered(question, context), context)
    others = tuple(limit for limit in problem.constraints if not isinstance(limit, Budget))
    if wish is not None:
        return replace(problem, objective=MinimumVolatility(), constraints=others)
    kept = now.cash / total if rules.cash_weight is None else rules.cash_weight
    return replace(problem, constraints=(Budget(1.0 - max(kept, floor / total)), *others))


def _changes(solution: Solution, problem: Problem, now: Allocation) -> dict[str, float]:
    """Of each traded name's value, in money; what is sold out is sold to the last unit."""
    total, changes = now.total, {}
    weights, current = solution.weights_by_name, now.weights
    for name in problem.universe.names:
        change = weights[name] - current.get(name, 0.0)
        if abs(change) > ROUNDING:
            sold_out = abs(weights[name]) <= ROUNDING
            changes[name] = -now.values[name] if sold_out else change * total
    return changes


def _shares(of: Allocation, other: Allocation) -> dict[str, float]:
    """Every name that is held before or after, and cash."""
    weights, total = of.weights, of.total
    names = sorted({name for each in (of, other) for name, value in each.values.items() if value})
    return {**{name: weights.get(name, 0.0) for name in names}, CASH: of.cash / total}


def _with_cash(wish: Mapping[str, float]) -> dict[str, float]:
    return {**{name: weight for name, weight in wish.items() if weight}, CASH: max(0.0, 1.0 - sum(wish.values()))}


def _metrics(
    solution: Solution,
    bill: _Bill,
    now: Allocation,
    wish: Mapping[str, float] | None,
) -> PlanMetrics:
    before, after = (_figures(solution.findings[when]) for when in ("before", "after"))
    drag = (bill.costs + bill.owed) / now.total
    net = Figures(
        None if after.expected_return is None else after.expected_return - drag,
        after.risk,
        None if after.sharpe is None or not after.risk else after.sharpe - drag / after.risk,
    )
    return PlanMetrics(
        turnover=turnover(bill.trades, now.total),
        improvement=after.less(before),
        net_improvement=net.less(before),
        transaction_costs=bill.costs,
        tax_implications=bill.tax,
        tracking_error=None if wish is None else solution.objective_value,
    )


def _figures(found: object) -> Figures:
    figures = cast(Mapping[str, float | None], found)  # as the method writes it
    return Figures(figures["return"], figures["risk"], figures["sharpe"])


def _evidence(solution: Solution) -> dict[str, object]:
    """What proves the plan, as plain values."""
    certificate, why = solution.certificate, solution.why
    return {
        "convergence_status": solution.status.value,
        "relative_gap": None if certificate is None else certificate.relative_gap,
        "max_violation": None if certificate is None else certificate.max_violation,
        "search": solution.findings["search"],
        "binding": []
        if why is None
        else [
            {"constraint": each.constraint, "shadow_price": each.shadow_price, "sentence": each.sentence}
            for each in why.binding
        ],
        "problem_hash": None if solution.provenance is None else solution.provenance.problem_hash,
    }
