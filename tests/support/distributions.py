"""Distributions made up for a test: a folder on the path, with a module and the metadata that an installer writes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

IMPORTS = """
import numpy as np
from dataclasses import dataclass
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.proposal import Proposal, Status, Witness
"""


@dataclass(frozen=True)
class Distribution:
    """What somebody else might publish: a module of source, and entry points into it by group and name."""

    name: str
    source: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)
    estimators: Mapping[str, str] = field(default_factory=dict)
    version: str = "1.2.3"

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def install(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Write it into a folder of its own and put that on the path, until the test ends.

        Another one of its name, which an earlier test has loaded, is forgotten.
        """
        monkeypatch.delitem(sys.modules, self.module, raising=False)
        monkeypatch.syspath_prepend(self.written(folder))

    def written(self, folder: Path) -> Path:
        """Write it into a folder of its own, to be put on the path."""
        place = folder / self.name
        metadata = place / f"{self.module}-{self.version}.dist-info"
        metadata.mkdir(parents=True)
        (place / f"{self.module}.py").write_text(IMPORTS + dedent(self.source))
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n")
        (metadata / "entry_points.txt").write_text(
            self._section("tangency.methods", self.methods) + self._section("tangency.estimators", self.estimators)
        )
        return place

    def _section(self, group: str, points: Mapping[str, str]) -> str:
        lines = [f"{name} = {self.module}:{target}" for name, target in points.items()]
        return "\n".join([f"[{group}]", *lines, ""])


def method(name: str, body: str, class_name: str = "Method", **attributes: str) -> str:
    """Source of a class of methods whose ``solve`` has the given body."""
    said = {
        "name": repr(name),
        "citation": "'Somebody (2024).'",
        "capabilities": "Capabilities(rule=True)",
        "options": "NoOptions",
        **attributes,
    }
    lines = [f"    {key} = {value}" for key, value in said.items()]
    steps = [f"        {line}" for line in dedent(body).strip().splitlines()]
    return "\n".join([f"class {class_name}:", *lines, "    def solve(self, problem, estimates, options):", *steps, ""])
