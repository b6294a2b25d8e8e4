"""Idempotency keys, on whatever database is behind them: the first of many that come at once makes something."""

import asyncio

import pytest

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.reading import Reader
from tangency.adapters.sql.units import SqlUnitsOfWork
from tangency.domain.idempotency import Key, KeyReused
from tests.contracts.test_store import AT, run

KEY = Key.of("monday", "optimize", {"a": 1, "b": [2.0]})


async def claimed(store: Store, key: Key, subject: str) -> str:
    async with store.units() as unit:
        owner = await unit.keys.claim(key, subject, AT)
        await unit.commit()
    return owner


def test_of_many_that_claim_a_key_at_once_one_has_it(settings: Settings) -> None:
    async def race(store: Store) -> tuple[set[str], str | None]:
        owners = await asyncio.gather(*[claimed(store, KEY, f"made-{place}") for place in range(10)])
        return set(owners), await store.made(KEY)

    owners, kept = run(settings, race)
    assert owners == {kept}


def test_a_claim_that_is_undone_leaves_the_key_free(settings: Settings) -> None:
    async def work(store: Store) -> tuple[str | None, str]:
        async with store.units() as unit:
            await unit.keys.claim(KEY, "undone", AT)
        return await store.made(KEY), await claimed(store, KEY, "kept")

    assert run(settings, work) == (None, "kept")


def test_another_request_is_refused_whichever_part_it_asks_for(settings: Settings) -> None:
    other = Key.of("monday", "optimize", {"a": 2, "b": [2.0]})

    async def work(store: Store) -> None:
        await claimed(store, KEY, "made")
        with pytest.raises(KeyReused, match="monday"):
            await store.made(Key(other.text, other.fingerprint, part=3))
        with pytest.raises(KeyReused):
            await claimed(store, other, "also made")

    run(settings, work)


def test_the_parts_of_a_key_stand_for_different_things(settings: Settings) -> None:
    parts = [Key(KEY.text, KEY.fingerprint, part) for part in range(3)]

    async def work(store: Store) -> list[str | None]:
        for part in parts[:2]:
            await claimed(store, part, f"made-{part.part}")
        return [await store.made(part) for part in parts]

    assert run(settings, work) == ["made-0", "made-1", None]


def test_a_key_belongs_to_one_tenant(settings: Settings) -> None:
    async def work(store: Store) -> list[str | None]:
        units = SqlUnitsOfWork(store.units.engine, "neighbour", lambda: AT, store.units.partitions)
        neighbour = Store(Reader(units.engine, units.tenant), units, store.series)
        return [await claimed(store, KEY, "ours"), await claimed(neighbour, KEY, "theirs"), await store.made(KEY)]

    assert run(settings, work) == ["ours", "theirs", "ours"]


def test_the_order_of_members_does_not_count_and_every_value_does() -> None:
    assert Key.of("k", {"b": [2.0], "a": 1}) == Key.of("k", {"a": 1, "b": [2.0]})
    assert Key.of("k", {"a": 1, "b": [2.0]}) != Key.of("k", {"a": 1, "b": [2.5]})
