"""The databases that every suite of a store runs on."""

import shutil
from pathlib import Path

import pytest

from tangency.adapters.settings import Settings

PATIENCE_S = 60.0
"""Machines that run tests are busy."""

DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.service("postgresql")),
]

SERIES = [*DATABASES, pytest.param("timescaledb", id="timescaledb", marks=pytest.mark.service("timescaledb"))]
"""What may keep the series of portfolios."""


def settings_of(request: pytest.FixtureRequest, folder: Path) -> Settings:
    """A database of one's own, at the newest revision, of the kind that a fixture has as its parameter."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("migrated"), folder, dirs_exist_ok=True)
        return Settings(data_dir=str(folder))
    return Settings(database_url=request.getfixturevalue(request.param), database_wait_s=PATIENCE_S)
