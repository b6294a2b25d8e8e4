"""An author's words about a plugin: the docstring of its class, and a Markdown file beside its module."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tangency.domain.market.estimates import Estimator
from tangency.domain.optimization.method import OptimizationMethod

FORMULA, USE, ANSWER, EXAMPLE, LIMITATIONS = "Formula", "When to use it", "Answer", "Example", "Limitations"
"""The headings that such a file may have, each where the plugin has something to say under it."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_REQUEST = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Notes:
    """An author's words.

    Attributes:
        text: the docstring, paragraphs as they stand.
        sections: of the file beside the module, by heading; none where there is no file.
    """

    text: str
    sections: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plugin: OptimizationMethod | Estimator) -> Notes:
        """Those of a plugin: ``NAME.md`` lies in the folder of the module that defines its class."""
        kind = type(plugin)
        beside = Path(inspect.getfile(kind)).with_name(f"{plugin.name}.md")
        sections = _sections(beside.read_text("utf-8")) if beside.is_file() else {}
        return cls(markdown(inspect.cleandoc(kind.__doc__ or "")), sections)

    @property
    def summary(self) -> str:
        """The first sentence, on one line."""
        return self.text.partition("\n\n")[0].replace("\n", " ")

    @property
    def request(self) -> dict[str, Any] | None:
        """The request of the example."""
        found = _REQUEST.search(self.sections.get(EXAMPLE, ""))
        return json.loads(found[1]) if found else None


def markdown(docstring: str) -> str:
    """A docstring's literals are in two backticks each, those of Markdown in one."""
    return docstring.replace("``", "`")


def _sections(text: str) -> dict[str, str]:
    parts = _HEADING.split(text)
    return {heading: body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
