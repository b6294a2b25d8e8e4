"""The page of promises names tests that there are."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "reliability.md").read_text()
NAMED = re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", PAGE)


def test_every_test_that_is_named_is_there() -> None:
    missing = [f"{file}::{name}" for file, name in NAMED if f"def {name}(" not in (REPOSITORY / file).read_text()]

    assert NAMED
    assert missing == []


def test_every_promise_is_named() -> None:
    promises = [*(f"J{number}" for number in range(1, 12)), *(f"N{number}" for number in range(1, 8)), "E8"]

    assert [each for each in promises if f"{each}." not in PAGE and f"- {each}," not in PAGE] == []
