"""The tables. Every one has a tenant, and every key begins with it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tangency.adapters.sql.column_types import DOCUMENT, JSON_VALUE, MAYBE_JSON_VALUE, FiniteFloat, UtcDateTime

TENANT = String(100)
PORTFOLIO = String(100)
DIGEST = String(64)
SERIES = "portfolio_optimization_ts"
WAITING = "position IS NULL AND refused IS NULL"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime, float: FiniteFloat, dict[str, Any]: JSON_VALUE, list[Any]: JSON_VALUE}  # noqa: RUF012


class OptimizationConfiguration(Table):
    """What was asked, without the data. Equal questions share a row: its id follows from its content."""

    __tablename__ = "optimization_configurations"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    objective: Mapped[str] = mapped_column(String(50))
    method: Mapped[str] = mapped_column(String(50))
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
    objective: Mapped[str] = mapped_column(String(50))
    method: Mapped[str] = mapped_column(String(50))
    constraints: Mapped[dict[str, Any]]
    risk_parameters: Mapped[dict[str, Any]]
    preferences: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OptimizationResult(Table):
    """An optimization that ended, answered or not. ``sequence`` orders them: clocks may tie, or go back."""

    __tablename__ = "optimization_results"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "configuration_id"], ["optimization_configurations.tenant", "optimization_configurations.id"]
        ),
        UniqueConstraint("tenant", "sequence"),
        Index(None, "tenant", "portfolio_id", "status", "sequence"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    configuration_id: Mapped[UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(50))
    message: Mapped[str] = mapped_column(Text)
    optimal_weights: Mapped[dict[str, Any]]
    expected_return: Mapped[float | None]
    expected_volatility: Mapped[float | None]
    sharpe_ratio: Mapped[float | None]
    optimization_metadata: Mapped[dict[str, Any]]
    risk_contributions: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    why: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    infeasibility: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    risk_decomposition: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    findings: Mapped[dict[str, Any]]
    unused_inputs: Mapped[list[Any]]
    problem: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    """The whole problem; in place of each matrix its digest."""
    requested_at: Mapped[datetime]
    created_at: Mapped[datetime]


class StoredMatrix(Table):
    """A matrix, once for all the problems that have it."""

    __tablename__ = "matrices"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    height: Mapped[int]
    width: Mapped[int]
    encoding: Mapped[str] = mapped_column(String(20))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class LibraryEntry(Table):
    """A version of a document that requests refer to; what was written stays."""

    __tablename__ = "library_entries"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    shelf: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[Any] = mapped_column(DOCUMENT)
    written_at: Mapped[datetime]


class FactorExposures(Table):
    """A factor analysis."""

    __tablename__ = "factor_exposures"
    __table_args__ = (
        Index("ix_factor_exposures_portfolio", "tenant", "portfolio_id", "created_at"),
        Index("ix_factor_exposures_as_of", "tenant", "as_of"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    analysis_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    as_of: Mapped[datetime]
    factors: Mapped[list[Any]]
    exposures: Mapped[list[Any]]
    attribution: Mapped[list[Any]]
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ImportedPortfolio(Table):
    """Cash, and the id that the holdings belong to."""

    __tablename__ = "portfolios"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    cash: Mapped[float]
    imported_at: Mapped[datetime]


class ImportedHolding(Table):
    """A position; ``place`` is its row in the file."""

    __tablename__ = "holdings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.portfolio_id"], ondelete="CASCADE"
        ),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    place: Mapped[int]
    quantity: Mapped[float]
    sector: Mapped[str | None] = mapped_column(Text)
    asset_class: Mapped[str | None] = mapped_column(Text)


class ImportedLabel(Table):
    """Sector and asset class of a name, whether it is held or not."""

    __tablename__ = "labels"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    place: Mapped[int]
    sector: Mapped[str | None] = mapped_column(Text)
    asset_class: Mapped[str | None] = mapped_column(Text)


class ImportedLot(Table):
    """Units that were bought together; ``place`` is the row in the file."""

    __tablename__ = "tax_lots"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    lot_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    place: Mapped[int]
    instrument_id: Mapped[str] = mapped_column(String(100))
    quantity: Mapped[float]
    cost: Mapped[float]
    bought: Mapped[date] = mapped_column(Date)


class ImportedBenchmark(Table):
    """Weights by name of what a portfolio is measured against."""

    __tablename__ = "benchmarks"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    weights: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]


class ImportedPrices(Table):
    """A history of prices; the figures are a matrix, one row per date and one column per name."""

    __tablename__ = "prices"
    __table_args__ = (ForeignKeyConstraint(["tenant", "digest"], ["matrices.tenant", "matrices.digest"]),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    names: Mapped[list[Any]]
    dates: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(DIGEST)
    imported_at: Mapped[datetime]


class ImportedRiskModel(Table):
    """Covariances that somebody else has estimated; the figures are a matrix, one row and one column per name."""

    __tablename__ = "risk_models"
    __table_args__ = (ForeignKeyConstraint(["tenant", "digest"], ["matrices.tenant", "matrices.digest"]),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    names: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(DIGEST)
    imported_at: Mapped[datetime]


class OptimizationRequest(Table):
    """An optimization that was ordered, complete: its problem is a document that refers to matrices by digest."""

    __tablename__ = "optimization_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "configuration_id"], ["optimization_configurations.tenant", "optimization_configurations.id"]
        ),
        UniqueConstraint("tenant", "sequence", name="uq_optimization_requests_tenant_sequence"),
        Index("ix_optimization_requests_tenant_status_sequence", "tenant", "status", "sequence"),
        Index("ix_optimization_requests_tenant_portfolio_id_sequence", "tenant", "portfolio_id", "sequence"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity())
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    configuration_id: Mapped[UUID] = mapped_column(Uuid)
    wording: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    problem: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    valuation: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20))
    attempt: Mapped[int]
    lease_until: Mapped[datetime | None]
    progress: Mapped[float]
    losses: Mapped[list[Any]]
    outcome: Mapped[str] = mapped_column(String(50))
    message: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    expected_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class StoredFrontier(Table):
    """A frontier; equal questions about a portfolio share one. Portfolios are objects with weights in name order."""

    __tablename__ = "efficient_frontiers"
    __table_args__ = (UniqueConstraint("tenant", "portfolio_id", "problem_hash"),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    frontier_id: Mapped[str] = mapped_column(String(30), primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    problem_hash: Mapped[str] = mapped_column(DIGEST)
    risk_measure: Mapped[str] = mapped_column(String(50))
    points: Mapped[int]
    min_return: Mapped[float | None]
    max_risk: Mapped[float | None]
    names: Mapped[list[Any]]
    efficient_frontier: Mapped[list[Any]]
    current_portfolio: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    optimal_portfolio: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]
    supplied: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    created_at: Mapped[datetime]


class IdempotencyKey(Table):
    """A key, the request that came with it first, and what that made; a batch makes several things, each a part."""

    __tablename__ = "idempotency_keys"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    subject: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class OutboxEvent(Table):
    """Something that others want to know. It waits until it has a position, or the reason why nobody takes it.

    ``number`` keeps the order of each portfolio, which a lock on the portfolio sees to, and no more than that: a lower
    one of another may be committed later. ``sequence`` counts within the portfolio.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("tenant", "number"),
        UniqueConstraint("tenant", "position"),
        UniqueConstraint("tenant", "portfolio_id", "sequence"),
        Index("ix_outbox_waiting", "tenant", "number", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    type: Mapped[str] = mapped_column(String(50))
    subject: Mapped[str] = mapped_column(String(100))
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    sequence: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    position: Mapped[int | None] = mapped_column(BigInteger)
    refused: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class SeriesRow(Table):
    """A point of the series of a portfolio: in partitions by day on PostgreSQL, in a hypertable of TimescaleDB."""

    __tablename__ = SERIES
    __table_args__ = ({"postgresql_partition_by": "RANGE (timestamp)"},)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    timestamp: Mapped[datetime] = mapped_column(primary_key=True)
    optimization_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    optimal_weights: Mapped[dict[str, Any]]
    expected_return: Mapped[float | None]
    expected_volatility: Mapped[float | None]
    sharpe_ratio: Mapped[float | None]
    optimization_metadata: Mapped[dict[str, Any]]


class StoredPlan(Table):
    """A plan of trades, and what was decided about it."""

    __tablename__ = "rebalance_plans"
    __table_args__ = (Index(None, "tenant", "portfolio_id", "created_at"),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    rebalance_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    target_type: Mapped[str] = mapped_column(String(20))
    request: Mapped[dict[str, Any]] = mapped_column(DOCUMENT)
    current_allocation: Mapped[dict[str, Any]]
    model_target: Mapped[dict[str, Any] | None] = mapped_column(MAYBE_JSON_VALUE)
    target_allocation: Mapped[dict[str, Any]]
    trades: Mapped[list[Any]]
    metrics: Mapped[dict[str, Any]]
    valuation: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    decided_at: Mapped[datetime | None]
