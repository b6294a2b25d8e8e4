"""The ports for portfolios, prices and risk models that a request leaves out.

Each has an adapter that reads imported data, and one that asks another service (a neighbour).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.labels import Labels
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot


class PortfolioSource(Protocol):
    """Current holdings."""

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """The holdings under an id; None if nothing was imported under it.

        Raises:
            NotFound: a neighbour knows no such portfolio.
            NeighbourUnavailable: it cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class MarketData(Protocol):
    """Prices."""

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        """The price history of a portfolio's assets; None if nothing was imported under its id.

        Args:
            portfolio_id: under which prices were imported.
            names: the assets it holds, for a source that knows no portfolios. The history may have more.

        Raises:
            NotFound: a neighbour has no price of any of them.
            NeighbourUnavailable: it cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class RiskModels(Protocol):
    """Covariances that were estimated elsewhere."""

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        """The model for a portfolio; None if there is none, and risks are to be estimated from returns.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class PortfolioRecords(Protocol):
    """Tax lots and benchmarks of portfolios."""

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        """The tax lots of the holdings; empty if none are known.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        """The weights of the benchmark, including ``CASH``; None if none is known.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class PortfolioRepository(Protocol):
    """Stores imported data; an import replaces the one before."""

    async def put(self, portfolio: Portfolio) -> None:
        """Store holdings under the portfolio's id."""

    async def put_prices(self, portfolio_id: str, prices: PriceHistory) -> None:
        """Store the prices of a portfolio's assets."""

    async def put_tax_lots(self, portfolio_id: str, lots: Sequence[TaxLot]) -> None:
        """Store tax lots."""

    async def put_benchmark(self, portfolio_id: str, weights: Mapping[str, float]) -> None:
        """Store the weights of a benchmark."""

    async def put_risk_model(self, portfolio_id: str, model: RiskModel) -> None:
        """Store covariances."""

    async def put_labels(self, portfolio_id: str, labels: Labels) -> None:
        """Store sectors and asset classes; they take precedence over those of the holdings."""
