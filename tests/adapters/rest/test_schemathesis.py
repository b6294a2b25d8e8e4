"""Whatever the description allows, and much that it does not, is answered as the description says.

Schemathesis runs beside the service, as a stranger would run it, and thinks its requests out once in a run of tests.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tangency.adapters.rest.openapi import description
from tangency.adapters.settings import Settings
from tests.support.server import served

LIMITS: dict[str, Any] = {"batch_limit": 5, "stream_s": 0.05}
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "422", "429"]
"""
"""A request may be well formed and ask for what is not there, or for what contradicts itself: that is 422."""

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "8")
"""For each operation, beside all that is wrong in one place only; a search for more is asked for by the variable."""

COMMAND = "import gc; gc.set_threshold(50_000, 20, 20); from schemathesis.cli import schemathesis; schemathesis()"
"""Its own, looking for garbage seldom: that takes a fifth of its time, and hardly any of what it makes is circular."""

_ORDERS, _PLANS = "api/v1/optimiz", "api/v1/(rebalances|portfolios/[^/]+/rebalance)"
PARTS = {"optimizations": f"^/{_ORDERS}", "rebalancing": f"^/{_PLANS}", "others": f"^/(?!{_ORDERS}|{_PLANS})"}
"""Addresses that are asked together."""

METHODS = {"get", "put", "post", "delete"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return description(Settings(**LIMITS), "0")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("fuzzed"), **LIMITS) as address:
        yield address


@pytest.fixture(scope="module")
def environment(pytestconfig: pytest.Config) -> dict[str, str]:
    """Ours, and where Hypothesis keeps which characters there are: it takes longer to find out than an operation."""
    return {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(pytestconfig.rootpath / ".hypothesis")}


@pytest.mark.parametrize("part", PARTS)
def test_the_service_is_as_it_is_described(
    part: str, described: dict[str, Any], address: str, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "described.json").write_text(json.dumps(described))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    how = ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--generation-deterministic"]
    command = [sys.executable, "-c", COMMAND, "run", "described.json", "--url", address, "--no-color", *how]
    command += ["--include-path-regex", PARTS[part]]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(operations(described, PARTS[part]))}\n" in done.stdout, done.stdout


def operations(described: dict[str, Any], addresses: str) -> list[str]:
    found = described["paths"].items()
    return [
        f"{method} {path}" for path, item in found if re.search(addresses, path) for method in item.keys() & METHODS
    ]


def test_every_address_is_asked_once(described: dict[str, Any]) -> None:
    parts = [each for addresses in PARTS.values() for each in operations(described, addresses)]
    assert sorted(parts) == sorted(operations(described, ""))
