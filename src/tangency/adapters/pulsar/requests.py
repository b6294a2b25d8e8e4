"""The way in: a message of ``optimization_requested`` is what ``POST /api/v1/optimizations`` takes."""

from __future__ import annotations

import logging
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.document.problem import log_failure, problem_of
from tangency.adapters.document.reading import read_value
from tangency.adapters.pulsar.subscription import Received, Verdict
from tangency.application.orders import PlaceOrder
from tangency.application.refusal import RefuseOrder
from tangency.application.service import Service
from tangency.domain.errors import OutboxFull, StoreUnavailable, TryAgainLater
from tangency.domain.idempotency import LONGEST_KEY, Key
from tangency.domain.portfolio.portfolio import id_fault
from tangency.domain.trace import TraceContext, trace_at_work, work_for

KEY, EVENT_ID = "idempotency_key", "event_id"
MOST_DELIVERIES = 10
"""A message that was given back so often, although the database answers, is answered itself."""

OVER_REST = ("POST", "/api/v1/optimizations")
"""A request that comes both ways under one key is one request."""

log = logging.getLogger("tangency.pulsar")


class Requests:
    """Deals with requests that come as messages: each becomes an order, or an event that says why it does not."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def take(self, message: Received) -> Verdict:
        """Order what a message asks for; it is done once that, or the answer to a bad one, is kept."""
        written = None
        work_for(TraceContext.read(message.properties))
        try:
            written = read_value(message.data)
            await self._order(message, written)
        except (StoreUnavailable, TryAgainLater) as error:
            if await self._may_pass(error, message):
                log.warning("a request has to wait: %s", error)
                return Verdict.LATER
            return await self._refuse(message, written, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is answered and does not come again
            return await self._refuse(message, written, error)
        return Verdict.DONE

    async def _order(self, message: Received, written: object) -> None:
        asked = {n: v for n, v in written.items() if n != EVENT_ID} if isinstance(written, dict) else written
        key = Key.of(_key(message, written), *OVER_REST, asked)
        await self._service.traced(trace_at_work()).handle(PlaceOrder(order_request_of(asked), key=key))

    async def _may_pass(self, error: Exception, message: Received) -> bool:
        """Whether trying again may help: while the database or the outbox is in the way, and of others for a while."""
        if isinstance(error, OutboxFull) or message.deliveries < MOST_DELIVERIES:
            return True
        try:
            await self._service.context.store.check()
        except StoreUnavailable:
            return True
        return False

    async def _refuse(self, message: Received, written: object, error: Exception) -> Verdict:
        """Answer a bad message, once however often it is delivered: the answer's identity follows from its own."""
        document = problem_of(error)
        log_failure(log, document, error)
        key = _key(message, written)
        identity = str(uuid5(NAMESPACE_URL, f"{message.identity}/{key}"))
        told = msgspec.to_builtins(document)
        try:
            refusal = RefuseOrder(identity, key[:LONGEST_KEY], _portfolio(written), told)
            await self._service.traced(trace_at_work()).handle(refusal)
        except StoreUnavailable as failure:
            log.warning("the answer to a bad request has to wait: %s", failure)
            return Verdict.LATER
        return Verdict.DONE


def _key(message: Received, written: Any) -> str:  # noqa: ANN401 - plain values of any kind
    """What whoever asks calls the request; else the identity of the event that asks, else that of the message."""
    event_id = written.get(EVENT_ID) if isinstance(written, dict) else None
    stated = message.properties.get(KEY) or event_id
    return stated if isinstance(stated, str) and stated else f"message-{message.identity}"


def _portfolio(written: Any) -> str:  # noqa: ANN401 - plain values of any kind
    """The portfolio of a request, where it can be one."""
    stated = written.get("portfolio_id") if isinstance(written, dict) else None
    return stated if isinstance(stated, str) and id_fault(stated) is None else ""
