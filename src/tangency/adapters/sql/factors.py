"""Factor analyses as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.projections import FACTOR_ANALYSES, project
from tangency.adapters.sql.schema import FactorAnalysisRequest, FactorAnalysisResult, FactorExposures
from tangency.adapters.sql.statements import know
from tangency.domain.factors.analysis import FactorAnalysis
from tangency.domain.optimization.optimization import Stage

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
        own = {"tenant": self._tenant}
        request = {
            "id": analysis.analysis_id,
            "portfolio_id": analysis.portfolio_id,
            "factors": list(analysis.factors),
            "status": Stage.COMPLETED.value,
            "created_at": analysis.created_at,
            "updated_at": analysis.created_at,
        }
        result = {
            "analysis_id": analysis.analysis_id,
            "as_of": analysis.as_of,
            "exposures": list(exposures),
            "attribution": list(attribution),
            "details": details,
            "completed_at": analysis.created_at,
        }
        await know(self._session, self._tenant, analysis.portfolio_id)
        await self._session.execute(insert(FactorAnalysisRequest), own | request)
        await self._session.execute(insert(FactorAnalysisResult), own | result)
        await project(self._session, FACTOR_ANALYSES, self._tenant, analysis.analysis_id)


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
