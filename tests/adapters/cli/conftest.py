"""The command in a fresh folder."""

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


@pytest.fixture
def strange_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    """Folders with methods that misbehave, that say what nobody knows, and that cannot be loaded.

    They are on the path for this test alone: what runs later in the process has a service that would list them.
    """
    for distribution in STRANGE:
        distribution.install(tmp_path, monkeypatch)
    return tuple(tmp_path / distribution.name for distribution in STRANGE)
