"""What can happen between us and the server of a database: nothing is lost, nothing is doubled, and it passes.

J2: a late worker is fenced. J7: a server that is gone, or silent, is said and found again. J8: a commit whose answer is
lost.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec import structs
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.failures import Interrupted
from tangency.adapters.sql.reading import PAUSES_S, Reader
from tangency.adapters.sql.schema import OptimizationRequest, OptimizationResult, OutboxEvent, Table
from tangency.adapters.sql.tickets import CHANNEL
from tangency.adapters.sql.units import SqlUnitOfWork
from tangency.domain.errors import StoreUnavailable
from tangency.domain.library.entry import Address, Entry, Shelf
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.queue import Queue
from tests.contracts.test_orders import LEASE, accepted, claimed, order
from tests.contracts.test_outbox import told
from tests.contracts.test_store import AT, ended, opened, problem, run
from tests.support.databases import PATIENCE_S
from tests.support.tcp_proxy import Proxy, proxy

pytestmark = pytest.mark.service("postgresql")


@pytest.fixture
def settings(postgresql: str) -> Settings:
    return Settings(database_url=postgresql, database_wait_s=PATIENCE_S)


@pytest.fixture
def wire(postgresql: str) -> Iterator[Proxy]:
    port = make_url(postgresql).port
    assert port is not None
    with proxy(port) as wire:
        yield wire


@pytest.fixture
def far(postgresql: str, wire: Proxy) -> Settings:
    """The same database at the other end of a wire."""
    url = make_url(postgresql).set(port=wire.port)
    return Settings(database_url=url.render_as_string(), database_wait_s=PATIENCE_S)


async def count(store: Store, table: type[Table]) -> int:
    async with store.units.engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


def test_a_lost_answer_to_a_commit_is_found_out_and_nothing_is_kept_twice(far: Settings, wire: Proxy) -> None:
    """Each attempt makes an order and an event of its own: the server is asked what became of the first."""
    attempts: list[int] = []

    async def keep(unit: SqlUnitOfWork) -> str:
        attempts.append(1)
        await unit.orders.add(order())
        await unit.events.add(told("port-1", 1))
        await unit.optimizations.add(ended(problem()))
        return "done"

    async def work(store: Store) -> tuple[str, list[int]]:
        wire.lose_answer_to(b"COMMIT")
        done = await store.units.keep(keep)
        return done, [await count(store, each) for each in (OptimizationRequest, OutboxEvent, OptimizationResult)]

    assert run(far, work) == ("done", [2, 1, 1])
    assert (wire.lost, len(attempts)) == (1, 1)


def test_a_lost_answer_to_work_that_has_no_key_is_said_to_be_unknown(far: Settings, wire: Proxy) -> None:
    async def work(store: Store) -> int:
        wire.lose_answer_to(b"COMMIT")
        with pytest.raises(Interrupted, match="whether anything was kept"):
            await accepted(store)
        return await count(store, OptimizationRequest)

    assert run(far, work) == 1


def test_a_connection_that_is_cut_in_the_middle_of_work_costs_nothing(far: Settings, wire: Proxy) -> None:
    attempts: list[int] = []

    async def keep(unit: SqlUnitOfWork) -> None:
        await unit.orders.add(order_)
        assert await unit.optimizations.get(order_.optimization.id) is None, "it was sent, and has not ended"
        attempts.append(1)
        if len(attempts) == 1:
            wire.cut()

    async def work(store: Store) -> int:
        await store.units.keep(keep)
        return await count(store, OptimizationRequest)

    order_ = order()
    assert run(far, work) == 1
    assert len(attempts) == 2


def test_a_read_that_is_cut_is_asked_again(far: Settings, wire: Proxy) -> None:
    async def work(store: Store) -> object:
        which = await accepted(store)
        wire.lose_answer_to(b"FROM portfolio_optimizations")
        return await store.order(which)

    assert run(far, work) is not None
    assert wire.lost == 1


@pytest.mark.parametrize("state", ["40001", "57P01"])
def test_a_read_that_the_server_gives_up_every_time_is_said(state: str, settings: Settings) -> None:
    asked: list[str] = []

    async def give_up(session: AsyncSession, tenant: str) -> None:
        asked.append(tenant)
        await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))

    async def work(store: Store) -> None:
        await Reader(store.units.engine, "default").read(give_up)

    with pytest.raises(Interrupted, match="gave up"):
        run(settings, work)
    assert asked == ["default"] * (len(PAUSES_S) + 1)


def test_a_connection_that_is_cut_while_it_listens_is_said_in_our_words(far: Settings, wire: Proxy) -> None:
    async def work(store: Store) -> None:
        async with store.outbox.turn() as turn:
            assert turn is not None
            listening = asyncio.create_task(turn.heard(PATIENCE_S))
            await asyncio.sleep(0.1)
            wire.cut()
            with pytest.raises(Interrupted, match="the connection to the database was lost"):
                await listening

    run(far, work)


def test_a_connection_that_was_cut_while_nobody_used_it_is_replaced(far: Settings, wire: Proxy) -> None:
    async def work(store: Store) -> None:
        await store.check()
        wire.cut()
        await store.check()

    run(far, work)


@pytest.mark.parametrize("fault", ["refuse", "fall_silent"])
def test_a_server_that_is_gone_is_said_and_found_again(fault: str, far: Settings, wire: Proxy) -> None:
    async def work(store: Store) -> int:
        await found_again(store)
        getattr(wire, fault)()
        with pytest.raises(StoreUnavailable):
            await store.check()
        with pytest.raises(StoreUnavailable):
            await store.units.keep(lambda unit: unit.orders.add(order()))
        wire.heal()
        await found_again(store)
        async with opened(far) as patient:
            await patient.units.keep(lambda unit: unit.orders.add(order()))
        return await count(store, OptimizationRequest)

    assert run(structs.replace(far, database_wait_s=1.0), work) == 1


async def found_again(store: Store) -> None:
    """By one who waits for a second at most, on a machine that is busy."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StoreUnavailable):
                return await store.check()


INCREMENT = text("UPDATE pairs SET n = n + 1 WHERE name = :name")


async def opposed(store: Store) -> int:
    """Two units that change the same two rows in opposite order, each once; gives how often either tried."""
    attempts = 0
    both = asyncio.Barrier(2)

    async def change(unit: SqlUnitOfWork, first: str, second: str) -> None:
        nonlocal attempts
        attempts += 1
        session = unit._session
        await session.execute(INCREMENT, {"name": first})
        if attempts <= 2:
            await both.wait()
        await session.execute(INCREMENT, {"name": second})

    one = store.units.keep(lambda unit: change(unit, "a", "b"))
    other = store.units.keep(lambda unit: change(unit, "b", "a"))
    await asyncio.gather(one, other)
    return attempts


def test_of_two_that_wait_for_each_other_one_is_done_again(settings: Settings) -> None:
    async def work(store: Store) -> tuple[int, list[int]]:
        async with store.units.engine.begin() as connection:
            await connection.execute(text("CREATE TABLE pairs (name TEXT, n INT)"))
            await connection.execute(text("INSERT INTO pairs VALUES ('a', 0), ('b', 0)"))
        attempts = await opposed(store)
        async with store.units.engine.connect() as connection:
            return attempts, list(await connection.scalars(text("SELECT n FROM pairs")))

    attempts, figures = run(settings, work)
    assert attempts > 2
    assert figures == [2, 2]


@pytest.mark.parametrize("state", ["40001", "40P01", "57014"])
def test_what_the_server_gives_up_is_tried_a_few_times_and_then_said(state: str, settings: Settings) -> None:
    attempts: list[int] = []

    async def give_up(unit: SqlUnitOfWork) -> None:
        attempts.append(1)
        await unit._session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"))

    async def work(store: Store) -> None:
        await store.units.keep(give_up)

    with pytest.raises(Interrupted, match="gave up"):
        run(settings, work)
    assert len(attempts) == len(PAUSES_S) + 1


def test_a_chore_whose_unit_is_stopped_is_somebody_elses_soon_and_its_changes_are_undone(settings: Settings) -> None:
    async def other(store: Store) -> bool:
        async with store.units() as unit:
            return await unit.alone("sweep")

    async def work(store: Store) -> None:
        async with store.units() as stopped:
            assert await stopped.alone("sweep", 0.5)
            taken = await other(store)
            assert not taken
            async with asyncio.timeout(PATIENCE_S / 2):
                while not taken:
                    await asyncio.sleep(0.05)
                    taken = await other(store)
            await stopped.orders.sweep(AT)

    with pytest.raises(Interrupted, match="did nothing for longer than it may"):
        run(settings, work)


def test_a_statement_that_takes_too_long_is_given_up(postgresql: str) -> None:
    async def work(store: Store) -> None:
        async with store.units() as unit:
            await unit._session.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(Interrupted, match="took longer than it may"):
        run(Settings(database_url=postgresql, statement_timeout_s=0.1, database_wait_s=PATIENCE_S), work)


def test_two_that_write_the_same_entry_at_once_make_two_versions(settings: Settings) -> None:
    address = Address(Shelf.SCORES, "one")

    async def write(store: Store, content: float, both: asyncio.Barrier) -> None:
        async def next_version(unit: SqlUnitOfWork) -> None:
            before = await unit.library.newest(address)
            if not both.broken and both.n_waiting < 2 and before is None:
                await both.wait()
            version = 1 if before is None or before.address.version is None else before.address.version + 1
            await unit.library.add(Entry(Address(Shelf.SCORES, "one", version), {"A": content}, AT))

        await store.units.keep(next_version)

    async def work(store: Store) -> int:
        both = asyncio.Barrier(2)
        await asyncio.gather(write(store, 1.0, both), write(store, 2.0, both))
        newest = await store.entry(address)
        assert newest is not None
        assert newest.address.version is not None
        return newest.address.version

    assert run(settings, work) == 2


def test_an_order_whose_row_is_held_when_its_ticket_arrives_starts_as_soon_as_it_is_let_go(settings: Settings) -> None:
    async def work(store: Store) -> tuple[bool, int]:
        which = await accepted(store)
        async with opened(settings) as bystander, bystander.units.engine.begin() as held:
            await held.execute(select(OptimizationRequest.id).with_for_update())
            claim = asyncio.create_task(claimed(store, which))
            done, _ = await asyncio.wait([claim], timeout=0.2)
            waited = not done
        taken = await claim
        assert taken is not None
        assert taken.optimization.id == which
        return waited, taken.attempt

    assert run(settings, work) == (True, 1)


def test_a_late_worker_is_fenced_whatever_order_the_server_takes_them_in(settings: Settings) -> None:
    async def work(store: Store) -> list[bool]:
        first = await claimed(store, await accepted(store))
        assert first is not None
        async with store.units() as unit:
            await unit.orders.sweep(AT + 2 * LEASE)
            await unit.commit()
        second = await claimed(store, first.optimization.id)
        assert second is not None
        solved = ended(problem())
        for each in (first, second):
            assert solved.solution is not None
            each.optimization.conclude(solved.solution, AT + timedelta(seconds=1), 1.0)
        ends = [store.units.keep(lambda unit, each=each: unit.orders.finish(each, None)) for each in (first, second)]  # type: ignore[misc]
        return list(await asyncio.gather(*ends))

    assert run(settings, work) == [False, True]


def test_tickets_are_heard_in_turn_and_again_after_the_connection_was_lost(
    settings: Settings, far: Settings, wire: Proxy
) -> None:
    """Somebody tells of orders over a connection of their own; whoever hears has the wire."""
    heard: list[UUID] = []
    made = [uuid4() for _ in range(50)]

    async def work(store: Store) -> None:
        with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as others:

            def tell(order: UUID) -> None:
                others.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"light {spelled(order)} {settings.tenant}"])

            async def heard_again() -> None:
                heard.clear()
                while not heard:
                    tell(made[0])
                    await asyncio.sleep(0.05)

            last = asyncio.Event()

            def came(_: Queue, order: UUID) -> None:
                heard.append(order)
                if order == made[-1]:
                    last.set()

            async with store.hearing(came):
                await heard_again()
                for order in made:
                    tell(order)
                await last.wait()
                assert heard[-len(made) :] == made
                wire.cut()
                await heard_again()

    run(far, work)
