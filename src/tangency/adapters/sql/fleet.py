"""Workers as rows, and what operators look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import OptimizationRequest, OutboxEvent, RunningWorker, Ticket
from tangency.adapters.sql.statements import insert_or_replace, table_of
from tangency.adapters.sql.writes import Writes
from tangency.domain.optimization.fleet import Backlog, FleetState, Lease, Load, QueueState, Worker
from tangency.domain.optimization.identity import identity_of
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.queue import EVERY_QUEUE, Queue
from tangency.domain.plain_values import shallow

PENDING, PROCESSING = Stage.PENDING.value, Stage.PROCESSING.value


WORKERS = table_of(RunningWorker)
_C = WORKERS.c
_OURS = _C.tenant == bindparam("of_tenant")
LEAVE = delete(WORKERS).where(_OURS, _C.id == bindparam("of_id", type_=_C.id.type))
FORGET = delete(WORKERS).where(_OURS, _C.seen_at < bindparam("before", type_=_C.seen_at.type))
LATELY = select(WORKERS).where(_OURS, _C.seen_at >= bindparam("since", type_=_C.seen_at.type))


class SqlFleet:
    """The repository, within one transaction."""

    def __init__(self, tenant: str, writes: Writes) -> None:
        self._tenant, self._writes = tenant, writes

    async def seen(self, worker: Worker) -> None:
        """Insert or replace its row."""
        row = {**shallow(worker), "tenant": self._tenant, "queues": [queue.value for queue in worker.queues]}
        self._writes.later(insert_or_replace(RunningWorker, self._writes.database), row)

    async def left(self, worker: UUID) -> None:
        """Delete its row."""
        self._writes.later(LEAVE, {"of_tenant": self._tenant, "of_id": worker})

    async def forget(self, before: datetime) -> None:
        """Delete old rows."""
        self._writes.later(FORGET, {"of_tenant": self._tenant, "before": before})


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
    return [_worker(row) for row in await session.execute(LATELY, {"of_tenant": tenant, "since": since})]


def _worker(row: RunningWorker | Row[Any]) -> Worker:
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
