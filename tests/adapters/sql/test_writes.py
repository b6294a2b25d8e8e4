"""What a unit writes goes to the database together and in order; what was read of late is not read again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.recent import Recent
from tests.contracts.test_orders import claimed, order
from tests.contracts.test_outbox import told
from tests.contracts.test_store import ended, problem, run


@contextmanager
def batches(store: Store) -> Iterator[list[str]]:
    """What SQLAlchemy is asked to execute on its way to the driver: a batch is one statement."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine = store.units.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_an_answer_is_one_batch_and_its_events_keep_their_order(settings: Settings) -> None:
    async def work(store: Store) -> tuple[list[str], list[int]]:
        events = [told("port-1", number) for number in range(3)]
        async with store.units() as unit:
            await unit.optimizations.add(ended(problem()))
            for each in events:
                await unit.events.add(each)
            with batches(store) as sent:
                await unit.commit()
        kept = await store.outbox.waiting(9)
        assert [each.event_id for each in kept] == [each.event_id for each in events]
        return sent, [each.sequence for each in kept]

    past_sqlalchemy = settings.embedded
    assert run(settings, work) == ([] if past_sqlalchemy else ["SELECT 1"], [1, 2, 3])


def test_whoever_reads_in_a_unit_reads_what_it_wrote(settings: Settings) -> None:
    async def work(store: Store) -> bool:
        optimization = ended(problem())
        async with store.units() as unit:
            await unit.optimizations.add(optimization)
            return await unit.optimizations.get(optimization.id) is not None

    assert run(settings, work)


def test_a_worker_reads_once_what_its_orders_share(settings: Settings) -> None:
    async def work(store: Store) -> list[int]:
        counts = []
        for _ in range(2):
            made = order()
            async with store.units() as unit:
                await unit.orders.add(made)
                await unit.commit()
            with batches(store) as sent:
                taken = await claimed(store, made.optimization.id)
            assert taken is not None
            assert taken.optimization.configuration == made.optimization.configuration
            counts.append(sum("FROM matrices" in each or "FROM optimization_configurations" in each for each in sent))
        return counts

    assert run(settings, work) == [2, 0]


def test_what_was_read_of_late_has_a_limit() -> None:
    recent = Recent[str](10)
    for key, size in (("a", 4), ("b", 4), ("huge", 11)):
        recent.keep(key, key, size)
    assert (recent.get("a"), recent.get("huge")) == ("a", None)
    recent.keep("c", "c", 4)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == ("a", None, "c"), "asked for longest ago"
