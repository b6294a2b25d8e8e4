"""Services that are killed at named places, one after another: ``mortal``, told the places on its input, a line each.

Each is forked from this process, which has loaded everything, and has its solver processes from where the others had
theirs; it says its address, and when it was killed, that is said too. Nothing of the product knows of the places: what
stands there is wrapped here, and only an order with the mark of its place dies there.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from typing import Any
from unittest.mock import patch

import alembic.command  # noqa: F401 - loaded once for all
import uvicorn.lifespan.on
import uvicorn.protocols.http.httptools_impl  # noqa: F401 - the same

from tangency.adapters import container  # noqa: F401 - the same
from tangency.adapters.bus import InProcessBus
from tangency.adapters.cli.main import main
from tangency.adapters.document.order_request import read_order_request
from tangency.adapters.rest import app, orders, server  # noqa: F401 - the same
from tangency.adapters.solving import fork_server
from tangency.adapters.sql.orders import SqlOrders
from tangency.adapters.sql.units import SqlUnitOfWork
from tangency.adapters.sql.writes import Writes
from tangency.application.order_request import OrderRequest
from tangency.domain.event import Dispatch, Event
from tangency.domain.optimization.order import Order, OrderState

PLACES = (
    "after_parse",
    "after_insert",
    "before_commit",
    "after_commit",
    "before_respond",
    "before_publish",
    "after_publish",
)
MARKS = {place: round(0.5 + 0.01 * number, 2) for number, place in enumerate(PLACES)}
"""The largest position of the order that dies there."""

PATIENCE_S = 120
"""One that does not die where it was told is ended otherwise."""

accepted = orders.accepted
add, send, commit, publish = SqlOrders.add, Writes.send, SqlUnitOfWork.commit, InProcessBus.publish
marked = dict[int, Mapping[str, Any]]()
"""By what is to be written in one transaction, what the order in it states."""


class Mortal:
    """Wraps what stands at the places, and dies at one of them."""

    def __init__(self, place: str) -> None:
        self.place = place

    def at(self, place: str, constraints: Mapping[str, Any] | None) -> None:
        if place == self.place and (constraints or {}).get("max_position_size") == MARKS[place]:
            os.kill(os.getpid(), signal.SIGKILL)

    def read_order_request(self, body: bytes) -> OrderRequest:
        wish = read_order_request(body)
        self.at("after_parse", wish.wording["constraints"])
        return wish

    async def add(self, repository: SqlOrders, order: Order) -> None:
        await add(repository, order)
        marked[id(repository._writes)] = order.wording["constraints"]
        self.at("after_insert", order.wording["constraints"])

    async def send(self, writes: Writes, *, last: bool = False) -> None:
        commits = last and writes.database == "sqlite"  # what is sent and its commit are one step there
        if not commits:
            await send(writes, last=last)
        self.at("before_commit", marked.get(id(writes)))
        if commits:
            await send(writes, last=last)

    async def commit(self, unit: SqlUnitOfWork) -> None:
        await commit(unit)
        self.at("after_commit", marked.pop(id(unit._writes), None))

    def accepted(self, state: OrderState) -> Any:
        self.at("before_respond", state.wording["constraints"])
        return accepted(state)

    async def publish(self, bus: InProcessBus, events: Sequence[Event]) -> Dispatch:
        for event in events:
            self.at("before_publish", event.payload[event.type].get("constraints"))
        dispatch = await publish(bus, events)
        for event in events:
            self.at("after_publish", event.payload[event.type].get("constraints"))
        return dispatch

    def serve(self) -> int:
        signal.alarm(PATIENCE_S)
        methods = ((SqlOrders, "add"), (Writes, "send"), (SqlUnitOfWork, "commit"), (InProcessBus, "publish"))
        for kind, name in methods:
            own = getattr(self, name)
            patch.object(kind, name, lambda *given, own=own, **named: own(*given, **named)).start()
        patch.multiple(orders, read_order_request=self.read_order_request, accepted=self.accepted).start()
        return main(["serve", "--port", "0"])


def keep_a_fork_server() -> None:
    """Start it here, once; to those who are forked it is no child that they could look after."""
    fork_server.start(fork_server.PROMPT)
    for place in (forkserver, forkserver._forkserver):
        patch.object(place, "ensure_running", lambda: None).start()


if __name__ == "__main__":
    keep_a_fork_server()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            sys.exit(Mortal(line.strip()).serve())
        sys.stdout.write(f"ended: {os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")
        sys.stdout.flush()
