"""Objectives of moments, less what it costs to get there from the current weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import Sum
from tangency.domain.optimization.objective import Blend, MaximumReturn, MaximumUtility, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.robust_terms import Deviation
from tangency.domain.optimization.term import Linear, RiskOf, Term, Variance
from tangency.domain.risk.measure import VOLATILITY

COSTED = (MinimumVolatility, MaximumSharpe, MaximumUtility, MaximumReturn)
"""The objectives that a cost can be subtracted from."""
MOST = 0.1
"""A tenth of what is traded; more was meant in another unit."""


@dataclass(frozen=True)
class TradingCosts:
    """Trading costs and the horizon over which they are spread.

    Attributes:
        transaction_cost: one-off cost as a fraction of the traded value, for purchases and sales alike, at most 0.1 (10
            basis points are 0.001). It is subtracted from the objective and needs current weights.
        cost_horizon_years: years over which the cost is spread, because expected returns are annual.
    """

    transaction_cost: float = 0.0
    cost_horizon_years: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.transaction_cost <= MOST:
            detail = (
                f"is {self.transaction_cost}; give the fraction of the traded value, at most {MOST}: 10 basis points "
                "are 0.001."
            )
            raise InvalidInput.at(("transaction_cost",), detail, "range")
        if not 0.0 < self.cost_horizon_years < np.inf:
            raise InvalidInput.at(("cost_horizon_years",), f"is {self.cost_horizon_years}; give years above 0.")


def net_of_costs(problem: Problem, estimates: Estimates, costs: TradingCosts) -> Proposal:
    """The best portfolio after costs.

    Raises:
        InvalidInput: current weights are unknown.
        Unsupported: an objective that a cost cannot be subtracted from.
    """
    from tangency.plugins.kernels.solving import solved

    return solved(problem, less(problem, estimates, (cost_of(problem, costs),)), estimates)


def cost_of(problem: Problem, costs: TradingCosts) -> Deviation:
    """What trades cost a year, as a term.

    Raises:
        InvalidInput: current weights are unknown.
        Unsupported: an objective that a cost cannot be subtracted from.
    """
    refuse_uncosted(problem)
    price = costs.transaction_cost / costs.cost_horizon_years
    return Deviation((price,) * len(problem.universe), tuple(np.asarray(problem.current).tolist()), "cost")


def refuse_uncosted(problem: Problem) -> None:
    """Refuse a problem that costs have no place in.

    Raises:
        InvalidInput: current weights are unknown.
        Unsupported: an objective that a cost cannot be subtracted from.
    """
    if problem.current is None:
        detail = "needs the current weight of every name; give them, or leave the costs out."
        raise InvalidInput.at(("method_options", "transaction_cost"), detail, "missing")
    if not isinstance(problem.objective, COSTED):
        name = problem.objective.name
        raise Unsupported.at(("objective",), f"a cost cannot be subtracted from {name}; leave the costs out.")


def less(problem: Problem, estimates: Estimates, charges: tuple[Term, ...]) -> Blend | WorstRatio:
    """One of those objectives with what is charged a year taken off the return, or put on a volatility."""
    asked = problem.objective
    if isinstance(asked, MinimumVolatility):
        return Blend(asked.name, (RiskOf(1.0, VOLATILITY), *charges))
    means = estimates.required_mean("the objective")
    loss = Linear(tuple((-means).tolist()))
    if isinstance(asked, MaximumSharpe):
        excess = Linear(tuple((asked.risk_free_rate - means).tolist()))
        net = Sum((excess, *charges), (1.0,) * (1 + len(charges)), "net")
        return WorstRatio((net,), (RiskOf(1.0, VOLATILITY),))
    if isinstance(asked, MaximumUtility):
        risk = Variance(asked.risk_aversion)
        return Blend(asked.name, (risk, loss, *charges), maximised=True, used=asked.parameters)
    return Blend(asked.name, (loss, *charges), maximised=True)
