"""Efficient frontiers: what was asked and what came of it, and both together as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.column_types import DOCUMENT, MAYBE_JSON_VALUE
from tangency.adapters.sql.table import DIGEST, IDENTITY, NAME, PORTFOLIO, TENANT, Table, to, to_portfolio

ROUNDED = Numeric(10, 8, asdecimal=False)
"""A copy to filter by; the figure itself is in the question."""


class FrontierRequest(Table):
    """A frontier that was asked for; equal questions about a portfolio share one."""

    __tablename__ = "efficient_frontier_requests"
    __table_args__ = (
        to_portfolio("efficient_frontier_requests"),
        UniqueConstraint("tenant", "portfolio_id", "problem_hash"),
        Index("efficient_frontier_requests_portfolio_idx", "tenant", "portfolio_id"),
        Index("efficient_frontier_requests_status_idx", "tenant", "status"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    problem_hash: Mapped[str] = mapped_column(DIGEST)
    risk_measure: Mapped[str] = mapped_column(NAME)
    points: Mapped[int]
    min_return: Mapped[float | None] = mapped_column(ROUNDED)
    max_risk: Mapped[float | None] = mapped_column(ROUNDED)
    question: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    constraints: Mapped[dict[str, Any]]
    supplied: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Traced:
    """The portfolios of a frontier, where they are written and where they are read; weights in the order of names."""

    names: Mapped[list[Any]]
    frontier_points: Mapped[list[Any]]
    current_portfolio: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    optimal_portfolio: Mapped[dict[str, Any]]
    min_risk_portfolio: Mapped[dict[str, Any]]
    max_return_portfolio: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]


class FrontierResult(Traced, Table):
    """A frontier that was traced."""

    __tablename__ = "efficient_frontier_results"
    __table_args__ = (
        to("efficient_frontier_requests", ["frontier_id"], ["id"], "efficient_frontier_results_frontier_fk"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    frontier_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    completed_at: Mapped[datetime]


class StoredFrontier(Traced, Table):
    """A frontier as it is read."""

    __tablename__ = "efficient_frontiers"
    __table_args__ = (
        to_portfolio("efficient_frontiers"),
        Index("efficient_frontiers_portfolio_idx", "tenant", "portfolio_id", "problem_hash"),
        Index("efficient_frontiers_created_idx", "tenant", "created_at"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    frontier_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    problem_hash: Mapped[str] = mapped_column(DIGEST)
    risk_measure: Mapped[str] = mapped_column(NAME)
    question: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    constraints: Mapped[dict[str, Any]]
    supplied: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
