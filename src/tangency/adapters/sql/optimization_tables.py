"""Optimizations: what was asked and what came of it, and both together as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.column_types import DOCUMENT, MAYBE_DOCUMENT, MAYBE_JSON_VALUE
from tangency.adapters.sql.table import IDENTITY, NAME, PORTFOLIO, TENANT, Table, to, to_portfolio
from tangency.adapters.sql.traces import Traced


class OptimizationConfiguration(Table):
    """What was asked, without the data. Equal questions share a row: its id follows from its content."""

    __tablename__ = "optimization_configurations"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    objective: Mapped[str] = mapped_column(NAME)
    method: Mapped[str] = mapped_column(NAME)
    constraints: Mapped[dict[str, Any]]
    risk_parameters: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class PortfolioConfiguration(Table):
    """What the requests of a portfolio are given where they leave it out."""

    __tablename__ = "portfolio_configurations"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid)
    objective: Mapped[str] = mapped_column(NAME)
    method: Mapped[str] = mapped_column(NAME)
    constraints: Mapped[dict[str, Any]]
    risk_parameters: Mapped[dict[str, Any]]
    preferences: Mapped[dict[str, Any]]
    tax: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OptimizationRequest(Traced, Table):
    """An optimization that was asked for, complete: its problem is a document that refers to matrices by digest.

    ``sequence`` orders requests: clocks may tie, or go back. ``ordered`` are those that somebody comes back for; the
    others were answered at once, and are written when they have ended.
    """

    __tablename__ = "optimization_requests"
    __table_args__ = (
        to_portfolio("optimization_requests"),
        to("optimization_configurations", ["configuration_id"], ["id"], "optimization_requests_configuration_fk"),
        UniqueConstraint("tenant", "sequence"),
        Index("optimization_requests_portfolio_idx", "tenant", "portfolio_id", "sequence"),
        Index("optimization_requests_status_idx", "tenant", "status", "sequence"),
        Index("optimization_requests_queue_idx", "tenant", "queue", "status", "sequence"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    configuration_id: Mapped[UUID] = mapped_column(Uuid)
    ordered: Mapped[bool]
    optimization_type: Mapped[str] = mapped_column(NAME)
    objective: Mapped[str] = mapped_column(NAME)
    risk_measure: Mapped[str] = mapped_column(NAME)
    constraints: Mapped[dict[str, Any]]
    preferences: Mapped[dict[str, Any]]
    wording: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_DOCUMENT)
    problem: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    """The whole problem; in place of each matrix its digest."""
    valuation: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_DOCUMENT)
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    queue: Mapped[str] = mapped_column(String(20), server_default="light")
    attempt: Mapped[int]
    worker: Mapped[UUID | None] = mapped_column(Uuid)
    """Who has it, or had it last."""
    lease_until: Mapped[datetime | None]
    progress: Mapped[float]
    losses: Mapped[list[Any]]
    outcome: Mapped[str] = mapped_column(NAME)
    message: Mapped[str] = mapped_column(Text)
    failure: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_DOCUMENT)
    """What the solver brought in place of an answer: which limits contradict each other, and the proof."""
    version: Mapped[int]
    """Grows with every change."""
    estimated_completion_time: Mapped[datetime | None]
    estimated_s: Mapped[float] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class Answered:
    """The columns of an answer, where it is written and where it is read."""

    expected_return: Mapped[float | None]
    expected_volatility: Mapped[float | None]
    sharpe_ratio: Mapped[float | None]
    risk_contributions: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    risk_decomposition: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    why: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    metric_basis: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    efficient_frontier: Mapped[list[Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    frontier_reason: Mapped[str | None] = mapped_column(Text)
    """Why there is no frontier."""


class OptimizationResult(Answered, Table):
    """The answer of an optimization that completed, with the columns of both of the product's schemas.

    ``sequence`` orders answers. ``allocation`` is what the target comes to with cash, where the portfolio's worth is
    known.
    """

    __tablename__ = "optimization_results"
    __table_args__ = (
        to("optimization_requests", ["optimization_id"], ["id"], "optimization_results_optimization_fk"),
        UniqueConstraint("tenant", "id"),
        UniqueConstraint("tenant", "sequence"),
        CheckConstraint("optimal_weights = target_allocation", name="optimization_results_target_is_optimal"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    optimization_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    optimal_weights: Mapped[dict[str, Any]]
    optimization_metadata: Mapped[dict[str, Any]]
    findings: Mapped[dict[str, Any]]
    unused_inputs: Mapped[list[Any]]
    metrics: Mapped[dict[str, Any]]
    current_allocation: Mapped[dict[str, Any]]
    target_allocation: Mapped[dict[str, Any]]
    allocation: Mapped[dict[str, Any]]
    trades: Mapped[list[Any]]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime]


class PortfolioOptimization(Answered, Table):
    """An optimization as it is read: the request, and its result where there is one.

    ``number`` is the sequence of the request, ``answered`` that of the result.
    """

    __tablename__ = "portfolio_optimizations"
    __table_args__ = (
        to_portfolio("portfolio_optimizations"),
        Index("portfolio_optimizations_portfolio_idx", "tenant", "portfolio_id", "answered"),
        Index("portfolio_optimizations_created_idx", "tenant", "created_at"),
        Index("portfolio_optimizations_number_idx", "tenant", "ordered", "number"),
        Index("portfolio_optimizations_status_idx", "tenant", "ordered", "status"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    optimization_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    answered: Mapped[int | None] = mapped_column(BigInteger)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    ordered: Mapped[bool]
    optimization_type: Mapped[str] = mapped_column(NAME)
    objective: Mapped[str] = mapped_column(NAME)
    risk_measure: Mapped[str] = mapped_column(NAME)
    constraints: Mapped[dict[str, Any]]
    preferences: Mapped[dict[str, Any]]
    wording: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_DOCUMENT)
    status: Mapped[str] = mapped_column(String(20))
    attempt: Mapped[int]
    progress: Mapped[float]
    losses: Mapped[list[Any]]
    outcome: Mapped[str] = mapped_column(NAME)
    message: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    optimal_weights: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    optimization_metadata: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    findings: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    unused_inputs: Mapped[list[Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    current_allocation: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    target_allocation: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    trades: Mapped[list[Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    estimated_completion_time: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
