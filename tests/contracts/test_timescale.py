"""What the server does by itself where TimescaleDB keeps the series; everything else is in test_series.py."""

import asyncio
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.upkeep import check
from tangency.domain.series.point import Span
from tests.architecture.source_tree import REPOSITORY
from tests.contracts.test_series import keep, point
from tests.contracts.test_store import run
from tests.docs.blocks import blocks_of
from tests.support import postgres
from tests.support.databases import PATIENCE_S
from tests.support.postgres import Cluster, program

pytestmark = pytest.mark.service("timescaledb")

POLICIES = """
    SELECT proc_name, config ->> 'drop_after' FROM timescaledb_information.jobs
    WHERE proc_name LIKE 'policy_%' AND hypertable_name IS NOT NULL ORDER BY proc_name
"""
JOB = "SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_{}'"
ONE_OF_EACH = [
    ("policy_compression", None),
    ("policy_refresh_continuous_aggregate", None),
    ("policy_retention", "30 days"),
]


class Server:
    """The database of a test, for its administrator."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        self.cluster, self.url = cluster, url

    def __call__(self, statement: str) -> list[tuple[object, ...]]:
        return self.cluster.execute(statement, self.url.rpartition("/")[2])

    def works(self, policy: str) -> None:
        """Does at once what it would do within a day."""
        ((job,),) = self(JOB.format(policy))
        self(f"CALL run_job({job})")

    def settings(self, series_days: int) -> Settings:
        return Settings(database_url=self.url, database_wait_s=PATIENCE_S, series_days=series_days)

    def kept_up(self, series_days: int) -> Sequence[str]:
        return run(self.settings(series_days), lambda store: store.series.keep_up(datetime.now(UTC)))

    def policies(self) -> list[tuple[object, ...]]:
        return self(POLICIES)


@pytest.fixture
def server(timescale_cluster: Cluster, timescaledb: str) -> Server:
    return Server(timescale_cluster, timescaledb)


def kept(server: Server, *ages: int) -> None:
    """Points of so many days ago, of a server that compresses after a week and forgets after thirty days."""
    now = datetime.now(UTC)

    async def work(store: Store) -> None:
        await keep(store, *(point(now - timedelta(days=age), age, time_ms=age) for age in ages))
        await store.series.keep_up(now)

    run(server.settings(30), work)


def read(server: Server) -> list[int]:
    """The ages of the points that are there."""
    now = datetime.now(UTC)
    everything = Span("p", now - timedelta(days=90), now + timedelta(days=1), 100)

    async def work(store: Store) -> list[int]:
        return [each.optimization_id.int for each in await store.series.points(everything)]

    return run(server.settings(30), work)


def test_each_policy_is_there_once_however_often_it_is_asked_for(server: Server) -> None:
    assert [list(server.kept_up(30)) for _ in range(2)] == [[], []]
    assert server.policies() == ONE_OF_EACH


def test_what_is_kept_follows_the_setting(server: Server) -> None:
    found = []
    for days in (30, 7, 0):
        server.kept_up(days)
        found.append([days for name, days in server.policies() if name == "policy_retention"])
    assert found == [["30 days"], ["7 days"], []]


def test_what_is_old_is_compressed_and_read_as_before_and_what_is_older_goes(server: Server) -> None:
    kept(server, 0, 9, 12, 40)
    server.works("compression")
    assert server("SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed") == [(3,)]
    assert read(server) == [40, 12, 9, 0]
    kept(server, 10)  # one that comes late is written among what is compressed
    server.works("retention")
    assert read(server) == [12, 10, 9, 0]


def test_the_figures_of_each_day_are_summed_up(server: Server) -> None:
    kept(server, 1, 1, 2)
    server.works("refresh_continuous_aggregate")
    figures = "SELECT portfolio_id, optimizations, longest_time_ms FROM portfolio_optimization_daily ORDER BY day"
    assert server(figures) == [("p", 1, 2.0), ("p", 1, 1.0)]


def test_the_tables_are_those_of_the_release_with_all_that_the_server_adds(server: Server) -> None:
    kept(server, 0, 9)
    assert asyncio.run(check(server.settings(30)))


def test_a_dump_is_restored_as_the_guide_says(server: Server, timescale_cluster: Cluster, tmp_path: Path) -> None:
    (block,) = [each for each in blocks_of(REPOSITORY / "docs/operations/database.md") if "timescaledb" in each.tags]
    kept(server, 0, 9, 40)
    server.works("compression")
    with timescale_cluster.database(migrated=False) as url:
        plain = {name: each.replace("+psycopg", "") for name, each in (("DATABASE", server.url), ("RESTORED", url))}
        environment = os.environ | plain | {"PATH": f"{Path(program('psql')).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["/bin/sh", "-euc", block.text], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        restored = Server(timescale_cluster, url)
        assert read(restored) == [40, 9, 0]
        assert restored.policies() == ONE_OF_EACH
        assert asyncio.run(check(restored.settings(30)))


def test_the_free_build_says_what_it_leaves_off_and_keeps_the_series() -> None:
    free = {"shared_preload_libraries": "timescaledb", "max_worker_processes": "0", "timescaledb.license": "apache"}
    with postgres.cluster(**free) as cluster, cluster.database() as url:
        server = Server(cluster, url)
        off = server.kept_up(30)
        assert [line.partition(" is off: ")[0] for line in off] == ["compression", "retention", "daily figures"]
        kept(server, 0, 3)
        assert read(server) == [3, 0]
