"""E8: while a release is rolled out, workers of the one before carry out on new tables what this one accepts."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command as alembic

from tangency.adapters.settings import Settings
from tangency.adapters.sql.engine import engine_of
from tangency.adapters.sql.revisions import NEWEST, config
from tests.adapters.cli.test_restart import completions, order, waited
from tests.support import previous_release
from tests.support.command import Command
from tests.support.held import hold_in

pytestmark = [pytest.mark.service("postgresql", "previous release"), pytest.mark.slow]

WISH = {"portfolio_id": "desk", "optimization_type": "mean_variance", "objective": "minimize_risk"}
ORDERS = 5


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return previous_release.unpacked(tmp_path_factory.mktemp("previous"))


def older(sources: Path) -> dict[str, str]:
    """What has a process run those; the first one compiles them for the others."""
    return {"PYTHONPATH": str(sources), "PYTHONDONTWRITEBYTECODE": ""}


@pytest.fixture
def doors(postgresql: str, previous: Path, tmp_path: Path) -> Iterator[str]:
    """The address of this release's API; the only worker is of the release before."""
    hold_in(Settings(database_url=postgresql), "desk")
    database = {"TANGENCY_DATABASE_URL": postgresql, "TANGENCY_LEASE_S": "3", "TANGENCY_STREAM_S": "0.5"}
    ours = Command(tmp_path, settings=database)
    theirs = Command(tmp_path, settings=database | older(previous), cold=True)
    with ours.serving("--role", "api,relay") as served, theirs.serving("--concurrency", "1", verb="worker"):
        yield served.address


def test_workers_of_the_release_before_carry_out_what_this_one_accepts(doors: str) -> None:
    ids = [order(doors, **WISH) for _ in range(ORDERS)]
    for each in ids:
        waited(doors, each, "status", "completed")
    told = completions(doors)
    while set(told) != set(ids):
        told = completions(doors)

    assert sorted(told) == sorted(ids)


def test_the_tables_go_back_to_those_of_the_release_before(postgresql: str, previous: Path, tmp_path: Path) -> None:
    source = (previous / "tangency/adapters/sql/revisions.py").read_text()
    newest = re.search(r'^NEWEST = "(\w+)"', source, re.MULTILINE)
    assert newest

    async def back() -> None:
        engine = engine_of(Settings(database_url=postgresql))
        try:
            async with engine.begin() as connection:
                await connection.run_sync(lambda sync: alembic.downgrade(config(sync), newest[1]))
        finally:
            await engine.dispose()

    if newest[1] != NEWEST:
        asyncio.run(back())
    theirs = Command(tmp_path, settings={"TANGENCY_DATABASE_URL": postgresql} | older(previous), cold=True)
    checked = theirs.apart("db", "check")
    assert checked.code == 0, checked.err
