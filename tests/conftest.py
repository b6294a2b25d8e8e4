"""Settings that every test shares."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tangency.adapters.settings import Settings
from tangency.adapters.sql.revisions import upgrade
from tests.support import memory, postgres, pulsar, rewriting, services
from tests.support.databases import DATABASES, settings_of

# A test never judges by the clock: machines are busy, and a slow example proves nothing. The same examples every time:
# a failure must be somebody's change, and a search for new ones has its own command (--hypothesis-profile=search).
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.register_profile("few", parent=settings.get_profile("steady"), max_examples=5)
settings.load_profile("steady")

# A project of its own: it is tested as its author would, from its own folder, by contracts/test_example_plugin.py.
collect_ignore = ["example_plugin"]

NOT_RUN = pytest.StashKey[services.Left]()


@pytest.fixture(scope="session")
def of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the processes of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def cluster(of_the_run: Path) -> Iterator[postgres.Cluster]:
    """The PostgreSQL of this process, started by the first test that asks for it."""
    with postgres.cluster(of_the_run) as cluster:
        yield cluster


@pytest.fixture
def postgresql(cluster: postgres.Cluster) -> Iterator[str]:
    """The address of a migrated database of one's own."""
    with cluster.database() as url:
        yield url


@pytest.fixture(scope="session")
def timescale_cluster() -> Iterator[postgres.Cluster]:
    """A server that has loaded TimescaleDB, without the workers of its own that would keep the template busy."""
    with postgres.cluster(shared_preload_libraries="timescaledb", max_worker_processes="0") as cluster:
        yield cluster


@pytest.fixture
def timescaledb(timescale_cluster: postgres.Cluster) -> Iterator[str]:
    """The address of a migrated database of one's own, its series a hypertable."""
    with timescale_cluster.database() as url:
        yield url


@pytest.fixture
def empty_postgresql(cluster: postgres.Cluster) -> Iterator[str]:
    """The address of a database without tables."""
    with cluster.database(migrated=False) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an embedded database at the newest revision, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(upgrade(Settings(data_dir=str(folder))))
    return folder


@pytest.fixture(params=DATABASES, name="settings")
def settings_of_a_database(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A database of one's own, at the newest revision: on each of them in turn."""
    return settings_of(request, tmp_path)


@pytest.fixture(scope="session")
def pulsar_broker(of_the_run: Path) -> Iterator[pulsar.Broker]:
    """The Pulsar broker of this run, started by the first test that asks for it."""
    with pulsar.shared(of_the_run) as broker:
        yield broker


@pytest.fixture
def broker(pulsar_broker: pulsar.Broker) -> Iterator[pulsar.Broker]:
    """A broker that nobody stops meanwhile."""
    with pulsar_broker.used():
        yield pulsar_broker


@pytest.fixture
def broker_alone(pulsar_broker: pulsar.Broker) -> Iterator[pulsar.Broker]:
    """A broker that nobody else uses meanwhile, to be killed and started again."""
    with pulsar_broker.used(alone=True):
        yield pulsar_broker


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is collected, which stays: looking through it for garbage takes a tenth of the time."""
    services.insist()
    memory.keep_in_memory()
    rewriting.rewrite_once(config)
    gc.disable()


def pytest_collection_finish() -> None:
    """Before the first test; from here on, garbage is looked for seldom: hardly any of what tests make is circular."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a service that is not there."""
    items[:], out, left = services.leave_out(items)
    if out:
        config.hook.pytest_deselected(items=out)
    config.stash[NOT_RUN] = left


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that sums up what did not run here."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["not_run"] = session.config.stash.get(NOT_RUN, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each of the processes of a run collects the same tests: what one leaves out, all do."""
    node.config.stash[NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what did not run, and why."""
    lines = list(services.told(config.stash.get(NOT_RUN, {})))
    if lines:
        terminalreporter.section("not run", red=True, bold=True)
        for line in lines:
            terminalreporter.write_line(line, red=True)
