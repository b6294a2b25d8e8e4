"""Where factors come from, and where analyses are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tangency.domain.factors.analysis import FactorAnalysis
from tangency.domain.factors.history import FactorHistory


class PublishedFactors(Protocol):
    """Sets of factors that come with the product."""

    def published(self, name: str) -> FactorHistory | None:
        """The whole history of a set, or None where it does not come with the product. May read a file."""


class FactorAnalysisReader(Protocol):
    """Analyses as they are read."""

    async def factor_analysis(self, analysis_id: str) -> FactorAnalysis | None:
        """The analysis; None where there is none."""

    async def factor_analyses(self, portfolio_id: str, most: int) -> Sequence[FactorAnalysis]:
        """Those of a portfolio, the newest first."""


class FactorAnalysisRepository(Protocol):
    """Analyses, within a transaction."""

    async def add(self, analysis: FactorAnalysis) -> None:
        """Keep an analysis."""
