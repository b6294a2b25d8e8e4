"""What is asked of a factor analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tangency.application.idempotency import Creating
from tangency.domain.errors import Path
from tangency.domain.factors.analysis import FactorAnalysis
from tangency.domain.factors.regression import Errors

FACTORS: Path = ("factors",)
"""Where a request states its factors."""


@dataclass(frozen=True, slots=True)
class AnalyzeFactors(Creating[FactorAnalysis]):
    """Explain a portfolio's returns by factors, and keep the analysis.

    Attributes:
        factors: a set or ``statistical``; sets and factors by name; or returns by name, or a reference to them.
        dates: of the periods of factors that are stated, where they are not those of the portfolio.
        count: of statistical factors.
        benchmark: weights by name, or a reference to them; None for what was imported.
        frequency: None for that of the factors.
        risk_free_rate: annual; None for that which comes with the factors, else 0.
        zero_investment: whether stated factors cost nothing to hold; the risk-free rate is taken off others.
        start, end: of the window; None for all that both have.
    """

    portfolio_id: str
    factors: str | Sequence[str] | Mapping[str, object]
    dates: Sequence[str] | None = None
    count: int = 3
    errors: Errors = "plain"
    lag: int | None = None
    benchmark: Mapping[str, object] | None = None
    frequency: Literal["daily", "monthly"] | None = None
    risk_free_rate: float | None = None
    zero_investment: bool = True
    start: date | None = None
    end: date | None = None
