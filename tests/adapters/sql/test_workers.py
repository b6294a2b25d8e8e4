"""Workers on a PostgreSQL: without the broker, and with somebody else who calls an order off."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tangency.adapters import container
from tangency.adapters.document.wish import wish_of
from tangency.adapters.settings import Settings
from tangency.application.fleet import ReadFleet
from tangency.application.message import Message
from tangency.application.orders import CancelOrder, ListOrders, PlaceOrder, ReadOrder
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.order import Filter, OrderState
from tests.adapters.pulsar.test_requests import WISH
from tests.support.distributions import Distribution, method
from tests.support.held import hold_in
from tests.support.pulsar import wait_until
from tests.support.service import Door, serving

pytestmark = pytest.mark.service("postgresql")

NOBODY_THERE = "pulsar://127.0.0.1:1"
ENDLESS = Distribution(
    "endless-methods", method("endless", "import time; time.sleep(3600)"), methods={"endless": "Method"}
)


@contextmanager
def service(url: str, **settings: object) -> Iterator[Door]:
    chosen = Settings(database_url=url, solver_workers=1, **settings)  # type: ignore[arg-type]
    hold_in(chosen, str(WISH["portfolio_id"]))
    with serving(chosen) as door:
        yield door


@pytest.mark.timeout(300)
def test_fifty_orders_are_accepted_and_finish_while_the_broker_is_down(postgresql: str) -> None:
    with service(postgresql, pulsar_url=NOBODY_THERE, pulsar_send_timeout_s=1.0) as door:
        for _ in range(50):
            door.handle(PlaceOrder(wish_of(WISH)))

        wait_until(lambda: all(state.ended_at for state in orders(door)))

        assert [state.stage for state in orders(door)] == [Stage.COMPLETED] * 50
        backlog = door.handle(ReadFleet()).backlog
        assert backlog.events >= 50
        assert backlog.tickets == 50


def orders(door: Door) -> list[OrderState]:
    found = door.handle(ListOrders(Filter(limit=100)))
    return list(found)


def test_an_order_that_another_process_cancels_is_not_worked_on_any_more(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works on it looks once a second whether it is still theirs; the solve would take an hour."""
    ENDLESS.install(tmp_path, monkeypatch)
    with service(postgresql) as door:
        order = door.handle(PlaceOrder(wish_of({**WISH, "optimization_type": "endless"}))).id
        wait_until(lambda: door.service.context.bench.busy == 1)

        asyncio.run(elsewhere(Settings(database_url=postgresql), CancelOrder(order)))

        wait_until(lambda: door.service.context.bench.busy == 0)
        assert door.handle(ReadOrder(order)).stage is Stage.CANCELLED


async def elsewhere(settings: Settings, message: Message[OrderState]) -> OrderState:
    """What another process of the service does."""
    async with container.keeping(settings) as other:
        return await other.handle(message)
