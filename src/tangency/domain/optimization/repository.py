"""Where optimizations are kept, and how the latest answer is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from tangency.domain.optimization.optimization import Answer, Optimization


class OptimizationRepository(Protocol):
    """Optimizations, complete: whatever is kept can be solved again and gives the same answer."""

    async def add(self, optimization: Optimization) -> None:
        """Keep an optimization that has ended, answered or not."""

    async def get(self, optimization_id: UUID) -> Optimization | None:
        """The optimization of that id, with its problem; None where there is none."""

    async def latest(self, portfolio_id: str) -> Optimization | None:
        """The last completed optimization of a portfolio, with its problem; failures never replace it."""


class Answers(Protocol):
    """The read side of :class:`OptimizationRepository`: answers without their problems, at one query."""

    async def answer(self, portfolio_id: str) -> Answer | None:
        """The last answer for a portfolio; None where there is none."""

    async def answer_of(self, optimization_id: UUID) -> Answer | None:
        """The answer of an optimization; None where it has none."""

    async def known_portfolios(self, most: int) -> Sequence[str]:
        """The ids of portfolios that were imported or asked about, in order; no more than ``most``."""
