"""Efficient frontiers as rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.projections import FRONTIERS, project
from tangency.adapters.sql.schema import FrontierRequest, FrontierResult, StoredFrontier
from tangency.adapters.sql.statements import changed, dialect, insert_unless_there, know
from tangency.domain.frontier.frontier import Curve, EfficientFrontier, FrontierPoint
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.solution import Provenance

MOST_ROUNDED = 99.99999999
"""The largest figure of ten digits, eight of them behind the point."""


class SqlFrontiers:
    """The repository of frontiers, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def add(self, frontier: EfficientFrontier) -> EfficientFrontier:
        """Keep a frontier, or give back the one that has its key."""
        await know(self._session, self._tenant, frontier.portfolio_id)
        own = {"tenant": self._tenant}
        statement = insert_unless_there(FrontierRequest, dialect(self._session))
        if changed(await self._session.execute(statement, own | _request(frontier))):
            await self._session.execute(insert(FrontierResult), own | _result(frontier))
            await project(self._session, FRONTIERS, self._tenant, frontier.id)
            return frontier
        kept = await read_frontier_for(self._session, self._tenant, frontier.portfolio_id, frontier.key)
        return kept or frontier


async def read_frontier(session: AsyncSession, tenant: str, frontier_id: str) -> EfficientFrontier | None:
    """The frontier of an id; None where there is none."""
    row = await session.get(StoredFrontier, (tenant, frontier_id))
    return None if row is None else _frontier(row)


async def read_frontier_for(
    session: AsyncSession, tenant: str, portfolio_id: str, key: str
) -> EfficientFrontier | None:
    """The frontier of a portfolio for a problem and a question; None where there is none."""
    row = await session.scalar(
        select(StoredFrontier).where(
            StoredFrontier.tenant == tenant,
            StoredFrontier.portfolio_id == portfolio_id,
            StoredFrontier.problem_hash == key,
        )
    )
    return None if row is None else _frontier(row)


def _request(frontier: EfficientFrontier) -> dict[str, Any]:
    question = frontier.question
    return {
        "id": frontier.id,
        "portfolio_id": frontier.portfolio_id,
        "problem_hash": frontier.key,
        "risk_measure": question.measure,
        "points": question.points,
        "min_return": _rounded(question.min_return),
        "max_risk": _rounded(question.max_risk),
        "question": asdict(question),
        "constraints": dict(frontier.constraints),
        "supplied": dict(frontier.supplied),
        "status": Stage.COMPLETED.value,
        "created_at": frontier.created_at,
        "updated_at": frontier.created_at,
    }


def _result(frontier: EfficientFrontier) -> dict[str, Any]:
    curve = frontier.curve
    return {
        "frontier_id": frontier.id,
        "names": list(curve.names),
        "frontier_points": [_point(point) for point in curve.points],
        "current_portfolio": None if curve.current is None else _point(curve.current),
        "optimal_portfolio": _point(curve.optimal),
        "min_risk_portfolio": _point(curve.least_risk),
        "max_return_portfolio": _point(curve.greatest_return),
        "provenance": msgspec.to_builtins(curve.provenance),
        "completed_at": frontier.created_at,
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else max(-MOST_ROUNDED, min(MOST_ROUNDED, round(figure, 8)))


def _point(point: FrontierPoint) -> dict[str, Any]:
    return {
        "weights": point.weights.tolist(),
        "expected_return": point.expected_return,
        "risk": point.risk,
        "sharpe": point.sharpe,
        "return_risk_ratio": point.return_risk_ratio,
        "relative_gap": point.relative_gap,
    }


def _frontier(row: StoredFrontier) -> EfficientFrontier:
    curve = Curve(
        names=tuple(row.names),
        points=tuple(map(_read_point, row.frontier_points)),
        current=None if row.current_portfolio is None else _read_point(row.current_portfolio),
        optimal=_read_point(row.optimal_portfolio),
        provenance=msgspec.convert(row.provenance, Provenance),
    )
    question = FrontierQuestion(**row.question)
    return EfficientFrontier(
        id=row.frontier_id,
        portfolio_id=row.portfolio_id,
        key=row.problem_hash,
        question=question,
        curve=curve,
        created_at=row.created_at,
        supplied=row.supplied,
        constraints=row.constraints,
    )


def _read_point(read: dict[str, Any]) -> FrontierPoint:
    return FrontierPoint(**{**read, "weights": np.array(read["weights"], dtype=float)})
