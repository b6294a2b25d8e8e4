"""The endpoints of orders and of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar, cast

import msgspec
from litestar import HttpMethod, get, route
from litestar.params import FromPath
from litestar.response import Stream

from tangency.adapters.document.order_request import read_order_request
from tangency.adapters.document.orders import (
    LARGEST_NUMBER,
    accepted_of,
    document_of,
    list_of,
    progress_of,
    wanted_by,
    whole,
)
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of, settings_of
from tangency.adapters.rest.gate import Gate
from tangency.adapters.rest.keys import key_of
from tangency.application.activity import heard
from tangency.application.orders import (
    CancelOrder,
    LastPosition,
    ListOrders,
    PlaceOrder,
    ReadEvents,
    ReadOrder,
)
from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.optimization.identity import identity_of, spelled
from tangency.domain.optimization.order import OrderState

EVENT_STREAM = "text/event-stream"
ACCEPTED = 202

Read = TypeVar("Read")

LOOK_S, SIGN_S = 1.0, 15.0
"""How often a stream looks by itself, and how often it says that it is still there."""


@route(
    "/api/v1/optimizations",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    opt={"query": frozenset({"portfolio_id", "status", "limit", "cursor"})},
)
async def optimizations(request: Incoming) -> Outgoing:
    """List orders, or place one."""
    return await (_listed(request) if request.method == HttpMethod.GET else _created(request))


async def _created(request: Incoming) -> Outgoing:
    """Accept an order for an imported portfolio."""
    order = read_order_request(await request.body())
    return accepted(await service_of(request).handle(PlaceOrder(order, key=await key_of(request))))


def accepted(state: OrderState) -> Outgoing:
    """To whoever comes back for it."""
    return answered(accepted_of(state), ACCEPTED, {"Location": location_of(state)})


def location_of(state: OrderState) -> str:
    """Where it is read."""
    return f"/api/v1/optimizations/{spelled(state.id)}"


async def _listed(request: Incoming) -> Outgoing:
    """Orders, newest first."""
    wanted = wanted_by(dict(request.query_params))
    states = await service_of(request).handle(ListOrders(wanted))
    return answered(list_of(states, wanted.limit - 1))


@route("/api/v1/optimizations/{optimization_id:str}", http_method=[HttpMethod.GET, HttpMethod.DELETE], status_code=200)
async def optimization(request: Incoming, optimization_id: FromPath[str]) -> Outgoing:
    """The state and the result of an order; or cancel it."""
    order, reads = identity_of(optimization_id), request.method == HttpMethod.GET
    state = await service_of(request).handle(ReadOrder(order) if reads else CancelOrder(order))
    return answered(document_of(state))


@get("/api/v1/optimizations/{optimization_id:str}/events")
async def follow_optimization(request: Incoming, optimization_id: FromPath[str]) -> Stream:
    """Stream the progress of an order until it has ended."""
    order = await service_of(request).handle(ReadOrder(identity_of(optimization_id)))
    return _stream(_progress(request, order))


@get("/api/v1/events")
async def follow_events(request: Incoming) -> Stream:
    """Stream all events."""
    after = _position(request.headers.get("last-event-id"))
    if after is None:
        after = await service_of(request).handle(LastPosition())
    return _stream(_events(request, after))


HANDLERS = (
    optimizations,
    optimization,
    follow_optimization,
    follow_events,
)


def _position(text: str | None) -> int | None:
    faults: list[Fault] = []
    position = whole(text, "Last-Event-ID", LARGEST_NUMBER, faults, least=0)
    if faults:
        raise InvalidInput(faults)
    return position


# --- streams ------------------------------------------------------------------------------------------------------


def _stream(events: AsyncIterator[bytes]) -> Stream:
    return Stream(events, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


async def _events(request: Incoming, after: int) -> AsyncIterator[bytes]:
    service, silent_s = service_of(request), 0.0
    for _ in _looks(request):
        changed = service.context.activity.listen()
        found = await _undisturbed(service.handle(ReadEvents(after)))
        if found:
            yield b"".join(_written(event.type, event.payload, event.position) for event in found)
            after = found[-1].position
        silent_s = 0.0 if found else silent_s + LOOK_S
        if silent_s >= SIGN_S:
            yield b": nothing yet\n\n"
            silent_s = 0.0
        if not found:
            await heard(changed, _pause(request))


async def _progress(request: Incoming, state: OrderState) -> AsyncIterator[bytes]:
    service, told = service_of(request), dict[str, object]()
    for _ in _looks(request):
        changed = service.context.activity.listen()
        state = await _undisturbed(service.handle(ReadOrder(state.id)))
        now = progress_of(state)
        if now != told:
            yield _written("progress" if state.ended_at is None else str(now["status"]), now)
            told = now
        if state.ended_at is not None:
            return
        await heard(changed, _pause(request))


async def _undisturbed(reading: Coroutine[Any, Any, Read]) -> Read:
    """A client may leave at any moment, and a connection to the database is given back in good order all the same."""
    return await asyncio.shield(reading)


def _looks(request: Incoming) -> Any:  # noqa: ANN401 - a generator of nothing
    """One after another until the stream is old enough, or the service ends."""
    clock = service_of(request).context.clock
    began = clock.monotonic()
    gate = cast(Gate, dict(request.scope)["gate"])
    while clock.monotonic() - began < settings_of(request).stream_s and not gate.ending:
        yield


def _pause(request: Incoming) -> float:
    return min(LOOK_S, settings_of(request).stream_s)


def _written(event: str, data: object, position: int | None = None) -> bytes:
    head = b"" if position is None else b"id: %d\n" % position
    return head + b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
