"""A project of somebody else made visible to a process: its package and the metadata that an installer would write."""

import shutil
import tomllib
from pathlib import Path
from typing import Any


def installed(project: Path, folder: Path) -> Path:
    """Put what a wheel of the project would hold into a folder below the one given, to be put on the path."""
    declared: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    place = folder / str(declared["name"])
    shutil.copytree(project / "src", place, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = place / f"{declared['name'].replace('-', '_')}-{declared['version']}.dist-info"
    metadata.mkdir()
    stated = f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n"
    (metadata / "METADATA").write_text(stated)
    groups = declared["entry-points"].items()
    sections = [[f"[{group}]", *(f"{name} = {where}" for name, where in points.items())] for group, points in groups]
    (metadata / "entry_points.txt").write_text("\n".join(line for section in sections for line in section))
    return place
