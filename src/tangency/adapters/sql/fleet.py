"""Workers as rows, and what operators look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import OptimizationRequest, OutboxEvent, RunningWorker, Ticket
from tangency.domain.optimization.fleet import Backlog, FleetState, Lease, Load, QueueState, Worker
from tangency.domain.optimization.identity import identity_of
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.queue import EVERY_QUEUE, Queue

PENDING, PROCESSING = Stage.PENDING.value, Stage.PROCESSING.value


class SqlFleet:
    """The repository, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def seen(self, worker: Worker) -> None:
        """Insert or replace its row."""
        queues = [queue.value for queue in worker.queues]
        await self._session.merge(RunningWorker(tenant=self._tenant, **{**asdict(worker), "queues": queues}))

    async def left(self, worker: UUID) -> None:
        """Delete its row."""
        await self._delete(RunningWorker.id == worker)

    async def forget(self, before: datetime) -> None:
        """Delete old rows."""
        await self._delete(RunningWorker.seen_at < before)

    async def _delete(self, condition: Any) -> None:  # noqa: ANN401 - an expression of columns
        await self._session.execute(delete(RunningWorker).where(RunningWorker.tenant == self._tenant, condition))


async def read_fleet(session: AsyncSession, tenant: str) -> FleetState:
    """Everything, at one moment."""
    request = OptimizationRequest
    opened = request.tenant == tenant, request.ordered
    counts = await session.execute(
        select(request.queue, request.status, func.count(), func.min(request.created_at))
        .where(*opened, request.status.in_((PENDING, PROCESSING)))
        .group_by(request.queue, request.status)
    )
    found = {(queue, status): (count, oldest) for queue, status, count, oldest in counts}
    held = select(request.id, request.queue, request.worker, request.attempt, request.lease_until)
    leases = await session.execute(held.where(*opened, request.status == PROCESSING).order_by(request.sequence))
    workers = select(RunningWorker).where(RunningWorker.tenant == tenant).order_by(RunningWorker.started_at)
    return FleetState(
        [_queue(queue, found) for queue in EVERY_QUEUE],
        [Lease(identity_of(row.id), Queue(row.queue), row.worker, row.attempt, row.lease_until) for row in leases],
        await _backlog(session, tenant),
        [_worker(row) for row in await session.scalars(workers)],
    )


def _queue(queue: Queue, found: Mapping[tuple[str, str], tuple[int, datetime]]) -> QueueState:
    waiting, oldest = found.get((queue.value, PENDING), (0, None))
    return QueueState(queue, waiting, found.get((queue.value, PROCESSING), (0, None))[0], oldest)


async def _backlog(session: AsyncSession, tenant: str) -> Backlog:
    told = OutboxEvent.tenant == tenant
    open_ones = (told, OutboxEvent.position.is_(None), OutboxEvent.refused.is_(None))
    row = (await session.execute(select(func.count(), func.min(OutboxEvent.created_at)).where(*open_ones))).one()
    refused = await session.scalar(select(func.count()).where(told, OutboxEvent.refused.is_not(None))) or 0
    tickets = await session.scalar(select(func.count()).where(Ticket.tenant == tenant)) or 0
    return Backlog(row[0], row[1], refused, tickets)


async def read_load(session: AsyncSession, tenant: str, queue: Queue, since: datetime) -> Load:
    """What a new order of a queue meets."""
    request = OptimizationRequest
    ours = request.tenant == tenant, request.queue == queue.value, request.status.in_((PENDING, PROCESSING))
    waiting = select(func.count(), func.coalesce(func.sum(request.estimated_s), 0.0)).where(*ours)
    count, ahead_s = (await session.execute(waiting)).one()
    able = [each for each in await read_workers(session, tenant, since) if queue in each.queues and not each.draining]
    pace = sum(each.pace for each in able) / len(able) if able else 1.0
    return Load(count, ahead_s, sum(each.slots for each in able), pace)


async def read_workers(session: AsyncSession, tenant: str, since: datetime) -> Sequence[Worker]:
    """Those that were seen since."""
    seen = RunningWorker.tenant == tenant, RunningWorker.seen_at >= since
    return [_worker(row) for row in await session.scalars(select(RunningWorker).where(*seen))]


def _worker(row: RunningWorker) -> Worker:
    return Worker(
        id=row.id,
        host=row.host,
        process=row.process,
        version=row.version,
        queues=tuple(Queue(queue) for queue in row.queues),
        slots=row.slots,
        busy=row.busy,
        draining=row.draining,
        pace=row.pace,
        started_at=row.started_at,
        seen_at=row.seen_at,
    )
