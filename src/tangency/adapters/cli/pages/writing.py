"""The text of the pages: one of each method, one of all estimators, and an index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from tangency.adapters.cli.pages.notes import ANSWER, EXAMPLE, FORMULA, Notes
from tangency.adapters.cli.pages.options import options_section
from tangency.domain.market.estimates import Estimator
from tangency.domain.optimization.method import OptimizationMethod

LARGEST_SHOWN = 1200
"""Characters of a field of an answer; a longer one is only named."""
DIGITS = 4
ROUNDING = 1e-9
"""What a solver leaves of a zero."""

OPENING = "<!-- Made by `tangency methods docs`, from the plugin, its options and the Markdown file beside it. -->"


def method_page(
    row: Mapping[str, Any], plugin: OptimizationMethod, notes: Notes, answer: Mapping[str, Any] | None
) -> str:
    """Everything about a method.

    Args:
        row: how the catalogue describes it, with the objectives that requests may ask it for.
        plugin: the method.
        notes: what its author wrote.
        answer: to the request of the example.
    """
    told = notes.sections
    parts = [
        (FORMULA, told.get(FORMULA)),
        ("Inputs", _inputs(row)),
        ("Options", options_section(plugin.options)),
        (ANSWER, told.get(ANSWER)),
        (EXAMPLE, None if answer is None else f"{told[EXAMPLE]}\n\n{_result(answer)}"),
        ("Reference", row["citation"]),
    ]
    return _page(row["name"], notes.text, [*parts, ("Distribution", f"`{row['distribution']}`")])


def estimators_page(described: Sequence[tuple[Mapping[str, Any], Estimator, Notes]]) -> str:
    """All estimators: which there are, then what each does."""
    rows = [
        f"| [{row['name']}](#{row['name']}) | {', '.join(row['estimates'])} | {_cell(notes.summary)} | "
        f"`{row['distribution']}` |"
        for row, _, notes in described
    ]
    index = "\n".join(["| estimator | estimates | what it is | distribution |", "| --- | --- | --- | --- |", *rows])
    parts = [OPENING, "# Estimators", _ESTIMATORS, index]
    return "\n\n".join([*parts, *(_estimator(*each) for each in described)]) + "\n"


def methods_index(described: Sequence[tuple[Mapping[str, Any], Notes]]) -> str:
    """Which methods there are, with a line about each and where its page is."""
    rows = [
        f"| [{row['name']}]({row['name']}.md) | {_cell(notes.summary)} | {_objectives(row)} | `{row['distribution']}` |"
        for row, notes in described
    ]
    head = ["| method | what it is | objectives | distribution |", "| --- | --- | --- | --- |"]
    return "\n\n".join([OPENING, "# Methods", _METHODS, "\n".join([*head, *rows])]) + "\n"


_METHODS = """\
Every method is asked for by its name, in upper or lower case, in the field `method` of a request; its options stand in
`method_options`. Whatever it proposes is checked, and its distance from the best proven, by the same certificate.

The examples are request documents for `POST /api/v1/optimize` and `tangency optimize`. Those about the portfolio
`sample` need the sample data:

```sh
tangency import prices src/tangency/sample/prices.parquet --portfolio-id sample
tangency import holdings src/tangency/sample/holdings.csv --portfolio-id sample
```"""

_ESTIMATORS = """\
An estimator makes annual means, annual covariances, or other scenarios (a prior) from returns. Requests name one in
`risk_parameters.expected_return_estimator`, `risk_parameters.covariance_estimator` and `risk_parameters.prior`: by its
name, or as `{"name": ..., "options": {...}}`."""


def _page(title: str, text: str, parts: Sequence[tuple[str, str | None]]) -> str:
    sections = [f"## {heading}\n\n{body}" for heading, body in parts if body]
    return "\n\n".join([OPENING, f"# {title}", text, *sections]) + "\n"


def _estimator(row: Mapping[str, Any], plugin: Estimator, notes: Notes) -> str:
    own = [f"**{heading}.** {body}" for heading, body in notes.sections.items()]
    options = options_section(plugin.options).replace("### ", "#### ")
    listed = f"**Options.**{' ' if fields(plugin.options) == () else _BREAK}{options}"
    return _BREAK.join([f"## {row['name']}", notes.text, *own, listed, f"**Reference.** {row['citation']}"])


_BREAK = "\n\n"


def _inputs(row: Mapping[str, Any]) -> str:
    can = row["capabilities"]
    rows = {
        "objectives": _objectives(row),
        "limits": _limits(can),
        "expected returns": _means(can),
        "covariance": "annual, given or estimated",
        "returns": "used, where there are any" if can["uses_scenarios"] else "only to estimate from",
        "risk measures": _code(can["risk_measures"]),
        "what is claimed": _claim(can),
    }
    if can["order_dependent"]:
        rows["order of the names"] = "may change the answer"
    return "\n".join(["| input | |", "| --- | --- |", *(f"| {key} | {value} |" for key, value in rows.items())])


def _objectives(row: Mapping[str, Any]) -> str:
    return "any" if row["capabilities"]["rule"] else _code(row["objectives"])


def _limits(can: Mapping[str, Any]) -> str:
    return "none: an answer that breaks one is refused" if can["rule"] else _code(can["constraints"])


def _means(can: Mapping[str, Any]) -> str:
    if can["brings_mean"]:
        return "its own"
    return "needed" if can["needs_mean"] else "where the objective or a limit needs them"


def _claim(can: Mapping[str, Any]) -> str:
    if can["rule"]:
        return "nothing: a rule takes no notice of the objective"
    return "every limit holds; not that nothing is better" if can["heuristic"] else "proven optimal"


def _code(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _result(answer: Mapping[str, Any]) -> str:
    held = {name: weight for name, weight in answer["optimal_weights"].items() if abs(weight) >= 10**-DIGITS / 2}
    weights = "\n".join(f"| {name} | {100 * weight:.2f}% |" for name, weight in held.items())
    word, value = (answer["optimization_metadata"][key] for key in ("convergence_status", "objective_value"))
    figure = "" if value is None else f", objective value {value:.6g}"
    parts = [f"The answer is `{word}`{figure}.", f"| name | weight |\n| --- | --- |\n{weights}"]
    if answer["added"]:
        parts.append(f"It adds:\n\n```json\n{_added(answer['added'])}\n```")
    return "\n\n".join(parts)


def _added(added: Mapping[str, Any]) -> str:
    """A line for each field."""
    return "{" + ",\n ".join(f"{json.dumps(key)}: {_short(value)}" for key, value in added.items()) + "}"


def _short(value: object) -> str:
    text = json.dumps(_rounded(value), ensure_ascii=False)
    return text if len(text) <= LARGEST_SHOWN else '"..."'


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if abs(value) > ROUNDING else 0.0
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
