"""What is read is made of what was written, at once and again: to the last column, and from nothing else."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import Connection, event, select

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.projections import PROJECTIONS, differing, rebuild
from tangency.domain.errors import NoAnswer
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.order import Filter
from tests.contracts.test_orders import LEASE, accepted, claimed
from tests.contracts.test_store import AT, INFEASIBLE, ended, keep, problem, run


async def everything(store: Store) -> UUID:
    """A request of every kind, in every stage; gives one that completed."""
    done = ended(problem())
    await keep(store, done, ended(INFEASIBLE))
    lost, failed, running, cancelled = [await accepted(store) for _ in range(4)]
    assert await claimed(store, lost) is not None
    async with store.units() as unit:
        await unit.orders.sweep(AT + 2 * LEASE)
        await unit.commit()
    taken = await claimed(store, failed)
    assert taken is not None
    taken.optimization.fail(NoAnswer("it came to nothing"), AT, 1.0)
    async with store.units() as unit:
        await unit.orders.finish(taken, None)
        await unit.orders.cancel(cancelled, AT)
        await unit.commit()
    held = await claimed(store, running)
    assert held is not None
    async with store.units() as unit:
        await unit.orders.beat(running, held.attempt, AT + 3 * LEASE)
        await unit.commit()
    return done.id


def rows(connection: Connection) -> dict[str, list[Any]]:
    return {
        each.table.name: [
            tuple(row) for row in connection.execute(select(each.table).order_by(*each.table.primary_key))
        ]
        for each in PROJECTIONS
    }


def test_read_tables_that_are_rebuilt_are_what_they_were_in_every_column(settings: Settings) -> None:
    async def work(store: Store) -> None:
        await everything(store)
        async with store.units.engine.begin() as connection:
            before = await connection.run_sync(rows)
            assert await connection.run_sync(differing) == dict.fromkeys(before, 0)
            written = await connection.run_sync(rebuild)
            assert await connection.run_sync(rows) == before
        assert written == {name: len(kept) for name, kept in before.items()}
        assert written["portfolio_optimizations"] == 6

    run(settings, work)


def test_a_read_row_that_says_something_else_is_found_and_mended(settings: Settings) -> None:
    async def work(store: Store) -> None:
        await everything(store)
        table = PROJECTIONS[0].table
        async with store.units.engine.begin() as connection:
            await connection.execute(table.update().where(table.c.status == "failed").values(progress=0.25))
            await connection.execute(table.delete().where(table.c.status == "cancelled"))
            found = await connection.run_sync(differing)
            assert found[table.name] == 2
            await connection.run_sync(rebuild)
            assert set((await connection.run_sync(differing)).values()) == {0}

    run(settings, work)


def test_whoever_only_reads_reads_from_read_tables(settings: Settings) -> None:
    written = {name for each in PROJECTIONS for name in (each.request.name, each.result.name)}

    async def work(store: Store) -> list[str]:
        done = await everything(store)
        statements: list[str] = []
        event.listen(
            store.units.engine.sync_engine,
            "before_cursor_execute",
            lambda *told: statements.append(told[2]),
        )
        assert await store.answer("port-1") is not None
        assert await store.answer_of(done) is not None
        assert {state.stage for state in await store.orders(Filter())} >= {Stage.FAILED, Stage.CANCELLED}
        for state in await store.orders(Filter()):
            assert await store.order(state.id) is not None
        for question in (
            store.plan("id"),
            store.plans_of("port-1"),
            store.last_approval("port-1"),
            store.frontier("id"),
            store.frontier_for("port-1", "key"),
            store.factor_analysis("id"),
            store.factor_analyses("port-1", 5),
        ):
            assert not await question
        return statements

    statements = run(settings, work)
    assert statements
    for statement in statements:
        assert not {name for name in written if name in statement}, statement


@pytest.mark.parametrize("weights", [[0.1, 0.2, 0.7], [0.6, 0.4, 0.0]])
def test_names_keep_their_order(weights: list[float], settings: Settings) -> None:
    """A JSON object of PostgreSQL has an order of its own."""
    optimization = ended(problem(current=np.array(weights)))

    async def work(store: Store) -> tuple[str, ...]:
        await keep(store, optimization)
        answer = await store.answer("port-1")
        assert answer is not None
        return answer.solution.universe.names

    assert run(settings, work) == problem().universe.names
