"""Configurations of portfolios as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sqlalchemy import RowMapping, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import PortfolioConfiguration
from tangency.adapters.sql.statements import table_of
from tangency.domain.optimization.configuration import StandingConfiguration

COLUMNS = tuple(each.name for each in fields(StandingConfiguration))

_ROWS = table_of(PortfolioConfiguration).c
OF_A_PORTFOLIO = select(*(_ROWS[column] for column in COLUMNS)).where(
    _ROWS.tenant == bindparam("of_tenant"), _ROWS.portfolio_id == bindparam("of_portfolio")
)
"""Built once, and of columns: every question about a portfolio asks it."""


class SqlConfigurations:
    """The repository, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def get(self, portfolio_id: str) -> StandingConfiguration | None:
        """The one of a portfolio; None where none is stored."""
        found = await self._session.execute(OF_A_PORTFOLIO, of_a_portfolio(self._tenant, portfolio_id))
        return configuration_of(found.mappings().first())

    async def put(self, configuration: StandingConfiguration) -> None:
        """Keep it in place of the one before."""
        values = {column: getattr(configuration, column) for column in COLUMNS}
        await self._session.merge(PortfolioConfiguration(tenant=self._tenant, **values))
        await self._session.flush()


def of_a_portfolio(tenant: str, portfolio_id: str) -> Mapping[str, str]:
    """The values of ``OF_A_PORTFOLIO``."""
    return {"of_tenant": tenant, "of_portfolio": portfolio_id}


def configuration_of(row: RowMapping | None) -> StandingConfiguration | None:
    """The configuration in a row; None where none is stored."""
    return None if row is None else StandingConfiguration(**row)
