"""Workers on a PostgreSQL: without the broker, with somebody else who calls an order off, with ends held up."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest

from tangency.adapters import container
from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.settings import Settings
from tangency.application.activity import Activity
from tangency.application.fleet import ReadFleet
from tangency.application.message import Message
from tangency.application.orders import CancelOrder, ListOrders, PlaceOrder, ReadEvents, ReadOrder
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.order import Filter, OrderState
from tests.adapters.pulsar.test_requests import WISH
from tests.storm.processes import TANGENCY, fleet
from tests.support.databases import PATIENCE_S
from tests.support.distributions import Distribution, method
from tests.support.held import hold_in
from tests.support.pulsar import wait_until
from tests.support.service import Door, serving

pytestmark = pytest.mark.service("postgresql")

NOBODY_THERE = "pulsar://127.0.0.1:1"
ENDLESS = Distribution(
    "endless-methods", method("endless", "import time; time.sleep(3600)"), methods={"endless": "Method"}
)
ONE_BY_ONE = """
import pathlib
import time
folder = pathlib.Path({folder!r})
while not (folder / "open").exists():
    try:
        (folder / "token").unlink()
        break
    except FileNotFoundError:
        time.sleep(0.01)
return Proposal(Status.FEASIBLE, weights=np.full(30, 1 / 30))
"""
EVERY_ORDER = ListOrders(Filter(limit=100))
Result = TypeVar("Result")


@contextmanager
def service(url: str, **settings: object) -> Iterator[Door]:
    chosen = Settings(database_url=url, database_wait_s=PATIENCE_S, solver_workers=1, **settings)  # type: ignore[arg-type]
    hold_in(chosen, str(WISH["portfolio_id"]))
    with serving(chosen) as door:
        yield door


@pytest.mark.timeout(300)
def test_fifty_orders_are_accepted_and_finish_while_the_broker_is_down(postgresql: str) -> None:
    with service(postgresql, pulsar_url=NOBODY_THERE, pulsar_send_timeout_s=1.0) as door:
        for _ in range(50):
            door.handle(PlaceOrder(order_request_of(WISH)))

        wait_until(lambda: all(state.ended_at for state in orders(door)))

        assert [state.stage for state in orders(door)] == [Stage.COMPLETED] * 50
        backlog = door.handle(ReadFleet()).backlog
        assert backlog.events >= 50
        assert backlog.tickets == 50


def orders(door: Door) -> list[OrderState]:
    found = door.handle(EVERY_ORDER)
    return list(found)


def test_an_order_that_another_process_cancels_is_not_worked_on_any_more(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works on it looks once a second whether it is still theirs; the solve would take an hour."""
    ENDLESS.install(tmp_path, monkeypatch)
    with service(postgresql) as door:
        order = door.handle(PlaceOrder(order_request_of({**WISH, "optimization_type": "endless"}))).id
        wait_until(lambda: door.service.context.activity.busy == 1)

        asyncio.run(elsewhere(Settings(database_url=postgresql), CancelOrder(order)))

        wait_until(lambda: door.service.context.activity.busy == 0)
        assert door.handle(ReadOrder(order)).stage is Stage.CANCELLED


async def elsewhere(settings: Settings, message: Message[Result]) -> Result:
    """What another process of the service does."""
    async with container.keeping(settings) as other:
        return await other.handle(message)


class Turnstile:
    """A method that lets one solve through for each token, until it is open to all."""

    def __init__(self, folder: Path) -> None:
        self._folder, body = folder, ONE_BY_ONE.format(folder=str(folder))
        self.distribution = Distribution("turnstiles", method("turnstile", body), {"turnstile": "Method"})
        self.wish = order_request_of({**WISH, "optimization_type": "turnstile"})

    def let_one_through(self) -> None:
        token = self._folder / "token"
        token.touch()
        wait_until(lambda: not token.exists())

    def open(self) -> None:
        (self._folder / "open").touch()


@pytest.fixture
def turnstile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Turnstile:
    made = Turnstile(tmp_path)
    made.distribution.install(tmp_path, monkeypatch)
    return made


class Bystander:
    """Somebody who holds rows of orders, so that their ends have to wait."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._held = connection

    def holds(self, order: UUID) -> None:
        self._held.execute("SELECT FROM optimization_requests WHERE id = %s FOR UPDATE", [spelled(order)])

    def waits(self) -> int:
        """How many wait for the bystander."""
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        row = self._held.execute(asked).fetchone()
        return 0 if row is None else int(row[0])

    def lets_go(self) -> None:
        self._held.rollback()


@contextmanager
def bystander(url: str) -> Iterator[Bystander]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SET stats_fetch_consistency = none")
        yield Bystander(connection)


def test_a_slot_works_on_the_next_order_while_the_end_of_the_last_is_held_up_and_no_further(
    postgresql: str, turnstile: Turnstile
) -> None:
    with bystander(postgresql) as somebody, ThreadPoolExecutor(1) as beside:
        with service(postgresql) as door:
            made = [door.handle(PlaceOrder(turnstile.wish)).id for _ in range(3)]
            for order, ahead in zip(made[:2], (1, 2), strict=True):
                wait_until(lambda of=order: door.handle(ReadOrder(of)).stage is Stage.PROCESSING)  # type: ignore[misc]
                somebody.holds(order)
                turnstile.let_one_through()
                wait_until(lambda most=ahead: somebody.waits() >= most)  # type: ignore[misc]
            stages = [door.handle(ReadOrder(order)).stage for order in made]
            assert stages == [Stage.PROCESSING, Stage.PROCESSING, Stage.PENDING]
            letting_go = beside.submit(let_go_while_it_drains, somebody, door.service.context.activity)
        letting_go.result()

    left = {state.id: state for state in asyncio.run(elsewhere(Settings(database_url=postgresql), EVERY_ORDER))}
    assert [left[order].stage for order in made] == [Stage.COMPLETED, Stage.COMPLETED, Stage.PENDING]
    assert [left[order].attempt for order in made] == [1, 1, 0]


def let_go_while_it_drains(somebody: Bystander, activity: Activity) -> None:
    wait_until(lambda: activity.draining)
    somebody.lets_go()


def test_both_orders_of_a_slot_are_taken_up_once_more_where_its_worker_dies_between(
    postgresql: str, turnstile: Turnstile, tmp_path: Path
) -> None:
    """The end of one is held up, and the next has begun; then somebody else does both, and each ends once."""
    settings = Settings(database_url=postgresql)
    hold_in(settings, str(WISH["portfolio_id"]))
    environment = {
        "TANGENCY_DATABASE_URL": postgresql,
        "TANGENCY_LEASE_S": "2",
        "PYTHONPATH": os.pathsep.join([str(tmp_path / turnstile.distribution.name), os.environ.get("PYTHONPATH", "")]),
    }
    made = [asyncio.run(elsewhere(settings, PlaceOrder(turnstile.wish))).id for _ in range(2)]
    with bystander(postgresql) as somebody, fleet(tmp_path, environment) as processes:
        processes.start("worker", *TANGENCY, "worker", "--concurrency", "1", "--port", "0")
        for order in made:
            wait_until(lambda of=order: stage_of(settings, of) is Stage.PROCESSING)  # type: ignore[misc]
            if order == made[0]:
                somebody.holds(order)
                turnstile.let_one_through()
        processes.running["worker"].kill()
        processes.running["worker"].wait()
        somebody.lets_go()

    with service(postgresql, lease_s=2.0) as door:
        turnstile.open()
        wait_until(lambda: len(told(door)) == len(made))
        found = [door.handle(ReadOrder(order)) for order in made]
        assert told(door) == {spelled(order): 1 for order in made}
    assert [(state.stage, state.attempt, len(state.losses)) for state in found] == [(Stage.COMPLETED, 2, 1)] * 2


def stage_of(settings: Settings, order: UUID) -> Stage:
    return asyncio.run(elsewhere(settings, ReadOrder(order))).stage


def told(door: Door) -> Counter[str]:
    """How often each order was told to have ended."""
    return Counter(each.subject for each in door.handle(ReadEvents(0, 1000)) if each.type == "optimization_completed")
