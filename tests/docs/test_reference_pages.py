"""The pages of methods and estimators are what their plugins say now, and their examples have the answers shown."""

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from tangency.adapters.cli.pages.notes import ANSWER, EXAMPLE, FORMULA, LIMITATIONS, USE, Notes
from tangency.adapters.cli.pages.options import meanings, nested
from tests.architecture.source_tree import REPOSITORY
from tests.support.command import Command

DOCS = REPOSITORY / "docs"
FIGURE = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
ADDED = re.compile(r"It adds:\n\n```json\n(.*?)^```", re.DOTALL | re.MULTILINE)
LATEST_DIGIT = 2e-4
"""Of a percentage with two decimals and of a figure with four digits: what another processor may round otherwise."""


def own_plugins(group: str) -> dict[str, Any]:
    points = [point for point in entry_points(group=group) if point.dist and point.dist.name == "tangency"]
    return {point.name: point.load()() for point in points}


METHODS, ESTIMATORS = own_plugins("tangency.methods"), own_plugins("tangency.estimators")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("docs")
    ran = Command(folder)("methods", "docs", folder, "--distribution", "tangency")
    assert ran.code == 0, ran.err
    return texts(folder)


def texts(folder: Path) -> dict[str, str]:
    pages = [*(folder / "methods").glob("*"), *(folder / "estimators").glob("*")]
    return {str(page.relative_to(folder)): page.read_text() for page in pages}


def difference(shown: str, said: str) -> str | None:
    """The first line that differs by more than the last digit of a figure."""
    for old, new in zip([*shown.splitlines(), "(end)"], [*said.splitlines(), "(end)"], strict=False):
        if FIGURE.sub("#", old) != FIGURE.sub("#", new):
            return f"{old!r} is now {new!r}"
        pairs = zip(map(float, FIGURE.findall(old)), map(float, FIGURE.findall(new)), strict=True)
        if any(abs(a - b) > LATEST_DIGIT * max(100.0 if "%" in old else 1e-2, abs(a)) for a, b in pairs):
            return f"{old!r} is now {new!r}"
    return None


def test_the_pages_are_what_the_plugins_say_now(made: dict[str, str]) -> None:
    shown = texts(DOCS)
    assert shown.keys() == made.keys(), "run `make docs`"
    stale = {page: told for page, text in shown.items() if (told := difference(text, made[page]))}
    assert stale == {}, "run `make docs`"


def test_a_page_that_differs_is_noticed() -> None:
    assert difference("| AAPL | 12.00% |", "| AAPL | 12.01% |") is None
    assert difference("| AAPL | 12.00% |", "| AAPL | 12.10% |") is not None
    assert difference("a 0.1234", "a 0.1236") is not None
    assert difference("one\ntwo", "one") is not None
    assert difference("a text", "another text") is not None


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_explained_by_its_formula_its_use_an_example_and_its_limitations(name: str) -> None:
    notes = Notes.of(METHODS[name])
    assert {ANSWER, *notes.sections} == {FORMULA, USE, ANSWER, EXAMPLE, LIMITATIONS}
    assert notes.request is not None
    assert notes.request["method"].lower() == name


@pytest.mark.parametrize("name", METHODS)
def test_every_field_that_a_method_adds_is_explained(name: str, made: dict[str, str]) -> None:
    page = made[f"methods/{name}.md"]
    added = ADDED.search(page)
    fields = re.findall(r"^[{ ]\"(\w+)\":", added[1], re.MULTILINE) if added else []
    told = Notes.of(METHODS[name]).sections.get(ANSWER, "")
    assert [field for field in fields if not re.search(rf"`{field}[`.]", told)] == []


@pytest.mark.parametrize("plugin", [*METHODS.values(), *ESTIMATORS.values()], ids=lambda plugin: str(plugin.name))
def test_every_option_has_a_meaning(plugin: Any) -> None:
    for kind in (plugin.options, *nested(plugin.options)):
        assert [name for name in get_type_hints(kind) if not meanings(kind).get(name)] == [], kind


@pytest.mark.parametrize("plugin", [*METHODS.values(), *ESTIMATORS.values()], ids=lambda plugin: str(plugin.name))
def test_every_plugin_says_in_a_sentence_what_it_is(plugin: Any) -> None:
    summary = Notes.of(plugin).summary
    assert 20 < len(summary) < 250
    assert summary.endswith((".", "]", ")"))
