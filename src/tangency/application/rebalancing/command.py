"""What is asked of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tangency.application.idempotency import Creating
from tangency.application.question import Question
from tangency.application.taxes import StatedTax
from tangency.domain.rebalancing.plan import RebalancePlan, TargetType

VALID_FOR_S = 86_400.0
"""A day: prices of the day before are no basis for a trade."""


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
class MakePlan(Creating[RebalancePlan]):
    """Plan the trades toward a target.

    Attributes:
        question: portfolio, objective, limits and estimates; the objective only counts for an optimal target.
        target_allocation: of a custom target, by name; ``CASH`` may be among them.
        model_id: of a model portfolio, for targets ``model`` and ``benchmark``.
        cost_rate: per traded value, each side; None where it is left out, which without a configuration is nothing.
        supplied: what the configuration of the portfolio gave it, by its place in the configuration.
        tax: what is said of taxes, for where they are to count.
        stated: the request, for the record.
    """

    question: Question
    target_type: TargetType
    rules: TradeRules = field(default_factory=TradeRules)
    target_allocation: Mapping[str, float] | None = None
    model_id: str | None = None
    cost_rate: float | None = None
    tax: StatedTax = field(default_factory=StatedTax)
    valid_for_s: float = VALID_FOR_S
    stated: Mapping[str, object] = field(default_factory=dict)
    supplied: Mapping[str, object] = field(default_factory=dict)
