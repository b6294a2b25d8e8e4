"""Tickets meet slots that are free; what nobody is free for is remembered, and a door is told the truth about it."""

import asyncio
from uuid import uuid4

from tangency.application.tickets import Ticket, Tickets
from tangency.domain.optimization.queue import Queue

FOR_EVER_S = 3600.0


def test_a_ticket_goes_to_one_slot_that_waits() -> None:
    async def work() -> list[Ticket | None]:
        tickets, order = Tickets(), uuid4()
        slots = [asyncio.create_task(tickets.next(0.05)) for _ in range(2)]
        await asyncio.sleep(0)
        tickets.missed = False
        tickets.came(Queue.LIGHT, order)
        found = await asyncio.gather(*slots)
        assert not tickets.missed
        return found

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
        assert await tickets.next(FOR_EVER_S) == Ticket(order)
        await offering
        slot = asyncio.create_task(tickets.next(FOR_EVER_S))
        await asyncio.sleep(0)
        tickets.close()
        assert await slot is None
        assert await tickets.next(FOR_EVER_S) is None

    asyncio.run(work())


def fleet(size: int) -> list[Tickets]:
    """Processes that know each other."""
    made, workers = [Tickets() for _ in range(size)], [uuid4() for _ in range(size)]
    for tickets, worker in zip(made, workers, strict=True):
        tickets.own, tickets.fellows, tickets.missed = worker, workers, False
    return made


def test_of_those_that_hear_of_an_order_each_has_a_turn_of_its_own() -> None:
    processes = fleet(4)
    turns = [[each.turn(order) for each in processes] for order in (uuid4() for _ in range(50))]
    assert all(sorted(each) == [0, 1, 2, 3] for each in turns)
    assert len({each.index(0) for each in turns}) > 1, "none is always first"
    assert Tickets().turn(uuid4()) == 0, "whoever knows of nobody does not wait"


def test_whoever_has_the_first_turn_is_sure_and_the_next_looks_whether_an_order_still_waits() -> None:
    async def work() -> list[tuple[int, Ticket | None]]:
        processes, order = fleet(2), uuid4()
        slots = [asyncio.create_task(each.next(FOR_EVER_S)) for each in processes]
        await asyncio.sleep(0)
        for each in processes:
            each.heard(Queue.LIGHT, order)
        return [(each.turn(order), await slot) for each, slot in zip(processes, slots, strict=True)]

    tickets = dict(asyncio.run(work()))
    assert tickets[0] is not None
    assert tickets[1] is not None
    assert (tickets[0].sure, tickets[1].sure) == (True, False)
    assert tickets[0].order == tickets[1].order
