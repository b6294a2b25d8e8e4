"""The page on architecture names files that exist, in which the names are that it says are there."""

import re

import pytest

from tests.architecture.source_tree import REPOSITORY, SOURCE

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
PATHS = sorted({path for path in re.findall(r"`([\w./]+(?:/|\.py|\.toml))`", PAGE) if not path.startswith("src/")})
PORTS = re.findall(r"^\| ([^|]*`[A-Z]\w+`[^|]*) \| ([^|]*`domain/[^|]+) \|", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_leads_somewhere(path: str) -> None:
    places = [REPOSITORY / path, SOURCE / path, SOURCE / "adapters" / path]
    assert any(place.exists() for place in places)


def test_every_port_is_where_the_page_says() -> None:
    assert len(PORTS) > 5
    for names, files in PORTS:
        source = "".join((SOURCE / path).read_text() for path in re.findall(r"`([\w/]+\.py)`", files))
        assert [name for name in re.findall(r"`(\w+)`", names) if f"class {name}(" not in source] == []


def test_every_folder_of_the_package_is_in_the_table() -> None:
    table = PAGE.partition("## Layers")[2].partition("## One request")[0]
    folders = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()} - {"sample"}
    folders |= {path.name for path in (SOURCE / "adapters").iterdir() if (path / "__init__.py").exists()}
    assert [name for name in sorted(folders) if f"{name}/`" not in table] == []
