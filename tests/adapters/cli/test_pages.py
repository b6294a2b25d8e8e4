"""Pages about plugins: whoever wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tangency.adapters.cli.pages.options import options_section
from tangency.domain.optimization.method import NoOptions
from tests.support.command import Command
from tests.support.installed import installed

EXAMPLE_PLUGIN = Path(__file__).parents[2] / "example_plugin"


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
        size: how much of it.
        shade: how dark.
    """

    size: float
    shade: float = 0.5


@dataclass(frozen=True)
class Basis:
    """What every option class here has.

    Attributes:
        kind: ``small`` or large,
            whichever | suits.
    """

    kind: Literal["small", "large"] = "small"


@dataclass(frozen=True)
class Everything(Basis):
    """Options of every type.

    Attributes:
        parts: what it is made of.
        shares: by name.
        loadings: by factor, then by name.
        names: some of either.
        shape: as rows, or one figure.
        level: at which, or none.
        end: null for never.
        count: how many.

    Raises:
        InvalidInput: never.
    """

    parts: tuple[Part, ...] = (Part(2.0),)
    shares: Mapping[str, float] = field(default_factory=dict)
    loadings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    names: tuple[str | Part, ...] = ()
    shape: Annotated[list[list[float]] | float, Meta(title="matrix")] | None = None
    level: float | None = None
    end: float | None = 1.0
    count: Annotated[int, "positive"] = 3


def test_options_become_a_table_and_each_object_in_them_another() -> None:
    assert options_section(Everything).splitlines() == [
        "| option | takes | default | meaning |",
        "| --- | --- | --- | --- |",
        '| `parts` | list of [Part](#part) | `[{"size": 2.0}]` | what it is made of. |',
        "| `shares` | numbers by name | `{}` | by name. |",
        "| `loadings` | numbers by pair of names | `{}` | by factor, then by name. |",
        "| `names` | list of texts or [Part](#part) | `[]` | some of either. |",
        "| `shape` | matrix | `null` | as rows, or one figure. |",
        "| `level` | number | `null` | at which, or none. |",
        "| `end` | number or null | `1.0` | null for never. |",
        "| `count` | whole number | `3` | how many. |",
        '| `kind` | `small` or `large` | `"small"` | `small` or large, whichever \\| suits. |',
        "",
        "### Part",
        "",
        "| option | takes | default | meaning |",
        "| --- | --- | --- | --- |",
        "| `size` | number | required | how much of it. |",
        "| `shade` | number | `0.5` | how dark. |",
    ]
    assert options_section(NoOptions) == "None."


def test_a_strangers_method_gets_a_page_as_ours_do(tmp_path: Path) -> None:
    command = Command(tmp_path, (installed(EXAMPLE_PLUGIN, tmp_path),))
    ran = command.apart("methods", "docs", tmp_path / "docs", "--distribution", "projected-gradient")
    assert ran.out == f"3 pages in {tmp_path / 'docs'}\n"
    page = (tmp_path / "docs" / "methods" / "projected_gradient.md").read_text()
    for words in (
        "# projected_gradient",
        "## Formula",
        "| `iterations` | whole number |",
        "Beck",
        "`projected-gradient`",
    ):
        assert words in page
    assert "The answer is `optimal`" in page
    assert "| B | " in page
    index = (tmp_path / "docs" / "methods" / "README.md").read_text()
    assert "[projected_gradient](projected_gradient.md)" in index
    assert "mean_variance" not in index


def test_an_example_without_an_answer_ends_the_command_with_the_reason(tmp_path: Path) -> None:
    project = installed(EXAMPLE_PLUGIN, tmp_path)
    (notes,) = project.rglob("projected_gradient.md")
    notes.write_text(notes.read_text().replace('"max_weight": 0.7', '"max_weight": 0.3'))
    ran = Command(tmp_path, (project,)).apart(
        "methods", "docs", tmp_path / "docs", "--distribution", "projected-gradient"
    )
    assert ran.code == 4
    assert "contradict each other" in ran.err
    assert not (tmp_path / "docs").exists()


def test_a_plugin_that_cannot_be_used_has_no_page_and_is_told(
    command: Command, strange_plugins: tuple[Path, ...]
) -> None:
    folder = command.folder / "docs"
    ran = Command(command.folder, strange_plugins)("methods", "docs", folder, "--distribution", "absent-methods")
    assert (ran.code, ran.out) == (0, f"2 pages in {folder}\n")
    assert ran.err.startswith("Left out: plugin 'absent' of distribution 'absent-methods' cannot be used: ")
    assert not (folder / "methods" / "absent.md").exists()
