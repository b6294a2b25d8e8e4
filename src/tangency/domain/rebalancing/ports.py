"""Where plans are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tangency.domain.rebalancing.plan import RebalancePlan


class RebalancePlans(Protocol):
    """Plans as they are read."""

    async def plan(self, plan_id: str) -> RebalancePlan | None:
        """The plan of that id; None where there is none."""

    async def plans_of(self, portfolio_id: str) -> Sequence[RebalancePlan]:
        """The plans of a portfolio, newest first."""

    async def last_approval(self, portfolio_id: str) -> datetime | None:
        """When a plan of the portfolio was approved last; None where none was."""


class RebalancePlanRepository(Protocol):
    """Plans, within a transaction."""

    async def get(self, plan_id: str) -> RebalancePlan | None:
        """The plan of that id; None where there is none."""

    async def proposed(self, portfolio_id: str) -> Sequence[RebalancePlan]:
        """The plans of a portfolio that nobody has decided on, nor will until this transaction ends."""

    async def last_approval(self, portfolio_id: str) -> datetime | None:
        """When a plan of the portfolio was approved last; None where none was."""

    async def overdue(self, at: datetime) -> Sequence[RebalancePlan]:
        """The plans of every portfolio that nobody decided on while they were valid."""

    async def put(self, plan: RebalancePlan) -> None:
        """Keep a plan, or what was decided about it."""
