"""Where portfolios, prices and risks come from when a request leaves them out.

Each port has a local adapter, over what was imported, and one that asks a neighbouring service.
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
    """The state of portfolios."""

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """What is held under an id; None where nothing was imported under it.

        Raises:
            NotFound: a neighbour knows no such portfolio.
            NeighbourUnavailable: it cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class MarketData(Protocol):
    """Prices."""

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        """The history of the names of a portfolio; None where nothing was imported under its id.

        Args:
            portfolio_id: under which prices were imported.
            names: what it holds, for a source that knows names and no portfolios; there may be more in the history.

        Raises:
            NotFound: a neighbour has no price of any of them.
            NeighbourUnavailable: it cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class RiskModels(Protocol):
    """Covariances that somebody else has estimated."""

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        """The model to use for a portfolio; None where there is none, so that risks are estimated from returns.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class PortfolioRecords(Protocol):
    """What is kept of a portfolio beside its holdings."""

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        """The lots of what is held; none where nothing is known of them.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        """Weights of what the portfolio is measured against, ``CASH`` among them; None where nothing is known.

        Raises:
            NeighbourUnavailable: a neighbour cannot be asked.
            NeighbourUnusable: its answer is against its contract.
        """


class PortfolioRepository(Protocol):
    """Portfolios that were imported; an import replaces the one before."""

    async def put(self, portfolio: Portfolio) -> None:
        """Keep what is held under the portfolio's id."""

    async def put_prices(self, portfolio_id: str, prices: PriceHistory) -> None:
        """Keep the history of the names of a portfolio."""

    async def put_tax_lots(self, portfolio_id: str, lots: Sequence[TaxLot]) -> None:
        """Keep the lots of what is held."""

    async def put_benchmark(self, portfolio_id: str, weights: Mapping[str, float]) -> None:
        """Keep the weights of what the portfolio is measured against."""

    async def put_risk_model(self, portfolio_id: str, model: RiskModel) -> None:
        """Keep the covariances of a portfolio's names."""

    async def put_labels(self, portfolio_id: str, labels: Labels) -> None:
        """Keep sectors and asset classes by name; they come before those of the holdings."""
