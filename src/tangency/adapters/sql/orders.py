"""Orders as rows. Every change of an order that somebody works on is fenced by the number of the attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.optimizations import SqlOptimizations, answer_of, ending
from tangency.adapters.sql.projections import OPTIMIZATIONS
from tangency.adapters.sql.schema import OptimizationRequest, PortfolioOptimization
from tangency.adapters.sql.solutions import NOTHING, infeasibility_of
from tangency.adapters.sql.statements import insert_numbered, table_of
from tangency.adapters.sql.tickets import SqlTickets
from tangency.adapters.sql.traces import columns_of, trace_of
from tangency.adapters.sql.writes import Writes
from tangency.domain.optimization.identity import identity_of, spelled
from tangency.domain.optimization.optimization import Optimization, Stage
from tangency.domain.optimization.order import MOST_LOSSES, Filter, Order, OrderState
from tangency.domain.optimization.outcomes import LOST
from tangency.domain.optimization.queue import Queue
from tangency.domain.plain_values import shallow
from tangency.domain.portfolio.valuation import Valuation
from tangency.domain.trace import TraceContext

OPEN = (Stage.PENDING.value, Stage.PROCESSING.value)
WORDS = ("optimization_type", "objective", "risk_measure", "constraints", "preferences")
"""What of a request has columns of its own."""
REPORTED = (
    "metrics",
    "metric_basis",
    "current_allocation",
    "target_allocation",
    "trades",
    "efficient_frontier",
    "frontier_reason",
)
"""What of an answer is told in the portfolio's own terms."""


REQUESTS = table_of(OptimizationRequest)
_C = REQUESTS.c
_OURS = _C.tenant == bindparam("of_tenant")
_THIS = (_OURS, _C.id == bindparam("of_id"))
_OF_ATTEMPT = (*_THIS, _C.attempt == bindparam("of_attempt"), _C.status == Stage.PROCESSING.value)
_WAITS = (_OURS, _C.status == Stage.PENDING.value)
_IN_QUEUES = _C.queue.in_(bindparam("of_queues", expanding=True))

# Statements are built once. What a change sets are the values that come with it under the names of columns.
WAITING = select(_C.id).where(*_WAITS, _IN_QUEUES).limit(1)
STILL_WAITS = select(_C.id).where(*_THIS, *_WAITS)
HELD = select(_C.id).where(*_OF_ATTEMPT)
OVERDUE = select(REQUESTS).where(
    _OURS, _C.status == Stage.PROCESSING.value, _C.lease_until < bindparam("at", type_=_C.lease_until.type)
)
BEAT = update(REQUESTS).where(*_OF_ATTEMPT)
CHANGE = BEAT.values(version=_C.version + 1)
HAND_BACK = CHANGE.returning(_C.queue)
END = update(REQUESTS).where(*_THIS, or_(*(_C.status == stage for stage in OPEN))).values(version=_C.version + 1)
_TAKEN = (_C.id, _C.portfolio_id, _C.configuration_id, _C.problem, _C.wording, _C.valuation, _C.queue, _C.attempt)
_TAKEN_AT = (_C.created_at, _C.estimated_completion_time, _C.estimated_s, _C.traceparent, _C.tracestate)
_TAKE = update(REQUESTS).values(version=_C.version + 1, attempt=_C.attempt + 1)
CLAIM = _TAKE.where(*_THIS, *_WAITS).returning(*_TAKEN, *_TAKEN_AT)
CLAIM_NEXT = _TAKE.where(
    *_WAITS, _C.id == WAITING.order_by(_C.sequence).with_for_update(skip_locked=True).scalar_subquery()
).returning(*_TAKEN, *_TAKEN_AT)


class SqlOrders:
    """The repository, within one transaction."""

    def __init__(
        self,
        session: AsyncSession,
        tenant: str,
        optimizations: SqlOptimizations,
        tickets: SqlTickets,
        now: Callable[[], datetime],
        writes: Writes,
        trace: TraceContext | None = None,
    ) -> None:
        self._session, self._tenant, self._optimizations = session, tenant, optimizations
        self._tickets, self._now, self._writes, self._trace = tickets, now, writes, trace

    async def add(self, order: Order) -> None:
        """Keep an order that nobody works on yet."""
        optimization, wording = order.optimization, order.wording
        document, configuration_id = await self._optimizations.keep_problem(optimization)
        request = {
            **self._optimizations.asked(optimization),
            "configuration_id": configuration_id,
            "ordered": True,
            "queue": order.queue.value,
            **{name: wording[name] for name in WORDS},
            "wording": dict(wording),
            "problem": dict(document),
            "valuation": None if order.valuation is None else shallow(order.valuation),
            "status": optimization.stage.value,
            "outcome": "",
            "message": "",
            "estimated_completion_time": order.expected_at,
            "estimated_s": order.estimated_s,
            **columns_of(self._trace),
            "updated_at": optimization.requested_at,
        }
        self._writes.later(insert_numbered(OptimizationRequest, self._writes.database), request)
        self._optimizations.project(optimization.id)
        self._tickets.write(spelled(optimization.id), order.queue.value, optimization.requested_at)

    async def claim(self, order: UUID, worker: UUID, lease_until: datetime, at: datetime) -> Order | None:
        """Take a waiting order. No lock is skipped: whoever holds the row for a moment must not lose the order."""
        return await self._claimed(CLAIM, {"of_id": spelled(order)}, worker, lease_until, at)

    async def claim_next(
        self, queues: Sequence[Queue], worker: UUID, lease_until: datetime, at: datetime
    ) -> Order | None:
        """Take the oldest; what others are taking at this moment is theirs. SQLite has one writer."""
        return await self._claimed(CLAIM_NEXT, {"of_queues": _named(queues)}, worker, lease_until, at)

    async def _claimed(
        self, statement: Executable, which: Mapping[str, Any], worker: UUID, lease_until: datetime, at: datetime
    ) -> Order | None:
        change = {"status": Stage.PROCESSING.value, "worker": worker, "lease_until": lease_until, "updated_at": at}
        row = (await self._session.execute(statement, {"of_tenant": self._tenant, **which, **change})).one_or_none()
        if row is None:
            return None
        self._refresh(row.id, {*change, "attempt"})
        problem = await self._optimizations.problem_of(row.problem)
        configuration = await self._optimizations.configuration_of(row.configuration_id)
        optimization = Optimization.request(
            identity_of(row.id), row.portfolio_id, configuration, problem, row.created_at
        )
        optimization.start(at)
        valuation = None if row.valuation is None else Valuation(**row.valuation)
        expected_at = row.estimated_completion_time or at
        return Order(
            optimization,
            row.wording or {},
            valuation,
            expected_at,
            Queue(row.queue),
            row.attempt,
            trace_of(row),
            row.estimated_s,
        )

    async def beat(self, order: UUID, attempt: int, lease_until: datetime) -> bool:
        """Extend the lease of whoever works on it; nobody reads of that."""
        return await self._change(BEAT, order, of_attempt=attempt, lease_until=lease_until)

    async def hand_back(self, order: UUID, attempt: int) -> None:
        """Let it wait again."""
        identity, change = spelled(order), {"status": Stage.PENDING.value, "lease_until": None}
        of = {"of_tenant": self._tenant, "of_id": identity, "of_attempt": attempt}
        queue = await self._session.scalar(HAND_BACK, {**of, **change})
        if queue is not None:
            self._refresh(identity, change)
            self._tickets.write(identity, queue, self._now())

    async def finish(self, order: Order, report: Mapping[str, Any] | None) -> bool:
        """Keep its end."""
        ended = order.optimization
        columns = {**ending(ended), "lease_until": None, "updated_at": ended.ended_at}
        if not await self._change(CHANGE, ended.id, of_attempt=order.attempt, **columns):
            return False
        self._optimizations.keep_result(ended, report)
        self._optimizations.project(ended.id)
        return True

    async def cancel(self, order: UUID, at: datetime) -> bool:
        """End it where it has not ended."""
        cancelled = Stage.CANCELLED.value
        change = {"status": cancelled, "outcome": cancelled, "lease_until": None, "completed_at": at, "updated_at": at}
        return await self._changed(END, order, **change)

    async def sweep(self, at: datetime, most_losses: int = MOST_LOSSES) -> Sequence[OrderState]:
        """Take orders from workers whose lease has ended; the last of so many losses ends an order."""
        ended = []
        for row in (await self._session.execute(OVERDUE, {"of_tenant": self._tenant, "at": at})).all():
            loss = f"attempt {row.attempt} gave no sign of life until {row.lease_until}"
            losses, order = [*row.losses, loss], identity_of(row.id)
            change = _after_loss(losses, at, most_losses) | {"losses": losses, "lease_until": None, "updated_at": at}
            if not await self._changed(CHANGE, order, of_attempt=row.attempt, **change):
                continue
            if "outcome" in change:
                await self._writes.send()
                key = (self._tenant, row.id)
                read = await self._session.get_one(PortfolioOptimization, key, populate_existing=True)
                ended.append(replace(state_of(read), trace=trace_of(row)))
            else:
                self._tickets.write(row.id, row.queue, at)
        return ended

    async def _changed(self, statement: Executable, order: UUID, **values: Any) -> bool:  # noqa: ANN401 - columns
        """Whether a request was changed, and what is read of it with it."""
        done = await self._change(statement, order, **values)
        if done:
            self._refresh(spelled(order), values)
        return done

    async def _change(self, statement: Executable, order: UUID, **values: Any) -> bool:  # noqa: ANN401 - columns
        return await self._writes.now(statement, {"of_tenant": self._tenant, "of_id": spelled(order), **values}) == 1

    def _refresh(self, identity: str, names: Iterable[str]) -> None:
        """Let it be read what changed of a request, its version among it."""
        statement = OPTIMIZATIONS.refresh(frozenset({*names, "version"}))
        self._writes.later(statement, OPTIMIZATIONS.of(self._tenant, identity))


def _after_loss(losses: Sequence[str], at: datetime, most: int) -> dict[str, Any]:
    """What becomes of an order whose worker was lost."""
    if len(losses) < most:
        return {"status": Stage.PENDING.value}
    message = f"{len(losses)} workers were lost over it: {'; '.join(losses)}."
    return {"status": Stage.FAILED.value, "outcome": LOST, "message": message, "completed_at": at}


def _named(queues: Sequence[Queue]) -> list[str]:
    return [queue.value for queue in queues]


def state_of(row: PortfolioOptimization) -> OrderState:
    """A row with its answer, where there is one."""
    report = {name: getattr(row, name) for name in REPORTED}
    return OrderState(
        id=identity_of(row.optimization_id),
        number=row.number,
        portfolio_id=row.portfolio_id,
        wording=row.wording or {},
        stage=Stage(row.status),
        attempt=row.attempt,
        created_at=row.created_at,
        expected_at=row.estimated_completion_time or row.created_at,
        ended_at=row.completed_at,
        progress=row.progress,
        outcome=row.outcome,
        message=row.message,
        report=None if row.answered is None else report,
        answer=answer_of(row),
        losses=tuple(row.losses),
    )


async def read_order(session: AsyncSession, tenant: str, order: UUID) -> OrderState | None:
    """An order with its answer where there is one."""
    key = (tenant, spelled(order))
    row = await session.get(PortfolioOptimization, key)
    if row is None or not row.ordered:
        return None
    if row.status != Stage.INFEASIBLE.value:
        return state_of(row)
    request = await session.get_one(OptimizationRequest, key)  # a conflict is read too seldom for a column of its own
    return replace(state_of(row), infeasibility=infeasibility_of((request.failure or NOTHING).get("infeasibility")))


async def read_orders(session: AsyncSession, tenant: str, wanted: Filter) -> Sequence[OrderState]:
    """Orders, newest first."""
    read = PortfolioOptimization
    query = select(read).where(read.tenant == tenant, read.ordered)
    if wanted.portfolio_id is not None:
        query = query.where(read.portfolio_id == wanted.portfolio_id)
    if wanted.stages:
        query = query.where(read.status.in_([stage.value for stage in wanted.stages]))
    if wanted.before is not None:
        query = query.where(read.number < wanted.before)
    rows = await session.scalars(query.order_by(read.number.desc()).limit(wanted.limit))
    return [state_of(row) for row in rows]


async def waits(session: AsyncSession, tenant: str, queues: Sequence[Queue]) -> bool:
    """Whether an order waits."""
    return await session.scalar(WAITING, {"of_tenant": tenant, "of_queues": _named(queues)}) is not None


async def still_waits(session: AsyncSession, tenant: str, order: UUID) -> bool:
    """Whether nobody has taken an order."""
    return await session.scalar(STILL_WAITS, {"of_tenant": tenant, "of_id": spelled(order)}) is not None


async def held(session: AsyncSession, tenant: str, order: UUID, attempt: int) -> bool:
    """Whether it is the turn of an attempt."""
    of = {"of_tenant": tenant, "of_id": spelled(order), "of_attempt": attempt}
    return await session.scalar(HELD, of) is not None
