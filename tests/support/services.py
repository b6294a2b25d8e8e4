"""Services that some tests need beside Python: which are there, and what that leaves out."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

import pytest

from tests.support import kustomize, postgres, previous_release, pulsar

REQUIRED = "REQUIRE_SERVICES"
"""Set to 1, a service that is not there fails the run instead of leaving tests out."""

MISSING: Mapping[str, Callable[[], str | None]] = {
    "postgresql": postgres.missing,
    "timescaledb": postgres.timescale_missing,
    "pulsar": pulsar.missing,
    "kustomize": kustomize.missing,
    "previous release": previous_release.missing,
}
"""For each service, why it is not there; None where it is."""

OPTIONAL = frozenset({"timescaledb"})
"""In no registry of packages, so that no run can insist on it."""

NEEDS = "service"
"""The marker of what needs a service: ``@pytest.mark.service("postgresql")``."""

Left = dict[str, list[str]]
"""For each service that is not there, the files with tests that did not run."""


def insist() -> None:
    """Refuse to run where services are required and one is not there.

    Raises:
        pytest.UsageError: names each, and why.
    """
    reasons = _reasons() if os.environ.get(REQUIRED) == "1" else {}
    reasons = {name: why for name, why in reasons.items() if name not in OPTIONAL}
    if reasons:
        raise pytest.UsageError("; ".join(f"{REQUIRED}=1, and {name}: {why}" for name, why in reasons.items()))


def leave_out(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item], Left]:
    """Which tests can run, which cannot, and their files by the service that is missing."""
    reasons = _reasons()
    here: list[pytest.Item] = []
    out: list[pytest.Item] = []
    left: Left = {}
    for item in items:
        lacking = [name for mark in item.iter_markers(NEEDS) for name in mark.args if name in reasons]
        (out if lacking else here).append(item)
        for name in lacking:
            left.setdefault(name, []).append(PurePath(item.nodeid.partition("::")[0]).as_posix())
    return here, out, left


def _reasons() -> dict[str, str]:
    return {name: why for name, look in MISSING.items() if (why := look())}


def told(left: Left) -> Iterable[str]:
    """What did not run, for the summary of a run."""
    for name, files in left.items():
        yield f"{len(files)} tests did not run: {name} is not there ({MISSING[name]()})"
        yield from sorted({f"  {each}" for each in files})
