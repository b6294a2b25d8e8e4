"""Suites of ports run over everything that implements them."""

from pathlib import Path

import pytest

from tangency.adapters.settings import Settings
from tests.support.databases import DATABASES

PATIENCE_S = 60.0
"""Machines that run tests are busy."""


@pytest.fixture(params=DATABASES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A database of one's own, at the newest revision or about to be."""
    if request.param == "sqlite":
        return Settings(data_dir=str(tmp_path))
    return Settings(database_url=request.getfixturevalue("postgresql"), database_wait_s=PATIENCE_S)
