"""How robust an answer is, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, Objective, SumOfTerms
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.term import Linear, RiskOf
from tangency.domain.risk.measure import VOLATILITY
from tangency.plugins.robust.covariance_sets import CovarianceSet
from tangency.plugins.robust.mean_sets import MeanSet
from tangency.plugins.robust.reading import Market


@dataclass(frozen=True, eq=False)
class Nominal:
    """The same question with nothing uncertain.

    Attributes:
        objective: as it was asked for.
        weights: its best portfolio; None where there is none.
    """

    objective: Objective
    weights: Vector | None

    def metrics(self, w: Vector, estimates: Estimates, universe: Universe) -> dict[str, object]:
        """Its figures at the robust portfolio, and at its own; the difference is what robustness costs."""
        own = self.objective.value(w, estimates)
        if self.weights is None:
            return {"nominal_objective": own}
        best = self.objective.value(self.weights, estimates)
        cost = best - own if isinstance(self.objective, MaximumReturn | MaximumSharpe | MaximumUtility) else own - best
        return {
            "nominal_objective": own,
            "nominal_optimum": best,
            "cost_of_robustness": max(0.0, cost),
            "nominal_weights": universe.named(self.weights),
        }


def nominal_terms(asked: SumOfTerms | MaximumSharpe, estimates: Estimates) -> SumOfTerms | WorstRatio:
    """The objective as it was asked for, in terms."""
    if isinstance(asked, MaximumSharpe):
        return WorstRatio((Linear(tuple((-asked.gain(estimates)).tolist())),), (RiskOf(1.0, VOLATILITY),))
    return asked


def over_sets(
    w: Vector, estimates: Estimates, means: MeanSet | None, covariances: CovarianceSet | None, dual: Vector | None
) -> dict[str, object]:
    """The worst members of the sets for a portfolio, and its figures under them.

    Args:
        w: shape (n,).
        estimates: annual moments.
        means: None where the objective has none.
        covariances: None where the covariance is certain.
        dual: the worst covariance as the solver found it, where it took a program.
    """
    universe = estimates.universe
    found: dict[str, object] = {}
    member: dict[str, object] = {}
    if means is not None:
        worst = means.worst(w)
        found["worst_case_return"] = float(worst @ w)
        member["expected_returns"] = universe.named(worst)
    matrix = estimates.covariance.dense() if covariances is None else covariances.worst(w, dual)
    found["worst_case_volatility"] = float(np.sqrt(max(0.0, float(w @ matrix @ w))))
    if covariances is not None:
        member["covariance"] = {name: universe.named(row) for name, row in zip(universe.names, matrix, strict=True)}
    return {**found, "worst_case": member}


def over_markets(w: Vector, listed: Sequence[Market], shares: Mapping[str, float]) -> dict[str, object]:
    """The figures of a portfolio scenario by scenario, and the worst of each.

    Args:
        w: shape (n,).
        listed: the scenarios.
        shares: how much each decides, where the worst or the regret is optimised.
    """
    returns = {market.name: float(market.means @ w) for market in listed}
    risks = {market.name: float(np.sqrt(max(0.0, float(w @ market.covariance @ w)))) for market in listed}
    return {
        "worst_case_return": min(returns.values()),
        "worst_case_volatility": max(risks.values()),
        "scenario_returns": returns,
        "scenario_volatilities": risks,
        "worst_case": {"scenario_weights": dict(shares)},
    }
