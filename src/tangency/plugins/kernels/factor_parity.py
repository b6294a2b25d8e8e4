"""Risk shared among factors rather than names: the nearest that a search finds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.factor_covariance import SPECIFIC, FactorModel, factor_model_of
from tangency.domain.numbers import Vector
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.kernels.risk_parity import MET, equal_contributions

PATH: Path = ("method_options", "factor_budgets")
SUM_ROUNDING = 1e-9
"""By which budgets may exceed, or all of them miss, a sum of 1."""
RANDOM_STARTS = 6
"""Beside equal contributions of the names and equal weights: a search ends at the nearest of several best places."""


def by_factor(problem: Problem, estimates: Estimates, budgets: Mapping[str, float]) -> Proposal:
    """The portfolio whose shares of the risk by factor are nearest to the budgets, as far as searches find it.

    Args:
        problem: what was asked.
        estimates: whose covariance is in factor form.
        budgets: shares by factor, or of ``specific``; what is not named is free.

    Raises:
        InvalidInput: a covariance without factors, a factor that it does not have, or shares above 1 in all.
    """
    from tangency.plugins.kernels.factor_budgets import FactorShares, nearest_shares

    shares = FactorShares(_checked(factor_model_of(estimates.covariance), budgets), budgets)
    size = len(problem.universe)
    names = equal_contributions(problem, estimates)
    random = np.random.default_rng(problem.seed).dirichlet(np.ones(size), RANDOM_STARTS)
    starts: list[Vector] = [*([] if names.weights is None else [names.weights]), np.full(size, 1.0 / size), *random]
    if names.status is Status.NOT_APPLICABLE:
        return names
    found = nearest_shares(shares, problem.region(estimates), starts, problem.solver)
    attempts = (*names.attempts, *found.attempts)
    iterations = sum(attempt.iterations for attempt in attempts)
    if found.weights is None:
        status = Status.INFEASIBLE if found.status == "infeasible" else Status.NUMERICAL_ERROR
        return Proposal(status, iterations=iterations, attempts=attempts)
    deviation = float(np.abs(shares.misses(found.weights)).max())
    findings: dict[str, object] = {
        "risk_budgets": dict(budgets),
        "factor_shares": dict(zip(budgets, shares.of(found.weights).tolist(), strict=True)),
        "budgets_met": deviation <= MET,
        "budget_deviation": deviation,
        "cash_weight": 1.0 - problem.invested,
    }
    return Proposal(Status.FEASIBLE, found.weights, None, iterations, attempts, findings=findings)


def _checked(model: FactorModel | None, budgets: Mapping[str, float]) -> FactorModel:
    if model is None:
        raise no_factors()
    refuse_shares(budgets)
    known = (*model.factors, SPECIFIC)
    faults = [
        Fault((*PATH, name), f"{name!r} is not a known factor; {hint(name, known)}", "unknown")
        for name in budgets
        if name not in known
    ]
    total = sum(budgets.values())
    if len(budgets) == len(known) and total < 1.0 - SUM_ROUNDING:
        faults.append(Fault(PATH, f"sum to {total:.9g}; give shares of 1, and leave out what is free.", "range"))
    if faults:
        raise InvalidInput(faults)
    return model


def no_factors() -> InvalidInput:
    """The error for a covariance without factors."""
    detail = "need a covariance in factor form; choose covariance_estimator statistical_factor or time_series_factor."
    return InvalidInput.at(PATH, detail, "missing")


def refuse_shares(budgets: Mapping[str, float]) -> None:
    """Refuse shares that leave less than nothing for the other factors.

    Raises:
        InvalidInput: they are above 1 in all.
    """
    total = sum(budgets.values())
    if total > 1.0 + SUM_ROUNDING:
        detail = f"sum to {total:.9g}; give shares of 1, and leave out what is free."
        raise InvalidInput.at(PATH, detail, "range")
