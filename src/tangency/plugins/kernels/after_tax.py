"""Objectives of moments, less costs and the tax on what is sold to get there from the current weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tangency.domain.errors import InvalidInput, Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.objective import Blend, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.optimization.sales_tax import TaxOnSales
from tangency.domain.optimization.term import Term, Variance
from tangency.plugins.kernels.tax_lots import TaxLotOption, TaxOption, uncovered
from tangency.plugins.kernels.trading_costs import COSTED, TradingCosts, cost_of, less

NODES_OF_PROOF = 100
"""For a portfolio that is known; what they do not close is told as a gap. Half a second at 30 names."""

Solve: TypeAlias = Callable[[Problem, Estimates, TradingCosts], Proposal]

SHARE_BEFORE_TAX = 0.25
"""Of the time: for the best portfolio before tax."""

NOTHING_DUE: Mapping[str, object] = {"due": 0.0, "due_if_unheeded": 0.0, "lots": []}
"""Where nothing is held that could be sold."""


def after_tax(problem: Problem, estimates: Estimates, costs: TradingCosts, option: TaxOption, solve: Solve) -> Proposal:
    """The best portfolio after tax; that before tax where there is none, or where nothing weighs the tax.

    Args:
        problem: what is asked.
        estimates: annual moments.
        costs: of trading.
        option: lots and rates.
        solve: finds what is best before tax, or why nothing is; the search after tax begins with it.

    Raises:
        InvalidInput: current weights are unknown, or not covered by the lots.
        Unsupported: an objective that a tax cannot be subtracted from.
    """
    tax = taxed(problem, option)
    charges: tuple[Term, ...] = (cost_of(problem, costs), tax) if costs.transaction_cost > 0 else (tax,)
    objective = _weighed(problem, estimates, charges) if tax.lots else None
    if objective is None:
        before = solve(problem, estimates, costs)
        return _told(before, tax, before.weights, option)
    before = solve(_within(SHARE_BEFORE_TAX * problem.solver.time_limit_s, problem), estimates, costs)
    if before.weights is None:
        return before
    # The search brings the conic solvers, which most problems of this method do without.
    from tangency.plugins.kernels.taxed_search import best_after_tax

    known = [before.weights, np.array(tax.current)]
    return _told(best_after_tax(problem, objective, tax, estimates, known), tax, before.weights, option)


def with_proof(
    found: Proposal, problem: Problem, estimates: Estimates, option: TaxOption, current: Vector, time_limit_s: float
) -> Proposal:
    """A portfolio that another search has found to be best after tax, with cases that prove it.

    Args:
        found: with its reading, but for the tax in its objective.
        problem: what is asked.
        estimates: annual moments.
        option: lots and rates.
        current: weights; shape (n,).
        time_limit_s: for the proof.
    """
    lots = option.in_weights(problem.universe, best=False)
    if found.weights is None or not option.lots or uncovered(lots, problem.universe, current):
        return found
    tax = option.tax_on(lots, current)
    objective = _weighed(problem, estimates, (tax,))
    if objective is None:
        return found
    from tangency.plugins.kernels.taxed_search import best_after_tax

    read = _within(time_limit_s, found.reading.of(problem))
    witness = best_after_tax(read, objective, tax, estimates, [found.weights], NODES_OF_PROOF).witness
    reading = replace(found.reading, objective=objective)
    return found if witness is None else replace(found, status=Status.OPTIMAL, witness=witness, reading=reading)


def _weighed(problem: Problem, estimates: Estimates, charges: tuple[Term, ...]) -> Blend | WorstRatio | None:
    """The objective less what is charged; None for a volatility that no risk aversion weighs against it."""
    objective = less(problem, estimates, charges)
    if not (isinstance(objective, Blend) and isinstance(problem.objective, MinimumVolatility)):
        return objective
    if problem.risk_aversion is None:
        return None
    return replace(objective, parts=(Variance(problem.risk_aversion), *charges), used=("risk_aversion",))


def taxed(problem: Problem, option: TaxOption) -> TaxOnSales:
    """The tax as a term.

    Raises:
        InvalidInput: current weights are unknown, or not covered by the lots.
        Unsupported: an objective that a tax cannot be subtracted from.
    """
    if not isinstance(problem.objective, COSTED):
        detail = f"cannot be subtracted from {problem.objective.name}; leave it out, or choose another objective."
        raise Unsupported.at(("method_options", "tax"), detail, "unsupported")
    if problem.current is None:
        detail = "needs the current weight of every name; give them, or leave the tax out."
        raise InvalidInput.at(("method_options", "tax"), detail, "missing")
    return option.on_sales(problem.universe, problem.current)


def _within(time_limit_s: float, problem: Problem) -> Problem:
    return replace(problem, solver=replace(problem.solver, time_limit_s=time_limit_s))


def _told(found: Proposal, tax: TaxOnSales, before: Vector | None, option: TaxOption) -> Proposal:
    """With what the sales owe, over the portfolio's value, of which lots, and what they would owe if nobody looked."""
    if found.weights is None or before is None:
        return found
    if not tax.lots:
        return replace(found, findings={**found.findings, "tax": NOTHING_DUE})
    years, taken = tax.horizon_years, tax.taken(found.weights)
    sold = [_sold(option.lots[lot], float(taken[lot])) for lot in np.flatnonzero(taken > 0).tolist()]
    unheeded = tax.owed(tax.taken(before)) * years
    told = {"due": tax.owed(taken) * years, "due_if_unheeded": unheeded, "lots": sold}
    return replace(found, findings={**found.findings, "tax": told})


def _sold(lot: TaxLotOption, weight: float) -> dict[str, object]:
    return {
        "name": lot.name,
        "lot": lot.lot,
        "weight": weight,
        "gain": weight * lot.gain,
        "long_term": lot.long_term,
    }
