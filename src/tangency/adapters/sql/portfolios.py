"""Imported portfolios and prices as rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Text, cast, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.matrices import freeze_matrix, thaw_matrix
from tangency.adapters.sql.schema import (
    ImportedBenchmark,
    ImportedHolding,
    ImportedLabel,
    ImportedLot,
    ImportedPrices,
    ImportedRiskModel,
    KnownPortfolio,
    OptimizationRequest,
    StoredMatrix,
)
from tangency.adapters.sql.statements import dialect, insert_matrix, know
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.numbers import Matrix
from tangency.domain.portfolio.labels import Label, Labels, labelled
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot

Figured = TypeVar("Figured", ImportedPrices, ImportedRiskModel)
"""Rows that refer to figures."""


class SqlPortfolios:
    """The repository of imports, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str, now: Callable[[], datetime]) -> None:
        self._session, self._tenant, self._now = session, tenant, now

    async def put(self, portfolio: Portfolio) -> None:
        """Replace what is held under the portfolio's id."""
        key = {"tenant": self._tenant, "portfolio_id": portfolio.id}
        await know(self._session, self._tenant, portfolio.id)
        head = await self._session.get_one(KnownPortfolio, (self._tenant, portfolio.id), with_for_update=True)
        head.cash, head.imported_at = portfolio.cash, self._now()
        await self._clear(ImportedHolding, portfolio.id)
        self._session.add_all(
            ImportedHolding(
                **key,
                name=holding.name,
                place=place,
                quantity=holding.quantity,
                sector=holding.sector,
                asset_class=holding.asset_class,
            )
            for place, holding in enumerate(portfolio.holdings)
        )

    async def put_tax_lots(self, portfolio_id: str, lots: Sequence[TaxLot]) -> None:
        """Replace the lots of what is held."""
        await self._clear(ImportedLot, portfolio_id)
        self._session.add_all(
            ImportedLot(
                tenant=self._tenant,
                portfolio_id=portfolio_id,
                lot_id=lot.id,
                place=place,
                instrument_id=lot.instrument_id,
                quantity=lot.quantity,
                cost=lot.cost,
                bought=lot.bought,
            )
            for place, lot in enumerate(lots)
        )

    async def put_benchmark(self, portfolio_id: str, weights: Mapping[str, float]) -> None:
        """Replace the weights of what the portfolio is measured against."""
        key = {"tenant": self._tenant, "portfolio_id": portfolio_id}
        await self._session.merge(ImportedBenchmark(**key, weights=dict(weights), imported_at=self._now()))

    async def put_labels(self, portfolio_id: str, labels: Labels) -> None:
        """Replace the labels of a portfolio's names."""
        await self._clear(ImportedLabel, portfolio_id)
        key = {"tenant": self._tenant, "portfolio_id": portfolio_id}
        self._session.add_all(
            ImportedLabel(**key, name=name, place=place, sector=label.sector, asset_class=label.asset_class)
            for place, (name, label) in enumerate(labels.items())
        )

    async def _clear(self, table: type[ImportedHolding | ImportedLot | ImportedLabel], portfolio_id: str) -> None:
        await self._session.execute(
            delete(table).where(table.tenant == self._tenant, table.portfolio_id == portfolio_id)
        )

    async def put_prices(self, portfolio_id: str, prices: PriceHistory) -> None:
        """Replace the history of the names of a portfolio; the one before goes unless somebody else refers to it."""
        row = await self._matrix(ImportedPrices, portfolio_id, prices.values)
        row.names, row.dates = list(prices.names), [day.isoformat() for day in prices.dates]
        await self._keep(row)

    async def put_risk_model(self, portfolio_id: str, model: RiskModel) -> None:
        """Replace the covariances of a portfolio's names; the matrix before goes unless somebody else refers to it."""
        row = await self._matrix(ImportedRiskModel, portfolio_id, model.covariance)
        row.names = list(model.names)
        await self._keep(row)

    async def _matrix(self, table: type[Figured], portfolio_id: str, values: Matrix) -> Figured:
        """A row that refers to figures, which are kept."""
        matrix, now = await asyncio.to_thread(freeze_matrix, values), self._now()
        stored = {**matrix.columns, "tenant": self._tenant, "created_at": now}
        await self._session.execute(insert_matrix(dialect(self._session)), stored)
        return table(tenant=self._tenant, portfolio_id=portfolio_id, digest=matrix.digest, imported_at=now)

    async def _keep(self, row: Figured) -> None:
        before = await self._session.get(type(row), (row.tenant, row.portfolio_id))
        replaced = None if before is None else before.digest
        await self._session.merge(row)
        await self._session.flush()
        if replaced is not None and replaced != row.digest:
            await self._collect(replaced)

    async def _collect(self, digest: str) -> None:
        """Remove a matrix that no import and no problem refers to: every answer must stay replayable.

        Whoever is about to refer to it holds its row, and is waited for before anybody looks.
        """
        key = (StoredMatrix.tenant == self._tenant, StoredMatrix.digest == digest)
        await self._session.execute(select(StoredMatrix.digest).where(*key).with_for_update())
        unused = [
            ~exists().where(table.tenant == self._tenant, table.digest == digest)
            for table in (ImportedPrices, ImportedRiskModel)
        ]
        posed = exists().where(
            OptimizationRequest.tenant == self._tenant, cast(OptimizationRequest.problem, Text).contains(digest)
        )
        await self._session.execute(
            delete(StoredMatrix).where(*key, *unused, ~posed).execution_options(synchronize_session=False)
        )


async def read_known_portfolios(session: AsyncSession, tenant: str, most: int) -> Sequence[str]:
    """The ids of portfolios, in order; no more than ``most``."""
    query = select(KnownPortfolio.id).where(KnownPortfolio.tenant == tenant).order_by(KnownPortfolio.id).limit(most)
    return (await session.scalars(query)).all()


async def read_portfolio(session: AsyncSession, tenant: str, portfolio_id: str) -> Portfolio | None:
    """What is held under an id; None where nothing was imported."""
    head = await session.get(KnownPortfolio, (tenant, portfolio_id))
    if head is None or head.cash is None:
        return None
    query = select(ImportedHolding).where(
        ImportedHolding.tenant == tenant, ImportedHolding.portfolio_id == portfolio_id
    )
    rows = await session.scalars(query.order_by(ImportedHolding.place))
    holdings = tuple(Holding(row.name, row.quantity, row.sector, row.asset_class) for row in rows)
    labels = await _labels(session, tenant, portfolio_id)
    return labelled(Portfolio(portfolio_id, holdings, head.cash), labels)


async def _labels(session: AsyncSession, tenant: str, portfolio_id: str) -> Labels:
    query = select(ImportedLabel).where(ImportedLabel.tenant == tenant, ImportedLabel.portfolio_id == portfolio_id)
    rows = await session.scalars(query.order_by(ImportedLabel.place))
    return {row.name: Label(row.sector, row.asset_class) for row in rows}


async def read_tax_lots(session: AsyncSession, tenant: str, portfolio_id: str) -> Sequence[TaxLot]:
    """The lots of what is held; none where none were imported."""
    query = select(ImportedLot).where(ImportedLot.tenant == tenant, ImportedLot.portfolio_id == portfolio_id)
    rows = await session.scalars(query.order_by(ImportedLot.place))
    return [TaxLot(row.lot_id, row.instrument_id, row.quantity, row.cost, row.bought) for row in rows]


async def read_benchmark(session: AsyncSession, tenant: str, portfolio_id: str) -> Mapping[str, float] | None:
    """What the portfolio is measured against; None where nothing was imported."""
    row = await session.get(ImportedBenchmark, (tenant, portfolio_id))
    return None if row is None else row.weights


async def read_prices(session: AsyncSession, tenant: str, portfolio_id: str) -> PriceHistory | None:
    """The prices of a portfolio's names; None where none were imported."""
    head = await session.get(ImportedPrices, (tenant, portfolio_id))
    if head is None:
        return None
    values = await _matrix(session, tenant, head.digest)
    return PriceHistory(tuple(head.names), tuple(map(date.fromisoformat, head.dates)), values)


async def read_risk_model(session: AsyncSession, tenant: str, portfolio_id: str) -> RiskModel | None:
    """The covariances of a portfolio's names; None where none were imported."""
    head = await session.get(ImportedRiskModel, (tenant, portfolio_id))
    if head is None:
        return None
    return RiskModel(tuple(head.names), await _matrix(session, tenant, head.digest))


async def _matrix(session: AsyncSession, tenant: str, digest: str) -> Matrix:
    kept = await session.get_one(StoredMatrix, (tenant, digest))
    return await asyncio.to_thread(thaw_matrix, kept.height, kept.width, kept.encoding, kept.data)
