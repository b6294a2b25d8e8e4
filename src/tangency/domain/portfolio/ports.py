"""Where portfolios and prices come from when a request leaves them out."""

from __future__ import annotations

from typing import Protocol

from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory


class PortfolioSource(Protocol):
    """The state of portfolios."""

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """What is held under an id; None where nothing is known."""


class MarketData(Protocol):
    """Prices."""

    async def prices(self, portfolio_id: str) -> PriceHistory | None:
        """The history of the names of a portfolio; None where nothing is known."""


class PortfolioRepository(Protocol):
    """Portfolios that were imported; an import replaces the one before."""

    async def put(self, portfolio: Portfolio) -> None:
        """Keep what is held under the portfolio's id."""

    async def put_prices(self, portfolio_id: str, prices: PriceHistory) -> None:
        """Keep the history of the names of a portfolio."""
