"""Rebalance plans: what was asked and decided, what came of it, and both together as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.column_types import DOCUMENT, MAYBE_JSON_VALUE
from tangency.adapters.sql.table import IDENTITY, NAME, PORTFOLIO, TENANT, Table, to, to_portfolio


class RebalanceRequest(Table):
    """A plan that was asked for, and what was decided about it."""

    __tablename__ = "rebalance_requests"
    __table_args__ = (
        to_portfolio("rebalance_requests"),
        Index("rebalance_requests_portfolio_idx", "tenant", "portfolio_id"),
        Index("rebalance_requests_status_idx", "tenant", "status", "valid_until"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    target_type: Mapped[str] = mapped_column(String(20))
    constraints: Mapped[dict[str, Any]]
    request: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    valid_until: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(NAME)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Planned:
    """The trades of a plan, where they are written and where they are read."""

    current_allocation: Mapped[dict[str, Any]]
    model_target: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    target_allocation: Mapped[dict[str, Any]]
    trades: Mapped[list[Any]]
    metrics: Mapped[dict[str, Any]]
    valuation: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]


class RebalanceResult(Planned, Table):
    """The trades of a plan."""

    __tablename__ = "rebalance_results"
    __table_args__ = (to("rebalance_requests", ["rebalance_id"], ["id"], "rebalance_results_rebalance_fk"),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    rebalance_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    completed_at: Mapped[datetime]


class StoredPlan(Planned, Table):
    """A plan as it is read."""

    __tablename__ = "rebalance_plans"
    __table_args__ = (
        to_portfolio("rebalance_plans"),
        Index("rebalance_plans_portfolio_idx", "tenant", "portfolio_id", "created_at"),
        Index("rebalance_plans_created_idx", "tenant", "created_at"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    rebalance_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    target_type: Mapped[str] = mapped_column(String(20))
    request: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    status: Mapped[str] = mapped_column(String(20))
    valid_until: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(NAME)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
