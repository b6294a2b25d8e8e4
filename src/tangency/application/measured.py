"""What a question means by another measure of risk than the volatility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tangency.application.question import Question

VOLATILITY = "volatility"

MEASURED: Mapping[str, str] = {"MAX_SHARPE": "MAX_RATIO", "MIN_VOLATILITY": "MIN_RISK"}
"""What an objective means by another measure."""


def by_measure(question: Question) -> Question:
    """The question itself; but mean_variance with another measure is a question for mean_risk."""
    measure = question.options.get("risk_measure")
    if question.method.lower() != "mean_variance" or not isinstance(measure, str):
        return question
    if measure.lower() == VOLATILITY:
        return replace(question, options={k: v for k, v in question.options.items() if k != "risk_measure"})
    objective = question.objective.upper()
    options = {**question.options, "risk_measure": measure.lower()}
    return replace(question, method="mean_risk", objective=MEASURED.get(objective, objective), options=options)
