"""Suites of ports run over everything that implements them."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tangency.adapters.settings import Settings
from tangency.adapters.sql.revisions import upgrade
from tests.support.databases import DATABASES

PATIENCE_S = 60.0
"""Machines that run tests are busy."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an embedded database at the newest revision, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    asyncio.run(upgrade(Settings(data_dir=str(folder))))
    return folder


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A database of one's own, at the newest revision."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("migrated"), tmp_path, dirs_exist_ok=True)
        return Settings(data_dir=str(tmp_path))
    return Settings(database_url=request.getfixturevalue("postgresql"), database_wait_s=PATIENCE_S)
