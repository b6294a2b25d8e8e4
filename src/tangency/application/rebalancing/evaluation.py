"""Whether to rebalance now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.application.rebalancing.command import MakePlan
from tangency.application.rebalancing.planning import figures_of, planned
from tangency.domain.optimization.solution import Solution
from tangency.domain.rebalancing.plan import RebalancePlan
from tangency.domain.rebalancing.triggers import Drift, Trigger, Verdict


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


async def evaluate_triggers(query: EvaluateTriggers, context: Context) -> Evaluation:
    """Plan the trades, keep nothing, and ask each trigger about them.

    Raises:
        NotFound: no holdings or no prices are imported under the portfolio's id.
        InvalidInput: what was asked cannot be read as a problem.
        NoAnswer: it can, and no trades within the limits are to be had.
    """
    plan, solution = await planned(query.plan, context)
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
    approval = await context.rebalance_plans.last_approval(portfolio_id)
    return None if approval is None else approval.date()


def _certainty_equivalent(solution: Solution, aversion: float) -> float | None:
    """Of the weights after the trades less that before: return - aversion / 2 x variance, annual."""
    before, after = (figures_of(solution.findings[when]) for when in ("before", "after"))
    if before.expected_return is None or after.expected_return is None:
        return None
    variance = (after.risk or 0.0) ** 2 - (before.risk or 0.0) ** 2
    return after.expected_return - before.expected_return - 0.5 * aversion * variance
