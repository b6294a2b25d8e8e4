"""Least risk, most ratio and equal contributions, by every measure of risk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from tangency import Budget, LongOnly, MaximumWeight, Problem
from tangency.domain.optimization.objective import MinimumRisk, RiskParity
from tangency.domain.optimization.ratio import MaximumRatio
from validation.case import Case, Peer
from validation.peers import CONFIDENCE, riskfolio_mean_risk, riskfolio_parity, skfolio_mean_risk, skfolio_weights
from validation.sample import DAYS, Array, frame, market, mean

CAP = 0.10
LIMITS = (Budget(), LongOnly(), MaximumWeight(CAP))
GINI_DAYS = 250
"""The peers state the Gini mean difference by every pair of periods: 1260 days are a million rows."""

RISKFOLIO = {
    "volatility": "MV",
    "mad": "MAD",
    "semi_deviation": "MSV",
    "first_lower_partial_moment": "FLPM",
    "second_lower_partial_moment": "SLPM",
    "cvar": "CVaR",
    "evar": "EVaR",
    "worst_realization": "WR",
    "max_drawdown": "MDD",
    "average_drawdown": "ADD",
    "cdar": "CDaR",
    "edar": "EDaR",
    "ulcer_index": "UCI",
    "gini_mean_difference": "GMD",
}
SKFOLIO = {
    "variance": "VARIANCE",
    "mad": "MEAN_ABSOLUTE_DEVIATION",
    "semi_deviation": "SEMI_DEVIATION",
    "cvar": "CVAR",
    "evar": "EVAR",
    "worst_realization": "WORST_REALIZATION",
    "max_drawdown": "MAX_DRAWDOWN",
    "average_drawdown": "AVERAGE_DRAWDOWN",
    "cdar": "CDAR",
    "edar": "EDAR",
    "ulcer_index": "ULCER_INDEX",
    "gini_mean_difference": "GINI_MEAN_DIFFERENCE",
}
"""Its lower partial moments are about the mean unless told otherwise; they are compared with Riskfolio-Lib."""

REMARKS = {
    "gini_mean_difference": {"skfolio": "250 days", "Riskfolio-Lib": "250 days; its solver stops early"},
    "second_lower_partial_moment": {"PyPortfolioOpt": "its solver stops early; the budget is missed by 2e-7"},
}


def least_risk() -> Iterator[Case]:
    """No name above 10 %, for each measure."""
    for measure in dict.fromkeys([*SKFOLIO, *RISKFOLIO]):
        days = GINI_DAYS if measure == "gini_mean_difference" else DAYS
        peers: dict[str, Peer] = {}
        if measure in SKFOLIO:
            peers["skfolio"] = partial(skfolio_mean_risk, SKFOLIO[measure], days, max_weights=CAP)
        if measure in RISKFOLIO:
            peers["Riskfolio-Lib"] = partial(riskfolio_mean_risk, RISKFOLIO[measure], days, CAP)
        if measure in PYPFOPT:
            peers["PyPortfolioOpt"] = PYPFOPT[measure]
        options = {"risk_measure": measure}
        problem = Problem(
            market(days), MinimumRisk(), LIMITS, "mean_risk", options=options, confidence_level=CONFIDENCE
        )
        yield Case(f"minimum {measure}", problem, peers, remarks=REMARKS.get(measure, {}))


def greatest_ratio() -> Iterator[Case]:
    """Mean over risk, no name above 10 %."""
    for measure in ("cvar", "cdar", "mad"):
        options = {"risk_measure": measure}
        problem = Problem(market(), MaximumRatio(), LIMITS, "mean_risk", options=options, confidence_level=CONFIDENCE)
        peers: Mapping[str, Peer] = {
            "skfolio": partial(skfolio_mean_risk, SKFOLIO[measure], objective="MAXIMIZE_RATIO", max_weights=CAP),
            "Riskfolio-Lib": partial(riskfolio_mean_risk, RISKFOLIO[measure], cap=CAP, objective="Sharpe"),
        }
        yield Case(f"maximum return per {measure}", problem, peers, largest=True)


def equal_contributions() -> Iterator[Case]:
    """Risk parity without limits but the budget."""
    for measure in ("volatility", "mad", "semi_deviation", "cvar", "cdar", "ulcer_index"):
        options = {"risk_measure": measure}
        problem = Problem(
            market(),
            RiskParity(),
            (Budget(), LongOnly()),
            "risk_parity",
            options=options,
            confidence_level=CONFIDENCE,
        )
        word = "VARIANCE" if measure == "volatility" else SKFOLIO[measure]
        peers: Mapping[str, Peer] = {
            "skfolio": partial(_skfolio_parity, word),
            "Riskfolio-Lib": partial(riskfolio_parity, RISKFOLIO[measure]),
        }
        yield Case(f"equal contributions to {measure}", problem, peers)


def _skfolio_parity(measure: str) -> Array:
    from skfolio import RiskMeasure
    from skfolio.optimization import RiskBudgeting

    return skfolio_weights(RiskBudgeting(risk_measure=RiskMeasure[measure]))


def _pypfopt(kind: str, minimise: str, **options: Any) -> Array:
    import pypfopt

    model = getattr(pypfopt, kind)(mean(), frame(), weight_bounds=(0, CAP), **options)
    getattr(model, minimise)()
    return np.array(model.weights)


PYPFOPT: Mapping[str, Callable[[], Array]] = {
    "cvar": lambda: _pypfopt("EfficientCVaR", "min_cvar", beta=CONFIDENCE),
    "cdar": lambda: _pypfopt("EfficientCDaR", "min_cdar", beta=CONFIDENCE),
    "second_lower_partial_moment": lambda: _pypfopt("EfficientSemivariance", "min_semivariance"),
}
