"""Nothing in the repository depends on, or tells about, the machine or the network that it was written on.

The expressions below are written so that they do not match themselves.
"""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY, text_of, tracked_files

PLACES = re.compile(r"(?<![\w.$}/*-])/(?:hom[e]|User[s]|roo[t]|wor[k]|tm[p])/[\w.]|[A-Z]:\\User[s]\\")
REGISTRIES = re.compile(
    r"\bpyp[i]\.org|pythonhoste[d]\.org|/simpl[e]/|\b(?:registr[y]|artifactor[y]|nexu[s])\.[a-z]|npmj[s]\."
)
CLIMBING = re.compile(r"(?<![\w./])(?:\.\./)+[\w.-]+(?:/[\w.-]+)*")

TEXTS = [(path, text) for path in tracked_files() if (text := text_of(path)) is not None]


def lines_matching(expression: re.Pattern[str]) -> list[str]:
    """Where the expression occurs, as `file:line: text`."""
    return [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path, text in TEXTS
        for number, line in enumerate(text.splitlines(), start=1)
        if expression.search(line)
    ]


def leads_outside(path: Path, climbing: str) -> bool:
    """Whether a relative path, read from the folder of the file that states it, leaves the repository."""
    return not (path.parent / climbing).resolve().is_relative_to(REPOSITORY)


def test_there_is_something_to_read() -> None:
    assert len(TEXTS) > 10


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert lines_matching(PLACES) == []


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert lines_matching(REGISTRIES) == []


def test_no_file_points_outside_the_repository() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}: {climbing}"
        for path, text in TEXTS
        for climbing in CLIMBING.findall(text)
        if leads_outside(path, climbing)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        (PLACES, ("see /", "home/somebody/tangency")),
        (PLACES, ("'/", "tmp/answer.json'")),
        (PLACES, ("C:", "\\Users\\somebody")),
        (REGISTRIES, ("https://files.pythonho", "sted.org/packages")),
        (REGISTRIES, ("https://py", "pi.org")),
        (CLIMBING, ("`..", "/neighbour/file.txt`")),
    ],
)
def test_what_must_not_be_said_is_noticed(expression: re.Pattern[str], parts: tuple[str, str]) -> None:
    assert expression.search("".join(parts))


def test_a_path_to_a_neighbouring_repository_leads_outside_and_one_to_a_neighbouring_folder_does_not() -> None:
    guide = REPOSITORY / "docs" / "guide.md"
    assert leads_outside(guide, "../" + "../neighbour/file.txt")
    assert not leads_outside(guide, "../" + "README.md")
