"""What others are told about an efficient frontier."""

from __future__ import annotations

from collections.abc import Mapping

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event, announcement, stamp
from tangency.domain.frontier.frontier import EfficientFrontier, FrontierPoint

GENERATED = "efficient_frontier_generated"


def generated(frontier: EfficientFrontier, ids: IdGenerator) -> Event:
    """The event of a frontier that nobody had asked for before; its weights are read under its id."""
    curve = frontier.curve
    told = {
        "frontier_id": frontier.id,
        "portfolio_id": frontier.portfolio_id,
        "created_at": stamp(frontier.created_at),
        "risk_measure": frontier.question.measure,
        "efficient_frontier": [figures(point) for point in curve.points],
        "current_portfolio": None if curve.current is None else figures(curve.current),
        "optimal_portfolio": figures(curve.optimal),
        "min_risk_portfolio": figures(curve.least_risk),
        "max_return_portfolio": figures(curve.greatest_return),
    }
    return announcement(GENERATED, frontier.id, frontier.created_at, ids, told)


def figures(point: FrontierPoint) -> Mapping[str, float | None]:
    """What a portfolio on the frontier is told by: annual return, risk by the frontier's measure, Sharpe ratio."""
    return {"return": point.expected_return, "risk": point.risk, "sharpe": point.sharpe}
