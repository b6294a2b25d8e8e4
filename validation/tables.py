"""The rows as Markdown, put between their marks in a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from validation import case, differences, estimators

NOTHING = "-"
LONGEST_OPTIONS = 120
"""Characters; longer ones are named without their values."""


def optimal(rows: Iterable[case.Row]) -> str:
    """Those of methods that claim to be optimal."""
    head = "method | question | peer | our objective | theirs | ours is worse by | largest difference of a weight | "
    head += "our relative gap | quality | our violation | theirs | remark"
    return _table(head.split(" | "), [_optimal(row) for row in rows])


def _optimal(row: case.Row) -> list[str]:
    if row.gap is None:
        raise ArithmeticError(f"{row.method}, {row.asks}: nothing is proven")
    figures = [f"{row.ours:.8g}", f"{row.theirs:.8g}", _small(row.worse), _small(row.distance), _small(row.gap)]
    checked = [f"{1.0 - row.gap:.10f}", _small(row.violation), _small(row.their_violation)]
    return [f"`{row.method}`", row.asks, row.peer, *figures, *checked, row.remark]


def procedures(rows: Iterable[case.Row]) -> str:
    """Those of rules and procedures, which are right where they do the same."""
    head = ["method", "variant", "peer", "largest difference of a weight", "our violation", "theirs", "remark"]
    return _table(head, [_procedure(row) for row in rows])


def _procedure(row: case.Row) -> list[str]:
    figures = [_small(row.distance), _small(row.violation), _small(row.their_violation)]
    return [f"`{row.method}`", row.asks, row.peer, *figures, row.remark]


def estimates(rows: Iterable[estimators.Row]) -> str:
    """Those of estimators."""
    head = ["estimator", "of", "options", "peer", "largest relative difference", "remark"]
    return _table(head, [_estimate(row) for row in rows])


def _estimate(row: estimators.Row) -> list[str]:
    options = ", ".join(f"{key} {_plain(value)}" for key, value in row.options.items()) or NOTHING
    options = options if len(options) <= LONGEST_OPTIONS else f"{', '.join(row.options)} given"
    return [f"`{row.name}`", row.what, options, row.peer, _small(row.difference), row.remark]


def apart(found: Iterable[differences.Difference]) -> str:
    """Where peers mean something else."""
    head = ["what", "peer", "what it does", "its figure", "ours"]
    return _table(head, [[each.about, each.peer, each.does, each.theirs, each.ours] for each in found])


def versions(found: Mapping[str, str]) -> str:
    """Who was compared with."""
    return ", ".join(f"{name} {version}" for name, version in found.items()) + "."


def put(document: Path, sections: Mapping[str, str]) -> None:
    """Replace what stands between the marks of each section.

    Raises:
        LookupError: the document lacks the marks of a section.
    """
    text = document.read_text("utf-8")
    for name, section in sections.items():
        marked = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not marked.search(text):
            raise LookupError(f"{document.name} has no marks of {name}")
        text = marked.sub(lambda found, own=section: f"{found[1]}{own}\n{found[2]}", text)  # type: ignore[misc]
    document.write_text(text, "utf-8")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell or NOTHING for cell in line)} |" for line in lines)


def _small(value: float) -> str:
    return f"{value:.1e}" if value else "0"


def _plain(value: object) -> str:
    return f"`{json.dumps(value)}`"
