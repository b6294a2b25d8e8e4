"""The text of the pages: one of each method, one of all estimators, and an index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from tangency.adapters.cli.pages.notes import ANSWER, EXAMPLE, FORMULA, LIMITATIONS, USE, Notes
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
        (USE, told.get(USE)),
        ("Inputs", _inputs(row)),
        ("Options", options_section(plugin.options)),
        (ANSWER, told.get(ANSWER)),
        (EXAMPLE, None if answer is None else f"{told[EXAMPLE]}\n\n{_result(answer)}"),
        (LIMITATIONS, told.get(LIMITATIONS)),
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
    index = "\n".join(["| estimator | estimates | what it does | distribution |", "| --- | --- | --- | --- |", *rows])
    parts = [OPENING, "# Estimators", _ESTIMATORS, index]
    return "\n\n".join([*parts, *(_estimator(*each) for each in described)]) + "\n"


def methods_index(described: Sequence[tuple[Mapping[str, Any], Notes]]) -> str:
    """Which methods there are, with a line about each and where its page is."""
    rows = [
        f"| [{row['name']}]({row['name']}.md) | {_cell(notes.summary)} | {_objectives(row)} | `{row['distribution']}` |"
        for row, notes in described
    ]
    head = ["| method | what it does | objectives | distribution |", "| --- | --- | --- | --- |"]
    return "\n\n".join([OPENING, "# Methods", _METHODS, "\n".join([*head, *rows])]) + "\n"


_METHODS = """\
Choose a method by its name, in upper or lower case, in the field `method` of a request, and set its options in
`method_options`. Whichever method you choose, Tangency checks the weights against every constraint and computes the
same certificate: a bound on how far the answer can be from the best possible one.

Two words recur. An answer is `optimal` if that bound shows it to be the best portfolio there is, and `feasible` if it
satisfies every constraint but is not proven to be the best. Unless a page says otherwise, weights, returns and limits
are fractions (0.05 is 5 %), and expected returns, covariances and volatilities are annual.

Each example is a request for `POST /api/v1/optimize` and `tangency optimize`. Examples that use the portfolio `sample`
need the sample data:

```sh
tangency import prices src/tangency/sample/prices.parquet --portfolio-id sample
tangency import holdings src/tangency/sample/holdings.csv --portfolio-id sample
```"""

_ESTIMATORS = """\
An estimator turns historical returns into the inputs of an optimization: annual expected returns (means), an annual
covariance matrix, or a new set of scenarios (a prior). Choose them in the fields
`risk_parameters.expected_return_estimator`, `risk_parameters.covariance_estimator` and `risk_parameters.prior` of a
request, either by name or, to set options, as `{"name": ..., "options": {...}}`.

In the formulas, n is the number of assets, T the number of periods of returns, and S the covariance matrix."""


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
        "constraints": _limits(can),
        "expected returns": _means(can),
        "covariance": "annual; given, or estimated from returns",
        "returns": "used directly, if there are any" if can["uses_scenarios"] else "only to estimate the inputs above",
        "risk measures": _code(can["risk_measures"]),
        "guarantee": _claim(can),
    }
    if can["order_dependent"]:
        rows["order of the assets"] = "may change the answer"
    return "\n".join(
        [
            "| input | what the method does with it |",
            "| --- | --- |",
            *(f"| {key} | {value} |" for key, value in rows.items()),
        ]
    )


def _objectives(row: Mapping[str, Any]) -> str:
    return "any" if row["capabilities"]["rule"] else _code(row["objectives"])


def _limits(can: Mapping[str, Any]) -> str:
    return "not taken into account; an answer that breaks one is refused" if can["rule"] else _code(can["constraints"])


def _means(can: Mapping[str, Any]) -> str:
    if can["brings_mean"]:
        return "not needed; the method computes its own"
    return "required" if can["needs_mean"] else "required if the objective or a constraint uses them"


def _claim(can: Mapping[str, Any]) -> str:
    if can["rule"]:
        return "the weights follow the rule; the objective is not optimized"
    return "all constraints hold; a heuristic, not optimal" if can["heuristic"] else "proven optimal"


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
