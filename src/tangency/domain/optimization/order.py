"""Orders: optimizations that are accepted now and solved later by a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from tangency.domain.errors import TangencyError
from tangency.domain.optimization.infeasibility import Infeasibility
from tangency.domain.optimization.optimization import Answer, Optimization, Stage
from tangency.domain.optimization.queue import Queue
from tangency.domain.portfolio.valuation import Valuation
from tangency.domain.trace import TraceContext

MOST_LOSSES = 3
"""Workers that may be lost over one order before it fails: by then the order is the likely cause."""


class AlreadyFinal(TangencyError):
    """An order that has ended cannot be cancelled."""

    def __init__(self, subject: str, stage: Stage) -> None:
        self.subject, self.stage = subject, stage
        super().__init__(f"optimization {subject} is {stage} already; nothing was changed.")


@dataclass(frozen=True, eq=False, slots=True)
class Order:
    """Everything a worker needs to solve an order, on any machine, whatever is imported in the meantime.

    Attributes:
        wording: the request as it was written.
        valuation: of the portfolio when it was ordered; None if its market value is unknown.
        expected_at: when it should be done.
        queue: where it waits.
        attempt: counts the workers that have taken it. Only the worker of the latest attempt may end it.
        trace: of the request that placed it; None until it is stored.
        estimated_s: seconds that solving it should take.
    """

    optimization: Optimization
    wording: Mapping[str, Any]
    valuation: Valuation | None
    expected_at: datetime
    queue: Queue = Queue.LIGHT
    attempt: int = 0
    trace: TraceContext | None = None
    estimated_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects orders.

    Attributes:
        stages: any of these; empty for all.
        before: only orders with a smaller number, that is, accepted earlier.
    """

    portfolio_id: str | None = None
    stages: tuple[Stage, ...] = ()
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, eq=False, slots=True)
class OrderState:
    """An order as it is read.

    Attributes:
        number: in the order of acceptance.
        progress: estimated fraction done, from 0 to 1.
        outcome: how it ended; without an answer one of ``OUTCOMES``; empty until it has ended.
        message: the outcome explained in a sentence; may be empty.
        report: figures, allocations and trades as plain values; None unless it completed.
        answer: with its certificate; None unless it completed.
        losses: for each lost worker, why it did not end the order.
        infeasibility: the conflict and the relaxation of an infeasible order; None otherwise, and in lists.
        trace: of the request that placed it; only for orders that the sweeper ended.
    """

    id: UUID
    number: int
    portfolio_id: str
    wording: Mapping[str, Any]
    stage: Stage
    attempt: int
    created_at: datetime
    expected_at: datetime
    ended_at: datetime | None
    progress: float
    outcome: str
    message: str
    report: Mapping[str, Any] | None = None
    answer: Answer | None = None
    losses: Sequence[str] = field(default_factory=tuple)
    infeasibility: Infeasibility | None = None
    trace: TraceContext | None = None


class OrderRepository(Protocol):
    """Orders, within one transaction."""

    async def add(self, order: Order) -> None:
        """Store a new order, with the trace of the unit."""

    async def claim(self, order: UUID, worker: UUID, lease_until: datetime, at: datetime) -> Order | None:
        """Take a waiting order; None if it no longer waits."""

    async def claim_next(
        self, queues: Sequence[Queue], worker: UUID, lease_until: datetime, at: datetime
    ) -> Order | None:
        """Take the oldest order that waits in these queues, passing over those that another worker is just taking."""

    async def beat(self, order: UUID, attempt: int, lease_until: datetime) -> bool:
        """Renew the lease of an attempt; False if the order is no longer its own."""

    async def finish(self, order: Order, report: Mapping[str, Any] | None) -> bool:
        """Store the end of an order with its answer and report; False if it was cancelled or taken over."""

    async def hand_back(self, order: UUID, attempt: int) -> None:
        """Return it to its queue."""

    async def sweep(self, at: datetime, most_losses: int = MOST_LOSSES) -> Sequence[OrderState]:
        """Return the orders of lost workers to their queues; end those that lost too many, and return these."""

    async def cancel(self, order: UUID, at: datetime) -> bool:
        """Cancel it; False if it has already ended."""


class OrderReader(Protocol):
    """The read side of orders."""

    async def order(self, order: UUID) -> OrderState | None:
        """The order with its answer, if there is one; None if there is no such order."""

    async def orders(self, wanted: Filter) -> Sequence[OrderState]:
        """The selected orders, newest first, without their answers."""

    async def waits(self, queues: Sequence[Queue]) -> bool:
        """Whether any order waits in these queues."""

    async def still_waits(self, order: UUID) -> bool:
        """Whether an order still waits."""

    async def held(self, order: UUID, attempt: int) -> bool:
        """Whether the order still belongs to this attempt."""
