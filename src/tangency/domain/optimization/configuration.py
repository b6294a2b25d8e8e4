"""What the requests of a portfolio are given where they leave it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, eq=False, slots=True)
class StandingConfiguration:
    """The configuration that is stored for a portfolio, in the words of a request; plain values.

    Attributes:
        constraints: limits on weights, sectors, turnover and leverage.
        risk_parameters: how risk and return are measured, and targets; never data.
        preferences: costs, taxes and the aversion to risk of optimizations that are ordered.
        tax: rates, the rule of lots and the horizon, wherever taxes count; never lots.
        enabled: whether it supplies anything.
    """

    id: UUID
    portfolio_id: str
    objective: str
    method: str
    constraints: Mapping[str, Any]
    risk_parameters: Mapping[str, Any]
    preferences: Mapping[str, Any]
    tax: Mapping[str, Any]
    enabled: bool
    created_at: datetime
    updated_at: datetime


class Configurations(Protocol):
    """Configurations as they are read."""

    async def configuration(self, portfolio_id: str) -> StandingConfiguration | None:
        """The one of a portfolio; None where none is stored."""


class ConfigurationRepository(Protocol):
    """Configurations, within a transaction."""

    async def get(self, portfolio_id: str) -> StandingConfiguration | None:
        """The one of a portfolio; None where none is stored."""

    async def put(self, configuration: StandingConfiguration) -> None:
        """Keep it in place of the one before."""
