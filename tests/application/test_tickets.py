"""Tickets meet slots that are free; what nobody is free for is remembered, and a door is told the truth about it."""

import asyncio
from uuid import UUID, uuid4

from tangency.application.tickets import Tickets
from tangency.domain.optimization.queue import Queue

FOR_EVER_S = 3600.0


def test_a_ticket_goes_to_one_slot_that_waits() -> None:
    async def work() -> list[UUID | None]:
        tickets, order = Tickets(), uuid4()
        slots = [asyncio.create_task(tickets.next(0.05)) for _ in range(2)]
        await asyncio.sleep(0)
        tickets.missed = False
        tickets.came(Queue.LIGHT, order)
        found = await asyncio.gather(*slots)
        assert not tickets.missed
        return [each and order for each in found]

    first, second = asyncio.run(work())
    assert first is not None
    assert second is None


def test_a_ticket_that_nobody_is_free_for_is_remembered_unless_it_is_of_another_queue() -> None:
    tickets = Tickets((Queue.LIGHT,))
    tickets.missed = False
    tickets.came(Queue.HEAVY, uuid4())
    assert not tickets.missed
    tickets.came(Queue.LIGHT, uuid4())
    assert tickets.missed


def test_an_offer_waits_for_a_slot_and_slots_are_let_go_at_the_end() -> None:
    async def work() -> None:
        tickets, order = Tickets(), uuid4()
        offering = asyncio.create_task(tickets.offer(order))
        await asyncio.sleep(0)
        assert not offering.done()
        assert await tickets.next(FOR_EVER_S) == order
        await offering
        slot = asyncio.create_task(tickets.next(FOR_EVER_S))
        await asyncio.sleep(0)
        tickets.close()
        assert await slot is None

    asyncio.run(work())
