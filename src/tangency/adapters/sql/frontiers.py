"""Efficient frontiers as rows."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from sqlalchemy import CursorResult, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import StoredFrontier
from tangency.adapters.sql.statements import dialect, insert_unless_there
from tangency.domain.frontier.frontier import Curve, EfficientFrontier, FrontierPoint
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.solution import Provenance


class SqlFrontiers:
    """The repository of frontiers, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def add(self, frontier: EfficientFrontier) -> EfficientFrontier:
        """Keep a frontier, or give back the one that has its key."""
        statement = insert_unless_there(StoredFrontier, dialect(self._session))
        added = await self._session.execute(statement, {"tenant": self._tenant, **_columns(frontier)})
        if isinstance(added, CursorResult) and added.rowcount == 1:
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


def _columns(frontier: EfficientFrontier) -> dict[str, Any]:
    question, curve = frontier.question, frontier.curve
    return {
        "frontier_id": frontier.id,
        "portfolio_id": frontier.portfolio_id,
        "problem_hash": frontier.key,
        "risk_measure": question.measure,
        "points": question.points,
        "min_return": question.min_return,
        "max_risk": question.max_risk,
        "names": list(curve.names),
        "efficient_frontier": [_point(point) for point in curve.points],
        "current_portfolio": None if curve.current is None else _point(curve.current),
        "optimal_portfolio": _point(curve.optimal),
        "provenance": msgspec.to_builtins(curve.provenance),
        "supplied": dict(frontier.supplied),
        "created_at": frontier.created_at,
    }


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
        points=tuple(map(_read_point, row.efficient_frontier)),
        current=None if row.current_portfolio is None else _read_point(row.current_portfolio),
        optimal=_read_point(row.optimal_portfolio),
        provenance=msgspec.convert(row.provenance, Provenance),
    )
    question = FrontierQuestion(row.risk_measure, row.points, row.min_return, row.max_risk)
    return EfficientFrontier(
        row.frontier_id, row.portfolio_id, row.problem_hash, question, curve, row.created_at, row.supplied or {}
    )


def _read_point(read: dict[str, Any]) -> FrontierPoint:
    return FrontierPoint(**{**read, "weights": np.array(read["weights"], dtype=float)})
