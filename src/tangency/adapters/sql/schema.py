"""The tables: those of inputs, of keys and of the outbox here, the others beside."""

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
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.column_types import DOCUMENT
from tangency.adapters.sql.factor_tables import FactorAnalysisRequest, FactorAnalysisResult, FactorExposures
from tangency.adapters.sql.fleet_tables import RunningWorker, Ticket
from tangency.adapters.sql.frontier_tables import FrontierRequest, FrontierResult, StoredFrontier
from tangency.adapters.sql.optimization_tables import (
    OptimizationConfiguration,
    OptimizationRequest,
    OptimizationResult,
    PortfolioConfiguration,
    PortfolioOptimization,
)
from tangency.adapters.sql.rebalancing_tables import RebalanceRequest, RebalanceResult, StoredPlan
from tangency.adapters.sql.table import DIGEST, PORTFOLIO, TENANT, Table
from tangency.adapters.sql.traces import Traced

__all__ = [
    "FactorAnalysisRequest",
    "FactorAnalysisResult",
    "FactorExposures",
    "FrontierRequest",
    "FrontierResult",
    "IdempotencyKey",
    "ImportedBenchmark",
    "ImportedHolding",
    "ImportedLabel",
    "ImportedLot",
    "ImportedPrices",
    "ImportedRiskModel",
    "KnownPortfolio",
    "LibraryEntry",
    "OptimizationConfiguration",
    "OptimizationRequest",
    "OptimizationResult",
    "OutboxEvent",
    "PortfolioConfiguration",
    "PortfolioOptimization",
    "RebalanceRequest",
    "RebalanceResult",
    "RunningWorker",
    "SeriesRow",
    "StoredFrontier",
    "StoredMatrix",
    "StoredPlan",
    "Table",
    "Ticket",
]

SERIES = "portfolio_optimization_ts"
WAITING = "position IS NULL AND refused IS NULL"


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


class KnownPortfolio(Table):
    """The id of a portfolio that anything was asked about, and its cash where its holdings are imported."""

    __tablename__ = "portfolios"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[str] = mapped_column(PORTFOLIO, primary_key=True)
    cash: Mapped[float | None]
    imported_at: Mapped[datetime | None]


class ImportedHolding(Table):
    """A position; ``place`` is its row in the file."""

    __tablename__ = "holdings"
    __table_args__ = (ForeignKeyConstraint(["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"]),)

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


class IdempotencyKey(Table):
    """A key, the request that came with it first, and what that made; a batch makes several things, each a part."""

    __tablename__ = "idempotency_keys"

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(DIGEST)
    subject: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class OutboxEvent(Traced, Table):
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
