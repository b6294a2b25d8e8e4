"""Queues, workers and leases, on whatever database is behind them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.domain.optimization.fleet import Worker
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.order import Order
from tangency.domain.optimization.queue import EVERY_QUEUE, Queue
from tests.contracts.test_orders import LEASE, WORKER, order
from tests.contracts.test_store import AT, opened, run

HERE = Worker(WORKER, "here", 42, "0.1.0", (Queue.LIGHT,), 2, 1, False, 3.0, AT, AT)
LOCKED_S = 0.2


async def ordered(store: Store, queue: Queue) -> UUID:
    made = replace(order(), queue=queue, estimated_s=1.5)
    async with store.units() as unit:
        await unit.orders.add(made)
        await unit.commit()
    return made.optimization.id


async def next_of(store: Store, *queues: Queue) -> Order | None:
    async with store.units() as unit:
        taken = await unit.orders.claim_next(queues, WORKER, AT + LEASE, AT)
        await unit.commit()
    return taken


def test_a_worker_takes_the_oldest_order_of_its_queues(settings: Settings) -> None:
    async def work(store: Store) -> list[UUID | None]:
        made = [await ordered(store, queue) for queue in (Queue.HEAVY, Queue.LIGHT, Queue.LIGHT)]
        taken = [await next_of(store, *queues) for queues in ((Queue.LIGHT,), EVERY_QUEUE, (Queue.HEAVY,))]
        assert not await store.waits((Queue.HEAVY,))
        assert await store.waits((Queue.LIGHT,))
        assert [await store.still_waits(each) for each in made] == [False, False, True]
        return [each and made.index(each.optimization.id) for each in taken]  # type: ignore[misc]

    assert run(settings, work) == [1, 0, None]


def test_everything_that_operators_look_at_is_in_the_database(settings: Settings) -> None:
    async def work(store: Store) -> None:
        await ordered(store, Queue.HEAVY)
        await ordered(store, Queue.LIGHT)
        taken = await next_of(store, Queue.LIGHT)
        assert taken is not None
        async with store.units() as unit:
            await unit.fleet.seen(replace(HERE, busy=0))
            await unit.fleet.seen(HERE)
            await unit.commit()
        state = await store.fleet()
        assert [(each.queue, each.waiting, each.running) for each in state.queues] == [
            (Queue.LIGHT, 0, 1),
            (Queue.HEAVY, 1, 0),
        ]
        assert state.queues[1].oldest_at == AT
        (lease,) = state.leases
        assert (lease.order, lease.worker, lease.attempt) == (taken.optimization.id, WORKER, 1)
        assert lease.until == AT + LEASE
        assert list(state.workers) == [HERE]

    run(settings, work)


def test_workers_that_left_or_were_not_seen_for_long_are_forgotten(settings: Settings) -> None:
    async def work(store: Store) -> list[UUID]:
        gone, old = replace(HERE, id=uuid4()), replace(HERE, id=uuid4(), seen_at=AT - timedelta(hours=2))
        async with store.units() as unit:
            for each in (HERE, gone, old):
                await unit.fleet.seen(each)
            await unit.fleet.left(gone.id)
            await unit.fleet.forget(AT - timedelta(hours=1))
            await unit.commit()
        return [each.id for each in (await store.fleet()).workers]

    assert run(settings, work) == [WORKER]


def test_a_new_order_meets_the_open_ones_of_its_queue_and_those_who_work_on_it(settings: Settings) -> None:
    async def work(store: Store) -> None:
        for queue in (Queue.LIGHT, Queue.LIGHT, Queue.HEAVY):
            await ordered(store, queue)
        assert (await store.load(Queue.LIGHT, AT)).slots == 0
        async with store.units() as unit:
            await unit.fleet.seen(HERE)
            await unit.fleet.seen(replace(HERE, id=uuid4(), draining=True, slots=7))
            await unit.fleet.seen(replace(HERE, id=uuid4(), seen_at=AT - LEASE, slots=7))
            await unit.commit()
        light, heavy = [await store.load(queue, AT - LEASE / 2) for queue in EVERY_QUEUE]
        assert (light.open, light.ahead_s, light.slots, light.pace) == (2, 2 * 1.5, 2, 3.0)
        assert (heavy.open, heavy.ahead_s, heavy.slots) == (1, 1.5, 0)
        assert len(await store.workers(AT - LEASE / 2)) == 2

    run(settings, work)


@pytest.mark.service("postgresql")
def test_two_that_look_for_the_next_order_at_once_do_not_wait_for_each_other(postgresql: str) -> None:
    settings = Settings(database_url=postgresql)

    async def work(store: Store) -> tuple[list[UUID], list[UUID | None]]:
        waiting = [await ordered(store, Queue.LIGHT) for _ in range(2)]
        async with store.units() as one, store.units() as two:
            taken = [await each.orders.claim_next(EVERY_QUEUE, WORKER, AT + LEASE, AT) for each in (one, two)]
        return waiting, [None if each is None else each.optimization.id for each in taken]

    waiting, taken = run(settings, work)
    assert taken == waiting


@pytest.mark.service("postgresql")
def test_a_ticket_that_arrives_while_its_row_is_locked_starts_the_order_once_it_is_not(postgresql: str) -> None:
    """A claim that skipped locks would lose the ticket to any bystander, and the order would wait for a sweep."""
    settings = Settings(database_url=postgresql)

    async def work() -> Order | None:
        async with opened(settings) as store:
            which = await ordered(store, Queue.LIGHT)
            async with store.units.engine.connect() as bystander:
                locked = text("SELECT 1 FROM optimization_requests WHERE id = :id FOR UPDATE")
                await bystander.execute(locked, {"id": spelled(which)})
                claiming = asyncio.create_task(claimed_by_ticket(store, which))
                await asyncio.sleep(LOCKED_S)
                assert not claiming.done()
                await bystander.rollback()
            return await claiming

    taken = asyncio.run(work())
    assert taken is not None
    assert taken.attempt == 1


async def claimed_by_ticket(store: Store, which: UUID) -> Order | None:
    async with store.units() as unit:
        taken = await unit.orders.claim(which, WORKER, AT + LEASE, AT)
        await unit.commit()
    return taken
