"""No module imports itself by way of others, imports inside functions and for types alone included."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.source_tree import SOURCE, imported_modules


def dotted(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports() -> dict[str, set[str]]:
    """The modules that each module imports. What a package's face hands on is not followed."""
    paths = [path for path in SOURCE.rglob("*.py") if path.name != "__init__.py"]
    known = set(map(dotted, paths))
    return {dotted(path): known.intersection(imported_modules(path.read_text())) for path in paths}


def test_imports_have_no_circle() -> None:
    graph = imports()
    assert len(graph) > 300
    TopologicalSorter(graph).prepare()


def test_a_circle_is_noticed() -> None:
    graph = imports() | {"tangency.domain.errors": {"tangency.domain.optimization.problem"}}
    with pytest.raises(CycleError, match=r"tangency\.domain\.errors"):
        TopologicalSorter(graph).prepare()
