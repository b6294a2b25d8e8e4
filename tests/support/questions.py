"""A small question with a known answer, to be varied."""

from dataclasses import replace
from typing import Any

import numpy as np

from tangency.application.question import Limits, NamedCovariance, Question, RiskParameters, Strategy
from tangency.domain.market.universe import Asset

NAMES = ("AAPL", "XOM", "JNJ")
COVARIANCE = np.array([[0.0625, 0.01, 0.0075], [0.01, 0.0484, 0.006], [0.0075, 0.006, 0.0225]])
STRATEGIES = (
    Strategy(Asset("AAPL", "technology", "equity"), 0.11, 0.5),
    Strategy(Asset("XOM", "energy", "equity"), 0.08, 0.3),
    Strategy(Asset("JNJ", "health_care", "equity"), 0.06, 0.2),
)
RISK = RiskParameters(risk_free_rate=0.02, covariance=NamedCovariance(NAMES, COVARIANCE))


def question(portfolio_id: str = "port-1", **changes: Any) -> Question:
    """Maximum Sharpe of three names with given estimates; any field may be changed."""
    asked = Question(portfolio_id, "MAX_SHARPE", "MEAN_VARIANCE", strategies=STRATEGIES, risk=RISK)
    return replace(asked, **changes)


def limited(portfolio_id: str = "port-1", **limits: Any) -> Question:
    """The same with limits."""
    return question(portfolio_id, limits=Limits(**limits))


def strategies(**changes: dict[str, Any]) -> tuple[Strategy, ...]:
    """The three strategies, some of them changed by name."""
    return tuple(each._replace(**changes.get(each.asset.name, {})) for each in STRATEGIES)
