"""Factor analyses as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import FactorExposures
from tangency.domain.factors.analysis import FactorAnalysis

OWN = ("analysis_id", "portfolio_id", "as_of", "factors", "created_at")
"""What has a column of its own."""


class SqlFactorAnalyses:
    """The repository of factor analyses, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def add(self, analysis: FactorAnalysis) -> None:
        """Keep an analysis."""
        details: dict[str, Any] = msgspec.to_builtins(analysis)
        for column in OWN:
            del details[column]
        exposures, attribution = (details["findings"].pop(name) for name in ("exposures", "attribution"))
        self._session.add(
            FactorExposures(
                tenant=self._tenant,
                analysis_id=analysis.analysis_id,
                portfolio_id=analysis.portfolio_id,
                as_of=analysis.as_of,
                factors=list(analysis.factors),
                exposures=list(exposures),
                attribution=list(attribution),
                details=details,
                created_at=analysis.created_at,
            )
        )
        await self._session.flush()


async def read_analysis(session: AsyncSession, tenant: str, analysis_id: str) -> FactorAnalysis | None:
    """The analysis; None where there is none."""
    row = await session.get(FactorExposures, (tenant, analysis_id))
    return None if row is None else _analysis(row)


async def read_analyses(session: AsyncSession, tenant: str, portfolio_id: str, most: int) -> Sequence[FactorAnalysis]:
    """Those of a portfolio, the newest first."""
    query = select(FactorExposures).where(
        FactorExposures.tenant == tenant, FactorExposures.portfolio_id == portfolio_id
    )
    newest = query.order_by(FactorExposures.created_at.desc(), FactorExposures.analysis_id.desc()).limit(most)
    return [_analysis(row) for row in await session.scalars(newest)]


def _analysis(row: FactorExposures) -> FactorAnalysis:
    findings = {**row.details["findings"], "exposures": row.exposures, "attribution": row.attribution}
    own = {column: getattr(row, column) for column in OWN}
    return msgspec.convert({**row.details, **own, "findings": findings}, FactorAnalysis, strict=True)
