"""The tables of docs/validation.md hold what the document claims of them, and leave nothing out."""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY
from tests.docs.test_reference_pages import ESTIMATORS, METHODS
from validation.__main__ import optimal_cases, procedure_cases
from validation.estimators import cases
from validation.tables import put

DOCUMENT = REPOSITORY / "docs" / "validation.md"
RERUN = "run `make validate`"


def section(name: str) -> str:
    found = re.search(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", DOCUMENT.read_text(), re.DOTALL)
    assert found, name
    return found[1]


def rows(name: str) -> list[list[str]]:
    lines = section(name).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


OPTIMAL, PROCEDURES, ESTIMATES = rows("optimal"), rows("procedures"), rows("estimators")


def test_every_question_has_its_rows() -> None:
    asked = [(f"`{c.problem.method}`", c.asks, peer) for c in optimal_cases() for peer in c.peers]
    assert [tuple(row[:3]) for row in OPTIMAL] == asked, RERUN
    asked = [(f"`{c.problem.method}`", c.asks, peer) for c in procedure_cases() for peer in c.peers]
    assert [tuple(row[:3]) for row in PROCEDURES] == asked, RERUN


def test_every_estimate_has_its_rows() -> None:
    made = [(f"`{case.name}`", case.what, peer) for case in cases() for peer in case.peers]
    assert [(row[0], row[1], row[3]) for row in ESTIMATES] == made, RERUN


@pytest.mark.parametrize("row", OPTIMAL, ids=lambda row: " ".join(row[:3]))
def test_no_peer_is_better_and_every_answer_is_proven(row: list[str]) -> None:
    worse, gap, quality, violation = (float(row[i]) for i in (5, 7, 8, 9))
    assert worse <= 1e-6
    assert gap <= 1e-6
    assert quality >= 0.999999
    assert violation <= 1e-8


@pytest.mark.parametrize("row", PROCEDURES, ids=lambda row: " ".join(row[:3]))
def test_a_procedure_has_the_peers_weights_or_a_reason(row: list[str]) -> None:
    distance, violation, remark = float(row[3]), float(row[4]), row[6]
    assert violation <= 1e-8
    assert distance <= 1e-10 or remark != "-"


@pytest.mark.parametrize("row", ESTIMATES, ids=lambda row: " ".join((row[0], row[1], row[3])))
def test_an_estimate_is_the_peers_or_there_is_a_reason(row: list[str]) -> None:
    assert float(row[4]) <= 1e-10 or row[5] != "-"


def test_every_plugin_has_a_row_or_is_named_among_those_without() -> None:
    compared = {row[0].strip("`") for row in (*OPTIMAL, *PROCEDURES, *ESTIMATES)}
    without = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().partition("### Without a row")[2].partition("\n## ")[0]))
    assert (METHODS.keys() | ESTIMATORS.keys()) - compared - without == set()


def test_a_document_without_marks_is_told(tmp_path: Path) -> None:
    document = tmp_path / "validation.md"
    document.write_text("a\n<!-- begin versions -->\nold\n<!-- end versions -->\nb\n")
    put(document, {"versions": "new"})
    assert document.read_text() == "a\n<!-- begin versions -->\nnew\n<!-- end versions -->\nb\n"
    with pytest.raises(LookupError, match="no marks of optimal"):
        put(document, {"optimal": "new"})
