"""Factor analyses: what was asked and what came of it, and both together as they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tangency.adapters.sql.table import IDENTITY, PORTFOLIO, TENANT, Table, to, to_portfolio


class FactorAnalysisRequest(Table):
    """A factor analysis that was asked for."""

    __tablename__ = "factor_analysis_requests"
    __table_args__ = (
        to_portfolio("factor_analysis_requests"),
        Index("factor_analysis_requests_portfolio_idx", "tenant", "portfolio_id"),
        Index("factor_analysis_requests_status_idx", "tenant", "status"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    factors: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Analyzed:
    """What an analysis found, where it is written and where it is read."""

    as_of: Mapped[datetime]
    exposures: Mapped[list[Any]]
    attribution: Mapped[list[Any]]
    details: Mapped[dict[str, Any]]


class FactorAnalysisResult(Analyzed, Table):
    """What an analysis found."""

    __tablename__ = "factor_analysis_results"
    __table_args__ = (to("factor_analysis_requests", ["analysis_id"], ["id"], "factor_analysis_results_analysis_fk"),)

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    analysis_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    completed_at: Mapped[datetime]


class FactorExposures(Analyzed, Table):
    """An analysis as it is read."""

    __tablename__ = "factor_exposures"
    __table_args__ = (
        to_portfolio("factor_exposures"),
        Index("factor_exposures_portfolio_idx", "tenant", "portfolio_id", "created_at"),
        Index("factor_exposures_as_of_idx", "tenant", "as_of"),
    )

    tenant: Mapped[str] = mapped_column(TENANT, primary_key=True)
    analysis_id: Mapped[str] = mapped_column(IDENTITY, primary_key=True)
    portfolio_id: Mapped[str] = mapped_column(PORTFOLIO)
    factors: Mapped[list[Any]]
    created_at: Mapped[datetime]
