"""Importing portfolios and prices, so that a request may leave them out."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tangency.application.context import Context
from tangency.application.expiry import expire_outdated
from tangency.application.message import Message
from tangency.domain.errors import InvalidInput, NeighbourUnavailable, NeighbourUnusable, NotFound
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.benchmark import refuse_other_totals
from tangency.domain.portfolio.labels import Labels
from tangency.domain.portfolio.portfolio import Portfolio, id_fault
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot, refuse_repeated
from tangency.domain.unit_of_work import UnitOfWork

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ImportHoldings(Message[None]):
    """Keep what a portfolio holds, in place of what was kept before."""

    portfolio: Portfolio


@dataclass(frozen=True, slots=True)
class ImportPrices(Message[None]):
    """Keep the prices of a portfolio's names, in place of those kept before."""

    portfolio_id: str
    prices: PriceHistory


@dataclass(frozen=True, eq=False, slots=True)
class ImportTaxLots(Message[None]):
    """Keep the tax lots of what a portfolio holds, in place of those kept before."""

    portfolio_id: str
    lots: Sequence[TaxLot]


@dataclass(frozen=True, eq=False, slots=True)
class ImportBenchmark(Message[None]):
    """Keep the weights of what a portfolio is measured against, in place of those kept before."""

    portfolio_id: str
    weights: Mapping[str, float]


@dataclass(frozen=True, eq=False, slots=True)
class ImportLabels(Message[None]):
    """Keep sectors and asset classes of names, in place of those kept before."""

    portfolio_id: str
    labels: Labels


@dataclass(frozen=True, eq=False, slots=True)
class ImportRiskModel(Message[None]):
    """Keep the covariances of a portfolio's names, in place of those kept before."""

    portfolio_id: str
    model: RiskModel


async def import_holdings(command: ImportHoldings, context: Context) -> None:
    """Replace the holdings."""
    _check(command.portfolio.id)
    names = tuple(command.portfolio.by_name)
    prices = await _if_known(context.market_data.prices(command.portfolio.id, names))

    async def work(unit: UnitOfWork) -> None:
        await unit.portfolios.put(command.portfolio)
        await expire_outdated(command.portfolio, prices, unit, context)

    await context.units.keep(work)


async def import_prices(command: ImportPrices, context: Context) -> None:
    """Replace the prices."""
    _check(command.portfolio_id)
    portfolio = await _if_known(context.portfolios.portfolio(command.portfolio_id))

    async def work(unit: UnitOfWork) -> None:
        await unit.portfolios.put_prices(command.portfolio_id, command.prices)
        await expire_outdated(portfolio, command.prices, unit, context)

    await context.units.keep(work)


async def import_tax_lots(command: ImportTaxLots, context: Context) -> None:
    """Replace the lots."""
    _check(command.portfolio_id)
    refuse_repeated(command.lots)
    await context.units.keep(lambda unit: unit.portfolios.put_tax_lots(command.portfolio_id, command.lots))


async def import_benchmark(command: ImportBenchmark, context: Context) -> None:
    """Replace the benchmark."""
    _check(command.portfolio_id)
    refuse_other_totals(command.weights, ("benchmark",))
    await context.units.keep(lambda unit: unit.portfolios.put_benchmark(command.portfolio_id, command.weights))


async def import_labels(command: ImportLabels, context: Context) -> None:
    """Replace the labels."""
    _check(command.portfolio_id)
    await context.units.keep(lambda unit: unit.portfolios.put_labels(command.portfolio_id, command.labels))


async def import_risk_model(command: ImportRiskModel, context: Context) -> None:
    """Replace the risk model.

    Raises:
        InvalidInput: it is no covariance: not symmetric, or not positive semidefinite.
    """
    _check(command.portfolio_id)
    DenseCovariance.of(command.model.covariance)
    await context.units.keep(lambda unit: unit.portfolios.put_risk_model(command.portfolio_id, command.model))


async def _if_known(reading: Awaitable[Read | None]) -> Read | None:
    """What is read, where it can be: an import does not wait for neighbours."""
    try:
        return await reading
    except (NotFound, NeighbourUnavailable, NeighbourUnusable):
        return None


def _check(portfolio_id: str) -> None:
    fault = id_fault(portfolio_id)
    if fault is not None:
        raise InvalidInput.at(("portfolio_id",), fault)
