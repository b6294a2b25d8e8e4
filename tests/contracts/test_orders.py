"""The protocol of orders, on whatever database is behind it: one owner at a time, one end."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import update

from tangency.adapters.document.orders import document_of
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.schema import OptimizationRequest, PortfolioOptimization
from tangency.domain.errors import NoAnswer
from tangency.domain.optimization.optimization import Optimization, Stage
from tangency.domain.optimization.order import MOST_LOSSES, Order, OrderState
from tangency.domain.optimization.queue import Queue
from tangency.domain.portfolio.valuation import Valuation
from tangency.domain.trace import TraceContext
from tests.contracts.test_outbox import told
from tests.contracts.test_store import AT, CONFIGURATION, problem, run
from tests.domain.test_trace import PARENT, STATE

WORDING = {
    "optimization_type": "mean_variance",
    "objective": "maximize_sharpe",
    "risk_measure": "volatility",
    "constraints": {"max_position_size": 0.6},
    "preferences": {},
}
HELD = Valuation(100.0, {"A": 1.0, "B": 2.0, "C": 4.0}, {"A": 0.5, "B": 0.25, "C": 0.25})
LEASE = timedelta(seconds=10)
WORKER = uuid4()


def order() -> Order:
    optimization = Optimization.request(uuid4(), "port-1", CONFIGURATION, problem(), AT)
    return Order(optimization, WORDING, HELD, AT + LEASE)


async def accepted(store: Store, trace: TraceContext | None = None) -> UUID:
    made = order()
    async with store.units.traced(trace)() as unit:
        await unit.orders.add(made)
        await unit.commit()
    return made.optimization.id


async def claimed(store: Store, which: UUID) -> Order | None:
    async with store.units() as unit:
        taken = await unit.orders.claim(which, WORKER, AT + LEASE, AT)
        await unit.commit()
    return taken


def test_of_many_that_claim_an_order_one_gets_it_whole(settings: Settings) -> None:
    async def race(store: Store) -> list[Order | None]:
        which = await accepted(store)
        return await asyncio.gather(*[claimed(store, which) for _ in range(5)])

    (taken,) = [each for each in run(settings, race) if each is not None]
    assert taken.attempt == 1
    assert taken.optimization.stage is Stage.PROCESSING
    assert taken.valuation == HELD
    assert taken.optimization.problem.universe == problem().universe


def test_who_was_taken_for_lost_cannot_end_what_another_has(settings: Settings) -> None:
    async def work(store: Store) -> tuple[bool, bool, bool]:
        first = await claimed(store, await accepted(store))
        assert first is not None
        async with store.units() as unit:
            assert list(await unit.orders.sweep(AT + 2 * LEASE)) == []
            await unit.commit()
        second = await claimed(store, first.optimization.id)
        assert second is not None
        first.optimization.fail(NoAnswer("too late"), AT, 1.0)
        second.optimization.fail(NoAnswer("in time"), AT, 1.0)
        async with store.units() as unit:
            late = await unit.orders.finish(first, None), await unit.orders.finish(second, None)
            again = await unit.orders.finish(second, None)
            await unit.commit()
        return (*late, again)

    assert run(settings, work) == (False, True, False)


def test_an_order_that_is_handed_back_waits_again_in_its_queue_and_only_once(settings: Settings) -> None:
    async def work(store: Store) -> tuple[list[Stage], list[int]]:
        made, stages = replace(order(), queue=Queue.HEAVY), list[Stage]()
        async with store.units() as unit:
            await unit.orders.add(made)
            await unit.commit()
        which, attempts = made.optimization.id, list[int]()
        for _ in range(2):
            taken = await claimed(store, which)
            assert taken is not None
            attempts.append(taken.attempt)
            async with store.units() as unit:
                await unit.orders.hand_back(which, taken.attempt - 1)  # of an attempt that was fenced
                await unit.orders.hand_back(which, taken.attempt)
                await unit.commit()
            state = await store.order(which)
            assert state is not None
            stages.append(state.stage)
        assert await store.waits([Queue.HEAVY])
        return stages, attempts

    assert run(settings, work) == ([Stage.PENDING, Stage.PENDING], [1, 2])


def test_the_trace_of_a_request_goes_with_its_order_and_with_what_is_told_of_it(settings: Settings) -> None:
    trace, other = TraceContext(PARENT, STATE), TraceContext(PARENT.replace("0af", "1af"))

    async def work(store: Store) -> list[TraceContext | None]:
        taken = await claimed(store, await accepted(store, trace))
        untraced = await claimed(store, await accepted(store))
        assert taken is not None
        assert untraced is not None
        async with store.units() as unit:
            (ended, _) = await unit.orders.sweep(AT + 2 * LEASE, most_losses=1)
            await unit.commit()
        async with store.units.traced(trace)() as unit:
            await unit.events.add(told("p", 1))
            await unit.events.add(replace(told("p", 2), trace=other))
            await unit.commit()
        return [taken.trace, untraced.trace, ended.trace, *[each.trace for each in await store.outbox.waiting(9)]]

    assert run(settings, work) == [trace, None, trace, trace, other]


def test_an_order_that_costs_too_many_workers_ends_with_the_reason_of_each(settings: Settings) -> None:
    async def work(store: Store) -> list[str]:
        which, stages = await accepted(store), []
        for _ in range(MOST_LOSSES):
            assert await claimed(store, which) is not None
            async with store.units() as unit:
                ended = await unit.orders.sweep(AT + 2 * LEASE)
                await unit.commit()
            stages.append(ended[0].stage.value if ended else "waits")
        state = await store.order(which)
        assert state is not None
        assert len(state.losses) == MOST_LOSSES
        assert state.message.count("attempt") == MOST_LOSSES
        assert await claimed(store, which) is None
        return stages

    assert run(settings, work) == ["waits"] * (MOST_LOSSES - 1) + ["failed"]


def test_a_lease_that_is_extended_is_not_swept_and_a_cancelled_order_is_nobodys(settings: Settings) -> None:
    async def work(store: Store) -> tuple[bool, bool, bool, bool]:
        taken = await claimed(store, await accepted(store))
        assert taken is not None
        which = taken.optimization.id
        async with store.units() as unit:
            alive = await unit.orders.beat(which, taken.attempt, AT + 3 * LEASE)
            await unit.orders.sweep(AT + 2 * LEASE)
            still = await unit.orders.beat(which, taken.attempt, AT + 3 * LEASE)
            cancelled = await unit.orders.cancel(which, AT)
            after = await unit.orders.beat(which, taken.attempt, AT + 3 * LEASE)
            await unit.commit()
        return alive, still, cancelled, after

    assert run(settings, work) == (True, True, True, False)


@pytest.mark.parametrize("failure", [None, {}])
@pytest.mark.parametrize("stage", [Stage.FAILED, Stage.INFEASIBLE])
def test_an_end_that_was_kept_before_there_was_more_to_say_is_read(
    settings: Settings, stage: Stage, failure: dict[str, object] | None
) -> None:
    """By a release that had other words for it, or none."""

    async def work(store: Store) -> OrderState | None:
        which = await accepted(store)
        ended = {"status": stage.value, "outcome": "a word of old", "completed_at": AT}
        async with store.units.engine.begin() as connection:
            await connection.execute(update(OptimizationRequest).values(**ended, failure=failure))
            await connection.execute(update(PortfolioOptimization).values(**ended))
        return await store.order(which)

    state = run(settings, work)
    assert state is not None
    document = document_of(state)
    assert document.failure is not None
    assert document.failure.outcome == "a word of old"
    assert msgspec.json.encode(document)
