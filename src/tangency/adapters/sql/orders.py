"""Orders as rows. Every change of an order that somebody works on is fenced by the number of the attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from tangency.adapters.sql.optimizations import SqlOptimizations, answer_where
from tangency.adapters.sql.schema import OptimizationRequest, OptimizationResult
from tangency.adapters.sql.statements import changed, dialect, insert_numbered
from tangency.domain.optimization.optimization import Optimization, Stage
from tangency.domain.optimization.order import MOST_LOSSES, Filter, Order, OrderState
from tangency.domain.portfolio.valuation import Valuation

OPEN = (Stage.PENDING.value, Stage.PROCESSING.value)
LOST = "worker_lost"
"""The outcome of an order over which too many workers were lost."""


class SqlOrders:
    """The repository, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str, optimizations: SqlOptimizations) -> None:
        self._session, self._tenant, self._optimizations = session, tenant, optimizations

    async def add(self, order: Order) -> None:
        """Keep an order that nobody works on yet."""
        optimization = order.optimization
        document, configuration_id = await self._optimizations.keep_problem(optimization)
        values = {
            "id": optimization.id,
            "portfolio_id": optimization.portfolio_id,
            "configuration_id": configuration_id,
            "wording": dict(order.wording),
            "problem": dict(document),
            "valuation": asdict(order.valuation),
            "status": optimization.stage.value,
            "attempt": 0,
            "progress": 0.0,
            "losses": [],
            "outcome": "",
            "message": "",
            "expected_at": order.expected_at,
            "created_at": optimization.requested_at,
            "updated_at": optimization.requested_at,
        }
        keys = {"tenant": self._tenant, "numbered_for": self._tenant}
        await self._session.execute(insert_numbered(OptimizationRequest, dialect(self._session)), values | keys)

    async def claim(self, order: UUID, lease_until: datetime, at: datetime) -> Order | None:
        """Take a waiting order. No lock is skipped: whoever holds the row for a moment must not lose the order."""
        taken = await self._changed(
            order,
            OptimizationRequest.status == Stage.PENDING.value,
            status=Stage.PROCESSING.value,
            attempt=OptimizationRequest.attempt + 1,
            lease_until=lease_until,
            updated_at=at,
        )
        if not taken:
            return None
        row = await self._session.get_one(OptimizationRequest, (self._tenant, order), populate_existing=True)
        problem = await self._optimizations.problem_of(row.problem)
        optimization = Optimization.request(
            row.id,
            row.portfolio_id,
            await self._optimizations.configuration_of(row.configuration_id),
            problem,
            row.created_at,
        )
        optimization.start(at)
        return Order(optimization, row.wording, Valuation(**row.valuation), row.expected_at, row.attempt)

    async def next_due(self) -> UUID | None:
        """The oldest waiting order."""
        query = select(OptimizationRequest.id).where(
            OptimizationRequest.tenant == self._tenant, OptimizationRequest.status == Stage.PENDING.value
        )
        found: UUID | None = await self._session.scalar(query.order_by(OptimizationRequest.sequence).limit(1))
        return found

    async def beat(self, order: UUID, attempt: int, lease_until: datetime, progress: float) -> bool:
        """Extend the lease of whoever works on it."""
        return await self._changed(order, *_of_attempt(attempt), lease_until=lease_until, progress=progress)

    async def hand_back(self, order: UUID, attempt: int) -> None:
        """Let it wait again."""
        await self._changed(order, *_of_attempt(attempt), status=Stage.PENDING.value, lease_until=None)

    async def finish(self, order: Order, report: Mapping[str, Any] | None) -> bool:
        """Keep its end."""
        ended = order.optimization
        return await self._changed(
            ended.id,
            *_of_attempt(order.attempt),
            status=ended.stage.value,
            outcome=ended.outcome or ended.stage.value,
            message=ended.message,
            report=report,
            progress=1.0,
            lease_until=None,
            completed_at=ended.ended_at,
            updated_at=ended.ended_at,
        )

    async def cancel(self, order: UUID, at: datetime) -> bool:
        """End it where it has not ended."""
        cancelled = Stage.CANCELLED.value
        still_open = OptimizationRequest.status.in_(OPEN)
        return await self._changed(
            order, still_open, status=cancelled, outcome=cancelled, lease_until=None, completed_at=at, updated_at=at
        )

    async def sweep(self, at: datetime) -> Sequence[OrderState]:
        """Take orders from workers whose lease has ended; the third loss ends an order."""
        query = select(OptimizationRequest).where(
            OptimizationRequest.tenant == self._tenant,
            OptimizationRequest.status == Stage.PROCESSING.value,
            OptimizationRequest.lease_until < at,
        )
        ended = []
        for row in (await self._session.scalars(query)).all():
            loss = f"attempt {row.attempt} gave no sign of life until {row.lease_until}"
            losses = [*row.losses, loss]
            if len(losses) < MOST_LOSSES:
                change: dict[str, Any] = {"status": Stage.PENDING.value}
            else:
                message = f"{len(losses)} workers were lost over it: {'; '.join(losses)}."
                end = {"status": Stage.FAILED.value, "outcome": LOST, "message": message, "completed_at": at}
                change = end
            changed = await self._changed(
                row.id, *_of_attempt(row.attempt), losses=losses, lease_until=None, updated_at=at, **change
            )
            if changed and "outcome" in change:
                await self._session.refresh(row)
                ended.append(state_of(row))
        return ended

    async def _changed(self, order: UUID, *conditions: ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401 - columns
        statement = (
            update(OptimizationRequest)
            .where(OptimizationRequest.tenant == self._tenant, OptimizationRequest.id == order, *conditions)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return changed(await self._session.execute(statement))


def _of_attempt(attempt: int) -> tuple[ColumnElement[bool], ...]:
    return (OptimizationRequest.attempt == attempt, OptimizationRequest.status == Stage.PROCESSING.value)


def state_of(row: OptimizationRequest) -> OrderState:
    """A row without its answer."""
    return OrderState(
        id=row.id,
        number=row.sequence,
        portfolio_id=row.portfolio_id,
        wording=row.wording,
        stage=Stage(row.status),
        attempt=row.attempt,
        created_at=row.created_at,
        expected_at=row.expected_at,
        ended_at=row.completed_at,
        progress=row.progress,
        outcome=row.outcome,
        message=row.message,
        report=row.report,
        losses=tuple(row.losses),
    )


async def read_order(session: AsyncSession, tenant: str, order: UUID) -> OrderState | None:
    """An order with its answer where there is one."""
    query = _light().where(OptimizationRequest.tenant == tenant, OptimizationRequest.id == order)
    row = await session.scalar(query)
    if row is None:
        return None
    state = state_of(row)
    if state.stage is not Stage.COMPLETED:
        return state
    answer = await answer_where(session, tenant, OptimizationResult.id == order)
    return replace(state, answer=answer)


async def read_orders(session: AsyncSession, tenant: str, wanted: Filter) -> Sequence[OrderState]:
    """Orders without answers, newest first."""
    query = _light().where(OptimizationRequest.tenant == tenant)
    if wanted.portfolio_id is not None:
        query = query.where(OptimizationRequest.portfolio_id == wanted.portfolio_id)
    if wanted.stages:
        query = query.where(OptimizationRequest.status.in_([stage.value for stage in wanted.stages]))
    if wanted.before is not None:
        query = query.where(OptimizationRequest.sequence < wanted.before)
    rows = await session.scalars(query.order_by(OptimizationRequest.sequence.desc()).limit(wanted.limit))
    return [state_of(row) for row in rows]


async def count_open(session: AsyncSession, tenant: str) -> int:
    """How many have not ended."""
    query = select(func.count()).where(OptimizationRequest.tenant == tenant, OptimizationRequest.status.in_(OPEN))
    return await session.scalar(query) or 0


def _light() -> Any:  # noqa: ANN401 - a select, whose type says nothing more
    return select(OptimizationRequest).options(defer(OptimizationRequest.problem, raiseload=True))
