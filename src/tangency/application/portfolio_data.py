"""Holdings, prices, risk model and records of a portfolio, each read once per answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tangency.application.context import Context
from tangency.application.question import RiskParameters
from tangency.domain.errors import NotFound, similar
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.ports import MarketData, PortfolioRecords, PortfolioSource, RiskModels
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot

Read = TypeVar("Read")

MOST_COMPARED = 50
"""Portfolios; comparing more ids would take longer than finding that there is nothing."""
LIKENESS = 0.8
"""Least part of the letters that two ids have in common; ids made by machines have half of them by chance."""


async def likely_meant(portfolio_id: str, context: Context) -> str:
    """A sentence that asks for portfolios of similar ids, to end a message with.

    Empty where there are none, where the id is known itself, and where too many are known to compare.
    """
    known = await context.answers.known_portfolios(MOST_COMPARED + 1)
    near = [] if portfolio_id in known or len(known) > MOST_COMPARED else similar(portfolio_id, known, LIKENESS)
    return f" Did you mean {' or '.join(near)}?" if near else ""


async def nothing_optimized(portfolio_id: str, context: Context) -> NotFound:
    """There is no answer for a portfolio."""
    missing = f"nothing has been optimized for portfolio {portfolio_id!r} yet; post it first."
    return NotFound(missing + await likely_meant(portfolio_id, context))


async def holdings_and_prices(portfolio_id: str, context: Context) -> tuple[Portfolio | None, PriceHistory | None]:
    """What a portfolio holds, and the prices of that; None for what was not imported.

    Raises:
        NotFound: a neighbour knows no such portfolio, or no price of it.
        NeighbourUnavailable: it cannot be asked.
        NeighbourUnusable: its answer is against its contract.
    """
    portfolio = await context.portfolios.portfolio(portfolio_id)
    names = () if portfolio is None else tuple(portfolio.by_name)
    return portfolio, await context.market_data.prices(portfolio_id, names)


async def risk_model(portfolio_id: str, stated: RiskParameters, context: Context) -> RiskModel | None:
    """The risk model of a portfolio; None where the request itself says where covariances come from.

    Raises:
        NeighbourUnavailable: a neighbour cannot be asked.
        NeighbourUnusable: its answer is against its contract.
    """
    chosen = any(each is not None for each in (stated.covariance, stated.covariance_estimator, stated.prior))
    return None if chosen else await context.risk_models.risk_model(portfolio_id)


def reading_once(context: Context) -> Context:
    """The context with sources that read nothing twice, so that one answer rests on one state of the portfolio."""
    return replace(
        context,
        portfolios=_Portfolios(context.portfolios),
        market_data=_Prices(context.market_data),
        risk_models=_RiskModels(context.risk_models),
        records=_Records(context.records),
    )


class _Once:
    """Remembers what was read; concurrent reads of the same thing wait for the first."""

    def __init__(self) -> None:
        self._read: dict[Hashable, Any] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[Read]]) -> Read:
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key not in self._read:
                self._read[key] = await read()
            kept: Read = self._read[key]
            return kept


class _Portfolios(_Once):
    def __init__(self, source: PortfolioSource) -> None:
        super().__init__()
        self._source = source

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        return await self.read(portfolio_id, lambda: self._source.portfolio(portfolio_id))


class _Prices(_Once):
    def __init__(self, source: MarketData) -> None:
        super().__init__()
        self._source = source

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        return await self.read((portfolio_id, *names), lambda: self._source.prices(portfolio_id, names))


class _RiskModels(_Once):
    def __init__(self, source: RiskModels) -> None:
        super().__init__()
        self._source = source

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        return await self.read(portfolio_id, lambda: self._source.risk_model(portfolio_id))


class _Records(_Once):
    def __init__(self, source: PortfolioRecords) -> None:
        super().__init__()
        self._source = source

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        return await self.read(("lots", portfolio_id), lambda: self._source.tax_lots(portfolio_id))

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        return await self.read(("benchmark", portfolio_id), lambda: self._source.benchmark(portfolio_id))
