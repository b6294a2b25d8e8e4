"""Decisions stay findable: numbered once, without gaps, each with a status and the four parts of Nygard's form."""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY

FOLDER = REPOSITORY / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("*.md"))
NAME = re.compile(r"^(?P<number>\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$")
TITLE = re.compile(r"^# (?P<number>\d+)\. \S.*$")
STATUS = re.compile(r"^(?:Proposed|Accepted|Deprecated|Superseded by ADR (?P<successor>\d+))\.?(?: .*)?$")
PARTS = ["Status", "Context", "Decision", "Consequences"]


def number_of(record: Path) -> int:
    match = NAME.match(record.name)
    assert match, f"{record.name} is not named like 0001-a-few-words.md"
    return int(match["number"])


def sections(record: Path) -> dict[str, str]:
    """The text under each heading of the second level."""
    parts = re.split(r"^## (.+)$", record.read_text(), flags=re.MULTILINE)[1:]
    return {heading: text.strip() for heading, text in zip(parts[::2], parts[1::2], strict=True)}


def test_records_are_numbered_from_one_each_number_once_without_a_gap() -> None:
    assert [number_of(record) for record in RECORDS] == list(range(1, len(RECORDS) + 1))
    assert RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_the_title_bears_the_number_of_the_file(record: Path) -> None:
    title = TITLE.match(record.read_text().splitlines()[0])
    assert title
    assert int(title["number"]) == number_of(record)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_a_record_says_status_context_decision_and_consequences(record: Path) -> None:
    found = sections(record)
    assert [heading for heading in found if heading in PARTS] == PARTS
    assert all(found[part] for part in PARTS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.stem)
def test_the_status_is_one_of_four_and_a_successor_exists(record: Path) -> None:
    status = STATUS.match(sections(record)["Status"].splitlines()[0])
    assert status
    if status["successor"]:
        assert int(status["successor"]) in {number_of(other) for other in RECORDS}
