"""The command in a fresh folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import Command
from tests.support.distributions import Distribution, method
from tests.support.evil_plugins import EVIL

FUNNY = Distribution(
    "funny-methods",
    method("funny", "raise NotImplementedError", capabilities="Capabilities(objectives=frozenset({'MOST_FUN'}))"),
    methods={"funny": "Method"},
)
BROKEN = Distribution("absent-methods", methods={"absent": "Nowhere"})
STRANGE = (EVIL, FUNNY, BROKEN)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


@pytest.fixture(scope="session")
def strange_plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ...]]:
    """Folders with methods that misbehave, that say what nobody knows, and that cannot be loaded."""
    folder = tmp_path_factory.mktemp("plugins")
    with pytest.MonkeyPatch.context() as patch:
        for distribution in STRANGE:
            distribution.install(folder, patch)
        yield tuple(folder / distribution.name for distribution in STRANGE)
