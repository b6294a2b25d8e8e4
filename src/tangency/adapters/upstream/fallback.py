"""What was imported, in the place of a neighbour that does not have it: where an operator wants that.

Lots and benchmarks are no neighbour's duty: where one has none, imports are taken whatever the operator wants.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from tangency.domain.errors import NeighbourUnavailable, NotFound
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.ports import MarketData, PortfolioRecords, PortfolioSource, RiskModels
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot

When = Literal["none", "unknown", "unavailable"]
"""Never; where the neighbour does not know it; where it cannot be asked as well."""
FALLING_BACK: dict[When, tuple[type[Exception], ...]] = {
    "none": (),
    "unknown": (NotFound,),
    "unavailable": (NotFound, NeighbourUnavailable),
}

Found = TypeVar("Found", Portfolio, PriceHistory, RiskModel)


class PortfoliosOrImports:
    """Portfolios of a neighbour, or else imported ones."""

    def __init__(self, upstream: PortfolioSource, imports: PortfolioSource, when: When) -> None:
        self._upstream, self._imports, self._when = upstream, imports, when

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        """See :class:`tangency.domain.portfolio.ports.PortfolioSource`."""
        ask, look = self._upstream.portfolio, self._imports.portfolio
        return await _either(lambda: ask(portfolio_id), lambda: look(portfolio_id), self._when)


class RecordsOrImports:
    """What a neighbour keeps of a portfolio beside its holdings, or else what was imported."""

    def __init__(self, upstream: PortfolioRecords, imports: PortfolioRecords, when: When) -> None:
        self._upstream, self._imports, self._when = upstream, imports, when

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        """See :class:`tangency.domain.portfolio.ports.PortfolioRecords`."""
        try:
            found = await self._upstream.tax_lots(portfolio_id)
        except FALLING_BACK[self._when]:
            found = ()
        return found or await self._imports.tax_lots(portfolio_id)

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        """See :class:`tangency.domain.portfolio.ports.PortfolioRecords`."""
        try:
            found = await self._upstream.benchmark(portfolio_id)
        except FALLING_BACK[self._when]:
            found = None
        return found or await self._imports.benchmark(portfolio_id)


class PricesOrImports:
    """Prices of a neighbour, or else imported ones."""

    def __init__(self, upstream: MarketData, imports: MarketData, when: When) -> None:
        self._upstream, self._imports, self._when = upstream, imports, when

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        """See :class:`tangency.domain.portfolio.ports.MarketData`."""
        ask, look = self._upstream.prices, self._imports.prices
        return await _either(lambda: ask(portfolio_id, names), lambda: look(portfolio_id, names), self._when)


class RiskModelsOrImports:
    """Risk models of a neighbour, or else imported ones."""

    def __init__(self, upstream: RiskModels, imports: RiskModels, when: When) -> None:
        self._upstream, self._imports, self._when = upstream, imports, when

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        """See :class:`tangency.domain.portfolio.ports.RiskModels`."""
        ask, look = self._upstream.risk_model, self._imports.risk_model
        found = await _either(lambda: ask(portfolio_id), lambda: look(portfolio_id), self._when)
        if found is None and NotFound in FALLING_BACK[self._when]:
            return await look(portfolio_id)
        return found


async def _either(
    ask: Callable[[], Awaitable[Found | None]], look: Callable[[], Awaitable[Found | None]], when: When
) -> Found | None:
    """What the neighbour has; else what was imported, saying so; else why the neighbour has nothing."""
    try:
        return await ask()
    except FALLING_BACK[when] as missing:
        found = await look()
        if found is None:
            raise
        why = "does not have it" if isinstance(missing, NotFound) else "cannot be asked"
        return replace(found, source=f"imported, since the service that it comes from {why}")
