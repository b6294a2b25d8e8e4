"""Refusing a request that came as a message: with an event, because a message has no response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tangency.application.context import Context
from tangency.application.message import Message
from tangency.domain.optimization.announcement import refused
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RefuseOrder(Message[None]):
    """Refuse a request that came as a message.

    Attributes:
        event_id: of the refusal. The same id is recorded once, however often the message is delivered.
        key: of the request.
        portfolio_id: of the request, as far as it could be read; else empty.
        problem: the problem document, as plain values.
    """

    event_id: str
    key: str
    portfolio_id: str
    problem: Mapping[str, Any]


async def refuse_order(command: RefuseOrder, context: Context) -> None:
    """Record the refusal as an event."""
    event = refused(command.event_id, command.key, command.portfolio_id, command.problem, context.clock.now())

    async def work(unit: UnitOfWork) -> None:
        await unit.events.add(event)

    await context.units.keep(work)
