"""Where frontiers are kept."""

from __future__ import annotations

from typing import Protocol

from tangency.domain.frontier.frontier import EfficientFrontier


class Frontiers(Protocol):
    """Frontiers as they are read."""

    async def frontier(self, frontier_id: str) -> EfficientFrontier | None:
        """The frontier of that id; None where there is none."""

    async def frontier_for(self, portfolio_id: str, key: str) -> EfficientFrontier | None:
        """The frontier of a portfolio for a problem and a question; None where nobody asked before."""


class FrontierRepository(Protocol):
    """Frontiers, within a transaction."""

    async def add(self, frontier: EfficientFrontier) -> EfficientFrontier:
        """Keep a frontier; where its portfolio has one of the same key already, that one stays and is given back."""
