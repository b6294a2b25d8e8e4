"""An optimization that somebody ordered and comes back for: how it waits, who works on it, and how it ends."""

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
"""So many workers may be lost over one order, unless an operator says otherwise; it is what they died of, then."""


class AlreadyFinal(TangencyError):
    """What has ended cannot be cancelled."""

    def __init__(self, subject: str, stage: Stage) -> None:
        self.subject, self.stage = subject, stage
        super().__init__(f"optimization {subject} is {stage} already; nothing was changed.")


@dataclass(frozen=True, eq=False, slots=True)
class Order:
    """What is needed to carry an order out, on whatever machine, whatever is imported meanwhile.

    Attributes:
        wording: the request as it was written.
        valuation: of the portfolio when it was ordered; None where nobody knows what it is worth.
        expected_at: when it is thought to be done.
        queue: where it waits.
        attempt: whose turn it is; only that worker may end it.
        trace: of the request that ordered it, once it is kept.
        estimated_s: seconds that it is thought to take by itself.
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
    """Which orders are meant.

    Attributes:
        stages: any of these; all where empty.
        before: only those accepted before the one of this number.
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
        progress: fraction done, where anything is known of it.
        outcome: how it ended, where there is no answer in one of ``OUTCOMES``; empty until then.
        message: what to know about it.
        report: figures, allocations and trades as plain values; None unless it completed.
        answer: with its certificate; None unless it completed.
        losses: why each worker that was lost did not end it.
        infeasibility: which limits contradict each other, and what would have to give way; None unless they do, and in
            lists.
        trace: of the request that ordered it; given with what the sweeper ended, and None elsewhere.
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
        """Keep an order that nobody works on yet, in the trace of the unit."""

    async def claim(self, order: UUID, worker: UUID, lease_until: datetime, at: datetime) -> Order | None:
        """Take a waiting order; None where it is not waiting any more."""

    async def claim_next(
        self, queues: Sequence[Queue], worker: UUID, lease_until: datetime, at: datetime
    ) -> Order | None:
        """Take the oldest order that waits in one of these, and that nobody else is taking at this moment."""

    async def beat(self, order: UUID, attempt: int, lease_until: datetime) -> bool:
        """Stay the one who works on it; False where that is over."""

    async def finish(self, order: Order, report: Mapping[str, Any] | None) -> bool:
        """Keep its end, and its answer with the report of it; False where it is somebody else's turn, or cancelled."""

    async def hand_back(self, order: UUID, attempt: int) -> None:
        """Let it wait again."""

    async def sweep(self, at: datetime, most_losses: int = MOST_LOSSES) -> Sequence[OrderState]:
        """Let orders whose worker was lost wait again, and end those that cost so many; gives what was ended."""

    async def cancel(self, order: UUID, at: datetime) -> bool:
        """End it; False where it has ended."""


class OrderReader(Protocol):
    """The read side of orders."""

    async def order(self, order: UUID) -> OrderState | None:
        """The order of that id, with its answer where there is one."""

    async def orders(self, wanted: Filter) -> Sequence[OrderState]:
        """Newest first, without answers."""

    async def waits(self, queues: Sequence[Queue]) -> bool:
        """Whether an order waits in one of these."""

    async def still_waits(self, order: UUID) -> bool:
        """Whether nobody has taken an order."""

    async def held(self, order: UUID, attempt: int) -> bool:
        """Whether it is still the turn of an attempt."""
