"""Importing portfolios and prices, so that a request may leave them out."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.domain.errors import InvalidInput
from tangency.domain.portfolio.portfolio import Portfolio, id_fault
from tangency.domain.portfolio.prices import PriceHistory


@dataclass(frozen=True, slots=True)
class ImportHoldings(Message[None]):
    """Keep what a portfolio holds, in place of what was kept before."""

    portfolio: Portfolio


@dataclass(frozen=True, slots=True)
class ImportPrices(Message[None]):
    """Keep the prices of a portfolio's names, in place of those kept before."""

    portfolio_id: str
    prices: PriceHistory


async def import_holdings(command: ImportHoldings, context: Context) -> None:
    """Replace the holdings."""
    _check(command.portfolio.id)
    async with context.units() as unit:
        await unit.portfolios.put(command.portfolio)
        await unit.commit()


async def import_prices(command: ImportPrices, context: Context) -> None:
    """Replace the prices."""
    _check(command.portfolio_id)
    async with context.units() as unit:
        await unit.portfolios.put_prices(command.portfolio_id, command.prices)
        await unit.commit()


def _check(portfolio_id: str) -> None:
    fault = id_fault(portfolio_id)
    if fault is not None:
        raise InvalidInput.at(("portfolio_id",), fault)
