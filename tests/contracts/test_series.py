"""The series of portfolios, on whatever keeps it."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.engine import engine_of
from tangency.adapters.sql.revisions import upgrade
from tangency.adapters.sql.series_rows import SeriesReading
from tangency.adapters.sql.timescale.choice import KEEPERS
from tangency.domain.series.point import Interval, Mark, SeriesPoint, Span
from tests.contracts.test_store import run
from tests.support.databases import DATABASES, SERIES, settings_of

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
Result = TypeVar("Result")


@pytest.fixture(params=SERIES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The same on each database that may keep a series."""
    return settings_of(request, tmp_path)


def point(moment: datetime, number: int = 1, portfolio: str = "p", time_ms: int = 5) -> SeriesPoint:
    metadata = {"convergence_status": "optimal", "iterations": 3, "optimization_time_ms": time_ms}
    return SeriesPoint(portfolio, moment, UUID(int=number), {"B": 0.25, "A": 0.75}, None, 0.1 + 0.2, 1 / 3, metadata)


async def keep(store: Store, *points: SeriesPoint) -> None:
    async with store.units() as unit:
        for each in points:
            await unit.series.add(each)
        await unit.commit()


def whole(limit: int = 100, after: Mark | None = None, portfolio: str = "p") -> Span:
    return Span(portfolio, NOW - timedelta(days=60), NOW + timedelta(days=60), limit, after)


def test_a_point_comes_back_as_it_was_to_the_last_bit(settings: Settings) -> None:
    async def work(store: Store) -> Sequence[SeriesPoint]:
        await keep(store, point(NOW))
        return await store.series.points(whole())

    assert run(settings, work) == [point(NOW)]


def test_a_point_is_kept_once(settings: Settings) -> None:
    async def work(store: Store) -> int:
        await keep(store, point(NOW))
        await keep(store, point(NOW))
        return len(await store.series.points(whole()))

    assert run(settings, work) == 1


def test_points_follow_their_moments_then_their_ids_page_after_page(settings: Settings) -> None:
    moments = [NOW + timedelta(hours=7 * (number // 3)) for number in range(20)]
    points = [point(moment, number) for number, moment in enumerate(moments)]

    async def work(store: Store) -> list[SeriesPoint]:
        await keep(store, *reversed(points), point(NOW, 99, "other"))
        read: list[SeriesPoint] = []
        after: Mark | None = None
        while page := await store.series.points(whole(3, after)):
            read += page
            after = Mark(page[-1].timestamp, page[-1].optimization_id)
        return read

    assert run(settings, work) == points


def test_a_span_has_its_first_moment_and_not_its_last(settings: Settings) -> None:
    async def work(store: Store) -> list[int]:
        await keep(store, *(point(NOW + timedelta(days=days), days) for days in range(4)))
        span = replace(whole(), start=NOW + timedelta(days=1), end=NOW + timedelta(days=3))
        return [each.optimization_id.int for each in await store.series.points(span)]

    assert run(settings, work) == [1, 2]


def test_periods_count_their_points_and_show_the_last(settings: Settings) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    just_before = timedelta(microseconds=1)
    points = [
        point(monday - just_before, 1, time_ms=7),
        point(monday, 2, time_ms=1),
        point(monday + timedelta(days=2), 3, time_ms=2),
        point(monday + timedelta(days=2), 4, time_ms=6),
        point(monday + timedelta(days=7), 5),
    ]

    async def work(store: Store) -> Any:
        await keep(store, *points)
        return await store.series.periods(whole(), Interval.WEEK), await store.series.periods(whole(), Interval.DAY)

    weeks, days = run(settings, work)
    assert [(each.start, each.count, each.last.optimization_id.int) for each in weeks] == [
        (monday - timedelta(days=7), 1, 1),
        (monday, 3, 4),
        (monday + timedelta(days=7), 1, 5),
    ]
    assert (weeks[1].mean_time_ms, weeks[1].longest_time_ms) == (3.0, 6.0)
    assert [each.start.day for each in days] == [1, 2, 4, 9]
    assert sum(each.count for each in days) == 5


def test_the_latest_is_that_of_its_portfolio(settings: Settings) -> None:
    async def work(store: Store) -> list[Any]:
        later = NOW + timedelta(days=3)
        await keep(store, point(NOW, 1), point(later, 2), point(later, 3), point(later + timedelta(days=1), 4, "other"))
        found = [await store.series.latest_point(each) for each in ("p", "nobody")]
        return [each and each.optimization_id.int for each in found]

    assert run(settings, work) == [3, None]


def test_what_is_undone_is_not_there_and_the_day_can_be_written_again(settings: Settings) -> None:
    async def work(store: Store) -> int:
        async with store.units() as unit:
            await unit.series.add(point(NOW, 1))
        await keep(store, point(NOW, 2))
        return len(await store.series.points(whole()))

    assert run(settings, work) == 1


def test_many_that_write_on_a_day_for_which_nobody_made_room_all_can(settings: Settings) -> None:
    async def work(store: Store) -> int:
        await asyncio.gather(*(keep(store, point(NOW, number)) for number in range(8)))
        return len(await store.series.points(whole()))

    assert run(settings, work) == 8


@pytest.mark.parametrize("settings", DATABASES, indirect=True)  # TimescaleDB does it by its own clock
def test_what_is_older_than_is_kept_goes(settings: Settings) -> None:
    ages = (0, 9, 12, 40)

    async def work(store: Store) -> list[int]:
        await keep(store, *(point(NOW - timedelta(days=age), age) for age in ages))
        await store.series.keep_up(NOW)
        assert not any("dropped" in done for done in await store.series.keep_up(NOW))
        return [each.optimization_id.int for each in await store.series.points(whole())]

    assert run(structs.replace(settings, series_days=10), work) == [9, 0]


def test_a_database_keeps_its_series_as_it_was_made(settings: Settings) -> None:
    wrong = "postgres" if settings.embedded else "sqlite"

    async def nothing(_store: Store) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(InvalidSettings, match=f"TANGENCY_SERIES is '{wrong}'"):
        run(structs.replace(settings, series=wrong), nothing)


# --- a million rows -----------------------------------------------------------------------------------------------

DAYS, PORTFOLIOS = 90, 100
ROWS = {"sqlite": 200_000, "postgresql": 1_000_000}
"""A million where the planner looks at figures about them. SQLite's does not, and plans for a few as for many."""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)

FILL = {
    "sqlite": """
        WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < :rows - 1)
        INSERT INTO portfolio_optimization_ts
        SELECT 'default', 'p' || (n % :portfolios), strftime(:moment, :first, (n * :step) || ' seconds'),
            printf('%032x', n), :weights, 0.1, 0.2, 0.5, :metadata FROM number
    """,
    "postgresql": """
        INSERT INTO portfolio_optimization_ts
        SELECT 'default', 'p' || (n % :portfolios), CAST(:first AS timestamptz) + n * :step * interval '1 second',
            CAST(lpad(to_hex(n), 32, '0') AS uuid), CAST(:weights AS jsonb), 0.1, 0.2, 0.5, CAST(:metadata AS jsonb)
        FROM generate_series(0, :rows - 1) AS n
    """,
}


@pytest.fixture(scope="module", params=SERIES)
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The points of a hundred portfolios, evenly over ninety days."""
    if request.param == "sqlite":
        settings = Settings(data_dir=str(tmp_path_factory.mktemp("full")))
        asyncio.run(upgrade(settings))
        asyncio.run(fill(settings))
        yield settings
    else:
        cluster = request.getfixturevalue("cluster" if request.param == "postgresql" else "timescale_cluster")
        with cluster.database() as url:
            settings = Settings(database_url=url, statement_timeout_s=300.0)
            asyncio.run(fill(settings))
            yield settings


async def fill(settings: Settings) -> None:
    async with Store.open(settings, lambda: NOW) as store:
        if store.series.partitions is not None:
            async with store.units.engine.begin() as connection:
                for day in range(DAYS):
                    await store.series.partitions.make_room(connection, FIRST + timedelta(days=day))
        async with store.units.engine.begin() as connection:
            database = store.units.engine.dialect.name
            on_sqlite, rows = database == "sqlite", ROWS[database]
            values = {
                "rows": rows,
                "portfolios": PORTFOLIOS,
                "first": f"{FIRST:%Y-%m-%d %H:%M:%S}" if on_sqlite else FIRST,
                "step": DAYS * 86_400 / rows,
                "weights": '{"A":1.0}',
                "metadata": '{"optimization_time_ms":5}',
            }
            if on_sqlite:
                values["moment"] = "%Y-%m-%d %H:%M:%f000"
            await connection.execute(text(FILL[database]), values)
        if store.series.partitions is not None:
            async with store.units.engine.begin() as connection:
                await connection.execute(text("ANALYZE portfolio_optimization_ts"))


def explained(settings: Settings, *queries: Select[Any]) -> list[str]:
    """The plan of each, after it ran."""

    async def work(connection: AsyncConnection) -> list[str]:
        explain = "EXPLAIN QUERY PLAN" if settings.embedded else "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)"
        plans = []
        for query in queries:
            compiled = query.compile(connection.sync_engine, compile_kwargs={"literal_binds": True})
            rows = await connection.execute(text(f"{explain} {compiled}".replace(":", r"\:")))
            plans.append("\n".join(str(row[-1]) for row in rows))
        return plans

    async def connected() -> list[str]:
        engine = engine_of(settings)
        try:
            async with engine.connect() as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return asyncio.run(connected())


WEEK = Span("p7", FIRST + timedelta(days=40), FIRST + timedelta(days=47), 100)
MARKED = replace(WEEK, after=Mark(FIRST + timedelta(days=43), UUID(int=1)))
SORTED_OR_SCANNED = re.compile(r"Seq Scan|\bSort\b|SCAN|TEMP B-TREE FOR (RIGHT PART OF )?ORDER")


@pytest.mark.slow
def test_no_reading_of_a_million_rows_scans_or_sorts_and_only_days_that_it_needs_are_opened(full: Settings) -> None:
    """One test, so that processes which share the suite do not write a million rows each."""
    database = "sqlite" if full.embedded else "postgresql"
    points, periods, latest = run(full, read)
    assert len(points) == WEEK.limit
    assert all(WEEK.start <= each.timestamp < WEEK.end for each in points)
    assert [each.count for each in periods] == pytest.approx([ROWS[database] / PORTFOLIOS / DAYS] * 7, abs=1)
    assert latest is not None
    assert latest.optimization_id.int == ROWS[database] - PORTFOLIOS + 7

    reading = SeriesReading("default", WEEK.portfolio_id)
    counts = reading.counts(WEEK, Interval.DAY, database)
    plans = explained(full, reading.points(WEEK), reading.points(MARKED), counts, reading.latest())
    for plan in plans:
        assert not SORTED_OR_SCANNED.search(plan), plan
    if not full.embedded:
        days = run(full, days_of_chunks) if run(full, keeper) == "timescale" else {}
        page, next_page, whole_week, newest = (opened(plan, days) for plan in plans)
        assert whole_week == days_from(40, 47)
        assert next_page <= days_from(43, 47)
        assert page | next_page <= whole_week
        assert newest == days_from(DAYS - 1, DAYS)


async def read(store: Store) -> Any:
    periods = await store.series.periods(WEEK, Interval.DAY)
    return await store.series.points(WEEK), periods, await store.series.latest_point(WEEK.portfolio_id)


def days_from(first: int, after: int) -> set[str]:
    return {f"{FIRST + timedelta(days=day):%Y%m%d}" for day in range(first, after)}


async def keeper(store: Store) -> str:
    return next(name for name, kind in KEEPERS.items() if isinstance(store.series, kind))


async def days_of_chunks(store: Store) -> dict[str, str]:
    async with store.units.engine.connect() as connection:
        rows = await connection.execute(text("SELECT chunk_name, range_start FROM timescaledb_information.chunks"))
        return {str(row.chunk_name): f"{row.range_start.astimezone(UTC):%Y%m%d}" for row in rows}


def opened(plan: str, days: Mapping[str, str]) -> set[str]:
    """The days whose partitions a plan went into, or whose chunks, which have names of their own."""
    lines = [line for line in plan.splitlines() if "never executed" not in line]
    names = {name for line in lines for name in re.findall(r" on (portfolio_optimization_ts_\d{8}|_hyper_\w+)", line)}
    return {days.get(name, name[-len("YYYYMMDD") :]) for name in names}
