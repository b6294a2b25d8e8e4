"""The command in a fresh folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.distributions import Distribution
from tests.support.evil_plugins import EVIL

BROKEN = Distribution("broken-methods", methods={"broken": "Nowhere"})


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.fixture(scope="session")
def strange_plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ...]]:
    """Folders with a distribution of methods that misbehave, and with one that cannot be loaded."""
    folder = tmp_path_factory.mktemp("plugins")
    with pytest.MonkeyPatch.context() as patch:
        for distribution in (EVIL, BROKEN):
            distribution.install(folder, patch)
        yield (folder / EVIL.name, folder / BROKEN.name)
