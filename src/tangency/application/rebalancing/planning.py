"""From what is held and what is asked to the trades of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from tangency.application.context import Context
from tangency.application.library import with_entries
from tangency.application.portfolio_data import holdings_and_prices, likely_meant
from tangency.application.posing import gathered, pose
from tangency.application.rebalancing.bill import Bill, billed, tax_evidence
from tangency.application.rebalancing.command import MakePlan
from tangency.application.rebalancing.configured import configured
from tangency.application.rebalancing.target import target_weights, with_cash
from tangency.application.taxes import TaxTerms, complete_terms
from tangency.domain.errors import NotFound
from tangency.domain.identity import token
from tangency.domain.market.universe import CASH
from tangency.domain.optimization.constraint import Budget
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.judgement import required_answer
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.rebalancing.disposals import LotRule
from tangency.domain.rebalancing.plan import (
    Figures,
    PlanMetrics,
    PlanValuation,
    RebalancePlan,
)
from tangency.domain.rebalancing.trades import Allocation, CostModel, turnover
from tangency.domain.rebalancing.valuation import state_digest

CENT = 0.01
MOST_ROUNDS = 12
"""Selling to pay a tax owes more of it; three or four rounds settle that to the cent."""
USUAL_ROUNDS = 4
REMEDY = (
    "leave out max_trades and min_trade_size, or order an optimization (POST /api/v1/optimizations, "
    "CreateOptimization) and ask for a plan toward its target_allocation, with target_type custom."
)
STEEPEST = 0.9
"""Tax on the sales that pay for a tax is less than all of them."""
ROUNDING = 1e-9
"""Of the portfolio's value: what the solver leaves of a weight that is 0."""
TAXED = ("constraints", "consider_tax_implications")
"""Where a request asks for taxes."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What a plan begins with, the same in every round of its taxes.

    Attributes:
        target: weights by name to come close to; None where the objective decides.
        tax: the terms in fractions of the portfolio's value, as the method takes them; None where taxes do not count.
    """

    command: MakePlan
    portfolio: Portfolio
    prices: PriceHistory
    now: Allocation
    target: Mapping[str, float] | None
    cost: CostModel
    terms: TaxTerms | None
    tax: Mapping[str, object] | None
    created: datetime

    def bill(self, solution: Solution, problem: Problem) -> Bill:
        """The trades that lead to the solution, what they cost and the tax they owe."""
        changes, day = _changes(solution, problem, self.now), self.created.date()
        return billed(changes, self.now, self.portfolio, self.prices, self.cost, self.terms, day)


async def planned(command: MakePlan, context: Context) -> tuple[RebalancePlan, Solution]:
    """The plan, not kept, and the solve behind it.

    Raises:
        TooExpensive: it is above the ceiling of what this service takes on.
        TooHeavy: it would take too long to be waited for.
    """
    start = await _start(await configured(command, context), context)
    solution, bill = await _settled(start, context)
    return _plan(start, solution, bill, token("reb-", context.ids.new())), solution


async def _start(command: MakePlan, context: Context) -> _Start:
    portfolio, prices = await _state(command.question.portfolio_id, context)
    latest, created = prices.latest(), context.clock.now()
    cost = CostModel.of(command.cost_rate or 0.0, ("transaction_cost_model",))
    taxed = command.rules.consider_tax_implications
    terms = await complete_terms(portfolio, command.tax, context, TAXED) if taxed else None
    now, target = Allocation.of(portfolio, latest), await target_weights(command, prices, context)
    tax = None if terms is None else terms.in_weights(latest, now.total, cost.rate, created.date())
    return _Start(command, portfolio, prices, now, target, cost, terms, tax, created)


async def _settled(start: _Start, context: Context) -> tuple[Solution, Bill]:
    """Solve until the cash that is kept for the tax covers the tax: selling to pay it owes more of it."""
    reserve, rounds = _Reserve(), 0
    while True:
        problem = await _posed(start, reserve.amount, context)
        if rounds == 0:
            _refuse_to_wait(start.command, problem, context)
        solution = required_answer(await context.solvers.solve(problem, context.deadline_s))
        bill, rounds = start.bill(solution, problem), rounds + 1
        if bill.owed <= reserve.amount + CENT / 2 or rounds == MOST_ROUNDS:
            return solution, bill
        reserve = reserve.after(bill.owed)


def _plan(start: _Start, solution: Solution, bill: Bill, identity: str) -> RebalancePlan:
    command, now, prices = start.command, start.now, start.prices
    return RebalancePlan(
        id=identity,
        portfolio_id=start.portfolio.id,
        target_type=command.target_type,
        request=command.stated,
        current_allocation=_shares(now, bill.after),
        model_target=None if start.target is None else with_cash(start.target),
        target_allocation=_shares(bill.after, now),
        trades=bill.trades,
        metrics=_metrics(solution, bill, now, start.target),
        valuation=PlanValuation(
            state_digest(start.portfolio, prices), now.total, now.cash, bill.after.cash, prices.dates[-1].isoformat()
        ),
        evidence={
            **_evidence(solution, start.terms),
            **tax_evidence(bill.tax, start.terms),
            **_trade_off(solution, bill, now, start.terms),
            "supplied": dict(command.supplied),
        },
        created_at=start.created,
        valid_until=start.created + timedelta(seconds=command.valid_for_s),
    )


def _refuse_to_wait(command: MakePlan, problem: Problem, context: Context) -> None:
    rules = command.rules
    chosen = rules.max_trades is not None or rules.min_trade_size > 0
    rounds = USUAL_ROUNDS if rules.consider_tax_implications else 1
    context.ceilings.refuse_to_wait(Cost.of_plan(problem, chosen, rounds), REMEDY)


@dataclass(frozen=True, slots=True)
class _Reserve:
    """Cash that is kept for a tax, and what was owed on the reserve before it."""

    amount: float = 0.0
    before: float = 0.0
    owed: float | None = None

    def after(self, owed: float) -> _Reserve:
        """The next one: where the tax that selling for the tax owes in turn leads, by the last two."""
        if self.owed is None or self.amount <= self.before:
            return _Reserve(owed, self.amount, owed)
        slope = min(max((owed - self.owed) / (self.amount - self.before), 0.0), STEEPEST)
        return _Reserve(self.amount + (owed - self.amount) / (1.0 - slope), self.amount, owed)


async def _state(portfolio_id: str, context: Context) -> tuple[Portfolio, PriceHistory]:
    portfolio, prices = await holdings_and_prices(portfolio_id, context)
    if portfolio is None or prices is None:
        what = "holdings" if portfolio is None else "prices"
        missing = f"no {what} are imported under {portfolio_id!r}; import prices and holdings first."
        raise NotFound(missing + await likely_meant(portfolio_id, context))
    return portfolio, prices


async def _posed(start: _Start, reserve: float, context: Context) -> Problem:
    """The problem of one round, with so much cash kept for the tax."""
    command, now, target = start.command, start.now, start.target
    rules, cost, tax, total = command.rules, start.cost, start.tax, now.total
    floor = (min(0.0, now.cash) if rules.min_cash is None else rules.min_cash) + reserve
    options: dict[str, object] = {
        "max_turnover": rules.max_turnover,
        "max_trades": rules.max_trades,
        "min_trade": rules.min_trade_size / total + 2 * ROUNDING if rules.min_trade_size > 0 else 0.0,
        "cost": cost.rate,
        "cash_floor": floor / total,
        "tax": tax,
        **({} if target is None else {"benchmark": dict(target)}),
    }
    question = await with_entries(replace(command.question, options=options, method="rebalancing"), context)
    problem = pose(question, await gathered(question, context), context)
    others = tuple(limit for limit in problem.constraints if not isinstance(limit, Budget))
    if target is not None:
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


def _metrics(
    solution: Solution,
    bill: Bill,
    now: Allocation,
    target: Mapping[str, float] | None,
) -> PlanMetrics:
    before, after = (figures_of(solution.findings[when]) for when in ("before", "after"))
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
        tax_implications=None if bill.tax is None else bill.tax.amount,
        tracking_error=None if target is None else solution.objective_value,
    )


def _trade_off(solution: Solution, bill: Bill, now: Allocation, terms: TaxTerms | None) -> dict[str, object]:
    """The objective after the tax that is due, and the most that it can be whatever lots are sold."""
    found = cast(Mapping[str, float] | None, solution.findings.get("tax"))
    if found is None or bill.tax is None or terms is None:
        return {}
    tax = bill.tax.amount / now.total / terms.horizon_years
    value = found["before_tax"] - tax * found["per_unit"]
    bound = max(found["bound"], value)
    return {"after_tax": {"objective": value, "bound": bound, "gap": bound - value}}


def figures_of(found: object) -> Figures:
    """Figures among the findings of the method."""
    figures = cast(Mapping[str, float | None], found)  # as the method writes it
    return Figures(figures["return"], figures["risk"], figures["sharpe"])


def _evidence(solution: Solution, terms: TaxTerms | None) -> dict[str, object]:
    """What proves the plan, as plain values; of one that sells other lots than it was made with nothing is proven."""
    other_lots = terms is not None and terms.rule is not LotRule.MIN_TAX
    certificate, why = None if other_lots else solution.certificate, solution.why
    return {
        "convergence_status": (Status.FEASIBLE if other_lots else solution.status).value,
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
        "references": [] if solution.provenance is None else list(solution.provenance.references),
    }
